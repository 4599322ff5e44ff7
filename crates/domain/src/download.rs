//! Downloads: what a download client has now ([`Transfer`]), what we keep of it
//! ([`DownloadRecord`]), what is written down for ever ([`DownloadEvent`]) and the ports to the
//! clients.
//!
//! The queue is the truth of now: one row per (client, the client's own id), rows only for
//! transfers that the client has. History is in the events. What moves every second (speeds, time
//! left, ratio) is part of an answer and of no row, so a pass over 10,000 seeding torrents writes
//! nothing.
//!
//! It deliberately does not know any client's protocol, how an answer becomes changes (that is
//! `reconcile::downloads`), or when a client is asked.

mod event;
mod payload;
mod port;
mod record;
mod shelf;
mod transfer;

pub use event::{DownloadEvent, DownloadEventKind, severity};
pub use payload::{Content, Given, NewTransfer, Payload};
pub use port::{
    AddTransfer, Added, ClientIdentity, DownloadClient, ListFiles, ListTransfers, Outcome,
    PauseResume, ReadPayload, Removal, RemoveTransfer, RetryTransfer, SetLabel, TestClient,
};
pub use record::{
    Away, AwayKind, ClientChange, ClientRecord, DownloadChange, DownloadPlan, DownloadRecord,
    Origin, Past, Pending, PendingOp, Repeat,
};
pub use shelf::{DownloadMatch, Episode, Shelf, Work};
pub use transfer::{
    ClientAnswer, ClientKind, Place, Progress, Transfer, TransferFile, TransferId, TransferState,
};
