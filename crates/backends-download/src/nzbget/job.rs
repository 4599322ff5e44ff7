//! One job, as `listgroups` and `history` show it.
//!
//! A job that was added here or by Sonarr or Radarr is named by its parameter `drone`. Any other
//! one is named by its number together with where it came from (its address or file name, which
//! both stay with it into the history), because the number alone may be another job's tomorrow.

use serde::Deserialize;
use sha1::{Digest, Sha1};
use shelfread_domain::download::{Place, Progress, Transfer, TransferId, TransferState};

use crate::hex::hex;
use crate::wire::{List, Num, Text};

/// The parameter that holds the id of who added a job.
pub(super) const ID_PARAMETER: &str = "drone";

/// How many digits of the hash of a job's origin go into its id.
const ORIGIN_DIGITS: usize = 16;

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Job {
    #[serde(rename = "NZBID")]
    number: Num,
    #[serde(rename = "NZBName")]
    name: Text,
    #[serde(rename = "NZBFilename")]
    file_name: Text,
    #[serde(rename = "URL")]
    url: Text,
    status: Text,
    delete_status: Text,
    par_status: Text,
    unpack_status: Text,
    category: Text,
    dest_dir: Text,
    final_dir: Text,
    file_size_lo: Num,
    file_size_hi: Num,
    remaining_size_lo: Num,
    remaining_size_hi: Num,
    paused_size_lo: Num,
    paused_size_hi: Num,
    /// Only what is over has it.
    history_time: Option<Num>,
    parameters: List<Parameter>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Parameter {
    name: Text,
    value: Text,
}

impl Job {
    /// What orders name it by, until it is deleted.
    pub(super) fn number(&self) -> Option<i64> {
        self.number.whole()
    }

    pub(super) fn name(&self) -> &str {
        self.name.as_str()
    }

    pub(super) fn status(&self) -> &str {
        self.status.as_str()
    }

    pub(super) fn has_category(&self, category: &str) -> bool {
        self.category.as_str() == category
    }

    pub(super) fn size(&self) -> Option<u64> {
        Num::halves(self.file_size_lo, self.file_size_hi).count().filter(|size| *size > 0)
    }

    /// Whether it is in the history.
    pub(super) fn is_over(&self) -> bool {
        self.history_time.is_some()
    }

    pub(super) fn is_paused(&self) -> bool {
        self.status() == "PAUSED"
    }

    pub(super) fn is_receiving(&self) -> bool {
        self.status() == "DOWNLOADING"
    }

    /// Whether it is there for a person. Of what somebody deleted the history tells, but it is
    /// nothing that the program has.
    pub(super) fn is_shown(&self) -> bool {
        self.status() != "DELETED/MANUAL"
    }

    /// Whether it was not taken at all: it could not be read, or was there before.
    pub(super) fn is_refused(&self) -> bool {
        let status = self.status();
        self.is_over() && (status.starts_with("DELETED/") || status == "FAILURE/SCAN")
    }

    /// Whether what it brought goes when it is taken out of the history.
    pub(super) fn takes_data_along(&self) -> bool {
        let unpacked = self.unpack_status.as_str();
        !matches!(self.delete_status.as_str(), "" | "NONE")
            || self.par_status.as_str() == "FAILURE"
            || matches!(unpacked, "FAILURE" | "PASSWORD")
    }

    /// `None` without a number: it could be any job.
    pub(super) fn id(&self) -> Option<TransferId> {
        let number = self.number()?;
        let is_id = |p: &&Parameter| p.name.as_str() == ID_PARAMETER;
        let given = self.parameters.0.iter().find(is_id);
        given.and_then(|p| TransferId::new(p.value.as_str())).or_else(|| {
            let origin = Some(self.url.as_str()).filter(|url| !url.is_empty());
            let hash = hex(&Sha1::digest(origin.unwrap_or(self.file_name.as_str())));
            TransferId::new(&format!("{number}-{}", hash.get(..ORIGIN_DIGITS)?))
        })
    }

    /// The job in our words; `None` when it has no id. `speed` is that of the whole program.
    pub(super) fn transfer(self, speed: Option<u64>) -> Option<Transfer> {
        let id = self.id()?;
        let state = self.state();
        let finished = state == TransferState::Completed;
        let down_speed = speed.filter(|_| self.is_receiving());
        let (size, (left, progress)) = (self.size(), self.progress(&state));
        let error = self.error();
        let over = self.history_time.is_some();
        let folder = self.final_dir.some().or_else(|| self.dest_dir.some()).filter(|_| over);
        let transfer = Transfer {
            finished,
            place: if over { Place::History } else { Place::Queue },
            progress,
            size_bytes: size,
            left_bytes: left,
            down_speed,
            eta_seconds: left.and_then(|left| left.checked_div(down_speed?)),
            label: self.category.some(),
            // Until it is over it is in a folder for what is not whole.
            content_path: folder,
            error,
            completed_at: self.history_time.and_then(Num::moment),
            ..Transfer::new(id, self.name.as_str(), state)
        };
        Some(transfer.normalized())
    }

    /// Bytes missing, and how much is there. Repair data that waits for being needed is not wanted
    /// and shows as paused.
    fn progress(&self, state: &TransferState) -> (Option<u64>, Progress) {
        let size = self.size();
        match state {
            TransferState::Completed | TransferState::Processing => {
                (size.and(Some(0)), Progress::ALL)
            }
            _ if self.is_over() => (None, Progress::NONE),
            _ => {
                let waiting = Num::halves(self.paused_size_lo, self.paused_size_hi).count();
                let waiting = waiting.filter(|_| !self.is_paused()).unwrap_or(0);
                let left = Num::halves(self.remaining_size_lo, self.remaining_size_hi).count();
                let left = left.map(|left| left.saturating_sub(waiting));
                let wanted = size.map(|size| size.saturating_sub(waiting));
                let progress = wanted.zip(left).map(|(wanted, left)| Progress::of(wanted, left));
                (left.filter(|_| size.is_some()), progress.unwrap_or_default())
            }
        }
    }

    fn state(&self) -> TransferState {
        match self.status() {
            "QUEUED" => TransferState::Queued,
            "PAUSED" => TransferState::Paused,
            "DOWNLOADING" => TransferState::Downloading,
            "FETCHING" => TransferState::Metadata,
            "PP_QUEUED"
            | "LOADING_PARS"
            | "VERIFYING_SOURCES"
            | "REPAIRING"
            | "VERIFYING_REPAIRED"
            | "RENAMING"
            | "UNPACKING"
            | "POST_UNPACK_RENAMING"
            | "MOVING"
            | "EXECUTING_SCRIPT"
            | "PP_FINISHED"
            | "QS_QUEUED"
            | "QS_EXECUTING" => TransferState::Processing,
            status if self.is_over() => over(status),
            new => TransferState::unknown(new),
        }
    }

    /// What the history says of anything but a success.
    fn error(&self) -> Option<String> {
        let told = self.is_over() && !self.status().starts_with("SUCCESS/");
        told.then(|| self.status().to_owned())
    }
}

/// The end of a job. All that a warning warns of but a script leaves nothing that can be used as it
/// is: it is damaged, or still packed.
fn over(status: &str) -> TransferState {
    match status.split_once('/') {
        Some(("SUCCESS", _) | ("WARNING", "SCRIPT")) => TransferState::Completed,
        Some(("FAILURE" | "WARNING" | "DELETED", _)) => TransferState::Failed,
        _ => TransferState::unknown(status),
    }
}
