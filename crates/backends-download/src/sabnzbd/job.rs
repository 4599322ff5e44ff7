//! One job, as the queue and the history show it, which have few names in common. Most numbers are
//! texts, and those of the queue are MiB with two digits after the point.

use serde::Deserialize;
use shelfread_domain::download::{Payload, Place, Progress, Transfer, TransferId, TransferState};

use crate::wire::{Flag, Num, Text};

const MEBIBYTE: f64 = 1_048_576.0;

/// How far the size of a job in the queue may be from what its NZB says, in bytes: two digits
/// after the point.
const SIZE_IS_WITHIN: u64 = 10_486;

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Job {
    nzo_id: Text,
    status: Text,
    /// When the program got it, since version 4.
    time_added: Num,
    // Of the queue.
    filename: Text,
    cat: Text,
    mb: Num,
    mbleft: Num,
    // Of the history.
    name: Text,
    category: Text,
    bytes: Num,
    storage: Text,
    fail_message: Text,
    /// It is worked on, whatever its status says already.
    loaded: Flag,
    /// Only what is past the queue has it; while it is unpacked it is the time of the answer.
    completed: Option<Num>,
}

impl Job {
    pub(super) fn id(&self) -> Option<TransferId> {
        TransferId::new(self.nzo_id.as_str())
    }

    /// Whether it is shown by the history, which begins when everything was received.
    pub(super) fn is_past_the_queue(&self) -> bool {
        self.completed.is_some()
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self.state(false), TransferState::Completed | TransferState::Failed)
    }

    pub(super) fn is_completed(&self) -> bool {
        self.state(false) == TransferState::Completed
    }

    pub(super) fn is_paused(&self) -> bool {
        self.status.as_str() == "Paused"
    }

    /// Whether it receives when it is its turn.
    pub(super) fn is_running(&self) -> bool {
        self.status.as_str() == "Downloading"
    }

    pub(super) fn has_category(&self, category: &str) -> bool {
        let known = if self.is_past_the_queue() { &self.category } else { &self.cat };
        known.as_str().to_lowercase() == category
    }

    /// Whether it was made of this payload, as far as the queue can tell.
    pub(super) fn is_of(&self, payload: &Payload) -> bool {
        let same_size = self.size().zip(payload.size_bytes);
        self.filename.as_str() == payload.name
            && same_size.is_some_and(|(ours, theirs)| ours.abs_diff(theirs) <= SIZE_IS_WITHIN)
    }

    fn size(&self) -> Option<u64> {
        let received = self.bytes.count();
        received.or_else(|| self.mb.times(MEBIBYTE).count()).filter(|size| *size > 0)
    }

    /// The job in our words; `None` when it has no id. `speed` is that of the program, for the job
    /// whose turn it is.
    pub(super) fn transfer(self, speed: Option<u64>) -> Option<Transfer> {
        let id = self.id()?;
        let state = self.state(speed.is_some());
        let finished = state == TransferState::Completed;
        let over = finished || state == TransferState::Failed;
        let (size, (left, progress)) = (self.size(), self.progress(&state));
        let past = self.is_past_the_queue();
        let (name, category) =
            if past { (self.name, self.category) } else { (self.filename, self.cat) };
        let transfer = Transfer {
            finished,
            // What is unpacked is not over: whoever has just begun to look must see it.
            place: if over { Place::History } else { Place::Queue },
            progress,
            size_bytes: size,
            left_bytes: left,
            down_speed: speed,
            eta_seconds: left.and_then(|left| left.checked_div(speed?)),
            label: category.some().filter(|c| !matches!(c.as_str(), "*" | "None" | "Default")),
            // What failed lies where nobody should look for it.
            content_path: self.storage.some().filter(|_| finished),
            error: self.fail_message.some(),
            added_at: self.time_added.moment(),
            completed_at: self.completed.and_then(Num::moment).filter(|_| over),
            ..Transfer::new(id, name.as_str(), state)
        };
        Some(transfer.normalized())
    }

    /// Bytes missing, and how much is there.
    fn progress(&self, state: &TransferState) -> (Option<u64>, Progress) {
        let size = self.size();
        match state {
            TransferState::Failed => (None, Progress::NONE),
            _ if self.is_past_the_queue() => (size.and(Some(0)), Progress::ALL),
            _ => {
                let left = self.mbleft.times(MEBIBYTE).count().filter(|_| size.is_some());
                let progress = size.zip(left).map(|(size, left)| Progress::of(size, left));
                (left, progress.unwrap_or_default())
            }
        }
    }

    fn state(&self, its_turn: bool) -> TransferState {
        let past = self.is_past_the_queue();
        match self.status.as_str() {
            // For a moment it is called so and lies nowhere.
            "Completed" if past && self.storage.as_str().is_empty() => TransferState::Processing,
            _ if self.loaded.0 => TransferState::Processing,
            "Completed" if past => TransferState::Completed,
            "Failed" if past => TransferState::Failed,
            "Queued" if past => TransferState::Processing,
            "QuickCheck" | "Verifying" | "Repairing" | "Extracting" | "Moving" | "Running"
            | "Fetching" => TransferState::Processing,
            "Downloading" if its_turn => TransferState::Downloading,
            "Downloading" | "Queued" | "Propagating" | "Idle" => TransferState::Queued,
            "Grabbing" => TransferState::Metadata,
            "Checking" => TransferState::Checking,
            "Paused" => TransferState::Paused,
            new => TransferState::unknown(new),
        }
    }
}
