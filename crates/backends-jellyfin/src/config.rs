//! How to reach a Jellyfin or Emby server and what to read there.

use secrecy::{ExposeSecret, SecretString};
use shelfread_backends_http::HttpConfig;
use shelfread_domain::port::{Problem, SourceError};
use shelfread_domain::{PathMap, SourceKind};

/// Which of the two programs it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flavour {
    /// Jellyfin, 10.8 or newer.
    Jellyfin,
    /// Emby, 4.8 or newer.
    Emby,
}

impl Flavour {
    /// Its name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jellyfin => "Jellyfin",
            Self::Emby => "Emby",
        }
    }

    /// The kind of source that it makes.
    pub const fn kind(self) -> SourceKind {
        match self {
            Self::Jellyfin => SourceKind::Jellyfin,
            Self::Emby => SourceKind::Emby,
        }
    }
}

/// How to reach a server and what to read there.
#[derive(Clone, Debug)]
pub struct JellyfinConfig {
    /// Which of the two programs it is.
    pub flavour: Flavour,
    /// Address, timeouts and bounds. The token is added to its headers by the adapter.
    pub http: HttpConfig,
    /// An API key of the server or the access token of a user.
    pub token: SecretString,
    /// Name or id of the user whose play state is read and who must see what is listed; `None`
    /// for the server's first administrator.
    pub user: Option<String>,
    /// How many items are asked for at once, at least 1.
    pub page_size: u32,
    /// How the server's paths read here.
    pub paths: PathMap,
}

impl JellyfinConfig {
    /// The number of items that are asked for at once unless another is set.
    pub const PAGE_SIZE: u32 = 500;

    /// A configuration with the usual bounds.
    ///
    /// # Errors
    /// [`Problem::Configuration`] when `url` is no URL.
    pub fn new(flavour: Flavour, url: &str, token: SecretString) -> Result<Self, SourceError> {
        Ok(Self {
            flavour,
            http: HttpConfig::parse(url, flavour.name())?,
            token,
            user: None,
            page_size: Self::PAGE_SIZE,
            paths: PathMap::default(),
        })
    }

    /// The client's configuration with the header that proves who we are. Jellyfin 12 refuses every
    /// form but `Authorization: MediaBrowser`; Emby does not know that one.
    pub(crate) fn http_with_token(&self) -> Result<HttpConfig, SourceError> {
        let token = self.token.expose_secret();
        if token.is_empty()
            || !token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        {
            let what = format!("setting up {}", self.flavour.name());
            let problem = "the token is empty or holds characters that no token has".into();
            return Err(SourceError::new(what, Problem::Configuration(problem)));
        }
        let mut http = self.http.clone();
        http.headers.push(match self.flavour {
            Flavour::Emby => ("x-emby-token", self.token.clone()),
            Flavour::Jellyfin => {
                let version = env!("CARGO_PKG_VERSION");
                let value = format!(
                    "MediaBrowser Token=\"{token}\", Client=\"Shelfread\", Device=\"Shelfread\", \
                     DeviceId=\"shelfread\", Version=\"{version}\""
                );
                ("authorization", value.into())
            }
        });
        Ok(http)
    }
}
