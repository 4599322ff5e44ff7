//! Timeline: the story of one item, newest first: what runs changed of it, and its events, which
//! outlive it. Two tables that are walked side by side; a page begins behind what the page before
//! told of each, so that what happens meanwhile moves nothing.

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use serde::Serialize;
use shelfread_domain::{ItemId, RunId};
use shelfread_store::{Event, PastChange};
use utoipa::ToSchema;

use crate::App;
use crate::error::{AppError, Result};
use crate::runs::RunLine;

/// Something that happened to an item.
#[derive(Clone, Debug)]
pub enum Past {
    /// A run changed it.
    Change(PastChange),
    /// Something else that history remembers.
    Event(Event),
}

/// A page of the story of an item, the newest first.
#[derive(Clone, Debug)]
pub struct Timeline {
    /// What happened.
    pub past: Vec<Past>,
    /// What to ask for the page of what was before with.
    pub next: Option<String>,
}

/// The same as programs see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HistoryPage {
    /// What happened, the newest first.
    pub history: Vec<HistoryEntry>,
    /// What to ask for the page of what was before with.
    pub next: Option<String>,
}

/// Something that happened to an item: a change by a run, or an event.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HistoryEntry {
    /// A run changed it.
    Change(ItemChange),
    /// Something else that history remembers.
    Event(Event),
}

/// What a run changed of an item.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ItemChange {
    /// When the run began.
    pub at: DateTime<Utc>,
    /// The run.
    pub run: RunId,
    /// The source's name, or who else it was.
    pub source: String,
    /// The line of the run.
    #[serde(flatten)]
    pub line: RunLine,
}

impl Past {
    /// When it happened.
    pub const fn at(&self) -> DateTime<Utc> {
        match self {
            Self::Change(change) => change.at,
            Self::Event(event) => event.event.at,
        }
    }

    fn view(self) -> HistoryEntry {
        match self {
            Self::Event(event) => HistoryEntry::Event(event),
            Self::Change(past) => HistoryEntry::Change(ItemChange {
                at: past.at,
                run: past.run,
                line: RunLine::of(&past.change),
                source: past.source,
            }),
        }
    }
}

impl Timeline {
    /// How programs see it.
    pub fn view(self) -> HistoryPage {
        HistoryPage { history: self.past.into_iter().map(Past::view).collect(), next: self.next }
    }
}

impl App {
    /// The story of an item behind the `next` of a newer page. An item that is gone has one as long
    /// as history remembers it.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for what never was; [`AppError::Usage`] when `after` is no such value;
    /// what the database says.
    pub fn timeline<'a>(
        &'a self,
        item: ItemId,
        after: Option<&'a str>,
        limit: u64,
    ) -> BoxFuture<'a, Result<Timeline>> {
        Box::pin(async move {
            let mut place = after.map_or(Ok(Place::default()), Place::read)?;
            // One more than is told says whether there is more.
            let changes = self.store.changes_of(item, place.change, limit + 1).await?;
            let events = self.store.events_of(item, place.event, limit + 1).await?;
            let is_silent = changes.is_empty() && events.is_empty();
            if is_silent && after.is_none() && self.store.item(item).await?.is_none() {
                return Err(AppError::not_found("item", item.to_string()));
            }
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            let mut past = merged(changes, events);
            let more = past.len() > limit;
            past.truncate(limit);
            past.iter().for_each(|one| place.pass(one));
            Ok(Timeline { past, next: more.then(|| place.told()) })
        })
    }
}

/// What both tables tell, the newest first, each in its own order.
fn merged(changes: Vec<PastChange>, events: Vec<Event>) -> Vec<Past> {
    let mut changes = changes.into_iter().map(Past::Change).peekable();
    let mut events = events.into_iter().map(Past::Event).peekable();
    let next = || match (changes.peek(), events.peek()) {
        // A run tells of itself when it is over.
        (Some(change), Some(event)) if change.at() > event.at() => changes.next(),
        (_, Some(_)) => events.next(),
        (_, None) => changes.next(),
    };
    std::iter::from_fn(next).collect()
}

/// How far the story was told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Place {
    change: Option<(RunId, i64)>,
    event: Option<i64>,
}

impl Place {
    const fn pass(&mut self, past: &Past) {
        match past {
            Past::Change(past) => self.change = Some((past.run, past.change.seq)),
            Past::Event(event) => self.event = Some(event.seq),
        }
    }

    /// The number of the last event, and the run and number of the last change; 0 for none.
    fn told(self) -> String {
        let event = self.event.unwrap_or(0);
        match self.change {
            Some((run, seq)) => format!("{event} {run} {seq}"),
            None => event.to_string(),
        }
    }

    fn read(text: &str) -> Result<Self> {
        let parsed = || {
            let mut words = text.splitn(3, ' ');
            let event = words.next()?.parse::<i64>().ok()?;
            let change = match (words.next(), words.next()) {
                (Some(run), Some(seq)) => Some((run.parse().ok()?, seq.parse().ok()?)),
                (None, _) => None,
                (Some(_), None) => return None,
            };
            Some(Self { change, event: Some(event).filter(|event| *event != 0) })
        };
        let unknown = || AppError::Usage(format!("'{text}' is not the `next` of a history"));
        parsed().ok_or_else(unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_is_told() {
        let run: RunId = "01900000-0000-7000-8000-000000000000".parse().unwrap();
        for change in [None, Some((run, 7))] {
            for event in [None, Some(12)] {
                let place = Place { change, event };
                assert_eq!(Place::read(&place.told()).unwrap(), place);
            }
        }
        for text in ["", "x", "1 2", "1 2 3", "1 01900000-0000-7000-8000-000000000000 x", "1 2 3 4"]
        {
            assert!(Place::read(text).is_err(), "{text}");
        }
    }
}
