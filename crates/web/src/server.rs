//! The server itself: all routes put together, bound to an address, ended without cutting anybody
//! off who can be waited for.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::connection::Patience;
use crate::problem::Problem;
use crate::routes::Routes;
use crate::state::{ServerConfig, Web};
use crate::{access, api, connection, guard, hooks, metrics, posters, probes, ui};

/// Why the server could not be run.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The address cannot be listened at.
    #[error("{address} cannot be listened at: {error}")]
    Bind {
        /// Which address.
        address: SocketAddr,
        /// Why.
        error: io::Error,
    },
    /// It stopped by itself.
    #[error("the server stopped: {0}")]
    Broken(#[from] io::Error),
}

/// Connections at once, where the system allows as many files.
const CONNECTIONS: usize = 4_096;
/// Files that are not connections: the database, sources, logs.
const OTHER_FILES: usize = 128;
/// How long nobody is let in after the system had no file left.
const PAUSE: Duration = Duration::from_millis(200);

/// A server that listens already and answers once it is run.
pub struct Server {
    listener: TcpListener,
    router: Router,
    patience: Patience,
    closing: CancellationToken,
}

impl Server {
    /// Listens at the configured address; port 0 takes a free one.
    ///
    /// # Errors
    /// When the address is taken, or is none of this machine's.
    pub async fn bind(web: Web, config: &ServerConfig) -> Result<Self, ServerError> {
        metrics::recorded();
        let address = config.listen;
        let bound = TcpListener::bind(address).await;
        let listener = bound.map_err(|error| ServerError::Bind { address, error })?;
        let (patience, closing) = (web.patience, web.closing.clone());
        Ok(Self { listener, patience, closing, router: routes(web) })
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
    /// None so far: what breaks is one connection, and the others go on.
    pub async fn run(self, stop: CancellationToken) -> Result<(), ServerError> {
        let (open, places) = (TaskTracker::new(), Arc::new(Semaphore::new(places())));
        open.spawn(metrics::keep_up(stop.clone()));
        let admit = async {
            loop {
                let Ok(place) = Arc::clone(&places).acquire_owned().await else { break };
                let (stream, peer) = self.accept().await;
                let (router, stop) = (self.router.clone(), stop.clone());
                let served = connection::serve(stream, peer, router, self.patience, stop);
                open.spawn(async move {
                    served.await;
                    drop(place);
                });
            }
        };
        stop.run_until_cancelled(admit).await;
        self.closing.cancel();
        open.close();
        open.wait().await;
        Ok(())
    }

    /// The next connection. That one cannot be had is the end of that one only.
    async fn accept(&self) -> (TcpStream, SocketAddr) {
        loop {
            match self.listener.accept().await {
                Ok(accepted) => return accepted,
                Err(error) if is_of_one(&error) => {}
                Err(error) => {
                    tracing::error!("no connection can be taken: {error}");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
}

/// Whether a client went away before it was let in.
fn is_of_one(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionRefused | ConnectionAborted | ConnectionReset)
}

/// How many connections may be open, by how many files the system allows.
fn places() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let files = line.and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok());
    let allowed = files.map_or(CONNECTIONS, |files| files.saturating_sub(OTHER_FILES));
    allowed.clamp(16, CONNECTIONS)
}

/// Every path that the OpenAPI document does not have.
pub fn paths() -> Vec<&'static str> {
    others().merge(ui::routes()).paths()
}

/// All routes but those of pages and of the API.
fn others() -> Routes {
    Routes::new()
        .merge(access::routes())
        .merge(api::docs::routes())
        .merge(hooks::routes())
        .merge(metrics::routes())
        .merge(posters::routes())
        .merge(probes::routes())
}

fn routes(web: Web) -> Router {
    let made = Router::from(ui::routes()).merge(api::routes(&web));
    let made = guard::within_room(made, &web);
    let routes = Router::from(others()).merge(made).fallback(Problem::nothing_here);
    guard::around(routes, &web).with_state(web)
}
