//! What Shelfread does: syncing sources into the catalogue, showing and deciding runs, correcting
//! items, downloads and what happened to them, checking the promises.
//!
//! This crate knows the ports and the store, and wires the heart (`reconcile`) between them. It
//! deliberately does **not** know any adapter, any HTTP, any terminal and no configuration file:
//! adapters come in through [`SourceFactory`], progress goes out through [`Observer`].
//!
//! Long operations return a `BoxFuture`: an `async fn` is compiled again in every crate that awaits
//! it, with all that it calls; a boxed one is compiled once, here.

pub mod access;
mod background;
mod bus;
mod clock;
pub mod doctor;
pub mod downloads;
mod error;
pub mod events;
mod history;
pub mod hooks;
pub mod items;
pub mod libraries;
pub mod live;
pub mod notify;
mod order;
pub mod overview;
mod owner;
pub mod person;
pub mod play;
pub mod posters;
pub mod render;
mod revert;
pub mod rows;
pub mod runs;
pub mod schedule;
mod seen;
mod source;
pub mod sources;
pub mod sync;
pub mod timeline;
pub mod transfer;
pub mod vitals;
mod work;

pub use background::Background;
pub use clock::{Clock, SystemClock};
pub use error::{AppError, Result};
pub use source::{OpenSource, SourceFactory, TransferQueue, Waited, WebObject};
pub use sync::{Observer, Progress, Quiet, RunError, RunReport, Started, StartedRun, SyncRequest};

use std::sync::Arc;

use shelfread_store::Store;
use tokio::sync::Mutex;

/// The application: everything that a use case needs, cheap to clone.
#[derive(Clone)]
pub struct App {
    pub(crate) store: Store,
    pub(crate) factory: Arc<dyn SourceFactory>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Who holds the leases that this process takes.
    pub(crate) owner: Arc<str>,
    pub(crate) downloads: Arc<downloads::Downloads>,
    pub(crate) bus: Arc<bus::Bus>,
    pub(crate) live: Arc<live::Board>,
    pub(crate) work: Arc<work::Work>,
    pub(crate) access: Arc<access::Access>,
    pub(crate) schedule: Arc<schedule::Schedule>,
    pub(crate) hooks: Arc<hooks::Hints>,
    pub(crate) notifiers: Arc<dyn notify::NotifierFactory>,
    /// Whether servers are told what their viewers saw elsewhere.
    pub(crate) tells_play_states: bool,
    /// Where posters are kept; without it there are none.
    pub(crate) posters: Option<Arc<posters::Posters>>,
    /// Sources and download clients are changed one after the other.
    pub(crate) editing: Arc<Mutex<()>>,
    /// Without it things are changed whatever they are now.
    pub(crate) seen: Option<seen::Seen>,
}

impl App {
    /// An application over an open, migrated store.
    pub fn new(store: Store, factory: Arc<dyn SourceFactory>, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            factory,
            clock,
            owner: owner::this_process().into(),
            downloads: Arc::default(),
            bus: Arc::default(),
            live: Arc::default(),
            work: Arc::default(),
            access: Arc::default(),
            schedule: Arc::default(),
            hooks: Arc::default(),
            notifiers: Arc::new(notify::Nobody),
            tells_play_states: false,
            posters: None,
            editing: Arc::default(),
            seen: None,
        }
    }

    /// After every sync, the servers of a person are told what that person saw elsewhere.
    #[must_use]
    pub fn with_play_states_told(self, tells_play_states: bool) -> Self {
        Self { tells_play_states, ..self }
    }

    /// Posters are fetched, and kept here.
    #[must_use]
    pub fn with_posters(self, posters: posters::Posters) -> Self {
        Self { posters: Some(Arc::new(posters)), ..self }
    }

    /// The store, for reads that need no rule.
    pub const fn store(&self) -> &Store {
        &self.store
    }
}
