//! Live: how far work is right now, for whoever watches. None of it is an event: it is not kept,
//! has no number, and whoever misses a message has the next one.
//!
//! It knows runs and transfers only as they are shown, and deliberately no page and no wire.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use shelfread_domain::download::TransferState;
use shelfread_domain::id::DownloadId;
use shelfread_domain::{Counts, RunId, RunStatus};
use tokio::sync::broadcast;
use utoipa::ToSchema;

use crate::App;
use crate::downloads::DownloadView;
use crate::sync::{Observer, Progress, RunReport};

/// Messages that wait for a slow listener; it misses the older ones.
const WAITING: usize = 256;
/// The shortest time between two messages of one library of one run.
const APART: Duration = Duration::from_millis(100);

/// How far something is.
#[derive(Clone, PartialEq, Debug)]
pub enum Live {
    /// A run.
    Run(RunProgress),
    /// The transfers of a client that moved since they were last looked at.
    Downloads(DownloadsProgress),
}

/// How far a run is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct RunProgress {
    /// Which run.
    pub run: RunId,
    /// Of which source.
    pub source: String,
    /// `running` until the run is over, then how it ended.
    pub status: RunStatus,
    /// Which library is being read.
    pub library: Option<String>,
    /// Remote items of that library read so far.
    pub received: u64,
    /// How many there are, when the source said so.
    pub expected: Option<u64>,
    /// What was done, once it is over.
    pub counts: Option<Counts>,
}

/// How far the transfers of a client are.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
pub struct DownloadsProgress {
    /// The client by name.
    pub client: String,
    /// The transfers that changed.
    pub downloads: Vec<DownloadProgress>,
}

/// How far a transfer is.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
pub struct DownloadProgress {
    /// Which download.
    pub id: DownloadId,
    /// What it does.
    #[schema(value_type = String)]
    pub state: TransferState,
    /// From 0 to 1.
    pub progress: f64,
    /// Bytes per second received.
    pub down_speed: Option<u64>,
    /// Bytes per second sent.
    pub up_speed: Option<u64>,
    /// Seconds until it is finished, as the client guesses.
    pub eta_seconds: Option<u64>,
}

impl From<&DownloadView> for DownloadProgress {
    fn from(view: &DownloadView) -> Self {
        Self {
            id: view.id,
            state: view.state.clone(),
            progress: view.progress,
            down_speed: view.down_speed,
            up_speed: view.up_speed,
            eta_seconds: view.eta_seconds,
        }
    }
}

/// The messages, and what is at work now.
#[derive(Debug)]
pub(crate) struct Board {
    sender: broadcast::Sender<Arc<Live>>,
    runs: Mutex<HashMap<RunId, (RunProgress, Instant)>>,
    /// What was told of the transfers of each client.
    downloads: Mutex<HashMap<String, Vec<DownloadProgress>>>,
}

impl Default for Board {
    fn default() -> Self {
        let sender = broadcast::channel(WAITING).0;
        Self { sender, runs: Mutex::default(), downloads: Mutex::default() }
    }
}

impl Board {
    fn runs(&self) -> MutexGuard<'_, HashMap<RunId, (RunProgress, Instant)>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether anybody watches.
    pub(crate) fn is_watched(&self) -> bool {
        self.sender.receiver_count() > 0
    }

    /// Tells how far the transfers of a client are that moved since they were last told of.
    pub(crate) fn tell_downloads(&self, client: &str, all: Vec<DownloadProgress>) {
        let mut told = self.downloads.lock().unwrap_or_else(PoisonError::into_inner);
        let before = told.insert(client.to_owned(), all.clone()).unwrap_or_default();
        drop(told);
        let news: Vec<_> = all.into_iter().filter(|d| !before.contains(d)).collect();
        if !news.is_empty() {
            self.tell(Live::Downloads(DownloadsProgress {
                client: client.to_owned(),
                downloads: news,
            }));
        }
    }

    fn tell(&self, live: Live) {
        // Nobody watches just now: nothing is lost.
        let _ = self.sender.send(Arc::new(live));
    }

    /// Notes how far a run is; whether that is worth a message.
    fn note(&self, progress: &RunProgress, now: Instant) -> bool {
        let mut runs = self.runs();
        if progress.status != RunStatus::Running {
            runs.remove(&progress.run);
            return true;
        }
        let known = runs.get(&progress.run);
        let soon = |(before, told): &(RunProgress, Instant)| {
            before.library == progress.library && now.duration_since(*told) < APART
        };
        let worth = progress.expected == Some(progress.received) || !known.is_some_and(soon);
        let told = known.map_or(now, |(_, told)| if worth { now } else { *told });
        runs.insert(progress.run, (progress.clone(), told));
        worth
    }
}

/// An observer that tells everybody who watches.
#[derive(Clone, Debug)]
pub struct Teller(Arc<Board>);

impl Teller {
    fn tell(&self, progress: RunProgress) {
        if self.0.note(&progress, Instant::now()) {
            self.0.tell(Live::Run(progress));
        }
    }
}

impl Observer for Teller {
    fn began(&self, run: RunId, source: &str) {
        self.tell(RunProgress {
            run,
            source: source.to_owned(),
            status: RunStatus::Running,
            library: None,
            received: 0,
            expected: None,
            counts: None,
        });
    }

    fn progress(&self, progress: Progress<'_>) {
        self.tell(RunProgress {
            run: progress.run,
            source: progress.source.to_owned(),
            status: RunStatus::Running,
            library: Some(progress.library.to_owned()),
            received: progress.received,
            expected: progress.expected,
            counts: None,
        });
    }

    fn ended(&self, report: &RunReport) {
        self.tell(RunProgress {
            run: report.id,
            source: report.source.clone(),
            status: report.status,
            library: None,
            received: report.counts.seen,
            expected: None,
            counts: Some(report.counts),
        });
    }
}

impl App {
    /// Every message from now on. Whoever is too slow misses the oldest.
    pub fn watch_live(&self) -> broadcast::Receiver<Arc<Live>> {
        self.live.sender.subscribe()
    }

    /// The runs that this process has at work, as far as they are, oldest first.
    pub fn running(&self) -> Vec<RunProgress> {
        let mut all: Vec<_> = self.live.runs().values().map(|(run, _)| run.clone()).collect();
        all.sort_by_key(|run| run.run);
        all
    }

    /// What tells whoever watches how far a run is.
    pub fn teller(&self) -> Teller {
        Teller(Arc::clone(&self.live))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn at(library: Option<&str>, received: u64, status: RunStatus) -> RunProgress {
        RunProgress {
            run: RunId(Uuid::from_u128(1)),
            source: "den".to_owned(),
            status,
            library: library.map(str::to_owned),
            received,
            expected: Some(1_000),
            counts: None,
        }
    }

    #[test]
    fn messages_of_one_library_are_not_too_many() {
        let (board, start) = (Board::default(), Instant::now());
        let steps = [
            (None, 0, 0, true),
            (Some("Films"), 1, 0, true),
            (Some("Films"), 2, 60, false),
            (Some("Films"), 3, 99, false),
            (Some("Films"), 4, 100, true),
            (Some("Films"), 1_000, 101, true),
            (Some("Shows"), 1, 102, true),
        ];
        for (library, received, after, worth) in steps {
            let progress = at(library, received, RunStatus::Running);
            let told = board.note(&progress, start + Duration::from_millis(after));
            assert_eq!(told, worth, "{library:?} {received}");
        }
        assert_eq!(board.runs().len(), 1);
        assert!(board.note(&at(None, 1_001, RunStatus::Succeeded), start));
        assert!(board.runs().is_empty());
    }

    #[test]
    fn only_transfers_that_moved_are_told_of() {
        let board = Board::default();
        let mut told = board.sender.subscribe();
        let at = |id, progress| DownloadProgress {
            id: DownloadId(Uuid::from_u128(id)),
            state: TransferState::Downloading,
            progress,
            down_speed: None,
            up_speed: None,
            eta_seconds: None,
        };
        board.tell_downloads("box", vec![at(1, 0.1), at(2, 0.1)]);
        board.tell_downloads("box", vec![at(1, 0.2), at(2, 0.1)]);
        board.tell_downloads("box", vec![at(1, 0.2), at(2, 0.1)]);
        let mut seen = Vec::new();
        while let Ok(message) = told.try_recv() {
            let Live::Downloads(of) = &*message else { unreachable!() };
            seen.push(of.downloads.iter().map(|d| d.id.0.as_u128()).collect::<Vec<_>>());
        }
        assert_eq!(seen, [vec![1, 2], vec![1]]);
    }
}
