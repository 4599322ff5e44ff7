//! The adapter against simulated servers, and against answers that no server should give.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test fails")]

mod changes;
mod conformance;
mod faults;
mod hooks;
mod identity;
mod items;
mod listing;
mod pages;
mod writing;

use std::time::Duration;

use futures::StreamExt;
use shelfread_backends_http::{Retries, Timeouts};
use shelfread_backends_jellyfin::{Flavour, Jellyfin, JellyfinConfig};
use shelfread_domain::port::{
    ItemFailure, LibraryKind, Listed, MediaSource, RemoteLibrary, Scope, SourceError,
};
use shelfread_domain::{Coverage, ItemKind, Observation};
use shelfread_simulator::{Running, World};
use shelfread_testkit::wire::{Reply, Request, Wire};

const SERVER_ID: &str = "4c1f";
const USER_ID: &str = "a11a";

/// Short patience, small pages.
fn config(flavour: Flavour, url: &str, token: &str) -> JellyfinConfig {
    let mut config = JellyfinConfig::new(flavour, url, token.into()).unwrap();
    config.page_size = 20;
    config.http.max_body = 4 << 20;
    config.http.timeouts = Timeouts {
        connect: Duration::from_secs(2),
        idle: Duration::from_millis(500),
        total: Duration::from_secs(20),
    };
    config.http.retries = Retries {
        count: 2,
        first_pause: Duration::from_millis(1),
        longest_pause: Duration::from_millis(5),
    };
    config
}

fn of(server: &Running, flavour: Flavour) -> Jellyfin {
    Jellyfin::new(config(flavour, server.url().as_str(), server.token())).unwrap()
}

/// A simulated Jellyfin and its adapter.
async fn jellyfin(world: &World) -> (Running, Jellyfin) {
    let server = shelfread_simulator::Jellyfin::new(world).start().await.unwrap();
    let adapter = of(&server, Flavour::Jellyfin);
    (server, adapter)
}

/// A simulated Emby and its adapter.
async fn emby(world: &World) -> (Running, Jellyfin) {
    let server = shelfread_simulator::Jellyfin::emby(world).start().await.unwrap();
    let adapter = of(&server, Flavour::Emby);
    (server, adapter)
}

/// A scripted Jellyfin of one administrator; `items` answers what is asked of `/Items`.
async fn scripted(items: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> (Wire, Jellyfin) {
    let wire = Wire::start(move |request| match request.path.as_str() {
        "/System/Info/Public" => Reply::json(format!(
            r#"{{"Id":"{SERVER_ID}","ServerName":"den","Version":"10.11.8","ProductName":"Jellyfin Server"}}"#
        )),
        "/Users" => Reply::json(format!(
            r#"[{{"Id":"{USER_ID}","Name":"anna","Policy":{{"IsAdministrator":true}}}}]"#
        )),
        _ => items(request),
    })
    .await;
    let adapter = Jellyfin::new(config(Flavour::Jellyfin, wire.url().as_str(), "t0ken")).unwrap();
    (wire, adapter)
}

/// A scripted Jellyfin that has these items, each as JSON, in the pass of films and shows.
async fn holding(items: Vec<String>) -> (Wire, Jellyfin) {
    scripted(move |request| page(request, if is_tops(request) { &items } else { &[] })).await
}

fn is_tops(request: &Request) -> bool {
    request.param("includeItemTypes") == Some("Movie,Series")
}

/// The page of these items that the request asks for.
fn page(request: &Request, items: &[String]) -> Reply {
    let (start, limit) = (request.number("startIndex").unwrap(), request.number("limit").unwrap());
    let shown: Vec<_> = items.iter().skip(start).take(limit).map(String::as_str).collect();
    Reply::json(format!(
        r#"{{"Items":[{}],"TotalRecordCount":{},"StartIndex":{start}}}"#,
        shown.join(","),
        items.len()
    ))
}

fn movie(n: usize) -> String {
    format!(r#"{{"Id":"m{n}","Name":"Film {n}","Type":"Movie","ServerId":"{SERVER_ID}"}}"#)
}

fn library() -> RemoteLibrary {
    RemoteLibrary { remote_id: "1".into(), name: "Films".into(), kind: LibraryKind::Mixed }
}

/// What a listing said.
#[derive(Debug, Default)]
struct Seen {
    pages: Vec<Vec<Observation>>,
    failures: Vec<ItemFailure>,
    expected: Option<u64>,
    end: Option<Coverage>,
    error: Option<SourceError>,
}

impl Seen {
    fn all(&self) -> impl Iterator<Item = &Observation> {
        self.pages.iter().flatten()
    }

    fn count(&self, kind: ItemKind) -> u64 {
        self.all().filter(|o| o.kind == kind).count() as u64
    }

    fn titles(&self) -> Vec<&str> {
        self.all().map(|o| o.facts.title.as_deref().unwrap()).collect()
    }

    fn is_complete(&self) -> bool {
        assert!(self.end.is_some() != self.error.is_some(), "{:?}", self.error);
        self.end.as_ref().is_some_and(|end| end.complete)
    }

    fn reason(&self) -> &str {
        self.end.as_ref().and_then(|end| end.reason.as_deref()).unwrap_or_default()
    }
}

async fn list(source: &Jellyfin, library: &RemoteLibrary, scope: Scope) -> Seen {
    let mut seen = Seen::default();
    let mut steps = source.list(library, scope);
    while let Some(step) = steps.next().await {
        assert!(seen.end.is_none() && seen.error.is_none(), "nothing follows the end");
        match step {
            Ok(Listed::Page(page)) => seen.pages.push(page),
            Ok(Listed::Failed(failure)) => seen.failures.push(failure),
            Ok(Listed::Expected(total)) => seen.expected = Some(total),
            Ok(Listed::End(coverage)) => seen.end = Some(coverage),
            Err(error) => seen.error = Some(error),
        }
    }
    seen
}

async fn full(source: &Jellyfin) -> Seen {
    list(source, &library(), Scope::Full).await
}

/// All libraries, each listed whole.
async fn everything(source: &Jellyfin) -> Vec<Seen> {
    let mut all = Vec::new();
    for library in source.libraries().await.unwrap() {
        all.push(list(source, &library, Scope::Full).await);
    }
    all
}
