//! One torrent as the daemon shows it.

use serde::Deserialize;
use shelfread_domain::download::{Progress, Transfer, TransferId, TransferState};

use crate::wire::{Flag, Num, Text, join};

/// What is asked of each torrent. Those that a daemon does not know it leaves out.
pub(super) const FIELDS: &[&str] = &[
    "hash",
    "name",
    "state",
    "progress",
    "total_size",
    "total_wanted",
    "total_remaining",
    "download_payload_rate",
    "upload_payload_rate",
    "eta",
    "ratio",
    "label",
    "save_path",
    "download_location",
    "message",
    "tracker_status",
    "time_added",
    "completed_time",
    "is_finished",
];

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Torrent {
    hash: Text,
    name: Text,
    state: Text,
    progress: Num,
    total_size: Num,
    total_wanted: Num,
    total_remaining: Num,
    download_payload_rate: Num,
    upload_payload_rate: Num,
    eta: Num,
    ratio: Num,
    label: Text,
    save_path: Text,
    download_location: Text,
    message: Text,
    tracker_status: Text,
    time_added: Num,
    completed_time: Num,
    is_finished: Flag,
}

impl Torrent {
    pub(super) fn exists(&self) -> bool {
        !self.hash.as_str().is_empty()
    }

    pub(super) fn is_paused(&self) -> bool {
        self.state.as_str() == "Paused"
    }

    pub(super) fn is_running(&self) -> bool {
        !matches!(self.state.as_str(), "Paused" | "Error")
    }

    pub(super) fn has_label(&self, label: &str) -> bool {
        self.label.as_str() == label
    }

    /// The torrent in our words; `None` when `hash` is none.
    pub(super) fn transfer(self, hash: &str) -> Option<Transfer> {
        let id = TransferId::new(hash)?;
        let state = self.state();
        let finished = matches!(state, TransferState::Seeding | TransferState::Completed);
        let error = self.error(&state);
        let size = self.total_wanted.count().filter(|size| *size > 0);
        let folder = self.download_location.some().or_else(|| self.save_path.some());
        let content_path = folder.as_deref().map(|folder| join(folder, self.name.as_str()));
        let transfer = Transfer {
            finished,
            progress: Progress::from(self.progress.share() / 100.0),
            size_bytes: size,
            left_bytes: self.total_remaining.count().filter(|_| size.is_some()),
            down_speed: self.download_payload_rate.count(),
            up_speed: self.upload_payload_rate.count(),
            // 0 is what it says when it does not know.
            eta_seconds: self.eta.count().filter(|eta| *eta > 0),
            ratio: self.ratio.number(),
            label: self.label.some(),
            save_path: folder,
            content_path,
            error,
            added_at: self.time_added.moment(),
            completed_at: self.completed_time.moment().filter(|_| finished),
            ..Transfer::new(id, self.name.as_str(), state)
        };
        Some(transfer.normalized())
    }

    fn state(&self) -> TransferState {
        let finished = self.is_finished.0;
        match self.state.as_str() {
            "Downloading" if self.total_size.count() == Some(0) => TransferState::Metadata,
            "Downloading" => TransferState::Downloading,
            "Seeding" => TransferState::Seeding,
            "Queued" if finished => TransferState::Seeding,
            "Queued" | "Allocating" => TransferState::Queued,
            "Paused" if finished => TransferState::Completed,
            "Paused" => TransferState::Paused,
            "Checking" => TransferState::Checking,
            "Moving" => TransferState::Processing,
            "Error" => TransferState::Failed,
            new => TransferState::unknown(new),
        }
    }

    /// The daemon's complaint, else that of the tracker.
    fn error(&self, state: &TransferState) -> Option<String> {
        let tracker = self.tracker_status.as_str();
        match *state {
            TransferState::Failed => Some(self.message.0.clone()),
            _ => tracker.strip_prefix("Error: ").map(str::to_owned),
        }
    }
}
