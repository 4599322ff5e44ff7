//! The schedule: sources are synced in their rhythm, and looked at when a webhook hints at them.
//!
//! - `rhythm`: how often, as people write it;
//! - `due`: what is due when, from the past that the database remembers, never from memory;
//! - `work`: the loop that starts what is due, on whichever server takes its turn first;
//! - `view`: what people see of it, and how they change it.
//!
//! A source that is paused is not run. A run that a person starts counts like one of the schedule.
//! What a webhook hints at is kept in memory only (`hooks`): what is lost is found by the schedule.

mod due;
mod rhythm;
mod view;
mod work;

use shelfread_store::SourceRow;
use tokio::sync::Notify;

use crate::App;
use crate::error::Result;
pub use due::Timetable;
pub use rhythm::{Quiet, Rhythm, Zone};
pub use view::{ScheduleChange, SourceSchedule};

/// What everything about the schedule shares.
#[derive(Debug)]
pub(crate) struct Schedule {
    /// For sources without a timetable of their own.
    pub(crate) table: Timetable,
    /// Told when something may be due earlier than it was.
    pub(crate) woken: Notify,
}

impl Default for Schedule {
    fn default() -> Self {
        Self { table: Timetable::default(), woken: Notify::new() }
    }
}

impl Default for Timetable {
    /// Nothing, until somebody says how often.
    fn default() -> Self {
        let (full, quick) = (Rhythm::never(), Rhythm::never());
        Self { full, quick, quiet: None, zone: Zone::default() }
    }
}

impl Timetable {
    /// The timetable of a source: its own words where it has some, else these.
    ///
    /// # Errors
    /// When its words make no sense.
    pub fn of(&self, source: &SourceRow) -> Result<Self> {
        let own = |key: &str| source.settings["schedule"][key].as_str();
        let rhythm =
            |key, default: &Rhythm| own(key).map_or_else(|| Ok(default.clone()), str::parse);
        Ok(Self {
            full: rhythm("full", &self.full)?,
            quick: rhythm("quick", &self.quick)?,
            quiet: match own("quiet") {
                Some("off") => None,
                Some(text) => Some(text.parse()?),
                None => self.quiet,
            },
            zone: self.zone,
        })
    }
}

impl App {
    /// The application with a timetable for all sources that have none of their own.
    #[must_use]
    pub fn with_schedule(mut self, table: Timetable) -> Self {
        self.schedule = std::sync::Arc::new(Schedule { table, woken: Notify::new() });
        self
    }
}
