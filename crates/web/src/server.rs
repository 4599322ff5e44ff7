//! The server itself: all routes put together, bound to an address, ended without cutting anybody
//! off who can be waited for.

use std::future::IntoFuture;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::state::{ServerConfig, Web};
use crate::{api, hooks, posters, probes, ui};

/// How long open requests may take to end once the server is told to stop.
const FAREWELL: Duration = Duration::from_secs(10);

/// Why the server could not be run.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The address cannot be listened at.
    #[error("{address} cannot be listened at: {error}")]
    Bind {
        /// Which address.
        address: SocketAddr,
        /// Why.
        error: std::io::Error,
    },
    /// It stopped by itself.
    #[error("the server stopped: {0}")]
    Broken(#[from] std::io::Error),
}

/// A server that listens already and answers once it is run.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    router: Router,
}

impl Server {
    /// Listens at the configured address; port 0 takes a free one.
    ///
    /// # Errors
    /// When the address is taken, or is none of this machine's.
    pub async fn bind(web: Web, config: &ServerConfig) -> Result<Self, ServerError> {
        let address = config.listen;
        let bound = TcpListener::bind(address).await;
        let listener = bound.map_err(|error| ServerError::Bind { address, error })?;
        Ok(Self { listener, router: routes(web) })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the system does not know.
    pub fn address(&self) -> Result<SocketAddr, ServerError> {
        Ok(self.listener.local_addr()?)
    }

    /// Answers until it is told to stop, and then as long as the last requests take, but not for
    /// ever.
    ///
    /// # Errors
    /// When it cannot go on.
    pub async fn run(self, stop: CancellationToken) -> Result<(), ServerError> {
        let service = self.router.into_make_service_with_connect_info::<SocketAddr>();
        let told = stop.clone().cancelled_owned();
        let served = axum::serve(self.listener, service).with_graceful_shutdown(told).into_future();
        tokio::select! {
            ended = served => Ok(ended?),
            () = late(stop) => Ok(()),
        }
    }
}

async fn late(stop: CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(FAREWELL).await;
}

fn routes(web: Web) -> Router {
    Router::new()
        .merge(api::routes())
        .merge(hooks::routes())
        .merge(posters::routes())
        .merge(probes::routes())
        .merge(ui::routes())
        .with_state(web)
}
