//! The JSON-RPC of `NZBGet`: version 1.1 of it, parameters by their place.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use shelfread_backends_http::{Http, Request};
use shelfread_domain::port::{Problem, SourceError};

use crate::ClientConfig;
use crate::wire::{self, Num, Text};

/// What an account that may only add is told.
const ACCESS_DENIED: i64 = 401;

#[derive(Debug)]
pub(super) struct Rpc {
    http: Http,
    path: &'static [&'static str],
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

impl Rpc {
    pub(super) fn new(config: &ClientConfig) -> Result<Self, SourceError> {
        let http = Http::new(config.http_basic("NZBGet"))?;
        let base = http.base_url().path().trim_end_matches('/');
        let path: &[&str] = if base.ends_with("/jsonrpc") { &[] } else { &["jsonrpc"] };
        Ok(Self { http, path })
    }

    /// An error of this server.
    pub(super) fn error(&self, problem: Problem) -> SourceError {
        SourceError::new(format!("NZBGet at {}", self.http.base_url()), problem)
    }

    /// Asks for something; may be asked twice.
    pub(super) async fn read<T: DeserializeOwned>(
        &self,
        method: &str,
        params: Value,
    ) -> Result<T, SourceError> {
        self.call(method, params, true).await
    }

    /// Orders something; sent once.
    pub(super) async fn order<T: DeserializeOwned>(
        &self,
        method: &str,
        params: Value,
    ) -> Result<T, SourceError> {
        self.call(method, params, false).await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: &str,
        params: Value,
        repeatable: bool,
    ) -> Result<T, SourceError> {
        let body = json!({ "version": "1.1", "id": 1, "method": method, "params": params });
        let request = Request::post(self.path.iter().copied())
            .body("application/json", body.to_string())
            .repeatable(repeatable);
        match wire::json(self.http.send(&request).await?)? {
            Envelope { error: Some(error), .. } => Err(self.error(error.problem())),
            Envelope { result: Some(result), .. } => Ok(result),
            _ => Err(self.error(Problem::Malformed("an answer without a result".into()))),
        }
    }
}

impl RpcError {
    fn problem(self) -> Problem {
        match self.code.whole() {
            Some(ACCESS_DENIED) => Problem::Forbidden,
            _ => Problem::Rejected(wire::shown(self.message.as_str())),
        }
    }
}
