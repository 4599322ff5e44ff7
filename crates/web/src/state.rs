//! What every request needs.

use std::net::SocketAddr;

use shelfread_app::App;
use shelfread_app::access::SetupCode;
use tokio_util::sync::CancellationToken;

use crate::access::{Access, AccessConfig};
use crate::connection::Patience;
use crate::guard::Turns;
use crate::live::Feed;

/// How the server is run.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// Where it listens.
    pub listen: SocketAddr,
}

/// The application and how it is served; cheap to clone.
#[derive(Clone)]
pub struct Web {
    pub(crate) app: App,
    pub(crate) access: Access,
    pub(crate) turns: Turns,
    pub(crate) patience: Patience,
    /// The server is about to stop: streams end.
    pub(crate) closing: CancellationToken,
    pub(crate) feed: Feed,
}

impl Web {
    /// Serves this application.
    pub fn new(app: App) -> Self {
        let closing = CancellationToken::new();
        Self {
            app,
            feed: Feed::new(closing.clone()),
            access: Access::default(),
            turns: Turns::default(),
            patience: Patience::default(),
            closing,
        }
    }

    /// Believes whom the configuration names.
    #[must_use]
    pub fn with_access(self, config: AccessConfig) -> Self {
        Self { access: Access::new(config), ..self }
    }

    /// Waits longer or shorter than usual.
    #[must_use]
    pub fn with_patience(self, patience: Patience) -> Self {
        Self { patience, ..self }
    }

    /// Lets whoever knows this code make the first admin.
    pub fn expect_setup(&self, code: SetupCode) {
        self.access.expect(code);
    }
}
