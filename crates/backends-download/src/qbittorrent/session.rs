//! Sessions with qBittorrent: the cookie, the version behind it, and the patience that a refused
//! password needs.

use std::fmt;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use shelfread_backends_http::header::SET_COOKIE;
use shelfread_backends_http::{Http, Request, Response, StatusCode};
use shelfread_domain::port::{Problem, SourceError};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::ClientConfig;

/// How long a refused password is not tried again: five tries in a row ban our address.
const REFUSAL_HOLDS: Duration = Duration::from_secs(15 * 60);

/// A version of the Web API.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(super) struct Version(u32, u32, u32);

impl Version {
    /// Since this one pause and resume are called stop and start.
    const STOP: Self = Self(2, 11, 0);

    /// Reads `2.8.19`; what is no number is 0.
    fn parse(text: &str) -> Self {
        let mut numbers = text.trim().split('.').map(|n| n.parse().unwrap_or(0));
        let mut next = || numbers.next().unwrap_or(0);
        Self(next(), next(), next())
    }

    pub(super) fn pause(self) -> &'static str {
        if self < Self::STOP { "pause" } else { "stop" }
    }

    pub(super) fn resume(self) -> &'static str {
        if self < Self::STOP { "resume" } else { "start" }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

#[derive(Default)]
struct Session {
    cookie: Option<SecretString>,
    version: Option<Version>,
    refused: Option<Instant>,
}

/// The Web API, logged in when it wants that.
pub(super) struct Api {
    http: Http,
    account: Option<(String, SecretString)>,
    session: Mutex<Session>,
}

impl Api {
    pub(super) fn new(config: &ClientConfig) -> Result<Self, SourceError> {
        let mut http = config.http("qBittorrent");
        let account = match (&config.username, &config.password) {
            (Some(user), password) => Some((user.clone(), password.clone().unwrap_or_default())),
            (None, Some(key)) => {
                let bearer = format!("Bearer {}", key.expose_secret());
                http.headers.push(("authorization", bearer.into()));
                None
            }
            (None, None) => None,
        };
        Ok(Self { http: Http::new(http)?, account, session: Mutex::default() })
    }

    /// An error of this server.
    pub(super) fn error(&self, problem: Problem) -> SourceError {
        SourceError::new(format!("qBittorrent at {}", self.http.base_url()), problem)
    }

    /// Begins anew, also after a refused password.
    pub(super) async fn forget(&self) {
        *self.session.lock().await = Session::default();
    }

    /// The version of the API, asked for once per session.
    pub(super) async fn version(&self) -> Result<Version, SourceError> {
        if let Some(version) = self.session.lock().await.version {
            return Ok(version);
        }
        let answer = self.send(Request::get(["api", "v2", "app", "webapiVersion"])).await?;
        let version = Version::parse(&String::from_utf8_lossy(&answer.body));
        self.session.lock().await.version = Some(version);
        Ok(version)
    }

    /// Sends a request and returns its answer when the status is 2xx.
    pub(super) async fn send(&self, request: Request) -> Result<Response, SourceError> {
        self.exchange(request).await?.success()
    }

    /// Sends a request and returns its answer whatever the status; a missing or expired session is
    /// renewed once.
    pub(super) async fn exchange(&self, request: Request) -> Result<Response, SourceError> {
        let answer = self.http.exchange(&self.signed(&request).await).await?;
        if answer.status != StatusCode::FORBIDDEN || self.account.is_none() {
            return Ok(answer);
        }
        self.log_in().await?;
        self.http.exchange(&self.signed(&request).await).await
    }

    async fn signed(&self, request: &Request) -> Request {
        match &self.session.lock().await.cookie {
            Some(cookie) => request.clone().header("cookie", cookie.expose_secret()),
            None => request.clone(),
        }
    }

    async fn log_in(&self) -> Result<(), SourceError> {
        let Some((user, password)) = &self.account else { return Ok(()) };
        let mut session = self.session.lock().await;
        if session.refused.is_some_and(|at| at.elapsed() < REFUSAL_HOLDS) {
            return Err(self.error(Problem::Unauthorized));
        }
        let form = [("username", user.as_str()), ("password", password.expose_secret())];
        let request = Request::post(["api", "v2", "auth", "login"]).form(&form);
        let answer = self.http.exchange(&request).await?;
        // 403 is what a banned address gets.
        let wrong = answer.status == StatusCode::UNAUTHORIZED || answer.body == b"Fails.";
        if wrong || answer.status == StatusCode::FORBIDDEN {
            session.refused = Some(Instant::now());
        }
        if wrong {
            return Err(self.error(Problem::Unauthorized));
        }
        let answer = answer.success()?;
        *session = Session { cookie: cookie(&answer), ..Session::default() };
        Ok(())
    }
}

/// The cookies that the answer sets, as they are sent back.
fn cookie(answer: &Response) -> Option<SecretString> {
    let set = answer.headers.get_all(SET_COOKIE).into_iter().filter_map(|v| v.to_str().ok());
    let pairs: Vec<&str> = set.filter_map(|v| v.split(';').next()).map(str::trim).collect();
    (!pairs.is_empty()).then(|| pairs.join("; ").into())
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.http.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_choose_the_words() {
        for (text, word) in [
            ("2.8.19", "pause"),
            ("2.10.4", "pause"),
            ("2.11.0", "stop"),
            ("2.14.1\n", "stop"),
            ("3", "stop"),
            ("", "pause"),
        ] {
            assert_eq!(Version::parse(text).pause(), word, "{text}");
        }
    }
}
