//! Notifications: people and programs are told what happened.
//!
//! - `targets`: who is told of what: added, tested, forgotten;
//! - `outbox`: from the table of events to letters, one for each event and target, and from letters
//!   to their targets: tried again with growing pauses, and kept for a person when all was in vain;
//! - `words`: an event for people.
//!
//! It knows the port of what tells a target ([`Notifier`]), and no form and no wire.

mod outbox;
mod targets;
mod words;

use std::sync::Arc;

use shelfread_domain::notify::Notifier;
use shelfread_domain::port::{Problem, SourceError};
use shelfread_store::TargetRow;

use crate::App;
pub use targets::{SaveTarget, TargetView};

/// What a target is told of unless said otherwise: what waits for a person, and what broke.
pub const DEFAULT_EVENTS: [&str; 2] = ["run.held", "source.failed"];

/// Makes what tells a target. Makes no request.
pub trait NotifierFactory: Send + Sync {
    /// Scheme, host and port of a url, which may be shown.
    ///
    /// # Errors
    /// When the url cannot work.
    fn address(&self, url: &secrecy::SecretString) -> Result<String, SourceError>;

    /// What tells it.
    ///
    /// # Errors
    /// When the target cannot work: no url, or one that is none.
    fn open(&self, target: &TargetRow) -> Result<Arc<dyn Notifier>, SourceError>;
}

/// What tells nobody.
pub(crate) struct Nobody;

impl NotifierFactory for Nobody {
    fn address(&self, _: &secrecy::SecretString) -> Result<String, SourceError> {
        Err(missing())
    }

    fn open(&self, _: &TargetRow) -> Result<Arc<dyn Notifier>, SourceError> {
        Err(missing())
    }
}

fn missing() -> SourceError {
    let problem = "this program was built without notifications".to_owned();
    SourceError::new("setting up a notification", Problem::Configuration(problem))
}

impl App {
    /// The application with what tells targets.
    #[must_use]
    pub fn with_notifiers(mut self, notifiers: Arc<dyn NotifierFactory>) -> Self {
        self.notifiers = notifiers;
        self
    }
}
