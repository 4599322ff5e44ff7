//! The ports to download clients: one small trait per capability.
//!
//! # Contract of all of them
//! - A transfer is named by [`TransferId`] and by nothing else.
//! - Every operation may be repeated: what is so already is no error, and the answer says what the
//!   client really did. Clients accept orders for transfers that they do not have, so adapters
//!   look first.
//! - A status of 200 is not success; adapters read what the client says.
//! - An error means that nothing is known of what the client did. Adapters retry by themselves
//!   only what is safe to repeat.

use std::fmt;

use async_trait::async_trait;

use super::{ClientKind, Given, NewTransfer, Payload, Transfer, TransferFile, TransferId};
use crate::port::SourceError;

/// Who answers at a client's address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClientIdentity {
    /// The program.
    pub kind: ClientKind,
    /// Its version, for people.
    pub version: String,
    /// The version of the protocol that is spoken with it.
    pub protocol: String,
}

/// What a client did with a transfer that it was given.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Added {
    /// The client's id of it.
    pub id: TransferId,
    /// The client had it before; nothing was changed.
    pub already_there: bool,
}

/// What a client did with an order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It carried it out.
    Done,
    /// It was so already.
    Already,
    /// It has no such transfer.
    Absent,
}

/// What a client did when it was asked to drop a transfer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Removal {
    /// It dropped the transfer; whether the data was given up with it.
    Removed {
        /// The data goes as well. Can be false although it was wanted: `NZBGet` never deletes what
        /// it finished.
        data: bool,
    },
    /// It has no such transfer.
    Absent,
}

/// A client that can be asked who it is.
#[async_trait]
pub trait TestClient: Send + Sync {
    /// Asks who answers and whether we may use it. Changes nothing.
    async fn test(&self) -> Result<ClientIdentity, SourceError>;
}

/// A client that lists what it has.
#[async_trait]
pub trait ListTransfers: Send + Sync {
    /// Everything that the client has, each transfer once, in any order. An empty list means that
    /// it has nothing; whatever could hide a transfer (an entry without an id, a daemon that is
    /// still connecting) is an error.
    async fn list(&self) -> Result<Vec<Transfer>, SourceError>;
}

/// A client that tells the files of a transfer.
#[async_trait]
pub trait ListFiles: Send + Sync {
    /// The files, by path; empty while the client does not know them. `None` when the client does
    /// not have the transfer.
    async fn files(&self, id: &TransferId) -> Result<Option<Vec<TransferFile>>, SourceError>;
}

/// A client that takes transfers.
#[async_trait]
pub trait AddTransfer: Send + Sync {
    /// Gives it a transfer, and returns when the client lists it. One that it has already stays as
    /// it is.
    async fn add(&self, new: &NewTransfer) -> Result<Added, SourceError>;
}

/// A client that can pause single transfers.
#[async_trait]
pub trait PauseResume: Send + Sync {
    /// Stops a transfer, whether it receives or seeds.
    async fn pause(&self, id: &TransferId) -> Result<Outcome, SourceError>;

    /// Lets it go on.
    async fn resume(&self, id: &TransferId) -> Result<Outcome, SourceError>;
}

/// A client that drops transfers.
#[async_trait]
pub trait RemoveTransfer: Send + Sync {
    /// Drops a transfer, `with_data` or without.
    async fn remove(&self, id: &TransferId, with_data: bool) -> Result<Removal, SourceError>;
}

/// A client that tries a failed transfer again with what it still knows of it.
#[async_trait]
pub trait RetryTransfer: Send + Sync {
    /// Tries again. The id under which it goes on, which may be another one; `None` when the
    /// client does not have it.
    async fn retry(&self, id: &TransferId) -> Result<Option<TransferId>, SourceError>;
}

/// A client that sorts transfers by label or category.
#[async_trait]
pub trait SetLabel: Send + Sync {
    /// Sets the label, made if it does not exist, or takes it away.
    async fn set_label(&self, id: &TransferId, label: Option<&str>)
    -> Result<Outcome, SourceError>;
}

/// Everything that is asked of a download client.
pub trait DownloadClient:
    TestClient
    + ListTransfers
    + ListFiles
    + AddTransfer
    + PauseResume
    + RemoveTransfer
    + RetryTransfer
    + SetLabel
    + fmt::Debug
{
    /// What kind of client this is.
    fn kind(&self) -> ClientKind;
}

/// Looks into what a person gave.
#[async_trait]
pub trait ReadPayload: Send + Sync {
    /// Fetches an address, reads a magnet or a file. An address may lead to a magnet, a torrent or
    /// an NZB. What is none of these is an error of what was given, in words for a person.
    async fn read(&self, given: Given) -> Result<Payload, SourceError>;
}
