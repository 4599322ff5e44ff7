//! A server that runs, and what a test can do to it.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde::Serialize;
use shelfread_domain::PlayState;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use url::Url;

use super::Server;
use super::faults::{Armed, Faults};
use super::message::Request;
use crate::world::{ObjectId, World, mix};

/// A request that came, for tests to look at. Secrets are in it; they are made up.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Logged {
    /// `GET`, `POST` …
    pub method: String,
    /// The path below the server's base.
    pub path: String,
    /// The parameters of the query.
    pub query: Vec<(String, String)>,
}

impl Logged {
    pub(crate) fn of(request: &Request) -> Self {
        Self {
            method: request.method.to_string(),
            path: request.path.clone(),
            query: request.query.clone(),
        }
    }
}

/// A running server on 127.0.0.1. It and all its connections die when it is dropped.
pub struct Running {
    server: Arc<Server>,
    address: SocketAddr,
    url: Url,
    token: String,
    accepting: Mutex<Option<JoinHandle<()>>>,
}

impl Running {
    /// Starts a server on that port; 0 for any free one.
    pub(crate) async fn start(server: Server, token: &str, port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let address = listener.local_addr()?;
        let url = Url::parse(&format!("http://{address}{}", server.base));
        let url = url.map_err(io::Error::other)?;
        let server = Arc::new(server);
        let accepting = Mutex::new(Some(tokio::spawn(accept(listener, Arc::clone(&server)))));
        Ok(Self { server, address, url, token: token.to_owned(), accepting })
    }

    /// Its address, with the base under which it lives.
    pub fn url(&self) -> Url {
        self.url.clone()
    }

    /// The API key of its administrator.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Closes the door and all connections: from now on they are refused.
    pub async fn stop(&self) {
        let accepting = self.accepting().take();
        if let Some(accepting) = accepting {
            accepting.abort();
            // The error says that it was aborted.
            let _ = accepting.await;
        }
    }

    /// Opens the door again, at the same address.
    ///
    /// # Errors
    /// When the port was taken meanwhile.
    pub async fn restart(&self) -> io::Result<()> {
        self.stop().await;
        let listener = TcpListener::bind(self.address).await?;
        *self.accepting() = Some(tokio::spawn(accept(listener, Arc::clone(&self.server))));
        Ok(())
    }

    fn accepting(&self) -> std::sync::MutexGuard<'_, Option<JoinHandle<()>>> {
        self.accepting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on these faults, and no others.
    pub fn set_faults(&self, faults: impl Into<Faults>) {
        self.server.state().faults = Armed::new(faults.into());
    }

    /// The faults that it has.
    pub fn faults(&self) -> Faults {
        self.server.state().faults.faults().clone()
    }

    /// The requests that came since the start or the last [`Running::forget_requests`].
    pub fn requests(&self) -> Vec<Logged> {
        self.server.state().log.clone()
    }

    /// How many they are.
    pub fn request_count(&self) -> usize {
        self.server.state().log.len()
    }

    /// Begins to count anew.
    pub fn forget_requests(&self) {
        self.server.state().log.clear();
    }

    /// The world that it shows.
    pub fn world(&self) -> World {
        self.server.state().site.world.clone()
    }

    /// Shows another world from now on, under the same name: a swapped server.
    pub fn show(&self, world: World) {
        self.server.state().site.show(world);
    }

    /// Every object has a new id; everything else stays.
    pub fn rebuild_ids(&self) {
        self.server.state().site.change_epochs(|e| e.objects += 1);
    }

    /// Neighbours swap their ids: every id is still there and means something else.
    pub fn swap_ids(&self) {
        self.server.state().site.change_epochs(|e| e.swapped = !e.swapped);
    }

    /// Every library has a new id; everything else stays.
    pub fn rebuild_libraries(&self) {
        self.server.state().site.change_epochs(|e| e.libraries += 1);
    }

    /// Set up from nothing: new ids for the server, its users, libraries and objects, and nobody
    /// has ever watched anything.
    pub fn rebuild(&self) {
        self.server.state().site.rebuild();
    }

    /// The id of the server.
    pub fn server_id(&self) -> String {
        self.server.state().site.server_id.clone()
    }

    /// Another id of the server.
    pub fn set_server_id(&self, id: &str) {
        let mut state = self.server.state();
        id.clone_into(&mut state.site.server_id);
        state.site.change_epochs(|_| {});
    }

    /// The server's id of an object, if it is there.
    pub fn remote_id(&self, object: ObjectId) -> Option<String> {
        let state = self.server.state();
        let object = state.site.world.get(object)?;
        Some(state.site.id(&object))
    }

    /// The server's id of a library.
    pub fn library_id(&self, library: usize) -> String {
        self.server.state().site.library_id(library)
    }

    /// The id of a user, if there is one of that name.
    pub fn user_id(&self, name: &str) -> Option<String> {
        let state = self.server.state();
        let user = state.site.users.iter().position(|u| u.name == name)?;
        Some(state.site.user_id(user))
    }

    /// The token of a user, if there is one of that name. Only administrators may ask for what
    /// concerns others.
    pub fn user_token(&self, name: &str) -> Option<String> {
        let state = self.server.state();
        state.site.users.iter().any(|u| u.name == name).then(|| user_token(name))
    }

    /// What a user did with an object.
    pub fn play(&self, user: &str, object: ObjectId) -> Option<PlayState> {
        let state = self.server.state();
        let user = state.site.users.iter().position(|u| u.name == user)?;
        state.site.play(user, &state.site.world.get(object)?)
    }

    /// A user did this with an object.
    pub fn set_play(&self, user: &str, object: ObjectId, play: PlayState) {
        let mut state = self.server.state();
        if let Some(user) = state.site.users.iter().position(|u| u.name == user) {
            state.site.set_play(user, object, play);
        }
    }

    /// The server forgets what everybody watched.
    pub fn forget_plays(&self) {
        self.server.state().site.forget();
    }

    /// Makes all pages that were ever asked for, so that the next client measures itself alone;
    /// how many.
    pub fn warm(&self) -> usize {
        self.server.warm()
    }
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(accepting) = self.accepting().take() {
            accepting.abort();
        }
    }
}

/// The token of a user is made of their name.
pub(crate) fn user_token(name: &str) -> String {
    let number = name.bytes().fold(7, |n, b| mix(n ^ u64::from(b)));
    format!("{number:016x}{:016x}", mix(number))
}

/// The connections live in the set, so they end with this task.
async fn accept(listener: TcpListener, server: Arc<Server>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(converse(stream, Arc::clone(&server)));
        while connections.try_join_next().is_some() {}
    }
}

async fn converse(stream: TcpStream, server: Arc<Server>) {
    // Without it a slow test, with it or not the same answers.
    let _ = stream.set_nodelay(true);
    let answer = service_fn(move |request| Arc::clone(&server).serve(request));
    // Clients that go away and faults that close are the daily bread here.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
}
