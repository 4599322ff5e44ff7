//! `shelfread download` and `shelfread event` with real daemons, started here.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use shelfread_testkit::daemons::{
    Daemon, PASSWORD, PATIENCE, Torrent, USER, introduce, qbittorrent, transmission,
};
use shelfread_testkit::until;

use crate::desk::{Answer, Desk, film};

fn declared(name: &str, daemon: &Daemon, password: &str) -> String {
    let (kind, url) = (daemon.kind, daemon.url());
    format!(
        "[[download_client]]\nname = '{name}'\nkind = '{kind}'\nurl = '{url}'\n\
         username = '{USER}'\npassword = '{password}'\n"
    )
}

/// A desk with one client, `box`, that answers.
async fn desk_of(daemon: &Daemon) -> Desk {
    let desk = Desk::configured(&declared("box", daemon, PASSWORD));
    answers(&desk, daemon).await;
    desk
}

async fn answers(desk: &Desk, daemon: &Daemon) {
    let end = tokio::time::Instant::now() + PATIENCE;
    loop {
        let answer = desk.run(&["download", "client", "test", "box"]);
        if answer.code == 0 {
            return;
        }
        let late = tokio::time::Instant::now() > end;
        assert!(!late, "{answer:?}\n{}", daemon.log());
        tokio::task::yield_now().await;
    }
}

impl Desk {
    fn downloads(&self) -> Vec<Value> {
        let answer = self.fine(&["download", "list", "--json"]).json();
        answer["downloads"].as_array().unwrap().clone()
    }

    /// Waits until the only download is so.
    async fn shows(&self, is_so: impl Fn(&Value) -> bool) -> Value {
        let mut last = Vec::new();
        until(PATIENCE, async || {
            last = self.downloads();
            last.len() == 1 && is_so(&last[0])
        })
        .await;
        last.remove(0)
    }

    fn torrent(&self, torrent: &Torrent) -> String {
        let file = format!("{}.torrent", torrent.name);
        self.write(&file, &torrent.bytes());
        file
    }

    /// The kinds of all events of downloads and clients.
    fn told(&self) -> Vec<String> {
        let answer = self.fine(&["event", "list", "--json", "--limit", "1000"]).json();
        let kinds =
            answer["events"].as_array().unwrap().iter().map(|e| e["kind"].as_str().unwrap());
        kinds.map(str::to_owned).filter(|kind| !kind.starts_with("run.")).collect()
    }
}

fn did(answer: &Answer) -> String {
    answer.json()["download"]["did"].as_str().unwrap().to_owned()
}

fn state(row: &Value) -> &str {
    row["state"].as_str().unwrap()
}

fn waits(row: &Value) -> bool {
    matches!(state(row), "downloading" | "stalled")
}

/// One day with each program: add, the same thing twice, pause, resume, cancel, and what somebody
/// else does behind our back.
async fn a_day(daemon: &Daemon) {
    let desk = desk_of(daemon).await;
    let torrent = Torrent::new("Heat.1995.1080p.BluRay.x264-GRP", 100_000);
    let (file, hash) = (desk.torrent(&torrent), torrent.hash());
    let added = desk.fine(&["download", "add", &file, "--client", "box", "--json"]);
    assert_eq!(did(&added), "added");
    let id = added.json()["download"]["id"].as_str().unwrap().to_owned();
    assert_eq!(added.json()["download"]["transfer_id"], hash.as_str());

    let magnet = format!("magnet:?xt=urn:btih:{}", hash.to_uppercase());
    for what in [file.as_str(), magnet.as_str()] {
        let again = desk.fine(&["download", "add", what, "--json"]);
        assert_eq!(
            (did(&again), &again.json()["download"]["id"]),
            ("reused".into(), &id.as_str().into())
        );
    }
    let seen = desk.shows(waits).await;
    assert_eq!((&seen["size_bytes"], &seen["origin"]), (&100_000.into(), &"added".into()));

    assert_eq!(did(&desk.fine(&["download", "pause", &id, "--json"])), "paused");
    desk.shows(|row| state(row) == "paused").await;
    assert_eq!(did(&desk.fine(&["download", "pause", &hash, "--json"])), "already");
    assert_eq!(did(&desk.fine(&["download", "resume", &id, "--json"])), "resumed");
    desk.shows(waits).await;
    assert!(desk.fine(&["download", "retry", &id]).out.contains("Heat.1995"));

    let cancelled = desk.fine(&["download", "cancel", &id, "--json"]);
    assert_eq!(did(&cancelled), "cancelled_with_data");
    assert_eq!(did(&desk.fine(&["download", "cancel", &id, "--json"])), "gone");
    assert!(desk.downloads().is_empty());

    // Another Shelfread is somebody else to this one.
    let other = desk_of(daemon).await;
    let ran = Torrent::new("Ran.1985", 50_000);
    other.fine(&["download", "add", &other.torrent(&ran)]);
    let adopted = desk.shows(|row| row["transfer_id"] == ran.hash().as_str()).await;
    assert_eq!(adopted["origin"], "adopted");
    other.fine(&["download", "cancel", &ran.hash(), "--keep-data"]);
    until(PATIENCE, async || desk.downloads().is_empty()).await;
    let told = desk.told();
    let ends: Vec<_> = told.iter().filter(|kind| *kind != "download.state_changed").collect();
    let expected = ["download.added", "download.cancelled", "download.adopted", "download.removed"];
    assert_eq!(ends, expected, "each once: {told:?}");
    desk.fine(&["doctor"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_with_transmission() {
    a_day(&transmission()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_with_qbittorrent() {
    a_day(&qbittorrent(0).0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_is_down_keeps_its_rows() {
    let mut daemon = transmission();
    let desk = desk_of(&daemon).await;
    let torrent = Torrent::new("Alien.1979", 40_000);
    desk.fine(&["download", "add", &desk.torrent(&torrent)]);
    desk.shows(waits).await;
    daemon.stop().await;
    for _ in 0..3 {
        let row = desk.downloads().remove(0);
        assert!(row["unreachable_since"].is_string(), "{row}");
    }
    let people = desk.fine(&["download", "list"]).out;
    assert!(people.contains("box") && people.contains("no answer"), "{people}");
    let failed = desk.run(&["download", "pause", &torrent.hash()]);
    assert_eq!(failed.code, 1);
    assert!(failed.err.contains("box") && failed.err.contains("hint"), "{failed:?}");
    daemon.start_again();
    answers(&desk, &daemon).await;
    let back = desk.shows(|row| row["unreachable_since"].is_null()).await;
    assert_eq!(back["transfer_id"], torrent.hash().as_str());
    let told = desk.told();
    let count = |kind: &str| told.iter().filter(|told| *told == kind).count();
    assert_eq!((count("client.unreachable"), count("client.recovered")), (1, 1), "{told:?}");
    assert_eq!(count("download.removed"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_removes_nothing_and_is_never_shown() {
    let (daemon, _) = qbittorrent(0);
    let desk = desk_of(&daemon).await;
    let torrent = Torrent::new("Alien.1979", 40_000);
    desk.fine(&["download", "add", &desk.torrent(&torrent), "--paused"]);
    assert_eq!(desk.downloads().len(), 1);
    desk.write("data/shelfread.toml", declared("box", &daemon, "hunter2-wrong").as_bytes());
    let mut seen = String::new();
    for arguments in [
        &["download", "list", "--json", "-vv"][..],
        &["download", "list", "-vv"],
        &["download", "clients"],
        &["download", "clients", "--json"],
        &["event", "list"],
    ] {
        let answer = desk.fine(arguments);
        seen += &(answer.out + &answer.err);
    }
    let refused = desk.run(&["download", "client", "test", "box", "-vv"]);
    assert_eq!(refused.code, 1);
    seen += &(refused.out + &refused.err);
    assert!(seen.contains("refused") && seen.contains("password"), "{seen}");
    assert!(!seen.contains("hunter2") && !seen.contains(PASSWORD), "{seen}");
    let rows = desk.fine(&["download", "list", "--offline", "--json"]).json();
    assert_eq!(rows["downloads"].as_array().unwrap().len(), 1);
    assert_eq!(rows["away"][0]["kind"], "refused");
    desk.write("data/shelfread.toml", declared("box", &daemon, PASSWORD).as_bytes());
    desk.shows(|row| row["unreachable_since"].is_null()).await;
    for file in ["data/shelfread.db", "data/shelfread.db-wal"] {
        let bytes = std::fs::read(desk.path(file)).unwrap_or_default();
        let hit = bytes.windows(PASSWORD.len()).any(|w| w == PASSWORD.as_bytes());
        assert!(!hit, "{file} holds the password in the clear");
    }
}

/// A command that goes on, and the lines that it printed.
struct Going {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Going {
    fn start(desk: &Desk, arguments: &[&str]) -> Self {
        let mut child = desk.command(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let lines = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&lines);
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                heard.lock().unwrap().push(line);
            }
        });
        Self { child, lines }
    }

    fn count(&self, text: &str) -> usize {
        self.lines.lock().unwrap().iter().filter(|line| line.contains(text)).count()
    }

    async fn says(&self, text: &str) {
        until(PATIENCE, async || self.count(text) > 0).await;
    }

    /// Asks it to stop, and waits until it ended well.
    fn stop(mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Two programs on this machine: one has the film, the other gets it, while a monitor watches.
#[tokio::test(flavor = "multi_thread")]
async fn a_film_goes_from_one_client_to_the_other() {
    let ((seeder, peers), (leecher, _)) = (qbittorrent(0), qbittorrent(500));
    let both = declared("box", &leecher, PASSWORD) + &declared("attic", &seeder, PASSWORD);
    let desk = Desk::configured(&format!("{both}[downloads]\npoll = '200ms'\n"));
    answers(&desk, &leecher).await;
    until(PATIENCE, async || desk.run(&["download", "client", "test", "attic"]).code == 0).await;
    film(&desk.path("films/Heat (1995)/Heat (1995).mkv"));
    desk.fine(&["sync", "./films"]);
    let watch = Going::start(&desk, &["download", "watch", "--json"]);
    let follow =
        Going::start(&desk, &["event", "list", "--follow", "--kind", "download.completed"]);

    let torrent = Torrent::new("Heat.1995.1080p.BluRay.x264-GRP", 2_000_000);
    std::fs::write(seeder.downloads().join(&torrent.name), &torrent.content).unwrap();
    desk.fine(&["download", "add", "--client", "attic", &desk.torrent(&torrent)]);
    let row = |client: &'static str, rows: Vec<Value>| {
        rows.into_iter().find(|row| row["client"] == client)
    };
    until(PATIENCE, async || {
        row("attic", desk.downloads()).is_some_and(|row| state(&row) == "seeding")
    })
    .await;
    let hash = torrent.hash();
    let magnet = format!("magnet:?xt=urn:btih:{hash}&dn={}", torrent.name);
    desk.fine(&["download", "add", "--client", "box", &magnet]);
    introduce(&leecher, &hash, peers);
    until(PATIENCE, async || {
        row("box", desk.downloads()).is_some_and(|row| row["progress"] == 1.0)
    })
    .await;
    watch.says("download.completed").await;
    follow.says("download.completed").await;

    let done = row("box", desk.downloads()).unwrap();
    assert_eq!(done["items"][0]["title"], "Heat", "{done}");
    assert_eq!(done["match_confidence"], 95);
    let people = desk.fine(&["download", "list"]).out;
    for word in ["100.0 %", "1.9 MiB", "seeding", "Heat"] {
        assert!(people.contains(word), "{word}: {people}");
    }
    let several = desk.run(&["download", "pause", &hash]);
    assert_eq!(several.code, 2, "two clients have it: {several:?}");
    let item = done["items"][0]["id"].as_str().unwrap();
    let of_item = desk.fine(&["event", "list", "--item", item, "--client", "box", "--json"]).json();
    let kinds: Vec<_> = of_item["events"].as_array().unwrap().iter().map(|e| &e["kind"]).collect();
    assert!(kinds.contains(&&Value::from("download.completed")), "{of_item}");
    let completed = ["event", "list", "--kind", "download.completed", "--since", "1h", "--json"];
    let told = desk.fine(&completed).json()["events"].as_array().unwrap().len();
    assert!(told >= 1 && follow.count("download.completed") == told, "each once");
    watch.stop();
    follow.stop();
    desk.fine(&["doctor"]);
}

#[test]
fn clients_are_kept_without_a_file_too() {
    let desk = Desk::new();
    let url = "http://127.0.0.1:1";
    let add =
        ["download", "client", "add", "den", "--kind", "deluge", "--url", url, "--password", "x"];
    desk.fine(&add);
    assert_eq!(desk.run(&add).code, 2, "it is there already");
    desk.fine(&["download", "client", "set", "den", "--rename", "attic", "--username", "anna"]);
    let listed = desk.fine(&["download", "clients", "--json"]).json();
    let client = &listed["clients"][0];
    assert_eq!(
        (&client["name"], &client["settings"]["username"]),
        (&"attic".into(), &"anna".into())
    );
    assert_eq!(client["has_password"], true);
    let down = desk.run(&["download", "client", "test", "attic"]);
    assert!(down.code == 1 && down.err.contains("attic"), "{down:?}");
    desk.fine(&["download", "client", "remove", "attic"]);
    assert!(desk.fine(&["download", "list"]).out.contains("no download client yet"));
    for wrong in [
        &["download", "add", "x.torrent", "--client", "nobody"][..],
        &["download", "add", "not-there.torrent"],
        &["download", "pause", "nobody"],
        &["download", "client", "add", "b", "--kind", "wget", "--url", url],
        &["download", "client", "add", "b", "--kind", "deluge", "--url", "nonsense"],
        &["download", "client", "test", "nobody"],
        &["download", "list", "--client", "nobody"],
        &["event", "list", "--since", "yesterday"],
        &["event", "list", "--item", "x"],
    ] {
        let answer = desk.run(wrong);
        assert_eq!(answer.code, 2, "{wrong:?}: {answer:?}");
    }
    assert!(desk.fine(&["event", "list"]).out.contains("nothing happened"));
}

#[test]
fn a_declared_client_that_is_renamed_or_forgotten_keeps_its_row() {
    let declare = |desk: &Desk, text: &str| desk.write("data/shelfread.toml", text.as_bytes());
    let client = |name: &str, port: u16| {
        format!(
            "[[download_client]]\nname = '{name}'\nkind = 'deluge'\nurl = 'http://127.0.0.1:{port}'\n"
        )
    };
    let desk = Desk::configured(&(client("box", 1) + &client("den", 2)));
    let listed = |desk: &Desk| -> Vec<(Value, Value, Value)> {
        let all = desk.fine(&["download", "clients", "--json"]).json();
        let one = |c: &Value| (c["name"].clone(), c["id"].clone(), c["enabled"].clone());
        all["clients"].as_array().unwrap().iter().map(one).collect()
    };
    let before = listed(&desk);
    declare(&desk, &client("attic", 1));
    let after = listed(&desk);
    assert_eq!((&after[0].0, &after[0].1), (&"attic".into(), &before[0].1), "renamed");
    assert_eq!((&after[1].1, &after[1].2), (&before[1].1, &false.into()), "kept, switched off");
    declare(&desk, &client("attic", 1).replace("deluge", "nzbget"));
    assert_eq!(desk.run(&["download", "clients"]).code, 2, "a client keeps its kind");
}

#[test]
fn lengths_of_time_are_checked() {
    for (text, word) in [
        ("[downloads]\npoll = '5'", "downloads.poll"),
        ("[events]\nkeep = 'a while'", "events.keep"),
        ("[events]\nkep = '1d'", "keep"),
    ] {
        let answer = Desk::configured(text).run(&["event", "list"]);
        assert!(answer.code == 2 && answer.err.contains(word), "{text}: {answer:?}");
    }
    Desk::configured("[events]\nkeep = 'forever'\n[downloads]\npoll = '500ms'")
        .fine(&["event", "list"]);
}
