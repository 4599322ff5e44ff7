//! Plex: the routes that list media, as the server answers them in JSON, and stricter. A parameter
//! or a sort that no server is known to take, a list without paging headers where there must be
//! some, or a token in the address is an error here.
//!
//! Source of the rules: the public API document of Plex and recorded answers of servers.

mod item;
mod routes;

use std::io;

use crate::server::message::{Reply, Request};
use crate::server::running::Running;
use crate::server::site::{IdForm, Site, User};
use crate::server::{Face, Server};
use crate::world::{World, mix};

/// A simulated Plex Media Server, before it runs.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use shelfread_simulator::{Plex, World};
///
/// let world = World::empty();
/// world.add_movie("Heat", 1995);
/// let server = Plex::new(&world).start().await.unwrap();
/// // … sync from server.url() with server.token()
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct Plex {
    world: World,
    base: String,
    name: String,
    seed: u64,
    users: Vec<User>,
    legacy: bool,
    keeps_media: bool,
    port: u16,
}

impl Plex {
    /// A server that shows this world to its owner anna and to her guest ben.
    pub fn new(world: &World) -> Self {
        let user = |name: &str, admin| User { name: name.to_owned(), admin };
        Self {
            world: world.clone(),
            base: String::new(),
            name: "attic".to_owned(),
            seed: 3,
            users: vec![user("anna", true), user("ben", false)],
            legacy: false,
            keeps_media: false,
            port: 0,
        }
    }

    /// Its libraries are matched by the old agents: one `guid`, no list of them.
    #[must_use]
    pub fn legacy_agents(self) -> Self {
        Self { legacy: true, ..self }
    }

    /// Its owner does not allow that media are deleted.
    #[must_use]
    pub fn keeps_media(self) -> Self {
        Self { keeps_media: true, ..self }
    }

    /// The path under which it lives, such as `/plex`.
    #[must_use]
    pub fn base(self, base: &str) -> Self {
        Self { base: base.to_owned(), ..self }
    }

    /// Its name, and with it its machine identifier and token; two servers need two names.
    #[must_use]
    pub fn name(self, name: &str) -> Self {
        let seed = name.bytes().fold(4, |n, b| mix(n ^ u64::from(b)));
        Self { name: name.to_owned(), seed, ..self }
    }

    /// A port; otherwise a free one is taken.
    #[must_use]
    pub fn port(self, port: u16) -> Self {
        Self { port, ..self }
    }

    /// Starts it on 127.0.0.1, in the runtime that this is called in.
    ///
    /// # Errors
    /// When the port is taken.
    pub async fn start(self) -> io::Result<Running> {
        let long = |n| format!("{:016x}{:016x}", mix(self.seed), mix(self.seed ^ n));
        let (server_id, token) = (long(1), long(2));
        let site = Site::new(self.world, IdForm::Rating, server_id, self.users);
        let face = Talk {
            name: self.name,
            token: token.clone(),
            legacy: self.legacy,
            keeps_media: self.keeps_media,
        };
        Running::start(Server::new(Box::new(face), &self.base, site), &token, self.port).await
    }
}

/// What the server says.
pub(crate) struct Talk {
    name: String,
    /// The token of the owner.
    token: String,
    legacy: bool,
    keeps_media: bool,
}

impl Face for Talk {
    fn answer(&self, request: &Request, site: &mut Site) -> Reply {
        routes::answer(self, request, site).unwrap_or_else(Reply::Done)
    }
}
