//! Jellyfin (10.8 to 12) and Emby (4.8) as a source of media.
//!
//! It knows their HTTP interface: both ways to authenticate, the routes that moved between
//! versions, the fields that we use and no others, and the many ways in which an answer can be
//! incomplete. It deliberately does **not** know the catalogue, any database, the clock or the
//! environment: `now` never matters here, because "since when" comes in as an argument and is told
//! by the server's clock.
//!
//! How a library is listed, and why so:
//! 1. In three passes, films and shows, then seasons, then episodes, so that a show is known
//!    before what hangs on it, whatever the server makes of the order that we ask for.
//! 2. Four pages are under way at once, each fetched, unpacked, read and converted in a task of its
//!    own, and handed on in order. Memory is bounded by these pages.
//! 3. A page that cannot be had is halved until the item that spoils it stands alone. A page with
//!    an item that cannot be read loses only that item.
//! 4. The listing is complete only when all pages tell the same total, no object came twice, and as
//!    many came as the server says it has. Everything else is partial and says why.

mod config;
mod convert;
mod hook;
mod libraries;
mod link;
mod listing;
mod page;
mod query;
mod session;
mod wire;
mod write;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use futures::stream::BoxStream;
use shelfread_backends_http::paging::Patience;
use shelfread_backends_http::{Http, listing, picture};
use shelfread_domain::port::{
    FetchPoster, Listed, MediaSource, RemoteLibrary, Scope, ServerIdentity, SourceError,
};
use shelfread_domain::{RemoteId, SourceKind};

pub use config::{Flavour, JellyfinConfig};
pub use hook::read_hook;
pub use link::web_url;

use crate::page::Reader;
use crate::session::Session;

/// A Jellyfin or Emby server.
///
/// It can also remove objects ([`RemoveMedia`]) and be told a play state ([`WritePlayState`]).
///
/// ```no_run
/// # async fn f() -> Result<(), shelfread_domain::port::SourceError> {
/// use shelfread_backends_jellyfin::{Flavour, Jellyfin, JellyfinConfig};
/// use shelfread_domain::port::MediaSource;
///
/// let config = JellyfinConfig::new(Flavour::Jellyfin, "http://den:8096", "token".into())?;
/// let jellyfin = Jellyfin::new(config)?;
/// println!("{}", jellyfin.identify().await?.name);
/// # Ok(())
/// # }
/// ```
///
/// [`RemoveMedia`]: shelfread_domain::port::RemoveMedia
/// [`WritePlayState`]: shelfread_domain::port::WritePlayState
pub struct Jellyfin {
    http: Http,
    config: JellyfinConfig,
    /// Who answered last.
    session: Mutex<Option<Arc<Session>>>,
}

impl Jellyfin {
    /// Makes the adapter. Connects to nothing.
    ///
    /// # Errors
    /// [`Problem::Configuration`] for an address or token that cannot be one.
    ///
    /// [`Problem::Configuration`]: shelfread_domain::port::Problem::Configuration
    pub fn new(config: JellyfinConfig) -> Result<Self, SourceError> {
        let http = Http::new(config.http_with_token()?)?;
        Ok(Self { http, config, session: Mutex::new(None) })
    }

    /// Asks who answers and remembers it.
    async fn meet(&self) -> Result<Arc<Session>, SourceError> {
        let session = Arc::new(Session::begin(&self.http, &self.config).await?);
        *self.session.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&session));
        Ok(session)
    }

    /// Who answered last; asks when nobody did yet.
    async fn session(&self) -> Result<Arc<Session>, SourceError> {
        let known = self.session.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match known {
            Some(session) => Ok(session),
            None => self.meet().await,
        }
    }

    async fn reader(&self) -> Result<Arc<Reader>, SourceError> {
        Ok(Arc::new(Reader {
            http: self.http.clone(),
            session: self.session().await?,
            paths: self.config.paths.clone(),
            patience: Patience::default(),
        }))
    }
}

impl fmt::Debug for Jellyfin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.config.fmt(f)
    }
}

#[async_trait]
impl MediaSource for Jellyfin {
    fn kind(&self) -> SourceKind {
        self.config.flavour.kind()
    }

    async fn identify(&self) -> Result<ServerIdentity, SourceError> {
        Ok(self.meet().await?.identity())
    }

    async fn libraries(&self) -> Result<Vec<RemoteLibrary>, SourceError> {
        libraries::list(&self.http, &*self.session().await?).await
    }

    fn list<'a>(
        &'a self,
        library: &'a RemoteLibrary,
        scope: Scope,
    ) -> BoxStream<'a, Result<Listed, SourceError>> {
        listing(|out| listing::run(self, library, scope, out))
    }
}

/// Wide enough for a page of posters on a sharp display.
const POSTER_SIZE: &str = "maxWidth=400&quality=90";

#[async_trait]
impl FetchPoster for Jellyfin {
    async fn poster(&self, _id: &RemoteId, address: &str) -> Result<Vec<u8>, SourceError> {
        let sign = if address.contains('?') { '&' } else { '?' };
        picture(&self.http, &format!("{address}{sign}{POSTER_SIZE}")).await
    }
}
