//! What every listing needs: a stream that reads like a straight line of code, and the
//! book-keeping behind its certificate. Knows the contract of
//! [`MediaSource::list`](shelfread_domain::port::MediaSource::list), no product.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use futures::channel::mpsc;
use futures::stream::{self, BoxStream};
use futures::{FutureExt, SinkExt, StreamExt};
use shelfread_domain::port::{Listed, SourceError};
use shelfread_domain::{Coverage, Observation, RemoteId};

/// The steps of a listing.
pub type Steps<'a> = BoxStream<'a, Result<Listed, SourceError>>;

/// Where a listing puts its steps.
#[derive(Debug)]
pub struct Output(mpsc::Sender<Result<Listed, SourceError>>);

impl Output {
    /// Hands on a step and waits until the reader wants another. A page without anything is left
    /// out.
    pub async fn send(&mut self, step: Listed) {
        self.put(Ok(step)).await;
    }

    /// Hands on observations as pages of at most `size`.
    pub async fn pages(&mut self, mut observations: Vec<Observation>, size: usize) {
        while !observations.is_empty() {
            let rest = observations.split_off(size.clamp(1, observations.len()));
            self.send(Listed::Page(std::mem::replace(&mut observations, rest))).await;
        }
    }

    async fn put(&mut self, step: Result<Listed, SourceError>) {
        let empty = matches!(&step, Ok(Listed::Page(page)) if page.is_empty());
        if !empty {
            // The reader can only be gone when this future is being dropped with it.
            let _ = self.0.send(step).await;
        }
    }
}

/// Makes the stream of a listing from a future that puts its steps into an [`Output`] and returns
/// the certificate. The future runs only while the stream is read and ends when it is dropped.
pub fn listing<'a, F>(produce: impl FnOnce(Output) -> F) -> Steps<'a>
where
    F: Future<Output = Result<Coverage, SourceError>> + Send + 'a,
{
    let (sender, receiver) = mpsc::channel(0);
    let mut last = Output(sender.clone());
    let producing = produce(Output(sender));
    let run = async move { last.put(producing.await.map(Listed::End)).await };
    let silent = run.into_stream().filter_map(|()| std::future::ready(None));
    stream::select(receiver, silent).boxed()
}

/// Counts what a listing brings and tells at the end whether that was everything.
///
/// It keeps 8 bytes for each id. Two ids that share a hash would count as one that came twice,
/// which makes the listing partial: an error on the safe side.
#[derive(Debug, Default)]
pub struct Tally {
    hasher: RandomState,
    seen: HashSet<u64>,
    expected: Option<u64>,
    unreadable: u64,
    doubt: Option<String>,
}

impl Tally {
    /// Nothing came yet of so many remote items; `None` when the source does not say how many.
    pub fn new(expected: Option<u64>) -> Self {
        Self { expected, ..Self::default() }
    }

    /// Counts a remote id, once; whether it is new.
    pub fn count(&mut self, id: &RemoteId) -> bool {
        self.seen.insert(self.hasher.hash_one(id))
    }

    /// Counts an id that must not come twice; whether it is new.
    pub fn count_once(&mut self, id: &RemoteId) -> bool {
        let new = self.count(id);
        if !new {
            self.doubt(format!("{id} was listed twice: the library changed meanwhile"));
        }
        new
    }

    /// Notes an item of which not even the id could be read.
    pub fn unreadable(&mut self) {
        self.unreadable += 1;
    }

    /// Notes why the listing may not be whole. The first reason is the one that is told.
    pub fn doubt(&mut self, reason: impl Into<String>) {
        self.doubt.get_or_insert_with(|| reason.into());
    }

    /// How many different ids came.
    pub fn received(&self) -> u64 {
        self.seen.len() as u64
    }

    /// The certificate.
    pub fn coverage(self) -> Coverage {
        let received = self.received();
        let short = || match self.expected {
            Some(expected) if expected != received => {
                Some(format!("the source said {expected} items, {received} came"))
            }
            _ => None,
        };
        let unreadable =
            (self.unreadable > 0).then(|| format!("{} items could not be read", self.unreadable));
        match self.doubt.or(unreadable).or_else(short) {
            Some(reason) => Coverage::partial(self.expected, received, reason),
            None => Coverage::complete(self.expected, received),
        }
    }
}

#[cfg(test)]
mod tests {
    use shelfread_domain::ItemKind;
    use shelfread_domain::port::Problem;

    use super::*;

    fn movie(id: usize) -> Observation {
        Observation::new(id.to_string(), ItemKind::Movie)
    }

    #[tokio::test]
    async fn steps_come_in_order_and_the_certificate_last() {
        let steps = listing(|mut out| async move {
            out.send(Listed::Page(Vec::new())).await;
            out.pages((0..5).map(movie).collect(), 2).await;
            Ok(Coverage::complete(None, 5))
        });
        let steps: Vec<_> = steps.map(Result::unwrap).collect().await;
        let page = |ids: std::ops::Range<usize>| Listed::Page(ids.map(movie).collect());
        let end = Listed::End(Coverage::complete(None, 5));
        assert_eq!(steps, [page(0..2), page(2..4), page(4..5), end]);
    }

    #[tokio::test]
    async fn an_error_is_the_last_step() {
        let error = SourceError::new("reading", Problem::RateLimited);
        let cause = error.clone();
        let steps = listing(|mut out| async move {
            out.send(Listed::Expected(1)).await;
            Err(cause)
        });
        let steps: Vec<_> = steps.collect().await;
        assert_eq!(steps, [Ok(Listed::Expected(1)), Err(error)]);
    }

    #[test]
    fn only_what_came_whole_is_complete() {
        let tally = |expected, ids: &[&str]| {
            let mut tally = Tally::new(expected);
            for id in ids {
                tally.count_once(&RemoteId::from(*id));
            }
            tally
        };
        assert_eq!(tally(Some(2), &["a", "b"]).coverage(), Coverage::complete(Some(2), 2));
        assert_eq!(tally(None, &[]).coverage(), Coverage::complete(None, 0));
        for (expected, ids) in [(3, &["a", "b"][..]), (1, &["a", "b"]), (2, &["a", "a"])] {
            assert!(!tally(Some(expected), ids).coverage().complete, "{expected} {ids:?}");
        }
        let mut unreadable = tally(Some(1), &["a"]);
        unreadable.unreadable();
        assert!(!unreadable.coverage().complete);
    }
}
