//! The rows of the queue as values, and the plan that changes them: what is shown is what is
//! applied.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{ClientKind, DownloadEvent, Progress, TransferId, TransferState};
use crate::id::{ClientId, DownloadId};
use crate::run::words;

words! {
    /// Why nothing is known of a client's transfers.
    AwayKind {
        /// It does not answer, or not in a way that can be read.
        Unreachable = "unreachable",
        /// It answers that we may not ask.
        Refused = "refused",
        /// A person switched it off here.
        Disabled = "disabled",
    }
}

words! {
    /// Who gave a transfer to its client.
    Origin {
        /// A person, through us.
        Added = "added",
        /// Somebody else.
        Adopted = "adopted",
    }
}

words! {
    /// What was begun with a client and not yet seen done.
    PendingOp {
        /// The client is asked to take it.
        Add = "add",
        /// The client is asked to drop it and to leave the data.
        Remove = "remove",
        /// The client is asked to drop it with its data.
        RemoveWithData = "remove_with_data",
    }
}

/// Since when, and why, nothing is known of a client's transfers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Away {
    /// The first time that it was asked in vain.
    pub since: DateTime<Utc>,
    /// Why.
    pub kind: AwayKind,
    /// The same in words, without any secret.
    pub reason: String,
}

/// What planning must know of a client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClientRecord {
    /// Ours.
    pub id: ClientId,
    /// Its name, for events.
    pub name: String,
    /// Its kind.
    pub kind: ClientKind,
    /// When we began to look. What was over before that is not adopted.
    pub watched_since: DateTime<Utc>,
    /// Whether it answered last time; the columns `unreachable_since`, `unreachable_kind` and
    /// `unreachable_reason`.
    pub away: Option<Away>,
}

/// Something that was begun with a client and not yet seen done.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Pending {
    /// What.
    pub op: PendingOp,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// A row of the table `downloads`: one transfer that a client has now, or that we are about to
/// give it. UNIQUE(client, transfer).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DownloadRecord {
    /// Ours.
    pub id: DownloadId,
    /// Which client has it.
    pub client_id: ClientId,
    /// The client's own id (column `client_download_id`); a placeholder while it has none.
    pub transfer_id: TransferId,
    /// Its name.
    pub title: String,
    /// What it did when the client last answered.
    pub state: TransferState,
    /// How much was there then.
    pub progress: Progress,
    /// Bytes wanted in all.
    pub size_bytes: Option<u64>,
    /// Label or category.
    pub label: Option<String>,
    /// The file or folder that it is or will be, as the client sees the disk.
    pub content_path: Option<String>,
    /// What is wrong, in the client's words.
    pub error: Option<String>,
    /// What was added, known before the client was asked (an info-hash, or the hash of an NZB's
    /// articles): the same thing added twice has the same key.
    pub content_key: Option<String>,
    /// Who gave it to the client.
    pub origin: Origin,
    /// What is under way.
    pub pending: Option<Pending>,
    /// When the row was made.
    pub created_at: DateTime<Utc>,
    /// When the client got it, as the client says.
    pub added_at: Option<DateTime<Utc>>,
    /// When it was finished; set once, so that it is told once.
    pub completed_at: Option<DateTime<Utc>>,
    /// Since when answers lack it.
    pub absent_since: Option<DateTime<Utc>>,
    /// How many answers in a row lack it.
    pub absent_count: u32,
    /// Since when its client does not answer.
    pub unreachable_since: Option<DateTime<Utc>>,
}

/// What history remembers of a transfer that has no row.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Past {
    /// When it was finished (event `download.completed`).
    pub completed_at: Option<DateTime<Utc>>,
    /// When it was imported (event `download.imported`), or when the client got what was imported, if
    /// that is later by the client's clock.
    pub imported_at: Option<DateTime<Utc>>,
}

/// One row before and after: `after` alone is new, `before` alone goes.
///
/// A row that is no longer as `before` was changed meanwhile: the change is left out, with the
/// events of that row, and the next answer of the client repairs it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DownloadChange {
    /// The row that must be there.
    pub before: Option<DownloadRecord>,
    /// The row that will be there.
    pub after: Option<DownloadRecord>,
}

/// A client stopped or began to answer. Applied after the rows: it sets `unreachable_since` of the
/// client and of *all* its rows.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ClientChange {
    /// Which client.
    pub client_id: ClientId,
    /// How it was.
    pub before: Option<Away>,
    /// How it is.
    pub after: Option<Away>,
}

/// A removal that was begun and not seen done: the client must be asked again.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Repeat {
    /// The row.
    pub download_id: DownloadId,
    /// What to drop.
    pub transfer_id: TransferId,
    /// Whether the data goes too.
    pub with_data: bool,
}

/// What one answer of one client changes. The store applies rows, then the client, then writes the
/// events, in one transaction.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct DownloadPlan {
    /// The rows, those that go before those that come: an id may change hands.
    pub changes: Vec<DownloadChange>,
    /// The client.
    pub client: Option<ClientChange>,
    /// What is written down.
    pub events: Vec<DownloadEvent>,
    /// What the client must be asked again, after everything was written.
    pub repeats: Vec<Repeat>,
}

impl DownloadPlan {
    /// Whether nothing is written.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.client.is_none() && self.events.is_empty()
    }
}
