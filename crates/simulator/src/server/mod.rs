//! What all simulated servers have in common: connections, faults, gzip, a log, and a remote
//! control. What a server says is its [`Face`]; a new product is a new face on the same world.

mod control;
mod exchange;
pub(crate) mod faults;
pub(crate) mod message;
pub(crate) mod running;
pub(crate) mod site;
mod window;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::{Method, Response};

use exchange::{Closed, Out, Outcome, gzip};
use faults::{Armed, Effect, Fault, Target};
use message::{Answer, Page, Reply, Request};
use running::Logged;
use site::Site;

const MAX_BODY: usize = 64 << 20;

/// What makes a simulated server the product that it plays.
pub(crate) trait Face: Send + Sync {
    /// What the product answers when nothing goes wrong.
    fn answer(&self, request: &Request, site: &mut Site) -> Reply;
}

pub(crate) struct Server {
    face: Box<dyn Face>,
    /// The path under which it lives, without a slash at its end.
    base: String,
    state: Mutex<State>,
}

pub(crate) struct State {
    pub site: Site,
    pub faults: Armed,
    pub log: Vec<Logged>,
}

impl Server {
    pub fn new(face: Box<dyn Face>, base: &str, site: Site) -> Self {
        let state = State { site, faults: Armed::default(), log: Vec::new() };
        let base = base.trim_matches('/');
        let base = if base.is_empty() { String::new() } else { format!("/{base}") };
        Self { face, base, state: Mutex::new(state) }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers a request from the wire.
    async fn serve(
        self: Arc<Self>,
        request: hyper::Request<Incoming>,
    ) -> Result<Response<Out>, Closed> {
        let (parts, body) = request.into_parts();
        let body = Limited::new(body, MAX_BODY).collect().await.map_err(|_| Closed)?.to_bytes();
        let outcome = match parts.uri.path() {
            path if path.starts_with("/_sim/") => {
                let request = Request::new(&parts, path, body);
                plain(control::answer(&self, &request))
            }
            path => match self.below_base(path) {
                Some(path) => self.decide(&Request::new(&parts, path, body)),
                None => plain(Answer::status(404)),
            },
        };
        outcome.send().await
    }

    fn below_base<'a>(&self, path: &'a str) -> Option<&'a str> {
        let head = path.get(..self.base.len())?;
        let rest = &path[self.base.len()..];
        (head.eq_ignore_ascii_case(&self.base) && (rest.is_empty() || rest.starts_with('/')))
            .then_some(rest)
    }

    /// What the server says and which faults strike it.
    fn decide(&self, request: &Request) -> Outcome {
        let state = &mut *self.state();
        state.log.push(Logged::of(request));
        state.site.refresh();
        if request.method != Method::GET {
            return self.write(state, request);
        }
        let reply = self.face.answer(request, &mut state.site);
        let faults = state.strike(request, &reply);
        let may_pack = request.header("accept-encoding").is_some_and(|e| e.contains("gzip"));
        match reply {
            Reply::Done(answer) => Outcome { answer, packed: false, may_pack, faults },
            Reply::Page(page) if may_pack && faults.iter().all(keeps_the_page) => {
                let body = packed(&mut state.site, request, &page);
                Outcome { answer: rendered(body), packed: true, may_pack, faults }
            }
            Reply::Page(page) => {
                let window = page.window(&faults, &state.site);
                let body = (page.render)(&window, &state.site).into();
                Outcome { answer: rendered(body), packed: false, may_pack, faults }
            }
        }
    }

    /// A request that is refused by a fault must not have had its effect.
    fn write(&self, state: &mut State, request: &Request) -> Outcome {
        let faults = state.strike(request, &Reply::Done(Answer::status(200)));
        let refused = faults.iter().any(|f| matches!(f.effect, Effect::Status { .. }));
        let answer = match (!refused).then(|| self.face.answer(request, &mut state.site)) {
            Some(Reply::Done(answer)) => answer,
            Some(Reply::Page(_)) | None => Answer::status(405),
        };
        Outcome { answer, packed: false, may_pack: false, faults }
    }

    /// Makes all pages that were ever asked for, so that the next client measures itself alone.
    pub fn warm(&self) -> usize {
        let state = &mut *self.state();
        state.site.refresh();
        let asked = state.site.asked();
        for request in &asked {
            if let Reply::Page(page) = self.face.answer(request, &mut state.site) {
                packed(&mut state.site, request, &page);
            }
        }
        asked.len()
    }
}

impl State {
    fn strike(&mut self, request: &Request, reply: &Reply) -> Vec<Fault> {
        let page = match reply {
            Reply::Page(page) => Some(page),
            Reply::Done(_) => None,
        };
        let site = &self.site;
        self.faults.strike(&Target {
            path: &request.path,
            page: page.map(Page::number),
            holds: &|title| page.is_some_and(|p| p.holds(title, site)),
        })
    }
}

/// The compressed page, made if it is not there.
fn packed(site: &mut Site, request: &Request, page: &Page) -> Bytes {
    let key = request.key();
    if let Some(body) = site.page(&key) {
        return body;
    }
    let body = gzip(&(page.render)(&page.window(&[], site), site));
    site.keep_page(key, request, body.clone());
    body
}

/// Whether the fault leaves alone what is on a page.
fn keeps_the_page(fault: &Fault) -> bool {
    matches!(fault.effect, Effect::Delay(_) | Effect::CutOff(_) | Effect::Stall(_))
}

fn plain(answer: Answer) -> Outcome {
    Outcome { answer, packed: false, may_pack: false, faults: Vec::new() }
}

fn rendered(body: Bytes) -> Answer {
    Answer { body, ..Answer::rendered(Vec::new()) }
}
