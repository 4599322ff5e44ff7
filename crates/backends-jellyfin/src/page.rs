//! One page: asked for, read, converted; halved when it cannot be had.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde::Deserialize;
use serde_json::value::RawValue;
use shelfread_backends_http::{Http, Response};
use shelfread_domain::port::{ItemFailure, Problem, SourceError};
use shelfread_domain::text::{MAX_PATH, MAX_TITLE, bounded};
use shelfread_domain::{Observation, PathMap, RemoteId};
use tokio_util::task::AbortOnDropHandle;

use crate::convert;
use crate::query::Query;
use crate::session::Session;
use crate::wire::{Item, Page, Text};

/// So many single items that fail one after the other are a failing server, not failing items.
const MAX_LOST_IN_A_ROW: u32 = 3;

/// A page under way. Dropping it cancels it.
pub(crate) type Reading = BoxFuture<'static, Result<Content, SourceError>>;

/// Reads pages of one listing.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(crate) http: Http,
    pub(crate) session: Arc<Session>,
    pub(crate) paths: PathMap,
}

/// What a page brought.
#[derive(Default, Debug)]
pub(crate) struct Content {
    /// How many items the server says that there are in all.
    pub(crate) total: Option<u64>,
    /// How many items came, readable or not.
    pub(crate) received: u64,
    pub(crate) observations: Vec<Observation>,
    pub(crate) failures: Vec<ItemFailure>,
    /// What makes the listing uncertain.
    pub(crate) doubts: Vec<String>,
}

impl Reader {
    /// Reads a page in a task of its own.
    pub(crate) fn spawn(self: &Arc<Self>, query: &Arc<Query>, start: u64, limit: u64) -> Reading {
        let (reader, query) = (Arc::clone(self), Arc::clone(query));
        let task = tokio::spawn(async move { reader.read(&query, start, limit).await });
        let outcome = AbortOnDropHandle::new(task).map(|outcome| {
            outcome.unwrap_or_else(|e| {
                let problem = Problem::Malformed(format!("a page could not be converted ({e})"));
                Err(SourceError::new("reading a page", problem))
            })
        });
        outcome.boxed()
    }

    /// Reads the items from `start`, at most `limit` of them. Spans that cannot be read are halved
    /// until the items that spoil them stand alone.
    pub(crate) async fn read(
        &self,
        query: &Query,
        start: u64,
        limit: u64,
    ) -> Result<Content, SourceError> {
        let mut content = Content::default();
        let mut spans = vec![(start, limit)];
        let mut retries = u32::MAX;
        let mut lost_in_a_row = 0;
        while let Some((start, limit)) = spans.pop() {
            let part = self.fetch(query, start, limit, retries).await;
            retries = 1; // the halves are tries by themselves
            match part {
                Ok(part) => {
                    lost_in_a_row = 0;
                    content.append(part);
                }
                Err(error) if !is_divisible(&error.problem) => return Err(error),
                Err(error) if limit > 1 => {
                    tracing::debug!(%error, start, limit, "halving");
                    let half = limit / 2;
                    spans.extend([(start + half, limit - half), (start, half)]);
                }
                Err(error) => {
                    lost_in_a_row += 1;
                    if lost_in_a_row > MAX_LOST_IN_A_ROW {
                        return Err(error);
                    }
                    content.failures.push(lost(start, &error));
                }
            }
        }
        Ok(content)
    }

    async fn fetch(
        &self,
        query: &Query,
        start: u64,
        limit: u64,
        retries: u32,
    ) -> Result<Content, SourceError> {
        let request = query.request(start, limit).most_retries(retries);
        self.parse(&self.http.send(&request).await?, start)
    }

    /// Reads all items at once, and one by one when that fails.
    fn parse(&self, response: &Response, start: u64) -> Result<Content, SourceError> {
        if let Ok(page) = response.json::<Page<Item<'_>>>() {
            let mut content = Content::of(&page, start);
            for item in page.items {
                self.add(item, response, &mut content)?;
            }
            return Ok(content);
        }
        let page: Page<&RawValue> = response.json()?;
        let mut content = Content::of(&page, start);
        for raw in page.items {
            match serde_json::from_str(raw.get()) {
                Ok(item) => self.add(item, response, &mut content)?,
                Err(_) => content.failures.push(unreadable(raw)),
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
        let observed = convert::observe(item, &self.paths, &mut content.observations);
        content.failures.extend(observed.err());
        Ok(())
    }
}

impl Content {
    fn of<T>(page: &Page<T>, asked: u64) -> Self {
        let number = |n: Option<i64>| n.and_then(|n| u64::try_from(n).ok());
        let start = number(page.start_index).filter(|start| *start != asked);
        Self {
            total: number(page.total_record_count),
            received: page.items.len() as u64,
            doubts: start
                .iter()
                .map(|s| format!("asked from {asked}, it listed from {s}"))
                .collect(),
            ..Self::default()
        }
    }

    fn append(&mut self, part: Self) {
        self.doubts.extend(changed(self.total, part.total));
        self.doubts.extend(part.doubts);
        self.total = part.total.or(self.total);
        self.received += part.received;
        self.observations.extend(part.observations);
        self.failures.extend(part.failures);
    }
}

/// The doubt that comes with two totals of the same list.
pub(crate) fn changed(before: Option<u64>, after: Option<u64>) -> Option<String> {
    let (before, after) = (before?, after?);
    let text = format!("its total changed from {before} to {after} while it was listed");
    (before != after).then_some(text)
}

/// Whether a smaller question may get an answer. A silent server is not asked again and again:
/// each time would take as long as the timeout.
const fn is_divisible(problem: &Problem) -> bool {
    matches!(problem, Problem::Status(500..) | Problem::Malformed(_) | Problem::TooLarge(_))
}

/// An item that alone makes its page fail.
fn lost(index: u64, error: &SourceError) -> ItemFailure {
    ItemFailure {
        label: format!("item {} of the list", index + 1),
        remote_id: None,
        message: error.problem.to_string(),
    }
}

/// An item with values of other types than expected; its id and name may still be readable.
fn unreadable(raw: &RawValue) -> ItemFailure {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Id<'a> {
        #[serde(borrow)]
        id: Text<'a>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Name<'a> {
        #[serde(borrow)]
        name: Text<'a>,
    }
    let id = serde_json::from_str::<Id<'_>>(raw.get()).ok().and_then(|i| bounded(&i.id, MAX_PATH));
    let name = serde_json::from_str::<Name<'_>>(raw.get()).ok();
    let name = name.and_then(|n| bounded(&n.name, MAX_TITLE));
    let label = name.or_else(|| id.clone()).unwrap_or_else(|| "an item without a name".into());
    ItemFailure {
        label,
        remote_id: id.map(RemoteId),
        message: "it has values of a kind that no such item has".into(),
    }
}
