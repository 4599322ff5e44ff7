//! How to reach one server: address, credentials and bounds. Knows no environment.

use std::fmt;
use std::time::Duration;

use secrecy::SecretString;
use shelfread_domain::port::{Problem, SourceError};
use url::Url;

use crate::redact::redact;

/// How to reach one server.
#[derive(Clone)]
pub struct HttpConfig {
    /// Where the server is; a path is the prefix under which it lives (`http://h/jellyfin`).
    pub base_url: Url,
    /// What must be there, for messages: `Jellyfin`, `Sonarr` …
    pub product: &'static str,
    /// Headers that prove who we are, sent with every request that is not anonymous.
    pub headers: Vec<(&'static str, SecretString)>,
    /// User name and password of HTTP basic authentication, sent likewise.
    pub basic_auth: Option<(String, SecretString)>,
    /// How long to wait.
    pub timeouts: Timeouts,
    /// How often to try again.
    pub retries: Retries,
    /// The largest body that is read, in bytes after unpacking.
    pub max_body: u64,
    /// How this program calls itself.
    pub user_agent: String,
    /// Certificate authorities to trust beside those of the system, as PEM text.
    pub extra_roots: Vec<String>,
}

/// How long to wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Timeouts {
    /// For a connection.
    pub connect: Duration,
    /// For the next byte of an answer, the first one included.
    pub idle: Duration,
    /// For one request with all its retries and pauses.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            idle: Duration::from_secs(60),
            total: Duration::from_secs(180),
        }
    }
}

/// How often to try again what is safe to repeat.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Retries {
    /// Tries after the first one.
    pub count: u32,
    /// The pause before the first of them; it doubles with each.
    pub first_pause: Duration,
    /// The longest pause that we choose ourselves; a server may ask for a longer one.
    pub longest_pause: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            count: 3,
            first_pause: Duration::from_millis(250),
            longest_pause: Duration::from_secs(10),
        }
    }
}

impl HttpConfig {
    /// The largest body that is read unless another limit is set: 64 MiB.
    pub const MAX_BODY: u64 = 64 << 20;

    /// A configuration with the usual bounds and no credentials.
    pub fn new(base_url: Url, product: &'static str) -> Self {
        Self {
            base_url,
            product,
            headers: Vec::new(),
            basic_auth: None,
            timeouts: Timeouts::default(),
            retries: Retries::default(),
            max_body: Self::MAX_BODY,
            user_agent: concat!("shelfread/", env!("CARGO_PKG_VERSION")).to_owned(),
            extra_roots: Vec::new(),
        }
    }

    /// The same from text.
    ///
    /// # Errors
    /// [`Problem::Configuration`] when the text is no URL; it is not repeated in the message,
    /// because it may hold a password.
    pub fn parse(base_url: &str, product: &'static str) -> Result<Self, SourceError> {
        let url = Url::parse(base_url.trim()).map_err(|e| {
            let text = format!("the url is not one ({e}); it looks like http://host:port");
            SourceError::new(format!("setting up {product}"), Problem::Configuration(text))
        })?;
        Ok(Self::new(url, product))
    }

    /// The base URL as requests need it: http or https, no credentials, no query, no fragment.
    pub(crate) fn checked_base(&self) -> Result<Url, SourceError> {
        let url = &self.base_url;
        let problem = if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            "the url must begin with http:// or https:// and a host"
        } else if !url.username().is_empty() || url.password().is_some() {
            "the url must not hold a user name or password; they have their own settings"
        } else if url.query().is_some() {
            "the url must not have a query (what follows the '?')"
        } else {
            let mut base = url.clone();
            base.set_fragment(None);
            return Ok(base);
        };
        let what = format!("setting up {} at {}", self.product, redact(url));
        Err(SourceError::new(what, Problem::Configuration(problem.into())))
    }
}

impl fmt::Debug for HttpConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpConfig")
            .field("base_url", &redact(&self.base_url))
            .field("product", &self.product)
            .field("timeouts", &self.timeouts)
            .field("retries", &self.retries)
            .field("max_body", &self.max_body)
            .finish_non_exhaustive()
    }
}
