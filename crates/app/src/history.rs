//! History: which events a run leaves behind. Events are for what nobody could see in the
//! catalogue afterwards: what went, how a run ended that did something, and when a source stopped
//! and began again to answer. A run that changed nothing leaves none.
//!
//! It deliberately tells nothing of single additions and updates: the journal of the run has them,
//! and a first sync would write everything twice.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use serde_json::json;
use shelfread_domain::{Change, Counts, ItemId, ItemRecord, Plan, Row, RunId, SourceId, Trigger};
use shelfread_store::{HoldRow, LibraryRow, NewEvent, RunEnd, SourceRow};

/// In which run of which source something happens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin<'a> {
    pub(crate) run: RunId,
    pub(crate) source: Option<SourceId>,
    pub(crate) name: &'a str,
    pub(crate) now: DateTime<Utc>,
}

impl Origin<'_> {
    fn event(&self, kind: &str, severity: &str, data: serde_json::Value) -> NewEvent {
        let event = NewEvent::new(self.now, kind, severity, data);
        NewEvent { run_id: Some(self.run), source_id: self.source, ..event }
    }

    /// The items that a plan removes. A show goes with all that it has as one event.
    pub(crate) fn removals(&self, plan: &Plan) -> Vec<NewEvent> {
        let gone: Vec<(&ItemRecord, &Change)> = plan.changes.iter().filter_map(removed).collect();
        let ids: HashSet<ItemId> = gone.iter().map(|(item, _)| item.id).collect();
        let show = |item: &ItemRecord| item.parent_id.filter(|show| ids.contains(show));
        let mut with: HashMap<ItemId, u64> = HashMap::new();
        for (item, _) in &gone {
            *with.entry(show(item).unwrap_or(item.id)).or_default() += 1;
        }
        let told = gone.into_iter().filter(|(item, _)| show(item).is_none());
        told.map(|(item, change)| self.removal(item.id, change, with[&item.id])).collect()
    }

    fn removal(&self, id: ItemId, change: &Change, items: u64) -> NewEvent {
        let data = json!({
            "kind": change.kind,
            "label": change.label,
            "items": items,
            "source": self.name,
            "reason": change.reason,
        });
        NewEvent { item_id: Some(id), ..self.event("item.removed", "info", data) }
    }

    /// The end of a run that wrote something.
    pub(crate) fn end(&self, trigger: Trigger, end: &RunEnd<'_>) -> Option<NewEvent> {
        let data = json!({
            "source": self.name,
            "trigger": trigger,
            "status": end.status,
            "counts": end.counts,
        });
        wrote(end.counts).then(|| self.event("run.finished", "info", data))
    }

    /// Removals of a library begin to wait for a person.
    pub(crate) fn held(&self, library: &LibraryRow, hold: &HoldRow) -> NewEvent {
        let event = self.event("run.held", "warning", self.of_hold(&library.name, hold));
        NewEvent { library_id: Some(library.id), ..event }
    }

    /// A person decided to keep what a run would have removed.
    pub(crate) fn discarded(&self, hold: &HoldRow) -> NewEvent {
        let event = self.event("run.discarded", "info", self.of_hold("", hold));
        NewEvent { library_id: Some(hold.library_id), ..event }
    }

    fn of_hold(&self, library: &str, hold: &HoldRow) -> serde_json::Value {
        json!({
            "source": self.name,
            "library": library,
            "items": hold.items,
            "reason": hold.reason,
        })
    }

    /// A source that stops answering, or answers again.
    pub(crate) fn health(&self, before: &SourceRow, failure: Option<&str>) -> Option<NewEvent> {
        match (&before.last_error, failure) {
            (None, Some(message)) => {
                let data = json!({ "source": self.name, "message": message });
                Some(self.event("source.failed", "error", data))
            }
            (Some(_), None) => {
                Some(self.event("source.recovered", "info", json!({ "source": self.name })))
            }
            _ => None,
        }
    }
}

/// The item whose own row a change removes.
fn removed(change: &Change) -> Option<(&ItemRecord, &Change)> {
    match (&change.before, &change.after) {
        (Some(Row::Item(item)), None) => Some((item, change)),
        _ => None,
    }
}

const fn wrote(counts: &Counts) -> bool {
    counts.added + counts.updated + counts.relinked + counts.missing + counts.removed > 0
}
