//! Webhooks in: whatever they say, the catalogue ends as if nobody had said anything.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use secrecy::ExposeSecret;
use shelfread_app::App;
use shelfread_app::downloads::{Pace, Silent};
use shelfread_domain::download::{ClientKind, TransferState};
use shelfread_domain::port::{LibraryKind, Problem, Scope, SourceError};
use shelfread_domain::{RunMode, RunStatus, Trigger};
use shelfread_testkit::faults::Fault;
use shelfread_testkit::until;
use tokio_util::sync::CancellationToken;

use crate::desk::{Desk, Script};
use crate::downloads::{Boxes, HEAT};
use crate::schedule::{Running, newest, runs, table};

crate::scenarios!(
    only_who_has_the_secret_is_let_in,
    several_hints_are_one_look_at_what_they_name,
    what_may_be_gone_is_proven_by_a_full_sync,
    a_hint_never_removes,
    what_could_not_be_looked_at_is_looked_at_later,
    nonsense_is_refused_and_does_nothing,
    the_end_is_the_same_as_with_polling,
    a_download_client_is_looked_at_at_once,
);

const PATIENCE: Duration = Duration::from_secs(20);
const ONE: &str = r#"movie m1 "Heat" 1995 tmdb=949"#;
const TWO: &str = "movie m1 \"Heat\" 1995 tmdb=949\nmovie m2 \"Ronin\" 1998 tmdb=8195";

/// A source that nothing is due of, and its webhook.
struct House {
    desk: Desk,
    app: App,
    den: Script,
    schedule: Running,
}

impl House {
    async fn build(desk: Desk, shelf: &str) -> Self {
        let den = desk.den(LibraryKind::Movies, shelf).await;
        let app = desk.app.clone().with_schedule(table("7d", "off"));
        let schedule = Running::start(&[&app]);
        schedule.settle(&desk).await;
        Self { desk, app, den, schedule }
    }

    async fn call(&self, message: &str) -> usize {
        let secret = self.app.hook_secret("den").await.unwrap();
        let door = self.app.open_hook("den", secret.expose_secret()).await.unwrap().unwrap();
        self.app.take_hook(&door, message.as_bytes()).unwrap()
    }

    async fn pass(&self, seconds: i64) {
        for _ in 0..seconds {
            self.schedule.pass(&self.desk, TimeDelta::seconds(1)).await;
        }
    }

    async fn runs(&self) -> usize {
        runs(&self.desk).await.len()
    }
}

async fn only_who_has_the_secret_is_let_in(desk: Desk) {
    desk.den(LibraryKind::Movies, ONE).await;
    let app = &desk.app;
    assert!(app.open_hook("den", "").await.unwrap().is_none(), "there is no secret yet");
    let secret = app.hook_secret("den").await.unwrap().expose_secret().to_owned();
    assert_eq!(app.hook_secret("den").await.unwrap().expose_secret(), secret, "it stays");
    assert!(secret.len() >= 40, "nobody guesses it");
    assert!(app.open_hook("den", &secret).await.unwrap().is_some());
    for wrong in ["", " ", &secret[1..], &secret.to_uppercase(), &format!("{secret} ")] {
        assert!(app.open_hook("den", wrong).await.unwrap().is_none(), "{wrong}");
    }
    assert!(app.open_hook("nobody", &secret).await.unwrap().is_none());
    assert!(app.hook_secret("nobody").await.is_err());
    let other = app.set_hook_secret("den", None).await.unwrap().expose_secret().to_owned();
    assert!(app.open_hook("den", &secret).await.unwrap().is_none(), "it was changed");
    assert!(app.open_hook("den", &other).await.unwrap().is_some());
    app.set_hook_secret("den", Some("chosen".into())).await.unwrap();
    assert!(app.open_hook("den", "chosen").await.unwrap().is_some());
    assert!(app.set_hook_secret("den", Some(" ".into())).await.is_err());
    desk.synced("den").await;
    assert!(app.open_hook("den", "chosen").await.unwrap().is_some(), "a sync leaves it alone");
}

async fn several_hints_are_one_look_at_what_they_name(desk: Desk) {
    let house = House::build(desk, ONE).await;
    house.den.lists("1", LibraryKind::Movies, TWO);
    for message in ["object m2", "object m2", "object m1\nobject m2"] {
        house.call(message).await;
    }
    assert_eq!(house.runs().await, 1, "it waits whether more comes");
    house.pass(8).await;
    assert_eq!(house.runs().await, 2);
    let expected = (RunMode::Targeted, Trigger::Hook, RunStatus::Succeeded);
    assert_eq!(newest(&house.desk).await, expected);
    let asked = house.den.asked().pop().unwrap();
    assert_eq!(asked, ("1".to_owned(), Scope::Only(vec!["m1".into(), "m2".into()])));
    assert_eq!(house.desk.shelf().await.len(), 2);
    house.schedule.stop().await;
    house.desk.synced("den").await;
}

async fn what_may_be_gone_is_proven_by_a_full_sync(desk: Desk) {
    let house = House::build(desk, TWO).await;
    house.den.lists("1", LibraryKind::Movies, ONE);
    house.call("gone").await;
    house.call("gone").await;
    house.pass(20).await;
    assert_eq!(house.runs().await, 2);
    let expected = (RunMode::Full, Trigger::Hook, RunStatus::Succeeded);
    assert_eq!(newest(&house.desk).await, expected);
    assert_eq!(house.desk.shelf().await.len(), 1);
    house.call("gone").await;
    house.pass(20).await;
    assert_eq!(house.desk.shelf().await.len(), 1, "nothing more is gone");
    house.schedule.stop().await;
    house.desk.is_sound().await;
}

async fn a_hint_never_removes(desk: Desk) {
    let house = House::build(desk, TWO).await;
    house.den.lists("1", LibraryKind::Movies, ONE);
    house.call("object m2").await;
    house.pass(8).await;
    assert_eq!(newest(&house.desk).await.0, RunMode::Targeted);
    house.call("changed").await;
    house.pass(8).await;
    assert_eq!(newest(&house.desk).await.0, RunMode::Quick);
    assert_eq!(house.desk.shelf().await.len(), 2, "it is not there, and that proves nothing");
    house.schedule.stop().await;
}

async fn what_could_not_be_looked_at_is_looked_at_later(desk: Desk) {
    let house = House::build(desk, ONE).await;
    let down = SourceError::new("asking den", Problem::Unreachable("refused".to_owned()));
    house.desk.faulty("den").set([Fault::Identify(down)]);
    house.den.lists("1", LibraryKind::Movies, TWO);
    house.call("object m2").await;
    house.pass(8).await;
    assert_eq!(newest(&house.desk).await.2, RunStatus::Failed);
    house.desk.faulty("den").set([]);
    house.pass(30).await;
    assert_eq!(house.runs().await, 2, "it is left alone for a minute");
    house.pass(60).await;
    let expected = (RunMode::Targeted, Trigger::Hook, RunStatus::Succeeded);
    assert_eq!(newest(&house.desk).await, expected);
    assert_eq!(house.desk.shelf().await.len(), 2);
    house.schedule.stop().await;
}

async fn nonsense_is_refused_and_does_nothing(desk: Desk) {
    let house = House::build(desk, ONE).await;
    house.app.set_hook_secret("den", Some("key".into())).await.unwrap();
    let door = house.app.open_hook("den", "key").await.unwrap().unwrap();
    for message in [&b"\xFF\xFE"[..], b"buy cheap films", b"object"] {
        assert!(house.app.take_hook(&door, message).is_err());
    }
    // An object that nobody has.
    assert_eq!(house.app.take_hook(&door, b"object \0no-such-id").unwrap(), 1);
    house.pass(8).await;
    assert_eq!(house.desk.shelf().await.len(), 1);
    // Of a source that is paused nothing is looked at.
    house.desk.change_source("den", |row| row.enabled = false).await;
    let before = house.runs().await;
    let door = house.app.open_hook("den", "key").await.unwrap().unwrap();
    house.app.take_hook(&door, b"changed").unwrap();
    house.pass(8).await;
    assert_eq!(house.runs().await, before);
    house.schedule.stop().await;
    house.desk.is_sound().await;
}

/// The world changes in these steps, each told by this message.
const STEPS: [(&str, &str); 5] = [
    ("movie m1 \"Heat\" 1995 tmdb=949\nmovie m2 \"Ronin\" 1998 tmdb=8195", "object m2"),
    ("movie m1 \"Heat\" 1995 tmdb=949\nmovie m3 \"Ran\" 1985 tmdb=11645", "gone\nobject m3"),
    ("movie m9 \"Heat\" 1995 tmdb=949\nmovie m3 \"Ran\" 1985 tmdb=11645", "object m9"),
    ("movie m9 \"Heat (cut)\" 1995 tmdb=949\nmovie m3 \"Ran\" 1985 tmdb=11645", "changed"),
    ("movie m3 \"Ran\" 1985 tmdb=11645\nmovie m4 \"Alien\" 1979 tmdb=348", "object m4"),
];

/// Messages come twice, in another order, about nothing, or not at all.
async fn the_end_is_the_same_as_with_polling(desk: Desk) {
    let polled = match desk.written() {
        Some(_) => Desk::sqlite().await,
        None => Desk::postgres().await,
    };
    let house = House::build(desk, ONE).await;
    let den = polled.den(LibraryKind::Movies, ONE).await;
    let mut late: Vec<&str> = Vec::new();
    for (n, (shelf, message)) in STEPS.into_iter().enumerate() {
        house.den.lists("1", LibraryKind::Movies, shelf);
        den.lists("1", LibraryKind::Movies, shelf);
        polled.sync("den").await;
        match n % 3 {
            0 => {
                house.call(message).await;
                house.call(message).await;
                house.call("object no-such-id").await;
            }
            1 => late.push(message),
            _ => {}
        }
        house.pass(if n % 2 == 0 { 20 } else { 1 }).await;
        for message in late.drain(..).filter(|_| n % 2 == 0) {
            house.call(message).await;
        }
    }
    house.call("gone").await;
    house.pass(20).await;
    polled.sync("den").await;
    assert_eq!(house.desk.shelf().await, polled.shelf().await);
    house.schedule.stop().await;
    let again = house.desk.synced("den").await;
    assert_eq!(again.counts.unchanged, again.counts.seen);
}

async fn a_download_client_is_looked_at_at_once(desk: Desk) {
    let boxes = Boxes::new(desk);
    let script = boxes.client("box", ClientKind::Qbittorrent).await;
    let app = boxes.app.clone();
    let secret = app.hook_secret("box").await.unwrap();
    let (stop, monitor) = (CancellationToken::new(), app.clone());
    let token = stop.clone();
    let task = tokio::spawn(async move {
        monitor.watch_downloads(Pace::default(), None, Arc::new(Silent), token).await;
    });
    until(PATIENCE, async || boxes.clock.sleepers() == 2).await;
    script.has(HEAT, "Heat", TransferState::Downloading);
    assert!(app.open_hook("box", "wrong").await.unwrap().is_none());
    let door = app.open_hook("box", secret.expose_secret()).await.unwrap().unwrap();
    assert_eq!(app.take_hook(&door, b"whatever it says").unwrap(), 1);
    until(PATIENCE, async || boxes.rows().await.len() == 1).await;
    stop.cancel();
    task.await.unwrap();
}
