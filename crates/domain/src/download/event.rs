//! The history of downloads: lines that outlive their subject, each written once.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{TransferId, TransferState};
use crate::id::{ClientId, DownloadId};
use crate::run::words;

words! {
    /// What happened.
    DownloadEventKind {
        /// A person gave it to the client through us, and the client has it.
        Added = "download.added",
        /// Someone gave it to the client without us.
        Adopted = "download.adopted",
        /// It does something else now; never written for mere progress.
        StateChanged = "download.state_changed",
        /// Everything that was wanted is there.
        Completed = "download.completed",
        /// It cannot go on, or the client never got it.
        Failed = "download.failed",
        /// A person cancelled it through us, and the client no longer has it.
        Cancelled = "download.cancelled",
        /// The client no longer has it, and it was not us.
        Removed = "download.removed",
        /// What it brought is in the library. The row goes, the client may go on seeding. Whoever
        /// keeps events must keep these as long as the client keeps the transfer: they are what
        /// it is not adopted again for.
        Imported = "download.imported",
        /// A client stopped answering, or refuses us.
        ClientUnreachable = "client.unreachable",
        /// A client answers again.
        ClientRecovered = "client.recovered",
    }
}

/// How much a kind of event matters to a person: `info`, `warning` or `error`.
pub const fn severity(kind: DownloadEventKind) -> &'static str {
    match kind {
        DownloadEventKind::Failed => "error",
        DownloadEventKind::ClientUnreachable | DownloadEventKind::Removed => "warning",
        _ => "info",
    }
}

/// One line of history.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DownloadEvent {
    /// When we saw it.
    pub at: DateTime<Utc>,
    /// What happened.
    pub kind: DownloadEventKind,
    /// At which client.
    pub client_id: ClientId,
    /// To which row; `None` for events of the client itself.
    pub download_id: Option<DownloadId>,
    /// To which transfer of the client.
    pub transfer_id: Option<TransferId>,
    /// How a person would call it.
    pub title: String,
    /// The state before.
    pub from: Option<TransferState>,
    /// The state after.
    pub to: Option<TransferState>,
    /// Why, where that is not plain.
    pub reason: Option<String>,
    /// When the client got what was imported, as the client says.
    #[serde(default)]
    pub added_at: Option<DateTime<Utc>>,
}
