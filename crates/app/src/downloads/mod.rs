//! Downloads: the queue of every download client, and what a person does to it.
//!
//! - `clients`: added, changed, tested, forgotten;
//! - `look`: one answer of one client, planned (`reconcile::downloads`) and applied;
//! - `matching`: what transfers are for; `arrivals`: what of it is in the library;
//! - `orders`: add, pause, resume, cancel, retry; a row first, then the client, then the row again,
//!   so that the next look repairs whatever a crash left open;
//! - `view`: the queue for people, with what the clients say of speeds and time left;
//! - `monitor`: looks at every client at its own pace.
//!
//! It knows the ports of download clients and deliberately no program behind them.

mod arrivals;
pub mod clients;
mod live;
mod look;
mod matching;
mod monitor;
mod orders;
mod view;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, SubsecRound, Utc};
use shelfread_domain::download::{DownloadClient, ReadPayload};
use shelfread_domain::id::ClientId;
use shelfread_domain::port::{Problem, SourceError};
use shelfread_store::ClientRow;
use tokio::sync::Notify;

use crate::App;
use live::Live;
pub use look::Look;
pub use monitor::{Pace, Silent, WatchDownloads};
pub use orders::{AddRequest, Did, Ordered};
pub use view::{AwayClient, DownloadPage, DownloadView, ItemOfDownload, QueuePage, QueueQuery};

/// Makes the adapter of a download client from its row. Makes no request.
pub trait ClientFactory: Send + Sync {
    /// The adapter.
    ///
    /// # Errors
    /// When the row cannot work: no address, a kind that this program was built without.
    fn open(&self, client: &ClientRow) -> Result<Arc<dyn DownloadClient>, SourceError>;
}

/// What the use cases of downloads share.
pub(crate) struct Downloads {
    pub(crate) factory: Arc<dyn ClientFactory>,
    pub(crate) payloads: Option<Arc<dyn ReadPayload>>,
    /// Adapters that were made, with the age of the row that they were made from: they remember
    /// sessions, and how long a program must not be asked.
    open: Mutex<HashMap<ClientId, Opened>>,
    pub(crate) live: Live,
    pub(crate) tried: matching::Tried,
    pub(crate) arrivals: matching::Tried,
    /// Told when a person did something, so that the monitor looks at once.
    pub(crate) woken: Notify,
}

/// When the row of a client was last changed, and the adapter that was made from it.
type Opened = (DateTime<Utc>, Arc<dyn DownloadClient>);

impl Default for Downloads {
    fn default() -> Self {
        Self::new(Arc::new(NoClients), None)
    }
}

impl Downloads {
    fn new(factory: Arc<dyn ClientFactory>, payloads: Option<Arc<dyn ReadPayload>>) -> Self {
        Self {
            factory,
            payloads,
            open: Mutex::default(),
            live: Live::default(),
            tried: matching::Tried::default(),
            arrivals: matching::Tried::default(),
            woken: Notify::new(),
        }
    }
}

/// A program without adapters of download clients.
struct NoClients;

impl ClientFactory for NoClients {
    fn open(&self, client: &ClientRow) -> Result<Arc<dyn DownloadClient>, SourceError> {
        let problem = format!("this program was built without {}", client.kind);
        Err(SourceError::new("setting up a client", Problem::Configuration(problem)))
    }
}

impl App {
    /// The application with adapters of download clients, and with what reads torrents and NZBs.
    #[must_use]
    pub fn with_downloads(
        mut self,
        factory: Arc<dyn ClientFactory>,
        payloads: Arc<dyn ReadPayload>,
    ) -> Self {
        self.downloads = Arc::new(Downloads::new(factory, Some(payloads)));
        self
    }

    /// The adapter of a client; the same one until its row changes.
    pub(crate) fn open_client(
        &self,
        client: &ClientRow,
    ) -> Result<Arc<dyn DownloadClient>, SourceError> {
        let mut open = self.downloads.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((made, adapter)) = open.get(&client.id)
            && *made == client.updated_at
        {
            return Ok(Arc::clone(adapter));
        }
        let adapter = self.downloads.factory.open(client)?;
        open.insert(client.id, (client.updated_at, Arc::clone(&adapter)));
        Ok(adapter)
    }

    /// Now, as exact as the database keeps it: a row is compared with itself later.
    pub(crate) fn moment(&self) -> DateTime<Utc> {
        self.clock.now().trunc_subsecs(6)
    }
}
