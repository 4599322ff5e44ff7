//! The kinds of work that are measured, in the order in which they are done on one catalogue, and
//! what each has to reach.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use serde::Deserialize;

use super::floor::FloorWork;

/// A kind of work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Work {
    /// An empty catalogue meets a full server.
    First,
    /// Nothing happened since.
    Unchanged,
    /// One item in a hundred has another description.
    Changed,
    /// One item in a hundred is gone.
    Removed,
    /// The server was set up anew: every remote id is another one.
    Rebuilt,
}

/// All of them.
pub const WORKS: &[Work] =
    &[Work::First, Work::Unchanged, Work::Changed, Work::Removed, Work::Rebuilt];

/// What `sync --json` says of its one run.
#[derive(Deserialize)]
pub struct RunReport {
    status: String,
    counts: BTreeMap<String, u64>,
}

impl RunReport {
    /// How many items it saw, seasons counted.
    pub fn seen(&self) -> u64 {
        self.count("seen")
    }

    fn count(&self, name: &str) -> u64 {
        self.counts.get(name).copied().unwrap_or(0)
    }
}

impl Work {
    /// What it is called in the table.
    pub const fn name(self) -> &'static str {
        match self {
            Self::First => "first sync",
            Self::Unchanged => "unchanged",
            Self::Changed => "1 % changed",
            Self::Removed => "1 % removed",
            Self::Rebuilt => "rebuilt server",
        }
    }

    /// What befalls the server before, as its remote control calls it.
    pub const fn event(self) -> Option<&'static str> {
        match self {
            Self::First | Self::Unchanged => None,
            Self::Changed => Some("change?percent=1&seed=1"),
            Self::Removed => Some("remove?percent=1&seed=2"),
            Self::Rebuilt => Some("rebuild"),
        }
    }

    /// What the straight-line program does for it, if it has an idea of it.
    pub const fn floor(self) -> Option<FloorWork> {
        match self {
            Self::First => Some(FloorWork::First),
            Self::Unchanged => Some(FloorWork::Again),
            Self::Changed | Self::Removed | Self::Rebuilt => None,
        }
    }

    /// The work of ours that its time is held against; `None` for the floor.
    pub const fn compared_with(self) -> Option<Self> {
        match self {
            Self::First | Self::Unchanged => None,
            Self::Changed | Self::Removed => Some(Self::Unchanged),
            Self::Rebuilt => Some(Self::First),
        }
    }

    /// How many times as long it may take.
    pub const fn ratio_goal(self) -> f64 {
        match self {
            Self::First | Self::Changed | Self::Removed => 1.5,
            Self::Unchanged => 1.4,
            Self::Rebuilt => 1.0,
        }
    }

    /// How many rows it may write.
    pub const fn rows_goal(self) -> Option<u64> {
        if matches!(self, Self::Unchanged) { Some(0) } else { None }
    }

    /// The most memory that it may hold, in MiB.
    pub const fn peak_goal_mib(self, items: u64) -> Option<u64> {
        match self {
            _ if items > 100_000 => Some(160),
            Self::First => Some(64),
            _ => None,
        }
    }

    /// Whether the run did what there was to do: speed without that is worth nothing.
    ///
    /// # Errors
    /// When it did not.
    pub fn verify(self, items: u64, report: &RunReport) -> Result<()> {
        let count = |name: &str| report.count(name);
        let seen = report.seen();
        // A file may hold two episodes, and some are announced only.
        let is_one_percent = |count: u64| (items / 110..=items / 80).contains(&count);
        let right = match self {
            Self::First => seen >= items && count("added") == seen,
            Self::Unchanged => count("unchanged") == seen,
            Self::Changed => is_one_percent(count("updated")),
            Self::Removed => is_one_percent(count("removed")),
            Self::Rebuilt => (count("added"), count("removed")) == (0, 0) && count("relinked") > 0,
        };
        let fine = right && report.status == "succeeded";
        ensure!(fine, "{}: {} with {:?}", self.name(), report.status, report.counts);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(counts: &[(&str, u64)]) -> RunReport {
        let counts = counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        RunReport { status: "succeeded".to_owned(), counts }
    }

    #[test]
    fn work_that_was_not_done_is_not_measured() {
        let all = report(&[("seen", 100), ("added", 100)]);
        assert!(Work::First.verify(100, &all).is_ok());
        let half = report(&[("seen", 100), ("added", 50)]);
        assert!(Work::First.verify(100, &half).is_err());
        let twice = report(&[("seen", 100), ("added", 100), ("removed", 100), ("relinked", 1)]);
        assert!(Work::Rebuilt.verify(100, &twice).is_err());
    }

    #[test]
    fn works_stand_in_their_own_order() {
        assert!(WORKS.iter().enumerate().all(|(at, work)| *work as usize == at));
    }
}
