//! One page: asked for, read, converted; halved when it cannot be had.

use std::ops::Range;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::value::RawValue;
use shelfread_backends_http::lenient::{Unreadable, each};
use shelfread_backends_http::paging::{Patience, Piece, pieces};
use shelfread_backends_http::{Http, Response};
use shelfread_domain::port::{ItemFailure, Problem, SourceError};
use shelfread_domain::{Observation, PathMap, RemoteId};
use tokio_util::task::AbortOnDropHandle;

use crate::convert;
use crate::query::Query;
use crate::session::Session;
use crate::wire::{Item, Page};

/// A page under way. Dropping it cancels it.
pub(crate) type Reading = BoxFuture<'static, Result<Content, SourceError>>;

/// Reads pages of one listing.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(crate) http: Http,
    pub(crate) session: Arc<Session>,
    pub(crate) paths: PathMap,
    pub(crate) patience: Patience,
}

/// What a page brought.
#[derive(Default, Debug)]
pub(crate) struct Content {
    /// How many items the server says that there are in all.
    pub(crate) total: Option<u64>,
    /// How many items came, readable or not.
    pub(crate) came: u64,
    pub(crate) observations: Vec<Observation>,
    /// What is no item of ours: not on disk, or of another kind.
    pub(crate) skipped: Vec<RemoteId>,
    pub(crate) failures: Vec<ItemFailure>,
    /// What makes the listing uncertain.
    pub(crate) doubts: Vec<String>,
}

impl Reader {
    /// Reads a page in a task of its own.
    pub(crate) fn spawn(self: &Arc<Self>, query: &Arc<Query>, places: Range<u64>) -> Reading {
        let (reader, query) = (Arc::clone(self), Arc::clone(query));
        let task = tokio::spawn(async move { reader.read(&query, places).await });
        let page = AbortOnDropHandle::new(task).map(|outcome| {
            outcome.unwrap_or_else(|e| {
                let problem = Problem::Malformed(format!("a page could not be converted ({e})"));
                Err(SourceError::new("reading a page", problem))
            })
        });
        page.boxed()
    }

    /// Reads the items at these places. What cannot be read is halved until the items that spoil
    /// it stand alone.
    pub(crate) async fn read(
        &self,
        query: &Query,
        places: Range<u64>,
    ) -> Result<Content, SourceError> {
        let fetch = |part: Range<u64>| {
            // The halves are tries by themselves.
            let retries = if part == places { u32::MAX } else { 1 };
            self.fetch(query, part, retries)
        };
        let mut content = Content::default();
        for piece in pieces(places.clone(), &self.patience, &fetch).await? {
            match piece {
                Piece::Page(part) => content.append(part),
                Piece::Hole(place, error) => content.failures.push(hole(place, &error)),
            }
        }
        Ok(content)
    }

    async fn fetch(
        &self,
        query: &Query,
        places: Range<u64>,
        retries: u32,
    ) -> Result<Content, SourceError> {
        let start = places.start;
        let response = self.http.send(&query.request(places).most_retries(retries)).await?;
        self.parse(&response, start)
    }

    /// Reads all items at once, and one by one when that fails.
    fn parse(&self, response: &Response, start: u64) -> Result<Content, SourceError> {
        if let Ok(page) = response.json::<Page<Vec<Item<'_>>>>() {
            let mut content = Content::of(&page, start);
            for item in page.items {
                self.add(item, response, &mut content)?;
            }
            return Ok(content);
        }
        let page: Page<&RawValue> = response.json()?;
        if page.items.get() == "null" {
            return Err(response.error(Problem::Malformed("a page without items".into())));
        }
        let mut content = Content::of(&page, start);
        for item in each(Some(page.items)).map_err(|e| response.malformed(&e))? {
            match item {
                Ok(item) => self.add(item, response, &mut content)?,
                Err(item) => content.fail(unreadable(&item)),
            }
        }
        Ok(content)
    }

    fn add(
        &self,
        item: Item<'_>,
        response: &Response,
        content: &mut Content,
    ) -> Result<(), SourceError> {
        if item.server_id.as_deref().is_some_and(|id| id != self.session.server_id) {
            return Err(response.error(Problem::WrongServer {
                expected: format!("the server '{}'", self.session.server_name),
                found: "another one that took its place".into(),
            }));
        }
        match convert::observe(item, &self.paths, &mut content.observations) {
            Ok(skipped) => {
                content.came += 1;
                content.skipped.extend(skipped);
            }
            Err(failure) => content.fail(failure),
        }
        Ok(())
    }
}

impl Content {
    fn of<T>(page: &Page<T>, asked: u64) -> Self {
        let number = |n: Option<i64>| n.and_then(|n| u64::try_from(n).ok());
        let start = number(page.start_index).filter(|start| *start != asked);
        let doubt = start.map(|start| format!("asked from {asked}, it listed from {start}"));
        let total = number(page.total_record_count);
        Self { total, doubts: doubt.into_iter().collect(), ..Self::default() }
    }

    fn fail(&mut self, failure: ItemFailure) {
        self.came += 1;
        self.failures.push(failure);
    }

    fn append(&mut self, part: Self) {
        self.doubts.extend(changed(self.total, part.total));
        self.doubts.extend(part.doubts);
        self.total = part.total.or(self.total);
        self.came += part.came;
        self.observations.extend(part.observations);
        self.skipped.extend(part.skipped);
        self.failures.extend(part.failures);
    }
}

/// The doubt that comes with two totals of the same list.
pub(crate) fn changed(before: Option<u64>, after: Option<u64>) -> Option<String> {
    let (before, after) = (before?, after?);
    let text = format!("the total changed from {before} to {after} while it was listed");
    (before != after).then_some(text)
}

/// An item that alone makes its page fail.
fn hole(place: u64, error: &SourceError) -> ItemFailure {
    let label = format!("item {} of a list", place + 1);
    ItemFailure { label, remote_id: None, message: error.problem.to_string() }
}

/// An item with values of other types than expected.
fn unreadable(item: &Unreadable<'_>) -> ItemFailure {
    convert::nameless(item.field("Id"), item.field("Name"), item.message())
}
