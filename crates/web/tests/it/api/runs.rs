//! Syncs and runs.

use serde_json::json;
use shelfread_domain::SourceKind;
use shelfread_domain::port::LibraryKind;
use shelfread_testkit::faults::{Fault, Gate};

use super::{NOBODY, fine, refused};
use crate::desk::{Desk, both};

both!(
    a_sync_is_started_and_shown,
    a_source_at_work_is_not_disturbed,
    a_dry_run_shows_its_plan,
    held_removals_are_approved_or_discarded,
    a_run_is_reverted,
    pages_of_runs_and_lines,
    what_is_not_there_and_makes_no_sense,
);

const FILMS: &str = "movie a \"Alpha\" 2001 tmdb=1\nmovie b \"Beta\" 2002 tmdb=2";

async fn a_sync_is_started_and_shown(desk: Desk) {
    let den = desk.source("den", SourceKind::Jellyfin).await;
    den.inner().lists("1", LibraryKind::Movies, FILMS);
    let said = desk.order("/api/v1/sync?source=den&existing=fill&quick=false").await;
    assert_eq!((said.status.as_u16(), &said.json()["busy"]), (202, &json!([])));
    let run = &said.json()["runs"][0];
    assert_eq!(run["source"], "den");
    let shown = desk.ended(run["id"].as_str().unwrap()).await;
    assert_eq!((&shown["status"], &shown["existing"]), (&json!("succeeded"), &json!("fill")));
    assert_eq!((&shown["counts"]["added"], &shown["created"]["items"]), (&json!(2), &json!(2)));
    assert_eq!(shown["totals"]["movie"]["added"], 2);
    assert_eq!(fine(&desk.get("/api/v1/runs/running").await)["runs"], json!([]));
}

async fn a_source_at_work_is_not_disturbed(desk: Desk) {
    let den = desk.source("den", SourceKind::Jellyfin).await;
    den.inner().lists("1", LibraryKind::Movies, FILMS);
    let gate = Gate::default();
    den.set([Fault::Gate(gate.clone())]);
    let first = fine(&desk.order("/api/v1/sync?source=den").await)["runs"][0]["id"].clone();
    refused(&desk.order("/api/v1/sync?source=den").await, 409, "busy");
    refused(&desk.order("/api/v1/sync").await, 409, "busy");
    refused(&desk.delete("/api/v1/sources/den").await, 409, "busy");
    let running = fine(&desk.get("/api/v1/runs/running").await);
    assert_eq!(running["runs"][0]["run"], first);
    gate.open();
    let ended = desk.ended(first.as_str().unwrap()).await;
    assert_eq!((&ended["status"], &ended["counts"]["added"]), (&json!("succeeded"), &json!(2)));
}

async fn a_dry_run_shows_its_plan(desk: Desk) {
    let den = desk.source("den", SourceKind::Jellyfin).await;
    den.inner().lists("1", LibraryKind::Movies, FILMS);
    let said = fine(&desk.order("/api/v1/sync?dry_run=true").await);
    let run = desk.ended(said["runs"][0]["id"].as_str().unwrap()).await;
    assert_eq!((&run["status"], &run["dry_run"]), (&json!("planned"), &json!(true)));
    assert_eq!(fine(&desk.get("/api/v1/items").await)["items"], json!([]));
}

/// A server that has lost all but one of its films, and the run that held their removal.
async fn held(desk: &Desk) -> String {
    let shelf: String =
        (1..=20).map(|n| format!("movie m{n} \"Film {n}\" 2000 tmdb={n}\n")).collect();
    let den = desk.source("den", SourceKind::Jellyfin).await;
    den.inner().lists("1", LibraryKind::Movies, &shelf);
    desk.synced().await;
    den.inner().lists("1", LibraryKind::Movies, "movie m1 \"Film 1\" 2000 tmdb=1");
    let run = desk.synced().await;
    assert_eq!((&run["status"], &run["counts"]["held"]), (&json!("held"), &json!(19)));
    run["id"].as_str().unwrap().to_owned()
}

async fn held_removals_are_approved_or_discarded(desk: Desk) {
    let run = held(&desk).await;
    let lines = fine(&desk.get(&format!("/api/v1/runs/{run}/changes?limit=1000")).await);
    let is_held = |line: &&serde_json::Value| line["state"] == "held" && line["entity"] == "item";
    assert_eq!(lines["changes"].as_array().unwrap().iter().filter(is_held).count(), 19);
    let kept = fine(&desk.order(&format!("/api/v1/runs/{run}/discard")).await);
    assert_eq!(kept["kept"], 19);
    refused(&desk.order(&format!("/api/v1/runs/{run}/discard")).await, 422, "invalid");
    refused(&desk.order(&format!("/api/v1/runs/{run}/approve")).await, 422, "invalid");
    assert_eq!(fine(&desk.delete("/api/v1/sources/den").await)["unlisted_items"], 20);

    let other = desk.source("attic", SourceKind::Emby).await;
    let shelf: String =
        (50..70).map(|n| format!("movie m{n} \"More {n}\" 2000 tmdb={n}\n")).collect();
    other.inner().lists("1", LibraryKind::Movies, &shelf);
    desk.synced().await;
    other.inner().lists("1", LibraryKind::Movies, "movie m50 \"More 50\" 2000 tmdb=50");
    let run = desk.synced().await["id"].as_str().unwrap().to_owned();
    let report = fine(&desk.order(&format!("/api/v1/runs/{run}/approve")).await);
    assert_eq!(
        (&report["status"], &report["counts"]["removed"]),
        (&json!("succeeded"), &json!(19))
    );
}

async fn a_run_is_reverted(desk: Desk) {
    desk.den(LibraryKind::Movies, FILMS).await;
    let runs = fine(&desk.get("/api/v1/runs").await);
    let path = format!("/api/v1/runs/{}/revert", runs["runs"][0]["id"].as_str().unwrap());
    let report = fine(&desk.order(&path).await);
    assert_eq!((&report["status"], &report["counts"]["removed"]), (&json!("succeeded"), &json!(2)));
    refused(&desk.order(&path).await, 422, "invalid");
    assert_eq!(fine(&desk.get("/api/v1/items").await)["items"], json!([]));
}

async fn pages_of_runs_and_lines(desk: Desk) {
    desk.den(LibraryKind::Movies, FILMS).await;
    desk.synced().await;
    let first = fine(&desk.get("/api/v1/runs?limit=1").await);
    assert_eq!(first["next"], 1);
    let second = fine(&desk.get("/api/v1/runs?limit=1&offset=1").await);
    let id = second["runs"][0]["id"].as_str().unwrap();
    assert_ne!(first["runs"][0]["id"], second["runs"][0]["id"]);
    let page = fine(&desk.get(&format!("/api/v1/runs/{id}?limit=1")).await);
    let next = page["next"].as_i64().unwrap();
    let rest = fine(&desk.get(&format!("/api/v1/runs/{id}/changes?after={next}")).await);
    assert_ne!(page["changes"][0], rest["changes"][0]);
    assert_eq!(fine(&desk.get(&format!("/api/v1/runs/{id}/errors")).await)["errors"], json!([]));
}

async fn what_is_not_there_and_makes_no_sense(desk: Desk) {
    for path in ["", "/changes", "/errors"] {
        for id in [NOBODY, "odd", "%2e%2e"] {
            refused(&desk.get(&format!("/api/v1/runs/{id}{path}")).await, 404, "not-found");
        }
    }
    for verb in ["approve", "discard", "revert"] {
        refused(&desk.order(&format!("/api/v1/runs/{NOBODY}/{verb}")).await, 404, "not-found");
    }
    for query in ["limit=0", "limit=1001", "limit=many", "offset=99999999999999"] {
        refused(&desk.get(&format!("/api/v1/runs?{query}")).await, 422, "invalid");
    }
    refused(&desk.order("/api/v1/sync?source=nobody").await, 404, "not-found");
    refused(&desk.order("/api/v1/sync?existing=perhaps").await, 422, "invalid");
}
