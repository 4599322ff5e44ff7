//! The schedule as people see it, and how they change it.

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use serde::Serialize;
use serde_json::{Map, Value};
use shelfread_store::SourceRow;
use utoipa::ToSchema;

use super::due::{self, Timetable};
use crate::App;
use crate::error::Result;

/// When a source is synced.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct SourceSchedule {
    /// The source.
    pub source: String,
    /// Whether it is paused: then nothing is due.
    pub paused: bool,
    /// Whether it is being synced now, by whichever server.
    pub running: bool,
    /// How often everything is synced: `24h`, a cron expression or `off`.
    pub full: String,
    /// How often what changed is synced.
    pub quick: String,
    /// When nothing is started.
    pub quiet: Option<String>,
    /// When everything is synced next.
    pub next_full: Option<DateTime<Utc>>,
    /// When what changed is synced next.
    pub next_quick: Option<DateTime<Utc>>,
    /// When the last full sync began that did not fail.
    pub last_full: Option<DateTime<Utc>>,
    /// When the last full or quick sync began that did not fail.
    pub last_sync: Option<DateTime<Utc>>,
    /// How many of its last runs failed, one after the other.
    pub failures: u32,
    /// Until when it is left alone because it fails.
    pub backing_off_until: Option<DateTime<Utc>>,
    /// Why it fails, or what is wrong with its timetable.
    pub why: Option<String>,
}

/// What a person changes about the timetable of one source; `None` leaves it, an empty text goes
/// back to what holds for all.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ScheduleChange {
    /// How often everything is synced.
    pub full: Option<String>,
    /// How often what changed is synced.
    pub quick: Option<String>,
    /// When nothing is started; `off` for never.
    pub quiet: Option<String>,
}

impl App {
    /// When each source is synced next, in order of priority.
    ///
    /// # Errors
    /// What the database says.
    pub fn schedule(&self) -> BoxFuture<'_, Result<Vec<SourceSchedule>>> {
        Box::pin(async move {
            let busy = self.busy_sources().await?;
            let mut all = Vec::new();
            for source in self.store.sources().await? {
                let running = busy.contains(&source.id);
                all.push(self.schedule_of(source, running).await?);
            }
            Ok(all)
        })
    }

    /// When one source is synced next.
    ///
    /// # Errors
    /// [`AppError::NotFound`](crate::AppError::NotFound); what the database says.
    pub fn source_schedule<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<SourceSchedule>> {
        Box::pin(async move {
            let source = self.source(name).await?;
            let running = self.busy_sources().await?.contains(&source.id);
            self.schedule_of(source, running).await
        })
    }

    async fn schedule_of(&self, source: SourceRow, running: bool) -> Result<SourceSchedule> {
        let (table, problem) = self.timetable(&source);
        let past = self.store.past_runs(source.id).await?;
        let next = match source.enabled {
            true => due::next(source.id, &table, &past, self.clock.now()),
            false => due::Next::default(),
        };
        Ok(SourceSchedule {
            source: source.name,
            paused: !source.enabled,
            running,
            full: table.full.to_string(),
            quick: table.quick.to_string(),
            quiet: table.quiet.map(|quiet| quiet.to_string()),
            next_full: next.full,
            next_quick: next.quick,
            last_full: past.last_full,
            last_sync: past.last_look,
            failures: past.failures,
            backing_off_until: next.backing_off,
            why: problem.or(past.why),
        })
    }

    /// The timetable of a source. One whose words make no sense follows what holds for all.
    pub(super) fn timetable(&self, source: &SourceRow) -> (Timetable, Option<String>) {
        match self.schedule.table.of(source) {
            Ok(table) => (table, None),
            Err(error) => (self.schedule.table.clone(), Some(error.to_string())),
        }
    }

    /// Changes the timetable of one source. Of one that the configuration file declares, what the
    /// file says comes back with the next start.
    ///
    /// # Errors
    /// When there is no such source, or the words make no sense.
    pub fn set_schedule<'a>(
        &'a self,
        source: &'a str,
        change: &'a ScheduleChange,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let _one = self.editing.lock().await;
            let mut row = self.source(source).await?;
            let mut own = row.settings["schedule"].as_object().cloned().unwrap_or_default();
            for (key, value) in
                [("full", &change.full), ("quick", &change.quick), ("quiet", &change.quiet)]
            {
                match value.as_deref().map(str::trim) {
                    None => {}
                    Some("") => drop(own.remove(key)),
                    Some(text) => drop(own.insert(key.to_owned(), Value::from(text))),
                }
            }
            if !row.settings.is_object() {
                row.settings = Value::Object(Map::new());
            }
            row.settings["schedule"] = Value::Object(own);
            self.save_source(&row).await.map(drop)
        })
    }
}
