//! One torrent as `torrents/info` shows it.

use serde::Deserialize;
use shelfread_domain::download::{Progress, Transfer, TransferId, TransferState};

use crate::wire::{Num, Text};

/// What stands for an endless time.
const ETA_INFINITE: u64 = 8_640_000;

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Torrent {
    hash: Text,
    name: Text,
    state: Text,
    progress: Num,
    size: Num,
    amount_left: Num,
    dlspeed: Num,
    upspeed: Num,
    eta: Num,
    ratio: Num,
    category: Text,
    tags: Text,
    save_path: Text,
    content_path: Text,
    added_on: Num,
    completion_on: Num,
}

impl From<Torrent> for Option<Transfer> {
    fn from(torrent: Torrent) -> Self {
        torrent.transfer()
    }
}

impl Torrent {
    pub(super) fn id(&self) -> Option<TransferId> {
        TransferId::new(self.hash.as_str())
    }

    pub(super) fn is_stopped(&self) -> bool {
        matches!(self.state.as_str(), "pausedDL" | "pausedUP" | "stoppedDL" | "stoppedUP")
    }

    pub(super) fn is_running(&self) -> bool {
        !self.is_stopped() && state(self.state.as_str()) != TransferState::Failed
    }

    pub(super) fn has_category(&self, category: &str) -> bool {
        self.category.as_str() == category
    }

    /// The torrent in our words; `None` when it has no hash.
    fn transfer(self) -> Option<Transfer> {
        let id = self.id()?;
        let state = state(self.state.as_str());
        let finished = matches!(state, TransferState::Seeding | TransferState::Completed);
        let error = match self.state.as_str() {
            "missingFiles" => Some("its files are missing".to_owned()),
            "error" => Some("qBittorrent shows an error; its log says more".to_owned()),
            _ => None,
        };
        let size = self.size.count().filter(|size| *size > 0);
        let tag = || self.tags.0.split(',').next().map(|tag| tag.trim().to_owned());
        let transfer = Transfer {
            finished,
            progress: Progress::from(self.progress.share()),
            size_bytes: size,
            left_bytes: self.amount_left.count().filter(|_| size.is_some()),
            down_speed: self.dlspeed.count(),
            up_speed: self.upspeed.count(),
            eta_seconds: self.eta.count().filter(|eta| *eta < ETA_INFINITE),
            ratio: self.ratio.number(),
            label: self.category.some().or_else(tag),
            save_path: self.save_path.some(),
            content_path: self.content_path.some(),
            error,
            added_at: self.added_on.moment(),
            // Of an unfinished torrent it is any number.
            completed_at: self.completion_on.moment().filter(|_| finished),
            ..Transfer::new(id, self.name.as_str(), state)
        };
        Some(transfer.normalized())
    }
}

fn state(text: &str) -> TransferState {
    match text {
        "error" | "missingFiles" => TransferState::Failed,
        "uploading" | "forcedUP" | "queuedUP" | "stalledUP" => TransferState::Seeding,
        "pausedUP" | "stoppedUP" => TransferState::Completed,
        "checkingUP" | "checkingDL" | "checkingResumeData" => TransferState::Checking,
        "allocating" | "queuedDL" => TransferState::Queued,
        "downloading" | "forcedDL" => TransferState::Downloading,
        "metaDL" | "forcedMetaDL" => TransferState::Metadata,
        "stalledDL" => TransferState::Stalled,
        "pausedDL" | "stoppedDL" => TransferState::Paused,
        "moving" => TransferState::Processing,
        new => TransferState::unknown(new),
    }
}
