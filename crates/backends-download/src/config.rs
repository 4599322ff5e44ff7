//! How to reach a client, and the one place that knows which module speaks with which program.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use shelfread_backends_http::{HttpConfig, Retries, Timeouts};
use shelfread_domain::download::{ClientKind, DownloadClient};
use shelfread_domain::port::{Problem, SourceError};
use url::Url;

/// How to reach one download client.
#[derive(Clone)]
pub struct ClientConfig {
    /// Where it is; a path is the prefix under which it lives.
    pub url: Url,
    /// The user's name; `SABnzbd` and Deluge have none.
    pub username: Option<String>,
    /// The password, or `SABnzbd`'s API key. For qBittorrent without a user name: its API key.
    pub password: Option<SecretString>,
    /// How long to wait.
    pub timeouts: Timeouts,
    /// How often to try again what is safe to repeat.
    pub retries: Retries,
    /// Certificate authorities to trust beside those of the system, as PEM text.
    pub extra_roots: Vec<String>,
}

impl ClientConfig {
    /// A client with the usual patience and no credentials.
    pub fn new(url: Url) -> Self {
        Self {
            url,
            username: None,
            password: None,
            timeouts: Timeouts {
                connect: Duration::from_secs(5),
                idle: Duration::from_secs(30),
                total: Duration::from_secs(90),
            },
            retries: Retries { count: 1, ..Retries::default() },
            extra_roots: Vec::new(),
        }
    }

    /// The HTTP side of it, without credentials: each program wants them in its own way.
    #[allow(dead_code, reason = "a build without any client uses it not")]
    pub(crate) fn http(&self, product: &'static str) -> HttpConfig {
        let mut http = HttpConfig::new(self.url.clone(), product);
        http.timeouts = self.timeouts;
        http.retries = self.retries;
        http.extra_roots.clone_from(&self.extra_roots);
        http
    }

    /// The same with user name and password as HTTP basic authentication.
    #[allow(dead_code, reason = "not every program wants them so")]
    pub(crate) fn http_basic(&self, product: &'static str) -> HttpConfig {
        let mut http = self.http(product);
        let password = self.password.clone().unwrap_or_default();
        http.basic_auth = self.username.clone().map(|user| (user, password));
        http
    }
}

impl fmt::Debug for ClientConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientConfig")
            .field("url", &shelfread_backends_http::redact(&self.url))
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// Makes the adapter for a client. Connects to nothing.
///
/// # Errors
/// [`Problem::Configuration`] for a URL that cannot be one, and for a program whose cargo feature
/// was left out of this build.
pub fn connect(
    kind: ClientKind,
    config: &ClientConfig,
) -> Result<Arc<dyn DownloadClient>, SourceError> {
    match kind {
        #[cfg(feature = "transmission")]
        ClientKind::Transmission => Ok(Arc::new(crate::transmission::Transmission::new(config)?)),
        #[cfg(feature = "qbittorrent")]
        ClientKind::Qbittorrent => Ok(Arc::new(crate::qbittorrent::Qbittorrent::new(config)?)),
        #[cfg(feature = "deluge")]
        ClientKind::Deluge => Ok(Arc::new(crate::deluge::Deluge::new(config)?)),
        #[cfg(feature = "nzbget")]
        ClientKind::Nzbget => Ok(Arc::new(crate::nzbget::Nzbget::new(config)?)),
        #[cfg(feature = "sabnzbd")]
        ClientKind::Sabnzbd => Ok(Arc::new(crate::sabnzbd::Sabnzbd::new(config)?)),
        #[allow(unreachable_patterns, reason = "reached when a feature is left out")]
        kind => {
            let what = format!("{kind} at {}", shelfread_backends_http::redact(&config.url));
            let problem = format!("this program was built without {kind}");
            Err(SourceError::new(what, Problem::Configuration(problem)))
        }
    }
}
