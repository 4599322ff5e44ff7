//! One torrent as `torrent_get` shows it, in both dialects.

use serde::Deserialize;
use shelfread_domain::download::{Progress, Transfer, TransferFile, TransferId, TransferState};

use crate::wire::{Flag, List, Num, Text, Texts, files, join};

/// What is asked of each torrent.
pub(super) const FIELDS: &[&str] = &[
    "hash_string",
    "name",
    "status",
    "error",
    "error_string",
    "is_stalled",
    "percent_done",
    "metadata_percent_complete",
    "size_when_done",
    "left_until_done",
    "rate_download",
    "rate_upload",
    "eta",
    "upload_ratio",
    "labels",
    "download_dir",
    "added_date",
    "done_date",
];

/// `error`: the data is gone or cannot be written. 1 and 2 are complaints of trackers.
const LOCAL_ERROR: i64 = 3;

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Torrent {
    #[serde(alias = "hash_string")]
    hash_string: Text,
    name: Text,
    status: Num,
    error: Num,
    #[serde(alias = "error_string")]
    error_string: Text,
    #[serde(alias = "is_stalled")]
    is_stalled: Flag,
    #[serde(alias = "percent_done")]
    percent_done: Num,
    #[serde(alias = "metadata_percent_complete")]
    metadata_percent_complete: Num,
    #[serde(alias = "size_when_done")]
    size_when_done: Num,
    #[serde(alias = "left_until_done")]
    left_until_done: Num,
    #[serde(alias = "rate_download")]
    rate_download: Num,
    #[serde(alias = "rate_upload")]
    rate_upload: Num,
    eta: Num,
    #[serde(alias = "upload_ratio")]
    upload_ratio: Num,
    labels: Texts,
    #[serde(alias = "download_dir")]
    download_dir: Text,
    #[serde(alias = "added_date")]
    added_date: Num,
    #[serde(alias = "done_date")]
    done_date: Num,
    files: List<File>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct File {
    name: Text,
    length: Num,
}

impl From<Torrent> for Option<Transfer> {
    fn from(torrent: Torrent) -> Self {
        torrent.transfer()
    }
}

impl Torrent {
    pub(super) fn is_stopped(&self) -> bool {
        self.status.whole() == Some(0)
    }

    pub(super) fn has_labels(&self, labels: &[&str]) -> bool {
        self.labels.0.iter().map(Text::as_str).eq(labels.iter().copied())
    }

    /// The torrent in our words; `None` when it has no hash.
    fn transfer(self) -> Option<Transfer> {
        let id = TransferId::new(self.hash_string.as_str())?;
        let state = self.state();
        let finished = matches!(state, TransferState::Seeding | TransferState::Completed);
        let size = self.size_when_done.count().filter(|size| *size > 0);
        let folder = self.download_dir.some();
        let content_path = folder.as_deref().map(|folder| join(folder, self.name.as_str()));
        let transfer = Transfer {
            finished,
            progress: Progress::from(self.percent_done.share()),
            size_bytes: size,
            left_bytes: self.left_until_done.count().filter(|_| size.is_some()),
            down_speed: self.rate_download.count(),
            up_speed: self.rate_upload.count(),
            eta_seconds: self.eta.count(),
            ratio: self.upload_ratio.number(),
            label: self.labels.0.into_iter().find_map(Text::some),
            save_path: folder,
            content_path,
            error: self.error_string.some(),
            added_at: self.added_date.moment(),
            completed_at: self.done_date.moment().filter(|_| finished),
            ..Transfer::new(id, self.name.as_str(), state)
        };
        Some(transfer.normalized())
    }

    /// Whether all that is wanted is there. A magnet that does not know yet what it wants has
    /// nothing left to do either.
    fn is_whole(&self) -> bool {
        self.has_metadata()
            && self.left_until_done.count() == Some(0)
            && self.size_when_done.count().is_some_and(|size| size > 0)
    }

    fn has_metadata(&self) -> bool {
        self.metadata_percent_complete.number().is_none_or(|share| share >= 1.0)
    }

    fn state(&self) -> TransferState {
        if self.error.whole() == Some(LOCAL_ERROR) {
            return TransferState::Failed;
        }
        match self.status.whole() {
            Some(0) if self.is_whole() => TransferState::Completed,
            Some(0) => TransferState::Paused,
            Some(1 | 2) => TransferState::Checking,
            Some(3) => TransferState::Queued,
            Some(4) if !self.has_metadata() => TransferState::Metadata,
            Some(4) if self.is_stalled.0 => TransferState::Stalled,
            Some(4) => TransferState::Downloading,
            Some(5 | 6) => TransferState::Seeding,
            Some(new) => TransferState::unknown(&format!("status {new}")),
            None => TransferState::unknown("no status"),
        }
    }

    pub(super) fn files(self) -> Vec<TransferFile> {
        files(self.files.0.into_iter().map(|file| (file.name, file.length)))
    }
}
