//! Tell: states are written to one server, recorded, and read back through the usual way of a sync,
//! so that the catalogue knows what the server made of them.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use shelfread_domain::port::{Problem, SourceError, WritePlayState};
use shelfread_domain::{ItemId, LibraryId, PlayState, RemoteId, RunStatus};
use shelfread_store::{NewEvent, PlayPlace, PlayWriteRow, SourceRow, ViewerRow};

use super::{BATCH, Wish};
use crate::App;
use crate::error::Result;
use crate::sync::{Quiet, SyncRequest};

/// The first pause after a failure; it doubles with each further one, up to the longest.
const FIRST_PAUSE: TimeDelta = TimeDelta::minutes(1);
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(6);

/// What became of wishes.
#[derive(Default)]
pub(super) struct Told {
    /// Written.
    pub(super) written: Vec<ItemId>,
    /// Refused or failed, and why.
    pub(super) failed: Vec<(ItemId, String)>,
}

/// A server that can be told the states of one of its users.
struct Listener<'a> {
    source: SourceRow,
    viewer: &'a ViewerRow,
    writer: std::sync::Arc<dyn WritePlayState>,
}

impl App {
    /// Tells a server what it does not know yet.
    pub(super) async fn tell(&self, viewer: &ViewerRow, wishes: &[Wish]) -> Result<Told> {
        let mut told = Told::default();
        let sources = self.store.sources().await?;
        let source = sources.into_iter().find(|s| s.id == viewer.source_id && s.enabled);
        let Some(source) = source else { return Ok(told) };
        let items: Vec<_> = wishes.iter().map(|w| w.item).collect();
        let mut places: HashMap<ItemId, Vec<PlayPlace>> = HashMap::new();
        for chunk in items.chunks(BATCH) {
            for place in self.store.play_places(source.id, chunk).await? {
                places.entry(place.item_id).or_default().push(place);
            }
        }
        let wishes: Vec<_> = wishes.iter().filter(|w| places.contains_key(&w.item)).collect();
        if wishes.is_empty() {
            return Ok(told);
        }
        let listener = match self.listener(source, viewer).await {
            Ok(Some(listener)) => listener,
            Ok(None) => return Ok(told),
            Err(error) => {
                self.server_failed(viewer, &error).await?;
                let failed = wishes.iter().map(|w| (w.item, error.to_string()));
                told.failed.extend(failed);
                return Ok(told);
            }
        };
        for chunk in wishes.chunks(BATCH) {
            if !self.tell_some(&listener, chunk, &places, &mut told).await? {
                return Ok(told);
            }
        }
        if viewer.failures > 0 {
            self.store.note_viewer_health(viewer.id, 0, None).await?;
        }
        Ok(told)
    }

    /// The server of a viewer, if it can be told states and it is that viewer's states that it
    /// would be told: its token may be another user's by now, and the server another one.
    async fn listener<'a>(
        &self,
        source: SourceRow,
        viewer: &'a ViewerRow,
    ) -> Result<Option<Listener<'a>>, SourceError> {
        let open = self.factory.open(&source)?;
        let Some(writer) = open.write_play_state else { return Ok(None) };
        let identity = open.media.identify().await?;
        let is_server = source.server_id.as_ref().is_none_or(|id| *id == identity.server_id);
        let is_viewer = identity.viewer.is_some_and(|v| v.remote_user == viewer.remote_user);
        if !is_server || !is_viewer {
            let (source, viewer) = (&source.name, &viewer.name);
            tracing::warn!(source, viewer, "another server or user answers: it is told nothing");
            return Ok(None);
        }
        Ok(Some(Listener { source, viewer, writer }))
    }

    /// Tells some states and reads them back; whether the server is there for more.
    async fn tell_some(
        &self,
        listener: &Listener<'_>,
        wishes: &[&Wish],
        places: &HashMap<ItemId, Vec<PlayPlace>>,
        told: &mut Told,
    ) -> Result<bool> {
        let (mut rows, mut events, mut broken) = (Vec::new(), Vec::new(), None);
        let mut objects: BTreeMap<LibraryId, Vec<RemoteId>> = BTreeMap::new();
        for wish in wishes {
            let at = &places[&wish.item];
            let now = self.clock.now();
            match write_all(&*listener.writer, at, wish.state).await {
                Ok(()) => {
                    rows.push(written(listener.viewer, wish));
                    events.push(event(listener, wish, &at[0].label, None, now));
                    told.written.push(wish.item);
                    for place in at {
                        let ids = objects.entry(place.library_id).or_default();
                        ids.push(place.remote_id.clone());
                    }
                }
                Err(error) if is_of_the_server(&error.problem) => {
                    told.failed.push((wish.item, error.to_string()));
                    broken = Some(error);
                    break;
                }
                Err(error) => {
                    let why = error.to_string();
                    rows.push(refused(listener.viewer, wish, &why, now));
                    events.push(event(listener, wish, &at[0].label, Some(&why), now));
                    told.failed.push((wish.item, why));
                }
            }
        }
        if !rows.is_empty() {
            self.store.put_play_writes(&rows, self.clock.now()).await?;
            self.store.append_events(&events).await?;
        }
        if !objects.is_empty() {
            rows.retain(|row| row.failures == 0);
            self.read_back(listener, objects, rows).await?;
        }
        match broken {
            Some(error) => self.server_failed(listener.viewer, &error).await.map(|()| false),
            None => Ok(true),
        }
    }

    /// Reads what the server made of it. What cannot be read now is told from news later.
    async fn read_back(
        &self,
        listener: &Listener<'_>,
        objects: BTreeMap<LibraryId, Vec<RemoteId>>,
        rows: Vec<PlayWriteRow>,
    ) -> Result<()> {
        let request = SyncRequest {
            sources: vec![listener.source.name.clone()],
            only: objects,
            ..SyncRequest::default()
        };
        let reports = self.sync_sources(&request, &Quiet).await?;
        if reports.iter().any(|r| r.status != RunStatus::Succeeded) {
            return Ok(());
        }
        let items: Vec<_> = rows.iter().map(|row| row.item_id).collect();
        let ears = self.hear(&items).await?;
        let echo = |row: PlayWriteRow| {
            let said = ears.said.get(&(row.item_id, row.viewer_id)).map(|(said, _)| *said);
            let echo = PlayState { carried: false, ..said.unwrap_or_default() };
            PlayWriteRow { echo, settled: true, ..row }
        };
        let rows: Vec<_> = rows.into_iter().map(echo).collect();
        Ok(self.store.put_play_writes(&rows, self.clock.now()).await?)
    }

    /// Leaves a server alone for a while.
    async fn server_failed(&self, viewer: &ViewerRow, error: &SourceError) -> Result<()> {
        let (now, failures) = (self.clock.now(), viewer.failures.saturating_add(1));
        let retry_at = now + pause(failures);
        self.store.note_viewer_health(viewer.id, failures, Some(retry_at)).await?;
        tracing::warn!(source = viewer.source, %error, "play states could not be told");
        let data = json!({
            "source": viewer.source,
            "viewer": viewer.name,
            "error": error.to_string(),
            "retry_at": retry_at,
        });
        let event = NewEvent::new(now, "play_state.failed", "warning", data);
        let event = NewEvent { source_id: Some(viewer.source_id), ..event };
        Ok(self.store.append_events(&[event]).await?)
    }
}

/// Writes a state to every object that is the item: the server's own answer is the newest of them.
async fn write_all(
    writer: &dyn WritePlayState,
    places: &[PlayPlace],
    state: PlayState,
) -> Result<(), SourceError> {
    for place in places {
        writer.write_play_state(&place.remote_id, state).await?;
    }
    Ok(())
}

/// Whether there is no use in telling this server anything else now.
const fn is_of_the_server(problem: &Problem) -> bool {
    !matches!(problem, Problem::NotFound | Problem::Rejected(_) | Problem::Malformed(_))
}

fn written(viewer: &ViewerRow, wish: &Wish) -> PlayWriteRow {
    PlayWriteRow {
        item_id: wish.item,
        viewer_id: viewer.id,
        state: wish.state,
        echo: wish.said,
        settled: false,
        failures: 0,
        retry_at: None,
        error: None,
    }
}

fn refused(viewer: &ViewerRow, wish: &Wish, why: &str, now: DateTime<Utc>) -> PlayWriteRow {
    let failures = wish.failures.saturating_add(1);
    let retry_at = Some(now + pause(failures));
    let error = Some(why.to_owned());
    PlayWriteRow { failures, retry_at, error, ..written(viewer, wish) }
}

fn pause(failures: i32) -> TimeDelta {
    let doublings = u32::try_from(failures.clamp(1, 16) - 1).unwrap_or(0);
    (FIRST_PAUSE * 2_i32.pow(doublings)).min(LONGEST_PAUSE)
}

fn event(
    listener: &Listener<'_>,
    wish: &Wish,
    label: &str,
    error: Option<&str>,
    now: DateTime<Utc>,
) -> NewEvent {
    let data = json!({
        "source": listener.source.name,
        "viewer": listener.viewer.name,
        "label": label,
        "before": wish.said,
        "after": wish.state,
        "error": error,
    });
    let (kind, severity) = match error {
        None => ("play_state.written", "info"),
        Some(_) => ("play_state.refused", "warning"),
    };
    NewEvent {
        item_id: Some(wish.item),
        source_id: Some(listener.source.id),
        ..NewEvent::new(now, kind, severity, data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        let minutes = [1, 2, 3, 4, 9, 10, i32::MAX].map(|n| pause(n).num_minutes());
        assert_eq!(minutes, [1, 2, 4, 8, 256, 360, 360]);
    }
}
