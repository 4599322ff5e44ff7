//! A small Plex on the raw server: strict about what it is asked, and a test may answer anything
//! in its place.

use std::collections::HashMap;
use std::ops::Range;

use serde_json::{Value, json};
use shelfread_backends_http::Retries;
use shelfread_backends_plex::{Plex, PlexConfig};
use shelfread_domain::PathMap;
use shelfread_domain::port::{LibraryKind, Listed, MediaSource, RemoteLibrary, Scope};
use shelfread_testkit::wire::{Reply, Request, Wire};

pub const TOKEN: &str = "hunter2-secret-token";

/// What the server has: items by the number of their kind.
#[derive(Clone, Default)]
pub struct Fake {
    pub items: HashMap<u8, Vec<Value>>,
}

impl Fake {
    pub fn movies() -> Self {
        let movies = serde_json::from_str(include_str!("../fixtures/movies.json")).unwrap();
        Self { items: [(1, movies)].into() }
    }

    pub fn shows() -> Self {
        let mut shows: HashMap<String, Vec<Value>> =
            serde_json::from_str(include_str!("../fixtures/shows.json")).unwrap();
        let kinds = [(2, "show"), (3, "season"), (4, "episode")];
        Self { items: kinds.map(|(n, kind)| (n, shows.remove(kind).unwrap())).into() }
    }

    /// So many movies with the keys 1, 2, 3 …
    pub fn many(count: usize) -> Self {
        let movie = |n| json!({"ratingKey": n, "type": "movie", "title": format!("Film {n}")});
        Self { items: [(1, (1..=count).map(movie).collect())].into() }
    }

    /// What a real server would answer.
    pub fn answer(&self, request: &Request) -> Reply {
        assert_eq!(request.header("accept"), Some("application/json"), "{request:?}");
        assert_eq!(request.header("x-plex-client-identifier"), Some("shelfread"));
        let server = json!({"machineIdentifier": "m1", "version": "1.40.0", "claimed": true});
        if request.path == "/identity" {
            assert_eq!(request.header("x-plex-token"), None, "no token to a stranger");
            return container(server);
        }
        if request.header("x-plex-token") != Some(TOKEN) {
            return Reply::html("<html>401 Unauthorized</html>").with_status(401);
        }
        let path: Vec<&str> = request.path.split('/').skip(1).collect();
        match path[..] {
            [""] => container(json!({"friendlyName": "Den", "machineIdentifier": "m1"})),
            ["accounts"] => {
                container(json!({"Account": [{"id": 0, "name": ""}, {"id": 1, "name": "anna"}]}))
            }
            ["library", "sections"] => container(sections()),
            ["library", "sections", "1" | "2", "all"] => self.all(request),
            ["library", "metadata", keys] if request.method == "GET" => self.named(keys),
            ["library", "metadata", key] => {
                Reply::status(if self.find(key).is_some() { 200 } else { 404 })
            }
            ["library", "metadata", show, below @ ("children" | "allLeaves")] => {
                let (kind, field) = match below {
                    "children" => (3, "parentRatingKey"),
                    _ => (4, "grandparentRatingKey"),
                };
                let belongs = |item: &&Value| text(&item[field]) == show;
                let items = self.items[&kind].iter().filter(belongs).cloned().collect();
                paged(request, items)
            }
            [":", "scrobble" | "unscrobble" | "timeline"] => Reply::status(200),
            _ => Reply::status(404),
        }
    }

    fn all(&self, request: &Request) -> Reply {
        assert_eq!(request.param("includeGuids"), Some("1"));
        let kind = request.number("type").unwrap() as u8;
        let later = |field: &'static str| {
            let since = request.number(&format!("{field}>>"));
            move |item: &&Value| since.is_none_or(|since| item[field].as_u64() > Some(since as u64))
        };
        let items = self.items.get(&kind).into_iter().flatten();
        let items = items.filter(later("updatedAt")).filter(later("lastViewedAt"));
        paged(request, items.cloned().collect())
    }

    fn named(&self, keys: &str) -> Reply {
        let items: Vec<_> = keys.split(',').filter_map(|key| self.find(key)).collect();
        if items.is_empty() {
            return Reply::html("<html>404 Not Found</html>").with_status(404);
        }
        container(json!({"size": items.len(), "Metadata": items}))
    }

    fn find(&self, key: &str) -> Option<&Value> {
        self.items.values().flatten().find(|item| text(&item["ratingKey"]) == key)
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

pub fn sections() -> Value {
    let section = |key: &str, uuid, kind: &str, title| {
        json!({"key": key, "uuid": uuid, "type": kind, "title": title, "contentChangedAt": 7,
            "refreshing": false, "Location": [{"id": 1, "path": "/data"}]})
    };
    json!({"size": 3, "Directory": [
        section("1", "u-films", "movie", "Films"),
        section("2", "u-shows", "show", "Shows"),
        section("3", "u-songs", "artist", "Songs"),
    ]})
}

pub fn container(value: impl Into<Value>) -> Reply {
    Reply::json(json!({"MediaContainer": value.into()}).to_string())
}

/// The places that the paging headers ask for.
pub fn places(request: &Request) -> Range<usize> {
    let number = |name| request.header(name).expect("a paging header").parse::<usize>().unwrap();
    let start = number("x-plex-container-start");
    start..start + number("x-plex-container-size")
}

fn paged(request: &Request, items: Vec<Value>) -> Reply {
    let (total, places) = (items.len(), places(request));
    let page: Vec<_> = items.into_iter().skip(places.start).take(places.len()).collect();
    container(
        json!({"size": page.len(), "totalSize": total, "offset": places.start, "Metadata": page}),
    )
}

pub fn config(wire: &Wire) -> PlexConfig {
    let mut config = PlexConfig::new(wire.url().as_str(), TOKEN.into()).unwrap();
    config.http.retries = Retries {
        count: 2,
        first_pause: std::time::Duration::from_millis(1),
        longest_pause: std::time::Duration::from_millis(1),
    };
    config.http.max_body = 1 << 20;
    config.page_size = 10;
    config.paths = PathMap::new([("/data", "/media")]);
    config
}

pub fn plex(wire: &Wire) -> Plex {
    Plex::new(config(wire)).unwrap()
}

pub fn library(kind: LibraryKind) -> RemoteLibrary {
    let (id, name) = match kind {
        LibraryKind::Shows => ("u-shows", "Shows"),
        _ => ("u-films", "Films"),
    };
    RemoteLibrary { remote_id: id.into(), name: name.into(), kind }
}

pub type Step = Result<Listed, shelfread_domain::port::SourceError>;

/// All steps of a listing of what `answer` shows.
pub async fn steps(
    kind: LibraryKind,
    scope: Scope,
    answer: impl Fn(&Request) -> Reply + Send + Sync + 'static,
) -> Vec<Step> {
    use futures::StreamExt;
    let wire = Wire::start(answer).await;
    plex(&wire).list(&library(kind), scope).collect().await
}
