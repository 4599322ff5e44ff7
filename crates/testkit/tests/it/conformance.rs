//! The suite catches an adapter that is as careless as the first draft of most.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::FutureExt;
use futures::stream::{self, BoxStream, StreamExt};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use shelfread_domain::port::{
    LibraryKind, Listed, MediaSource, Problem, RemoteLibrary, Scope, ServerIdentity, SourceError,
};
use shelfread_domain::{Coverage, ItemKind, Observation, SourceKind};
use shelfread_testkit::conformance::{Subject, check};
use shelfread_testkit::wire::{Reply, Request, Wire, forward};
use url::Url;

const TOKEN: &str = "secret-token";

/// Two libraries of three films each, one film to a page.
fn honest(request: &Request) -> Reply {
    match request.path.as_str() {
        "/info" => Reply::json(r#"{"id":"server-1","name":"canned"}"#),
        "/libraries" => Reply::json(r#"["a","b"]"#),
        "/items" => {
            let library = request.param("in").unwrap_or_default();
            let start = request.number("start").unwrap_or(9);
            let items = if start < 3 { format!(r#""{library}{start}""#) } else { String::new() };
            Reply::json(format!(r#"{{"items":[{items}],"total":3}}"#))
        }
        _ => Reply::status(404),
    }
}

/// Follows redirects with its token, shows it, and takes every answer that it does not understand
/// for an empty one.
#[derive(Debug)]
struct Careless {
    url: Url,
    token: String,
}

impl Careless {
    async fn get(&self, path: &str) -> Value {
        let mut url = self.url.join(path).unwrap();
        for _ in 0..2 {
            let request = Request {
                method: "GET".into(),
                path: url.path().into(),
                query: url.query_pairs().into_owned().collect(),
                headers: vec![("x-token".into(), self.token.clone())],
                body: Vec::new(),
            };
            let reply = tokio::time::timeout(Duration::from_millis(50), forward(&url, &request));
            let Ok(Ok(reply)) = reply.await else { break };
            match reply.location() {
                Some(location) => url = location.parse().unwrap(),
                None => return serde_json::from_str(&reply.text()).unwrap_or_default(),
            }
        }
        Value::Null
    }

    async fn films(&self, library: &str) -> Vec<Observation> {
        let mut films = Vec::new();
        while let page = self.get(&format!("/items?in={library}&start={}", films.len())).await
            && let Some(id) = page["items"][0].as_str()
            && films.len() < 9
        {
            films.push(Observation::new(id, ItemKind::Movie));
        }
        films
    }
}

#[async_trait]
impl MediaSource for Careless {
    fn kind(&self) -> SourceKind {
        SourceKind::Plex
    }

    async fn identify(&self) -> Result<ServerIdentity, SourceError> {
        let info = self.get("/info").await;
        let text = |name: &str| info[name].as_str().unwrap_or_default().to_owned();
        let what = || SourceError::new("asking", Problem::Malformed("no id".into()));
        let server_id = Some(text("id")).filter(|id| !id.is_empty()).ok_or_else(what)?;
        Ok(ServerIdentity { server_id, name: text("name"), version: "1".into(), viewer: None })
    }

    async fn libraries(&self) -> Result<Vec<RemoteLibrary>, SourceError> {
        let library = |name: &Value| RemoteLibrary {
            remote_id: name.as_str().unwrap_or_default().to_owned(),
            name: name.as_str().unwrap_or_default().to_owned(),
            kind: LibraryKind::Movies,
        };
        let libraries = self.get("/libraries").await;
        Ok(libraries.as_array().into_iter().flatten().map(library).collect())
    }

    fn list<'a>(
        &'a self,
        library: &'a RemoteLibrary,
        _: Scope,
    ) -> BoxStream<'a, Result<Listed, SourceError>> {
        let steps = async {
            let films = self.films(&library.remote_id).await;
            let end = Listed::End(Coverage::complete(None, films.len() as u64));
            let page = (!films.is_empty()).then_some(Listed::Page(films));
            stream::iter(page.into_iter().chain([end]).map(Ok))
        };
        stream::once(steps).flatten().boxed()
    }
}

#[tokio::test]
async fn carelessness_is_told_in_all_its_forms() {
    let server = Wire::start(honest).await;
    let make = |url, token: SecretString| -> Arc<dyn MediaSource> {
        Arc::new(Careless { url, token: token.expose_secret().to_owned() })
    };
    let subject = Subject { make: &make, url: server.url(), token: TOKEN.to_owned() };
    let panic = AssertUnwindSafe(check(&subject)).catch_unwind().await.unwrap_err();
    let told = panic.downcast_ref::<String>().unwrap();
    for violation in [
        "an honest server: the token is shown",
        "what changed since 1970, library 'a': it claims to be everything",
        "one object and one that is not there, library 'a': it claims to be everything",
        "Unavailable From(0): other libraries and no error: Ok([])",
        "CutOff Once(4), library 'a': complete with 2 of 3 observations",
        "Broken Once(2), library 'a': complete with 0 of 3 observations",
        "Unauthorized: told as",
        "a redirect: the token followed to another host",
    ] {
        assert!(told.contains(violation), "{violation} is not in\n{told}");
    }
    // What is right is not told.
    assert!(!told.contains("UnknownFields"), "{told}");
}
