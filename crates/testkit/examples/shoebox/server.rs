//! A Shoebox that always answers the same: what its makers' documentation would say, as canned
//! answers. Stricter than the real one would be: what it does not know it refuses.

use serde_json::{Value, json};
use shelfread_testkit::wire::{Reply, Request};

/// What opens it.
pub const TOKEN: &str = "a-key-of-a-shoebox";

/// Answers a request.
pub fn answer(request: &Request) -> Reply {
    if request.header("x-key") != Some(TOKEN) {
        return Reply::status(401);
    }
    match request.path.as_str() {
        "/api/info" => reply(&json!({"shoebox_id": "box-1", "name": "attic", "version": "3.1"})),
        "/api/boxes" => reply(&json!({"boxes": [
            {"id": "f", "name": "Films", "holds": "films"},
            {"id": "s", "name": "Series", "holds": "series"},
        ]})),
        "/api/objects" => objects(request),
        _ => Reply::status(404),
    }
}

fn reply(value: &Value) -> Reply {
    Reply::json(value.to_string())
}

fn objects(request: &Request) -> Reply {
    let (Some(skip), Some(take)) = (request.number("skip"), request.number("take")) else {
        return Reply::status(400);
    };
    let mut all = match request.param("box") {
        Some("f") => films(),
        Some("s") => series(),
        _ => return Reply::status(404),
    };
    for (name, field) in [("id", "id"), ("of", "series")] {
        if let Some(wanted) = request.param(name) {
            all.retain(|object| object[field] == *wanted);
        }
    }
    let page: Vec<_> = all.iter().skip(skip).take(take).collect();
    reply(&json!({"total": all.len(), "objects": page}))
}

fn films() -> Vec<Value> {
    let film = |n: usize| {
        json!({
            "id": format!("film-{n}"), "kind": "film", "title": format!("Film {n}"),
            "year": 1990 + n, "tmdb": (900 + n).to_string(),
            "file": format!("/films/Film {n}/film.mkv"), "size": 1_000 + n,
        })
    };
    (1..=7).map(film).collect()
}

/// Two series, each before its episodes.
fn series() -> Vec<Value> {
    let series = |n: usize| {
        let id = format!("series-{n}");
        let show =
            json!({"id": id, "kind": "series", "title": format!("Series {n}"), "year": 2000});
        let episode = |e: usize| {
            json!({
                "id": format!("{id}-{e}"), "kind": "episode", "series": id, "season": 1,
                "number": e, "title": format!("Part {e}"),
                "file": format!("/series/{n}/{e}.mkv"), "size": 500 + e,
            })
        };
        std::iter::once(show).chain((1..=4).map(episode)).collect::<Vec<_>>()
    };
    (1..=2).flat_map(series).collect()
}
