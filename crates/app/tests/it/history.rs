//! What is told of runs: each thing once, and nothing when nothing happened.

use shelfread_app::{Quiet, SyncRequest};
use shelfread_domain::port::{LibraryKind, Problem, SourceError};
use shelfread_store::Event;

use crate::desk::{Desk, server};

crate::scenarios!(
    a_show_that_goes_is_told_as_one,
    a_run_that_does_nothing_tells_nothing,
    what_is_held_is_told_until_it_is_decided,
    a_source_that_fails_is_told_once_and_so_is_its_return,
    reverts_are_told,
);

const DARK: &str = "show s1 \"Dark\" 2017 tvdb=1\nseason s1 1 r1\n\
                    episode s1 1x01 e1 \"Secrets\"\nepisode s1 1x02 e2 \"Lies\"\n";
const FARGO: &str = "show s2 \"Fargo\" 2014 tvdb=2\nepisode s2 1x01 f1 \"Crocodile\"\n";

fn films(n: usize) -> String {
    (1..=n).map(|i| format!("movie m{i} \"Film {i}\" 2000 tmdb={i}\n")).collect()
}

/// The events since the last call, oldest first.
struct Listener(i64);

impl Listener {
    async fn of(desk: &Desk) -> Self {
        Self(desk.app.store().last_event().await.unwrap())
    }

    async fn heard(&mut self, desk: &Desk) -> Vec<Event> {
        let events = desk.app.store().events_after(self.0, 1_000).await.unwrap();
        self.0 = events.last().map_or(self.0, |e| e.seq);
        events
    }

    async fn kinds(&mut self, desk: &Desk) -> Vec<String> {
        self.heard(desk).await.into_iter().map(|e| e.event.kind).collect()
    }
}

async fn a_show_that_goes_is_told_as_one(desk: Desk) {
    let den = desk.den(LibraryKind::Shows, &format!("{DARK}{FARGO}")).await;
    let dark = desk.id(shelfread_domain::ItemKind::Show, "Dark").await;
    let mut listener = Listener::of(&desk).await;
    den.lists("1", LibraryKind::Shows, FARGO);
    let run = desk.synced("den").await;
    let events = listener.heard(&desk).await;
    let [removed, finished] = &events[..] else { panic!("{events:?}") };
    assert_eq!(removed.event.kind, "item.removed");
    assert_eq!(removed.event.item_id, Some(dark));
    assert_eq!(removed.event.run_id, Some(run.id));
    assert_eq!(removed.event.data["items"], 4);
    assert!(removed.event.data["label"].as_str().unwrap().contains("Dark"));
    assert_eq!(finished.event.kind, "run.finished");
    assert_eq!(finished.event.data["counts"]["removed"], 4);
}

async fn a_run_that_does_nothing_tells_nothing(desk: Desk) {
    desk.den(LibraryKind::Movies, &films(8)).await;
    let mut listener = Listener::of(&desk).await;
    desk.synced("den").await;
    assert!(listener.kinds(&desk).await.is_empty());
    let den = desk.source("attic", shelfread_domain::SourceKind::Plex).await;
    den.identifies(Ok(server("server-2")));
    den.lists("1", LibraryKind::Movies, &films(8));
    let dry =
        SyncRequest { sources: vec!["attic".to_owned()], dry_run: true, ..SyncRequest::default() };
    desk.sync_as(dry).await;
    assert!(listener.kinds(&desk).await.is_empty(), "a dry run tells nothing");
}

async fn what_is_held_is_told_until_it_is_decided(desk: Desk) {
    let den = desk.den(LibraryKind::Movies, &films(20)).await;
    let mut listener = Listener::of(&desk).await;
    den.lists("1", LibraryKind::Movies, &films(10));
    let held = desk.sync("den").await;
    assert_eq!(listener.kinds(&desk).await, ["run.held"]);
    desk.sync("den").await;
    assert!(listener.kinds(&desk).await.is_empty(), "the same removals wait already");
    desk.app.approve(held.id, &Quiet).await.unwrap();
    let told = listener.kinds(&desk).await;
    assert_eq!(told.iter().filter(|k| *k == "item.removed").count(), 10);
    assert_eq!(told.last().map(String::as_str), Some("run.finished"));
    den.lists("1", LibraryKind::Movies, "movie m1 \"Film 1\" 2000 tmdb=1\n");
    let held = desk.sync("den").await;
    desk.app.discard(held.id).await.unwrap();
    assert_eq!(listener.kinds(&desk).await, ["run.held", "run.discarded"]);
}

async fn a_source_that_fails_is_told_once_and_so_is_its_return(desk: Desk) {
    let den = desk.den(LibraryKind::Movies, &films(3)).await;
    let mut listener = Listener::of(&desk).await;
    den.identifies(Err(SourceError::new("asking", Problem::Configuration("gone".to_owned()))));
    desk.sync("den").await;
    desk.sync("den").await;
    let events = listener.heard(&desk).await;
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(events[0].event.kind, "source.failed");
    assert!(events[0].event.data["message"].as_str().unwrap().contains("gone"));
    den.identifies(Ok(server("server-1")));
    desk.synced("den").await;
    desk.synced("den").await;
    assert_eq!(listener.kinds(&desk).await, ["source.recovered"]);
}

async fn reverts_are_told(desk: Desk) {
    let den = desk.den(LibraryKind::Movies, &films(8)).await;
    den.lists("1", LibraryKind::Movies, &films(7));
    let run = desk.synced("den").await;
    let mut listener = Listener::of(&desk).await;
    let report = desk.app.revert(run.id).await.unwrap();
    let events = listener.heard(&desk).await;
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(events[0].event.data["trigger"], "revert");
    desk.app.revert(report.id).await.unwrap();
    assert_eq!(listener.kinds(&desk).await, ["item.removed", "run.finished"]);
}
