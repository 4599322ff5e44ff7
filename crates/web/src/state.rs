//! What every request needs.

use std::net::SocketAddr;

use shelfread_app::App;

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
}

impl Web {
    /// Serves this application.
    pub const fn new(app: App) -> Self {
        Self { app }
    }
}
