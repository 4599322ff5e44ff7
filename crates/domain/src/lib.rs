//! The words of Shelfread as types, their rules, and the ports to the outside world.
//!
//! This crate knows what an [`ItemRecord`], a [`ListingRecord`] or a [`Coverage`] is and which
//! rules hold for one of them alone. It deliberately does **not** know any database, any wire
//! format, any runtime, the clock, the environment or global state: `now`, fresh ids and
//! configuration come in as arguments. Everything else in the workspace depends on it; it depends
//! on nothing of the workspace.
//!
//! The way of the data, once through:
//!
//! ```text
//! adapter (port MediaSource): pages → Observation + Coverage
//!     → reconcile::plan(Known, Observation) → Plan → guard → store::apply
//! ```

pub mod change;
pub mod coverage;
pub mod download;
pub mod external_id;
pub mod facts;
pub mod field;
pub mod file;
pub mod hint;
pub mod id;
pub mod item;
pub mod known;
pub mod length;
pub mod notify;
pub mod observation;
pub mod path_map;
pub mod port;
pub mod record;
pub mod release;
pub mod run;
pub mod source;
pub mod text;

pub use change::{Change, Op, Plan, Row};
pub use coverage::Coverage;
pub use external_id::{ExternalId, Provider};
pub use facts::Facts;
pub use field::{Field, Fields};
pub use file::FileRef;
pub use id::{ItemId, LibraryId, ListingId, RemoteId, RunId, SourceId, ViewerId};
pub use item::{ItemKind, NaturalKey};
pub use known::{Known, Lookup};
pub use observation::{Observation, PlayState};
pub use path_map::PathMap;
pub use record::{
    ExternalIdRecord, ItemRecord, ItemStatus, LibraryRef, ListingRecord, MatchBasis,
    OverrideRecord, ProgressRecord, Review, SettingsRecord, Standing,
};
pub use run::{Counts, Existing, RunMode, RunStatus, Trigger};
pub use source::{MaxRemovals, OnMissing, SourceKind};
