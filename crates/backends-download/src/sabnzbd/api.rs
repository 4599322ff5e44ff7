//! Calls of `SABnzbd`'s API: the key, and the ways in which it says no.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use shelfread_backends_http::{Http, Part, Request, StatusCode};
use shelfread_domain::download::TransferId;
use shelfread_domain::port::{Problem, SourceError};

use crate::ClientConfig;
use crate::wire::{self, Flag, List, Text};

/// How every complaint about the key begins, in all versions.
const ABOUT_THE_KEY: &str = "API Key";

pub(super) struct Api {
    http: Http,
    path: &'static [&'static str],
    key: SecretString,
}

/// What it says to an order.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Order {
    status: Flag,
    error: Text,
    nzo_ids: List<Text>,
    nzo_id: Text,
}

/// What it says instead of what was asked for.
#[derive(Deserialize)]
struct Refusal {
    error: Text,
}

impl Api {
    pub(super) fn new(config: &ClientConfig) -> Result<Self, SourceError> {
        let http = Http::new(config.http("SABnzbd"))?;
        let base = http.base_url().path().trim_end_matches('/');
        let path: &[&str] = if base.ends_with("/api") { &[] } else { &["api"] };
        Ok(Self { http, path, key: config.password.clone().unwrap_or_default() })
    }

    /// An error of this server.
    pub(super) fn error(&self, problem: Problem) -> SourceError {
        SourceError::new(format!("SABnzbd at {}", self.http.base_url()), problem)
    }

    /// Asks for something; may be asked twice.
    pub(super) async fn read<T: DeserializeOwned>(
        &self,
        mode: &str,
        form: &[(&str, &str)],
    ) -> Result<T, SourceError> {
        let form = self.signed(mode, form);
        self.send(self.request().form(&form).repeatable(true)).await
    }

    /// Orders something; sent once.
    pub(super) async fn order<T: DeserializeOwned>(
        &self,
        mode: &str,
        form: &[(&str, &str)],
    ) -> Result<T, SourceError> {
        let form = self.signed(mode, form);
        self.send(self.request().form(&form)).await
    }

    /// Orders something with a file.
    pub(super) async fn upload(
        &self,
        mode: &str,
        form: &[(&str, &str)],
        bytes: &[u8],
    ) -> Result<Order, SourceError> {
        let form = self.signed(mode, form);
        let mut parts = vec![Part { name: "name", file_name: Some("upload.nzb"), bytes }];
        let field = |&(name, text)| Part { name, file_name: None, bytes: str::as_bytes(text) };
        parts.extend(form.iter().map(field));
        self.send(self.request().multipart(&parts)).await
    }

    fn request(&self) -> Request {
        Request::post(self.path.iter().copied())
    }

    fn signed<'a>(&'a self, mode: &'a str, form: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let key = self.key.expose_secret();
        [&[("mode", mode), ("output", "json"), ("apikey", key)], form].concat()
    }

    async fn send<T: DeserializeOwned>(&self, request: Request) -> Result<T, SourceError> {
        let mut answer = self.http.exchange(&request).await?;
        let told = answer.body.starts_with(ABOUT_THE_KEY.as_bytes());
        if answer.status == StatusCode::FORBIDDEN && told {
            return Err(self.error(Problem::Unauthorized));
        }
        answer = answer.success()?;
        wire::clean(&mut answer);
        // A refusal comes without what was asked for.
        answer.json().map_err(|error| match answer.json::<Refusal>() {
            Ok(refusal) => self.error(problem(refusal.error.as_str())),
            Err(_) => error,
        })
    }
}

fn problem(error: &str) -> Problem {
    if error.starts_with(ABOUT_THE_KEY) {
        return Problem::Unauthorized;
    }
    Problem::Rejected(wire::shown(error))
}

impl Order {
    /// The order, if it was carried out.
    pub(super) fn done(self, api: &Api) -> Result<Self, SourceError> {
        if self.status.0 { Ok(self) } else { Err(api.error(problem(self.error.as_str()))) }
    }

    /// The id of the job that it made.
    pub(super) fn id(&self) -> Option<TransferId> {
        TransferId::new(self.nzo_ids.0.first().unwrap_or(&self.nzo_id).as_str())
    }
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.http.fmt(f)
    }
}
