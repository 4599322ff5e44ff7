//! Plex: reads the libraries of a Plex Media Server, removes from them, and sets play states.
//!
//! It knows Plex's JSON and turns it into observations at once. It deliberately does **not** know
//! the catalogue, the clock, the environment or plex.tv: it speaks to the one server it is given,
//! and the token goes nowhere else.
//!
//! - A library is known by its uuid, the server by its machineIdentifier. Rating keys are small
//!   numbers of one server; the same key on two servers means nothing.
//! - Shows, seasons and episodes are three lists of one library, read one after the other by pages,
//!   four in flight. Each page repeats the total; a total that changes, an item that comes twice
//!   or a library that changed meanwhile makes the listing partial.
//! - What old agents write is read like what new ones write.
//! - What is in the trash is missing, not gone: it is observed, without files.
//!
//! ```no_run
//! # async fn f() -> Result<(), shelfread_domain::port::SourceError> {
//! use shelfread_backends_plex::{Plex, PlexConfig};
//! use shelfread_domain::port::MediaSource;
//!
//! let plex = Plex::new(PlexConfig::new("http://den:32400", "token".into())?)?;
//! println!("{}", plex.identify().await?.name);
//! # Ok(())
//! # }
//! ```

mod api;
mod convert;
mod guid;
mod hook;
mod identity;
mod link;
mod list;
mod only;
mod play;
mod reader;
mod wire;

use std::fmt;

use async_trait::async_trait;
use secrecy::SecretString;
use shelfread_backends_http::{HttpConfig, Steps, picture, secret_mark};
use shelfread_domain::port::{
    FetchPoster, MediaSource, RemoteLibrary, RemovalEffect, RemoveMedia, Scope, ServerIdentity,
    SourceError, WritePlayState,
};
use shelfread_domain::{PathMap, PlayState, RemoteId, SourceKind};

use crate::api::Api;
pub use crate::hook::read_hook;
pub use crate::link::web_url;

/// How to reach a Plex Media Server.
pub struct PlexConfig {
    /// Where it is and how patient to be.
    pub http: HttpConfig,
    /// A token of the user whose play state is read: an `X-Plex-Token`.
    pub token: SecretString,
    /// The name of the token's user, for tokens that are not the owner's: the server does not say
    /// whose they are. For the owner's token it must be the owner's name.
    pub user: Option<String>,
    /// Items per request, 200 by default.
    pub page_size: u64,
    /// How the server's paths read here.
    pub paths: PathMap,
    /// How this installation calls itself among the devices of the server; should stay the same.
    pub client_identifier: String,
}

impl PlexConfig {
    /// The usual configuration.
    ///
    /// # Errors
    /// [`Problem::Configuration`](shelfread_domain::port::Problem::Configuration) when the text is
    /// no URL.
    pub fn new(url: &str, token: SecretString) -> Result<Self, SourceError> {
        Ok(Self {
            http: HttpConfig::parse(url, "Plex")?,
            token,
            user: None,
            page_size: 200,
            paths: PathMap::default(),
            client_identifier: "shelfread".to_owned(),
        })
    }
}

/// A Plex Media Server. Repeats what is safe to repeat; an error is final for this run.
pub struct Plex {
    api: Api,
    user: Option<String>,
    /// Tells the users of tokens apart when nobody names them; not the token.
    token_mark: String,
    page_size: u64,
    paths: PathMap,
}

impl Plex {
    /// Makes the adapter. Connects to nothing.
    ///
    /// # Errors
    /// [`Problem::Configuration`](shelfread_domain::port::Problem::Configuration) for a URL or a
    /// token that cannot work.
    pub fn new(config: PlexConfig) -> Result<Self, SourceError> {
        Ok(Self {
            token_mark: secret_mark(&config.token),
            api: Api::new(config.http, config.token, config.client_identifier)?,
            user: config.user,
            page_size: config.page_size.clamp(1, 5_000),
            paths: config.paths,
        })
    }
}

impl fmt::Debug for Plex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Plex").field(&self.api.http).finish()
    }
}

#[async_trait]
impl MediaSource for Plex {
    fn kind(&self) -> SourceKind {
        SourceKind::Plex
    }

    async fn identify(&self) -> Result<ServerIdentity, SourceError> {
        identity::identify(self).await
    }

    async fn libraries(&self) -> Result<Vec<RemoteLibrary>, SourceError> {
        identity::libraries(self).await
    }

    fn list<'a>(&'a self, library: &'a RemoteLibrary, scope: Scope) -> Steps<'a> {
        list::list(self, library, scope)
    }
}

#[async_trait]
impl RemoveMedia for Plex {
    /// Plex deletes only where its owner allowed that, which newer versions say beforehand.
    async fn effect(&self, _id: &RemoteId) -> Result<RemovalEffect, SourceError> {
        let server = self.api.server().await?;
        Ok(match server.allow_media_deletion {
            Some(0) => RemovalEffect::Impossible(
                "its settings do not allow to delete media (Settings, Library)".to_owned(),
            ),
            _ => RemovalEffect::Files,
        })
    }

    async fn remove(&self, id: &RemoteId) -> Result<bool, SourceError> {
        self.api.delete(id.as_str()).await
    }
}

#[async_trait]
impl WritePlayState for Plex {
    async fn write_play_state(&self, id: &RemoteId, state: PlayState) -> Result<(), SourceError> {
        play::write(&self.api, id.as_str(), state).await
    }
}

#[async_trait]
impl FetchPoster for Plex {
    async fn poster(&self, _id: &RemoteId, address: &str) -> Result<Vec<u8>, SourceError> {
        picture(&self.api.http, address).await
    }
}
