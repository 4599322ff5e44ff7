//! What `shelfread serve` does by itself: syncs in rhythm, looks where webhooks hint, tells targets.

use std::collections::BTreeSet;

use chrono::DateTime;
use serde_json::json;
use shelfread_backends_notify::{SIGNATURE, TIMESTAMP, signature};
use shelfread_simulator::{Arr, Effect, Fault, Jellyfin, Plex, Running, World};
use shelfread_testkit::until;
use shelfread_testkit::wire::{Reply, Wire};

use crate::desk::Desk;
use crate::serve::{PATIENCE, Serve, client};

fn declared(name: &str, kind: &str, server: &Running, more: &str) -> String {
    let (url, token) = (server.url(), server.token());
    format!(
        "[[source]]\nname = '{name}'\nkind = '{kind}'\nurl = '{url}'\ntoken = '{token}'\n{more}\n"
    )
}

async fn serve(desk: &Desk) -> Serve {
    Serve::start(desk.command(&["serve"])).await
}

const LISTEN: &str = "[server]\nlisten = '127.0.0.1:0'\n";

fn titles(desk: &Desk) -> BTreeSet<String> {
    desk.items().into_iter().map(|(_, title, _)| title).collect()
}

async fn has(desk: &Desk, title: &str, is_there: bool) {
    until(PATIENCE * 2, async || titles(desk).contains(title) == is_there).await;
}

/// How the runs were started, newest first, as `trigger mode status`.
fn runs(desk: &Desk) -> Vec<String> {
    let runs = desk.fine(&["run", "list", "--json", "--limit", "1000"]).json();
    let word = |run: &serde_json::Value, key: &str| run[key].as_str().unwrap_or("?").to_owned();
    let line =
        |run| format!("{} {} {}", word(run, "trigger"), word(run, "mode"), word(run, "status"));
    runs["runs"].as_array().unwrap().iter().map(line).collect()
}

/// Sends a message to a hook and gives the status of the answer.
async fn call(serve: &Serve, path: &str, kind: &str, body: impl Into<Vec<u8>>) -> u16 {
    let request = client().post(format!("{}{path}", serve.base)).header("content-type", kind);
    request.body(body.into()).send().await.unwrap().status().as_u16()
}

fn form(name: &str, message: &str) -> Vec<u8> {
    let picture = "\u{0}\u{1}not a picture".repeat(10_000);
    format!(
        "--x\r\nContent-Disposition: form-data; name=\"thumb\"; filename=\"thumb.jpg\"\r\n\
         Content-Type: image/jpeg\r\n\r\n{picture}\r\n--x\r\nContent-Disposition: form-data; \
         name=\"{name}\"\r\nContent-Type: application/json\r\n\r\n{message}\r\n--x--\r\n"
    )
    .into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_servers_tell_is_looked_at_and_never_believed() {
    let world = World::empty();
    world.add_movie("Heat", 1995);
    let (jelly, plex) = (world.fork(), world.fork());
    let den = Jellyfin::new(&jelly).start().await.unwrap();
    let cellar = Plex::new(&plex).start().await.unwrap();
    let films = Arr::radarr(&world).start().await.unwrap();
    let secret = "hook_secret = 'k3y'";
    let desk = Desk::configured(&format!(
        "{LISTEN}[schedule]\nfull = '7d'\nquick = 'off'\n{}{}{}",
        declared("den", "jellyfin", &den, secret),
        declared("cellar", "plex", &cellar, secret),
        declared("films", "radarr", &films, secret),
    ));
    let serve = serve(&desk).await;
    until(PATIENCE, async || {
        runs(&desk).iter().filter(|run| run.ends_with("succeeded")).count() == 3
    })
    .await;
    // Each server tells of a film that is new, in its own form.
    let ronin = jelly.add_movie("Ronin", 1998);
    let message = json!({
        "NotificationType": "ItemAdded", "ItemType": "Movie", "Name": "Ronin",
        "ItemId": den.remote_id(ronin).unwrap(),
    });
    let path = "/hooks/den?key=k3y";
    assert_eq!(call(&serve, path, "text/plain; charset=utf-8", message.to_string()).await, 202);
    assert_eq!(call(&serve, path, "application/json", message.to_string()).await, 202);
    let ran = plex.add_movie("Ran", 1985);
    let message = json!({ "event": "library.new", "Metadata": {
        "type": "movie", "ratingKey": cellar.remote_id(ran).unwrap() } });
    let kind = "multipart/form-data; boundary=x";
    let sent = form("payload", &message.to_string());
    assert_eq!(call(&serve, "/hooks/cellar?key=k3y", kind, sent).await, 202);
    let alien = world.add_movie("Alien", 1979);
    let id: i64 = films.remote_id(alien).unwrap().parse().unwrap();
    let message = json!({ "movie": { "id": id, "title": "Alien" }, "eventType": "Download" });
    let told = call(&serve, "/hooks/films?key=k3y", "application/json", message.to_string()).await;
    assert_eq!(told, 202);
    for title in ["Ronin", "Ran", "Alien"] {
        has(&desk, title, true).await;
    }
    // That something is gone is told truly and falsely; a full sync finds out.
    jelly.remove(ronin);
    for (name, item) in [("den", "x"), ("den", "no-such-id"), ("den", "Heat")] {
        let message = json!({ "NotificationType": "ItemDeleted", "ItemId": item }).to_string();
        assert_eq!(
            call(&serve, &format!("/hooks/{name}?key=k3y"), "text/plain", message).await,
            202
        );
    }
    has(&desk, "Ronin", false).await;
    let kept: BTreeSet<_> = ["Heat", "Ran", "Alien"].map(str::to_owned).into();
    assert_eq!(titles(&desk), kept);
    // Nothing else gets in, and nothing breaks.
    for (path, kind, body, status) in [
        ("/hooks/den", "application/json", b"{}".to_vec(), 401),
        ("/hooks/den?key=wrong", "application/json", b"{}".to_vec(), 401),
        ("/hooks/nobody?key=k3y", "application/json", b"{}".to_vec(), 401),
        ("/hooks/den?key=k3y", "application/json", b"<html>".to_vec(), 400),
        ("/hooks/den?key=k3y", "application/json", b"\xFF\xFE{".to_vec(), 400),
        ("/hooks/den?key=k3y", "application/json", vec![b'['; 200_000], 400),
        ("/hooks/den?key=k3y", "application/json", vec![b' '; 2 << 20], 413),
        ("/hooks/cellar?key=k3y", "multipart/form-data; boundary=y", form("payload", "{}"), 400),
        ("/hooks/cellar?key=k3y", "multipart/form-data", form("payload", "{}"), 400),
        (
            "/hooks/den?key=k3y",
            "application/json",
            b"{\"NotificationType\": \"New\"}".to_vec(),
            202,
        ),
    ] {
        assert_eq!(call(&serve, path, kind, body).await, status, "{path} {kind}");
    }
    let by_header = client().get(format!("{}/hooks/den", serve.base)).header("x-hook-key", "k3y");
    assert_eq!(by_header.send().await.unwrap().status().as_u16(), 202);
    assert!(!serve.said().contains("k3y"), "{}", serve.said());
    assert_eq!(serve.stop().await, Some(0));
    // The same end state as polling.
    let before = desk.items();
    desk.fine(&["sync"]);
    assert_eq!(desk.items(), before);
    desk.fine(&["doctor"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn sources_are_synced_in_rhythm_and_a_restart_does_nothing_again() {
    let world = World::empty();
    world.add_movie("Heat", 1995);
    let den = Jellyfin::new(&world).start().await.unwrap();
    let source = declared("den", "jellyfin", &den, "hook_secret = 'k3y'");
    let desk =
        Desk::configured(&format!("{LISTEN}[schedule]\nfull = '1h'\nquick = '1s'\n{source}"));
    let running = serve(&desk).await;
    has(&desk, "Heat", true).await;
    world.add_movie("Ronin", 1998);
    has(&desk, "Ronin", true).await;
    assert!(runs(&desk).iter().any(|run| run == "schedule quick succeeded"));
    // A server that is down is left alone, and says so.
    den.set_faults([Fault::new(Effect::Status { code: 503, retry_after: None })]);
    until(PATIENCE * 2, async || runs(&desk)[0].ends_with("failed")).await;
    den.set_faults([] as [Fault; 0]);
    assert_eq!(running.stop().await, Some(0));
    assert!(!runs(&desk).iter().any(|run| run.ends_with("running")), "no run is left open");
    desk.fine(&["sync"]);
    let rare = format!("{LISTEN}[schedule]\nfull = '1h'\nquick = '30m'\n{source}");
    desk.write("data/shelfread.toml", rare.as_bytes());
    let before = runs(&desk).iter().filter(|run| run.starts_with("schedule")).count();
    let again = serve(&desk).await;
    // Once it has looked where a webhook hints, it has had the time to do something again.
    assert_eq!(call(&again, "/hooks/den?key=k3y", "text/plain", b"".to_vec()).await, 202);
    until(PATIENCE, async || runs(&desk)[0] == "hook quick succeeded").await;
    let after = runs(&desk).iter().filter(|run| run.starts_with("schedule")).count();
    assert_eq!(after, before);
    assert_eq!(again.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_run_is_told_signed_and_once() {
    let world = World::empty();
    let films: Vec<_> = (0..20).map(|n| world.add_movie(&format!("Film {n}"), 2000)).collect();
    let den = Jellyfin::new(&world).start().await.unwrap();
    let wire = Wire::start(|_| Reply::status(204)).await;
    let desk = Desk::configured(&format!(
        "{LISTEN}[schedule]\nfull = '1h'\nquick = 'off'\n{}[[notify]]\nname = 'home'\n\
         kind = 'webhook'\nurl = '{}s3cret-path'\nsecret = 's3cret'\n",
        declared("den", "jellyfin", &den, "hook_secret = 'k3y'"),
        wire.url(),
    ));
    let serve = serve(&desk).await;
    has(&desk, "Film 19", true).await;
    films.iter().skip(2).for_each(|film| world.remove(*film));
    let gone = json!({ "NotificationType": "ItemDeleted", "ItemType": "Movie" }).to_string();
    assert_eq!(call(&serve, "/hooks/den?key=k3y", "text/plain", gone).await, 202);
    until(PATIENCE * 2, async || !wire.requests().is_empty()).await;
    let told = wire.requests().remove(0);
    assert_eq!(told.path, "/s3cret-path");
    let sent: serde_json::Value = serde_json::from_slice(&told.body).unwrap();
    assert_eq!(
        (&sent["kind"], &sent["event"]["data"]["source"]),
        (&json!("run.held"), &json!("den"))
    );
    let at = told.header(TIMESTAMP).unwrap().parse().unwrap();
    let at = DateTime::from_timestamp(at, 0).unwrap();
    assert_eq!(told.header(SIGNATURE), signature("s3cret", at, &told.body).as_deref());
    assert!(!serve.said().contains("s3cret"), "{}", serve.said());
    assert_eq!(serve.stop().await, Some(0));
    assert_eq!(wire.requests().len(), 1, "once");
    for file in ["data/shelfread.db", "data/shelfread.db-wal"] {
        let bytes = std::fs::read(desk.path(file)).unwrap_or_default();
        assert!(!bytes.windows(6).any(|window| window == b"s3cret"), "{file}");
    }
}
