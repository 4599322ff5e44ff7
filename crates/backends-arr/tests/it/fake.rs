//! A small Sonarr and a small Radarr on the raw server. A test may answer anything in their place.

use std::time::Duration;

use futures::StreamExt;
use serde_json::{Value, json};
use shelfread_backends_arr::{Arr, ArrConfig, Program};
use shelfread_backends_http::Retries;
use shelfread_domain::port::{LibraryKind, MediaSource, RemoteLibrary, Scope};
use shelfread_domain::{Coverage, Observation, PathMap};
use shelfread_testkit::wire::{Reply, Request, Wire};

pub use shelfread_domain::port::Listed;
pub use shelfread_testkit::fixtures::Step;

pub const KEY: &str = "hunter2-secret-key";

pub fn sonarr_data() -> Value {
    serde_json::from_str(include_str!("../fixtures/sonarr.json")).unwrap()
}

pub fn movies() -> Value {
    serde_json::from_str(include_str!("../fixtures/movies.json")).unwrap()
}

pub fn reply(value: &Value) -> Reply {
    Reply::json(value.to_string())
}

/// The part of the path below the API; what a program answers to strangers otherwise.
fn below(request: &Request) -> Result<Vec<&str>, Reply> {
    let Some(path) = request.path.strip_prefix("/base/api/v3/") else {
        return Err(Reply::html("<!doctype html><title>Sonarr</title>"));
    };
    if request.header("x-api-key") != Some(KEY) {
        return Err(reply(&json!({"error": "Unauthorized"})).with_status(401));
    }
    Ok(path.split('/').collect())
}

fn not_found() -> Reply {
    reply(&json!({"message": "NotFound"})).with_status(404)
}

fn by_id(list: &Value, id: &str) -> Reply {
    let has_id = |item: &&Value| item["id"].to_string().trim_matches('"') == id;
    list.as_array().unwrap().iter().find(has_id).map_or_else(not_found, reply)
}

pub fn sonarr(data: &Value, request: &Request) -> Reply {
    let path = match below(request) {
        Ok(path) => path,
        Err(reply) => return reply,
    };
    let of_series = |list: &Value| {
        let Some(series) = request.number("seriesId") else {
            return reply(&json!({"message": "seriesId is required"})).with_status(400);
        };
        let belongs = |item: &&Value| item["seriesId"] == json!(series);
        reply(&list.as_array().unwrap().iter().filter(belongs).cloned().collect())
    };
    match path[..] {
        ["system", "status"] => {
            reply(&json!({"appName": "Sonarr", "instanceName": "Den", "version": "4.0.1"}))
        }
        ["series"] => reply(&data["series"]),
        ["series", _] if request.method == "DELETE" => reply(&json!({})),
        ["series", id] => by_id(&data["series"], id),
        ["episode"] => of_series(&data["episode"]),
        ["episodefile"] => of_series(&data["episodefile"]),
        ["history", "since"] => {
            assert_eq!(request.param("date"), Some("2025-12-31T23:55:00Z"));
            reply(&data["history"])
        }
        ["queue"] => reply(&data["queue"]),
        _ => not_found(),
    }
}

pub fn radarr(request: &Request) -> Reply {
    let path = match below(request) {
        Ok(path) => path,
        Err(reply) => return reply,
    };
    match path[..] {
        ["system", "status"] => reply(&json!({"appName": "Radarr", "version": "5.0.3"})),
        ["movie"] => reply(&movies()),
        ["movie", _] if request.method == "DELETE" => reply(&json!({})),
        ["movie", id] => by_id(&movies(), id),
        _ => not_found(),
    }
}

pub fn config(program: Program, wire: &Wire) -> ArrConfig {
    let url = wire.url().join("base").unwrap();
    let mut config = ArrConfig::new(program, url.as_str(), KEY.into()).unwrap();
    let pause = Duration::from_millis(1);
    config.http.retries = Retries { count: 2, first_pause: pause, longest_pause: pause };
    config.http.max_body = 1 << 20;
    config.paths = PathMap::new([("/tv", "/media/tv"), ("/movies", "/media/films")]);
    config
}

pub fn arr(program: Program, wire: &Wire) -> Arr {
    Arr::new(config(program, wire)).unwrap()
}

/// All steps of a listing of what `answer` shows.
pub async fn steps(
    program: Program,
    scope: Scope,
    answer: impl Fn(&Request) -> Reply + Send + Sync + 'static,
) -> Vec<Step> {
    let wire = Wire::start(answer).await;
    let library =
        RemoteLibrary { remote_id: "all".into(), name: "Den".into(), kind: LibraryKind::Shows };
    arr(program, &wire).list(&library, scope).collect().await
}

pub fn pages(steps: &[Step]) -> Vec<Observation> {
    let page = |step: &Step| match step {
        Ok(Listed::Page(page)) => page.clone(),
        _ => Vec::new(),
    };
    steps.iter().flat_map(page).collect()
}

pub fn end(steps: &[Step]) -> Coverage {
    match steps.last() {
        Some(Ok(Listed::End(coverage))) => coverage.clone(),
        other => panic!("no certificate but {other:?}"),
    }
}

/// Whether the listing ended without proof that anything is gone.
pub fn is_unproven(steps: &[Step]) -> bool {
    matches!(steps.last(), Some(Err(_)))
        || matches!(steps.last(), Some(Ok(Listed::End(c))) if !c.complete && c.reason.is_some())
}
