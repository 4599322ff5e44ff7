//! Jellyfin and Emby: the routes that list media, as their servers answer them, and stricter. An
//! unknown parameter, an outdated route, or a token in a form that will soon be refused is an
//! error here, so that a wrong assumption breaks in a test and not at somebody's home.
//!
//! Source of the rules: the public OpenAPI documents of Jellyfin 10.11 and Emby 4.8, and Jellyfin's
//! own source where the document is silent.

mod auth;
mod item;
mod media;
mod query;
mod routes;
mod system;
mod user_data;

use std::io;

use crate::server::message::{Reply, Request};
use crate::server::running::Running;
use crate::server::site::{IdForm, Site, User};
use crate::server::{Face, Server};
use crate::world::{World, mix};

/// A simulated Jellyfin or Emby, before it runs.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use shelfread_simulator::{Jellyfin, World};
///
/// let world = World::empty();
/// let heat = world.add_movie("Heat", 1995);
/// let server = Jellyfin::new(&world).base("/jellyfin").start().await.unwrap();
/// // … sync from server.url() with server.token(), then:
/// world.remove(heat);
/// server.rebuild_ids();
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct Jellyfin {
    world: World,
    product: Product,
    base: String,
    name: String,
    seed: u64,
    users: Vec<User>,
    port: u16,
}

/// Which product, and which of its ways.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Product {
    pub emby: bool,
    pub version: String,
}

impl Product {
    /// Major and minor version.
    fn release(&self) -> (u32, u32) {
        let mut parts = self.version.split('.').map(|p| p.parse().unwrap_or(0));
        (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
    }

    /// Jellyfin moved the routes of users in 10.9.
    fn has_new_user_routes(&self) -> bool {
        !self.emby && self.release() >= (10, 9)
    }

    /// Jellyfin 12 no longer takes tokens in the old forms.
    fn takes_old_tokens(&self) -> bool {
        self.emby || self.release() < (12, 0)
    }
}

impl Jellyfin {
    /// A Jellyfin 10.11 that shows this world to the administrator anna and to ben.
    pub fn new(world: &World) -> Self {
        let user = |name: &str, admin| User { name: name.to_owned(), admin };
        Self {
            world: world.clone(),
            product: Product { emby: false, version: "10.11.8".to_owned() },
            base: String::new(),
            name: "den".to_owned(),
            seed: 1,
            users: vec![user("anna", true), user("ben", false)],
            port: 0,
        }
    }

    /// An Emby 4.8 that shows this world.
    pub fn emby(world: &World) -> Self {
        let product = Product { emby: true, version: "4.8.11.0".to_owned() };
        Self { product, ..Self::new(world) }
    }

    /// Another version. From 12 on a Jellyfin refuses the old forms of tokens; before 10.9 it has
    /// the old routes of users.
    #[must_use]
    pub fn version(mut self, version: &str) -> Self {
        version.clone_into(&mut self.product.version);
        self
    }

    /// The path under which it lives, such as `/jellyfin`.
    #[must_use]
    pub fn base(self, base: &str) -> Self {
        Self { base: base.to_owned(), ..self }
    }

    /// Its name, and with it its server id and token; two servers need two names.
    #[must_use]
    pub fn name(self, name: &str) -> Self {
        let seed = name.bytes().fold(2, |n, b| mix(n ^ u64::from(b)));
        Self { name: name.to_owned(), seed, ..self }
    }

    /// Another set of users. The first one has watched what the world says.
    #[must_use]
    pub fn users(self, users: impl IntoIterator<Item = User>) -> Self {
        Self { users: users.into_iter().collect(), ..self }
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
        let form = if self.product.emby { IdForm::Decimal } else { IdForm::Hex };
        let site = Site::new(self.world, form, server_id, self.users);
        let face = Talk { product: self.product, name: self.name, token: token.clone() };
        Running::start(Server::new(Box::new(face), &self.base, site), &token, self.port).await
    }
}

/// What the servers say.
pub(crate) struct Talk {
    product: Product,
    name: String,
    token: String,
}

impl Face for Talk {
    fn answer(&self, request: &Request, site: &mut Site) -> Reply {
        routes::answer(self, request, site).unwrap_or_else(Reply::Done)
    }
}
