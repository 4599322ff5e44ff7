//! Who asks, and whether they may.
//!
//! 1. `identify` finds out who asks: a token, a proxy that is trusted, or the session of a browser.
//! 2. `rules` says what a route needs. What is not named there needs a reader, and an admin for
//!    whatever is no plain reading: a route that is new is guarded before anybody thinks of it.
//! 3. `gate` brings both together, for all routes at once.
//! 4. `login` and `setup` are the ways in, `limit` keeps guessing slow, `peer` says who really
//!    stands at the other end.
//!
//! It knows headers, cookies and addresses; whether a password or token is right, the application
//! says.

mod cookie;
mod gate;
mod identify;
mod limit;
mod login;
mod peer;
mod rules;
mod setup;

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::FromRequestParts;
use axum::http::HeaderName;
use axum::http::request::Parts;
use shelfread_app::access::{Identity, SetupCode};
use url::Url;

use crate::problem::Problem;
use crate::routes::Routes;
use limit::Limit;

pub use gate::gate;
pub use peer::{Network, NoNetwork, Peer, note_peer};

/// Whom to believe what.
#[derive(Debug, Clone, Default)]
pub struct AccessConfig {
    /// Proxies that say truly who asks, and how.
    pub trusted_proxies: Vec<Network>,
    /// The header in which such a proxy names the user that it let in.
    pub auth_header: Option<HeaderName>,
    /// How people reach the server.
    pub public_url: Option<Url>,
}

impl AccessConfig {
    /// Reads the words of a configuration.
    ///
    /// # Errors
    /// The key that is wrong, and why.
    pub fn new(
        trusted_proxies: Vec<Network>,
        auth_header: Option<&str>,
        public_url: Option<&str>,
    ) -> Result<Self, (&'static str, String)> {
        let header = |text: &str| {
            let wrong = |_| ("auth_header", format!("'{text}' is no name of a header"));
            text.parse::<HeaderName>().map_err(wrong)
        };
        let url = |text: &str| {
            let url = text.parse::<Url>().map_err(|e| ("public_url", format!("'{text}': {e}")))?;
            let origin = url.has_host() && ["http", "https"].contains(&url.scheme());
            match origin && url.path() == "/" && url.query().is_none() {
                true => Ok(url),
                false => Err(("public_url", format!("'{text}' is not like https://shelf.example"))),
            }
        };
        Ok(Self {
            trusted_proxies,
            auth_header: auth_header.map(header).transpose()?,
            public_url: public_url.map(url).transpose()?,
        })
    }
}

/// What all requests share about access; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Access {
    pub config: Arc<AccessConfig>,
    limit: Arc<Limit>,
    /// What makes the first admin, while there is none.
    code: Arc<Mutex<Option<SetupCode>>>,
}

impl Access {
    pub fn new(config: AccessConfig) -> Self {
        Self { config: Arc::new(config), ..Self::default() }
    }

    pub fn expect(&self, code: SetupCode) {
        *self.code.lock().unwrap_or_else(PoisonError::into_inner) = Some(code);
    }

    fn code(&self) -> Option<SetupCode> {
        self.code.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn forget_code(&self) {
        self.code.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

pub fn routes() -> Routes {
    Routes::new().merge(login::routes()).merge(setup::routes())
}

/// Somebody who may look. `gate` lets nobody else in, so a handler needs this only to know who it
/// is.
#[derive(Debug, Clone)]
pub struct Reader(pub Identity);

/// Somebody who may do everything.
#[derive(Debug, Clone)]
pub struct Admin(pub Identity);

impl<S: Sync> FromRequestParts<S> for Reader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get().cloned().map(Self).ok_or_else(Problem::unknown)
    }
}

impl<S: Sync> FromRequestParts<S> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Reader(who) = Reader::from_request_parts(parts, state).await?;
        if who.is_admin() { Ok(Self(who)) } else { Err(Problem::forbidden("admin")) }
    }
}
