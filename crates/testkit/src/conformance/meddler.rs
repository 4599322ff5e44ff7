//! A proxy before an honest server that meddles with what passes through. It knows HTTP and JSON
//! and no product.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use shelfread_domain::port::Problem;
use url::Url;

use super::nonsense;
use crate::wire::{Reply, Request, Wire, forward};

/// What is done to an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Meddle {
    Unauthorized,
    Forbidden,
    NotFound,
    RateLimited,
    Broken,
    Unavailable,
    /// Status 200 and nothing.
    Nothing,
    /// Status 200 and a JSON text that has nothing to do with it.
    OtherJson,
    Html,
    Garbage,
    /// Half the body, well announced.
    HalfJson,
    /// Half the body, then the connection closes.
    CutOff,
    /// The announced length is too long.
    LengthLie,
    Close,
    Silence,
    Stall,
    /// A body without end.
    Endless,
    /// A small body that unpacks to a large one.
    Bomb,
    Redirect,
    UnknownFields,
    Gzip,
    Slow,
    /// Values of other types, of another kind with every number.
    Nonsense(u64),
}

/// Which requests are meddled with, by their number since it was set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum When {
    Once(usize),
    From(usize),
}

impl Meddle {
    /// Those that take something away.
    pub const DESTRUCTIVE: [Self; 18] = [
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::RateLimited,
        Self::Broken,
        Self::Unavailable,
        Self::Nothing,
        Self::OtherJson,
        Self::Html,
        Self::Garbage,
        Self::HalfJson,
        Self::CutOff,
        Self::LengthLie,
        Self::Close,
        Self::Silence,
        Self::Stall,
        Self::Endless,
        Self::Bomb,
    ];

    /// On which of the requests it is tried; what costs time only on some.
    pub fn cases(self, requests: usize) -> Vec<When> {
        let late = requests / 2;
        let lasting = [When::From(0), When::From(late)];
        match self {
            Self::Silence | Self::Stall | Self::Endless | Self::Bomb => {
                [&lasting[..], &[When::Once(0), When::Once(late)]].concat()
            }
            _ => lasting.into_iter().chain((0..=late.min(8)).map(When::Once)).collect(),
        }
    }

    /// Whether a person would understand from it what happened.
    pub const fn is_told_by(self, problem: &Problem) -> bool {
        use Problem as P;
        match self {
            Self::Unauthorized => matches!(problem, P::Unauthorized),
            Self::Forbidden => matches!(problem, P::Forbidden),
            Self::NotFound => matches!(problem, P::NotFound | P::WrongServer { .. }),
            Self::RateLimited => matches!(problem, P::RateLimited),
            Self::Broken => matches!(problem, P::Status(500)),
            Self::Unavailable => matches!(problem, P::Status(503)),
            Self::Close => matches!(problem, P::Unreachable(_) | P::Malformed(_)),
            Self::Silence | Self::Stall => matches!(problem, P::Timeout(_)),
            Self::Endless | Self::Bomb => matches!(problem, P::TooLarge(_)),
            Self::Redirect => matches!(problem, P::Redirected(_)),
            _ => matches!(problem, P::Malformed(_) | P::WrongServer { .. } | P::Unreachable(_)),
        }
    }

    fn apply(self, honest: Reply, elsewhere: &Url, request: &Request) -> Reply {
        let half = honest.text().len() / 2;
        match self {
            Self::Unauthorized => Reply::status(401),
            Self::Forbidden => Reply::status(403),
            Self::NotFound => Reply::status(404),
            Self::RateLimited => Reply::status(429).header("retry-after", "0"),
            Self::Broken => Reply::status(500),
            Self::Unavailable => Reply::status(503),
            Self::Nothing => Reply::json(""),
            Self::OtherJson => Reply::json(r#"{"hello":["world",1,null]}"#),
            Self::Html => Reply::html("<!DOCTYPE html><html><h1>Please sign in</h1></html>"),
            Self::Garbage => Reply::json(garbage()),
            Self::HalfJson => {
                let text: String = honest.text().chars().take(half.max(1)).collect();
                honest.with_body(text.trim_end_matches('}'))
            }
            Self::CutOff => honest.cut(half),
            Self::LengthLie => honest.claim(half * 2 + 100),
            Self::Close => Reply::close(),
            Self::Silence => Reply::silence(),
            Self::Stall => honest.stall(half),
            Self::Endless => honest.with_body(vec![b' '; 1 << 16]).endless(),
            Self::Bomb => bomb(),
            Self::Redirect => Reply::redirect(elsewhere.join(&request.path).expect("a path")),
            Self::UnknownFields => json(honest, nonsense::add_fields),
            Self::Gzip => honest.gzip(),
            Self::Slow => {
                let chunk = half / 2 + 1;
                honest.drip(chunk, Duration::from_millis(2))
            }
            Self::Nonsense(seed) => json(honest, |value| nonsense::garble(value, seed)),
        }
    }
}

/// Packed once: packing is slower than unpacking.
fn bomb() -> Reply {
    static BOMB: OnceLock<Reply> = OnceLock::new();
    BOMB.get_or_init(|| Reply::json(vec![b' '; 16 << 20]).gzip()).clone()
}

/// Bytes that are no JSON, no UTF-8 and no text.
fn garbage() -> Vec<u8> {
    (0_u32..4_000).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

fn json(honest: Reply, change: impl FnOnce(&mut serde_json::Value)) -> Reply {
    let Ok(mut value) = serde_json::from_str(&honest.text()) else { return honest };
    change(&mut value);
    honest.with_body(value.to_string())
}

/// The proxy.
pub(crate) struct Meddler {
    wire: Wire,
    orders: Arc<Mutex<Orders>>,
}

struct Orders {
    what: Option<(Meddle, When)>,
    seen: usize,
    elsewhere: Url,
}

impl Meddler {
    pub async fn start(upstream: Url) -> Self {
        let orders = Orders { what: None, seen: 0, elsewhere: upstream.clone() };
        let orders = Arc::new(Mutex::new(orders));
        let known = Arc::clone(&orders);
        let wire = Wire::answering(Box::new(move |request| {
            let (upstream, known) = (upstream.clone(), Arc::clone(&known));
            async move {
                let (meddle, elsewhere) = next(&known);
                let Ok(honest) = forward(&upstream, &request).await else { return Reply::close() };
                match meddle {
                    Some(meddle) => meddle.apply(honest, &elsewhere, &request),
                    None => honest,
                }
            }
            .boxed()
        }));
        Self { wire: wire.await, orders }
    }

    /// The address that stands for the honest server's, with its path.
    pub fn url(&self) -> Url {
        let mut url = self.wire.url();
        url.set_path(lock(&self.orders).elsewhere.path());
        url
    }

    /// From now on this is done, counting requests from 0.
    pub fn meddle(&self, meddle: Meddle, when: When) {
        let mut orders = lock(&self.orders);
        (orders.what, orders.seen) = (Some((meddle, when)), 0);
    }

    /// From now on nothing is done.
    pub fn be_honest(&self) {
        lock(&self.orders).what = None;
    }

    /// Where [`Meddle::Redirect`] leads.
    pub fn redirect_to(&self, url: Url) {
        lock(&self.orders).elsewhere = url;
    }

    /// How many requests came since it was last told what to do.
    pub fn requests(&self) -> usize {
        lock(&self.orders).seen
    }

    /// How many requests wait for something that never comes.
    pub fn waiting(&self) -> usize {
        self.wire.waiting()
    }

    /// Whether any request had that text in it.
    pub fn saw(&self, text: &str) -> bool {
        self.wire.requests().iter().any(|request| format!("{request:?}").contains(text))
    }
}

fn next(orders: &Mutex<Orders>) -> (Option<Meddle>, Url) {
    let mut orders = lock(orders);
    let n = orders.seen;
    orders.seen += 1;
    let struck = orders.what.filter(|(_, when)| match when {
        When::Once(at) => *at == n,
        When::From(at) => *at <= n,
    });
    (struck.map(|(meddle, _)| meddle), orders.elsewhere.clone())
}

fn lock(orders: &Mutex<Orders>) -> std::sync::MutexGuard<'_, Orders> {
    orders.lock().unwrap_or_else(PoisonError::into_inner)
}
