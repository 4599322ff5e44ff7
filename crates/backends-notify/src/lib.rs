//! Notifications: tells what happened to a webhook, ntfy, Discord, Gotify or an Apprise API.
//!
//! It knows the forms of these five, and deliberately nothing of events: what to tell it is told.
//! It knows no clock either: `now` comes in, and is part of what is signed.
//!
//! - A url is http or https. Redirects are not followed, answers are bounded in time and size, and
//!   nothing is sent twice: trying again is the caller's business.
//! - No error holds the url or the secret, only scheme, host and port.
//! - What is told may come from anywhere (a title of a film), so no form lets it become markup, a
//!   mention or a header.
//!
//! ```no_run
//! # async fn f(notice: shelfread_domain::notify::Notice, now: chrono::DateTime<chrono::Utc>)
//! # -> Result<(), shelfread_domain::port::SourceError> {
//! use shelfread_backends_notify::{NotifyConfig, connect};
//! use shelfread_domain::notify::{Notifier, TargetKind};
//!
//! let url = "https://ntfy.sh/a-topic-that-nobody-guesses".into();
//! connect(NotifyConfig::new(TargetKind::Ntfy, url, None))?.tell(&notice, now).await?;
//! # Ok(())
//! # }
//! ```

mod form;
mod sign;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use shelfread_backends_http::{Http, HttpConfig, Request, Retries, Timeouts};
use shelfread_domain::notify::{Notice, Notifier, TargetKind};
use shelfread_domain::port::{Problem, SourceError};
use url::Url;

pub use sign::{SIGNATURE, TIMESTAMP, signature};

/// The most of an answer that is read; nothing in it is needed.
const MAX_ANSWER: u64 = 64 << 10;

/// How to reach a target.
pub struct NotifyConfig {
    /// In which form it wants to be told.
    pub kind: TargetKind,
    /// Where: the whole url, which may be a secret itself.
    pub url: SecretString,
    /// The key of signatures (webhook), or an access token (ntfy, Gotify).
    pub secret: Option<SecretString>,
    /// How long to wait: 10 s for a connection, 15 s in all.
    pub timeouts: Timeouts,
    /// Certificate authorities to trust beside those of the system, as PEM text.
    pub extra_roots: Vec<String>,
}

impl NotifyConfig {
    /// The usual configuration.
    pub fn new(kind: TargetKind, url: SecretString, secret: Option<SecretString>) -> Self {
        let total = Duration::from_secs(15);
        let timeouts = Timeouts { connect: Duration::from_secs(10), idle: total, total };
        Self { kind, url, secret, timeouts, extra_roots: Vec::new() }
    }
}

/// Scheme, host and port of a url, which may be shown when the rest must not be.
///
/// # Errors
/// [`Problem::Configuration`] when it is no http or https url, without repeating it.
pub fn address(url: &SecretString) -> Result<String, SourceError> {
    Ok(parse(url)?.origin().ascii_serialization())
}

fn parse(url: &SecretString) -> Result<Url, SourceError> {
    let misfit = |problem: &str| {
        let problem = Problem::Configuration(problem.to_owned());
        SourceError::new("setting up a notification", problem)
    };
    let url = Url::parse(url.expose_secret().trim());
    let url = url.map_err(|_| misfit("its url is not one; it looks like https://host/path"))?;
    match url.scheme() {
        "http" | "https" if url.has_host() => Ok(url),
        _ => Err(misfit("its url must begin with http:// or https:// and a host")),
    }
}

/// Makes what tells a target. Connects to nothing.
///
/// # Errors
/// [`Problem::Configuration`] for a url that cannot work; [`Problem::Tls`] for certificates that
/// cannot be read.
pub fn connect(config: NotifyConfig) -> Result<Target, SourceError> {
    let url = parse(&config.url)?;
    let address = url.origin().ascii_serialization();
    let mut http = HttpConfig::parse(&address, "the target of notifications")?;
    let password = url.password().map(|password| SecretString::from(password.to_owned()));
    http.basic_auth = password.map(|password| (url.username().to_owned(), password));
    http.timeouts = config.timeouts;
    http.retries = Retries { count: 0, ..Retries::default() };
    http.max_body = MAX_ANSWER;
    http.extra_roots = config.extra_roots;
    let mut url = url;
    // Only a url without a host refuses these.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_fragment(None);
    let http = Http::new(http)?;
    Ok(Target { kind: config.kind, url, secret: config.secret, address, http })
}

/// A target that can be told.
pub struct Target {
    kind: TargetKind,
    url: Url,
    secret: Option<SecretString>,
    address: String,
    http: Http,
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.kind, self.address)
    }
}

impl Target {
    fn request(&self, notice: &Notice, now: DateTime<Utc>) -> Request {
        let secret = self.secret.as_ref().map(ExposeSecret::expose_secret);
        let form = match self.kind {
            TargetKind::Webhook => form::webhook(notice, secret, now),
            TargetKind::Ntfy => form::ntfy(notice, secret, &self.url),
            TargetKind::Discord => form::discord(notice),
            TargetKind::Gotify => form::gotify(notice, secret),
            TargetKind::Apprise => form::apprise(notice, secret),
        };
        let mut url = self.url.clone();
        if let Some(path) = &form.path {
            url.set_path(path);
        }
        let request = Request::post_to(url).without_redirects();
        let request = request.body("application/json", form.body);
        form.headers.iter().fold(request, |request, (name, value)| request.header(name, value))
    }

    /// The error without anything of the url but its address: its path may be a secret, and a
    /// redirect repeats it.
    fn told(&self, error: SourceError) -> SourceError {
        let problem = match error.problem {
            Problem::Redirected(to) => {
                let to = Url::parse(&to).map(|to| to.origin().ascii_serialization());
                Problem::Redirected(to.unwrap_or_else(|_| "somewhere else".to_owned()))
            }
            problem => problem,
        };
        SourceError::new(format!("telling {} at {}", self.kind, self.address), problem)
    }
}

#[async_trait]
impl Notifier for Target {
    async fn tell(&self, notice: &Notice, now: DateTime<Utc>) -> Result<(), SourceError> {
        let answer = self.http.exchange(&self.request(notice, now)).await;
        let answer = answer.map_err(|error| self.told(error))?;
        if answer.status.is_redirection() {
            let to = answer.headers.get("location").and_then(|to| to.to_str().ok());
            let to = to.and_then(|to| self.url.join(to).ok()).map_or(String::new(), Url::into);
            return Err(self.told(SourceError::new("", Problem::Redirected(to))));
        }
        answer.success().map(drop).map_err(|error| self.told(error))
    }
}
