//! The JSON-RPC of Deluge's web server: logging in to it, and connecting it to its daemon.

use std::fmt;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use shelfread_backends_http::header::SET_COOKIE;
use shelfread_backends_http::{Http, Request};
use shelfread_domain::port::{Problem, SourceError};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

use crate::ClientConfig;
use crate::wire::{self, Flag, List, Num, Text};

/// How long the web server may need to connect to a daemon that runs.
const CONNECTS_WITHIN: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(100);

/// The password of a web server that nobody gave another.
const DEFAULT_PASSWORD: &str = "deluge";

const NOT_LOGGED_IN: i64 = 1;
/// Also what a web server without a daemon says of all methods of the daemon.
const UNKNOWN_METHOD: i64 = 2;

pub(super) struct Rpc {
    http: Http,
    password: SecretString,
    cookie: Mutex<Option<SecretString>>,
}

#[derive(Deserialize)]
struct Envelope<T> {
    result: Option<T>,
    error: Option<RpcError>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RpcError {
    message: Text,
    code: Num,
}

/// A call that was answered: with what was asked for, or with why not.
type Answered<T> = Result<Option<T>, RpcError>;

impl Rpc {
    pub(super) fn new(config: &ClientConfig) -> Result<Self, SourceError> {
        let password = config.password.clone().unwrap_or_else(|| DEFAULT_PASSWORD.into());
        let http = Http::new(config.http("Deluge"))?;
        Ok(Self { http, password, cookie: Mutex::default() })
    }

    /// An error of this server.
    pub(super) fn error(&self, problem: Problem) -> SourceError {
        SourceError::new(format!("Deluge at {}", self.http.base_url()), problem)
    }

    /// Asks for something; may be asked twice.
    pub(super) async fn read<T: DeserializeOwned>(
        &self,
        method: &str,
        params: Value,
    ) -> Result<T, SourceError> {
        let found = self.call(method, params, true).await?;
        found.ok_or_else(|| self.error(Problem::Malformed("an answer without a result".into())))
    }

    /// Orders something; carried out once. What comes back is often nothing.
    pub(super) async fn order<T: DeserializeOwned + Default>(
        &self,
        method: &str,
        params: Value,
    ) -> Result<T, SourceError> {
        self.call(method, params, false).await.map(Option::unwrap_or_default)
    }

    /// Calls a method of the daemon. The web server is asked first whether it has one: a call to a
    /// daemon that went away is never answered.
    async fn call<T: DeserializeOwned>(
        &self,
        method: &str,
        params: Value,
        repeatable: bool,
    ) -> Result<Option<T>, SourceError> {
        let is_new = self.connect().await?;
        let body = json!({ "id": 1, "method": method, "params": params });
        let end = Instant::now() + CONNECTS_WITHIN;
        loop {
            match self.send(&body, repeatable).await? {
                // A daemon that was connected this moment makes its methods known one by one.
                Err(e) if is_new && e.is(UNKNOWN_METHOD) && Instant::now() < end => {
                    sleep(PAUSE).await;
                }
                answered => return answered.map_err(|e| self.error(e.problem(method))),
            }
        }
    }

    /// Logs in where that is needed and connects the web server to its daemon. Whether it was not
    /// connected before.
    async fn connect(&self) -> Result<bool, SourceError> {
        if self.is_connected().await? {
            return Ok(false);
        }
        // Each host is a list of id, address, port and user.
        let hosts: Vec<List<Text>> = self.web("web.get_hosts", json!([])).await?;
        for id in hosts.iter().filter_map(|host| host.0.first()).map(Text::as_str) {
            // To connect to a daemon that is down would hang.
            if !self.is_online(id).await? {
                continue;
            }
            let connect = json!({ "id": 1, "method": "web.connect", "params": [id] });
            let _: Answered<Value> = self.send(&connect, false).await?;
            let end = Instant::now() + CONNECTS_WITHIN;
            while Instant::now() < end {
                if self.is_connected().await? {
                    return Ok(true);
                }
                sleep(PAUSE).await;
            }
        }
        let down = "its web server answers, the daemon behind it does not".to_owned();
        Err(self.error(Problem::Unreachable(down)))
    }

    /// Whether the daemon runs, by a list of its id, status and version.
    async fn is_online(&self, id: &str) -> Result<bool, SourceError> {
        let status: List<Text> = self.web("web.get_host_status", json!([id])).await?;
        Ok(status.0.get(1).is_some_and(|s| matches!(s.as_str(), "Online" | "Connected")))
    }

    async fn is_connected(&self) -> Result<bool, SourceError> {
        let connected: Flag = self.web("web.connected", json!([])).await?;
        Ok(connected.0)
    }

    /// Asks the web server itself, logging in where that is needed.
    async fn web<T: DeserializeOwned>(
        &self,
        method: &str,
        params: Value,
    ) -> Result<T, SourceError> {
        let body = json!({ "id": 1, "method": method, "params": params });
        let mut answered = self.send(&body, true).await?;
        if answered.as_ref().is_err_and(|e| e.is(NOT_LOGGED_IN)) {
            self.log_in().await?;
            answered = self.send(&body, true).await?;
        }
        let found = answered.map_err(|error| self.error(error.problem(method)))?;
        found.ok_or_else(|| self.error(Problem::Malformed("an answer without a result".into())))
    }

    async fn log_in(&self) -> Result<(), SourceError> {
        let params = [self.password.expose_secret()];
        let body = json!({ "id": 1, "method": "auth.login", "params": params });
        let right: Answered<Flag> = self.send(&body, true).await?;
        match right {
            Ok(Some(Flag(true))) => Ok(()),
            Ok(_) => Err(self.error(Problem::Unauthorized)),
            Err(error) => Err(self.error(error.problem("auth.login"))),
        }
    }

    async fn send<T: DeserializeOwned>(
        &self,
        body: &Value,
        repeatable: bool,
    ) -> Result<Answered<T>, SourceError> {
        let mut request = Request::post(["json"])
            .body("application/json", body.to_string())
            .repeatable(repeatable);
        if let Some(cookie) = &*self.cookie.lock().await {
            request = request.header("cookie", cookie.expose_secret());
        }
        let answer = self.http.send(&request).await?;
        let set = answer.headers.get(SET_COOKIE).and_then(|v| v.to_str().ok());
        if let Some(cookie) = set.and_then(|v| v.split(';').next()) {
            *self.cookie.lock().await = Some(cookie.into());
        }
        let envelope: Envelope<T> = wire::json(answer)?;
        Ok(match envelope.error {
            Some(error) => Err(error),
            None => Ok(envelope.result),
        })
    }
}

impl RpcError {
    fn is(&self, code: i64) -> bool {
        self.code.whole() == Some(code)
    }

    fn problem(&self, method: &str) -> Problem {
        match (self.code.whole(), method.split_once('.')) {
            (Some(UNKNOWN_METHOD), Some(("label", _))) => {
                Problem::Rejected("its Label plugin is not switched on".into())
            }
            (Some(UNKNOWN_METHOD), _) => Problem::Rejected(format!("it does not know {method}")),
            _ => Problem::Rejected(wire::shown(without_traceback(self.message.as_str()))),
        }
    }
}

/// The words for people within what Twisted makes of an exception.
fn without_traceback(message: &str) -> &str {
    let message = message.split_once("'>: ").map_or(message, |(_, rest)| rest);
    message.lines().next().unwrap_or_default()
}

impl fmt::Debug for Rpc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.http.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_told_without_their_traceback() {
        let failure = "Failure: [Failure instance: Traceback (failure with no frames): \
                       <class 'deluge.error.AddTorrentError'>: Torrent already in session (ab).\n]";
        assert_eq!(without_traceback(failure), "Torrent already in session (ab).");
        assert_eq!(without_traceback("Not authenticated"), "Not authenticated");
        assert_eq!(without_traceback(""), "");
    }
}
