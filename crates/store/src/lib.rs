//! The database of Shelfread: SQLite or PostgreSQL through SeaORM, with the same behaviour.
//!
//! It knows the tables, how a part of the catalogue is loaded ([`Batch::load`]), how a plan is
//! written in one transaction ([`Batch::apply`]) and what is remembered of it. It deliberately does
//! **not** know any source, any rule of identity or policy, the configuration or the clock: `now`
//! comes in as an argument. It depends on `domain` and `migration` only.
//!
//! Invariants:
//! - One batch at a time is open per catalogue; a batch is one transaction.
//! - Only [`person`] writes what a person set.
//! - A number of rows never makes a number of statements, but for fixed sizes of chunks.
//! - Nothing from outside becomes part of a statement's text.
//!
//! What does much returns a `BoxFuture`: it is compiled once, here, and not again in every crate
//! that awaits it.

pub mod access;
mod apply;
mod batch;
mod browse;
mod bulk;
mod cell;
mod clients;
mod doctor;
mod downloads;
mod entity;
mod error;
mod events;
mod export;
mod family;
mod figures;
mod holds;
mod hooks;
mod index;
mod journal;
mod lease;
mod line;
mod load;
mod mapping;
mod open;
mod outbox;
mod past;
pub mod person;
#[cfg(test)]
mod plans;
mod play;
mod posters;
mod read;
mod removals;
mod repair;
mod runs;
mod schema;
mod sources;
mod sql;
mod story;
mod targets;
mod vault;

pub use batch::Batch;
pub use browse::{Cursor, ItemFilter, ItemSummary, ListingSummary, Sort, SortKey};
pub use clients::ClientRow;
pub use doctor::Finding;
pub use downloads::{DownloadFilter, DownloadItem, DownloadRow, Finished};
pub use error::{Result, StoreError};
pub use events::{Event, EventFilter, NewEvent};
pub use export::{Level, Snapshot};
pub use family::{EpisodeRow, SeasonRow};
pub use figures::{PastChange, WaitingHold};
pub use holds::{HoldRow, HoldState};
pub use index::{IndexEntry, ListingKey};
pub use journal::{ChangeState, RunChange, patched};
pub use lease::{Lease, PERSONS_LEASE};
pub use open::Store;
pub use outbox::{Letter, LetterFilter, LetterState, NewLetter};
pub use past::PastRuns;
pub use play::{PlayPlace, PlayWriteRow, SaidRow, ViewerRow};
pub use posters::{PosterPlace, PosterPlaces};
pub use read::{ItemDetail, ListingDetail};
pub use removals::{RemovalRow, RemovalState};
pub use runs::{LibraryCoverage, NewRun, Page, RunEnd, RunError, RunFilter, RunRow};
pub use schema::SchemaState;
pub use sources::{LibraryRow, ManagedBy, SourceRow};
pub use targets::TargetRow;
pub use vault::Vault;
