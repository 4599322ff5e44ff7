//! Play states of a person on several servers: what one heard the others are told, once.

use chrono::TimeDelta;
use shelfread_domain::port::{LibraryKind, Problem, ServerIdentity, SourceError, Viewer};
use shelfread_domain::{ItemKind, PlayState, RemoteId, SourceKind};
use shelfread_store::EventFilter;

use crate::desk::{Desk, Script, server};

crate::scenarios!(
    what_one_server_heard_the_others_are_told,
    nothing_goes_in_circles,
    who_is_not_joined_is_told_nothing,
    a_server_that_fails_is_told_later,
    an_item_that_is_refused_keeps_nothing_else,
    another_user_or_server_is_told_nothing,
    a_rebuilt_server_gets_its_states_back,
    viewers_are_joined_and_parted,
);

fn identity(server_id: &str, user: &str) -> ServerIdentity {
    let viewer = Viewer { remote_user: format!("{user}-id"), name: user.to_owned() };
    ServerIdentity { viewer: Some(viewer), ..server(server_id) }
}

/// Two servers with the same films, whose viewers are one person; told after every sync.
async fn two(desk: Desk) -> (Desk, Script, Script) {
    let den = desk.source("den", SourceKind::Jellyfin).await;
    den.identifies(Ok(identity("den-1", "anna")));
    let attic = desk.source("attic", SourceKind::Plex).await;
    attic.identifies(Ok(identity("attic-1", "ann")));
    den.takes_play_states(|state| state);
    // A Plex says when it was told, not when it happened.
    attic.takes_play_states(|state| PlayState {
        last_played_at: Some("2026-03-03T03:03:03Z".parse().unwrap()),
        play_count: state.play_count + 5,
        ..state
    });
    (desk.told(true), den, attic)
}

fn films(script: &Script, ids: [&str; 2], plays: [&str; 2]) {
    let [(a, x), (b, y)] = [(ids[0], plays[0]), (ids[1], plays[1])];
    let text = format!(
        "movie {a} \"Heat\" 1995 tmdb=949 file=a.mkv:1 {x}\nmovie {b} \"Ronin\" 1998 tmdb=8195 file=b.mkv:2 {y}"
    );
    script.lists("1", LibraryKind::Movies, &text);
}

async fn joined(desk: &Desk) {
    let names = ["anna@den".to_owned(), "ann@attic".to_owned()];
    desk.app.join_viewers(&names).await.unwrap();
}

async fn events(desk: &Desk, kind: &str) -> usize {
    let all = desk.app.store().events(&EventFilter::default(), 10_000).await.unwrap();
    all.iter().filter(|e| e.event.kind == kind).count()
}

fn brief(told: &[(RemoteId, PlayState)]) -> Vec<(String, bool, i64)> {
    told.iter().map(|(id, s)| (id.0.clone(), s.played, s.position_seconds)).collect()
}

async fn what_one_server_heard_the_others_are_told(desk: Desk) {
    let (desk, den, attic) = two(desk).await;
    films(&den, ["m1", "m2"], ["played plays=1 last=2026-01-01", ""]);
    films(&attic, ["7", "8"], ["", "position=600 last=2026-01-02"]);
    desk.synced("den").await;
    desk.synced("attic").await;
    assert_eq!((den.told().len(), attic.told().len()), (0, 0), "nobody joined them yet");
    joined(&desk).await;
    desk.synced("den").await;
    assert_eq!(brief(&attic.told()), [("7".to_owned(), true, 0)]);
    assert_eq!(brief(&den.told()), [("m2".to_owned(), false, 600)]);
    assert_eq!(events(&desk, "play_state.written").await, 2, "every writing is recorded");
    for title in ["Heat", "Ronin"] {
        let states: Vec<_> = desk.item(ItemKind::Movie, title).await.progress;
        assert_eq!(states.len(), 2, "both are known at once");
        assert_eq!(states[0].state.played, states[1].state.played);
        assert_eq!(states[0].state.position_seconds, states[1].state.position_seconds);
    }
    // P10: what was written was read back, so nobody finds anything new.
    let before = desk.memory().await;
    let history = desk.app.store().events(&EventFilter::default(), 10_000).await.unwrap().len();
    for name in ["attic", "den", "attic"] {
        let report = desk.synced(name).await;
        assert_eq!(report.counts.unchanged, report.counts.seen, "{name}");
    }
    assert_eq!(desk.memory().await, before);
    let now = desk.app.store().events(&EventFilter::default(), 10_000).await.unwrap().len();
    assert_eq!(now, history);
    assert_eq!((den.told().len(), attic.told().len()), (1, 1));
}

async fn nothing_goes_in_circles(desk: Desk) {
    let (desk, den, attic) = two(desk).await;
    // This one makes nothing of positions.
    attic.takes_play_states(|state| PlayState { position_seconds: 0, ..state });
    films(&den, ["m1", "m2"], ["position=600 last=2026-01-01", ""]);
    films(&attic, ["7", "8"], ["", ""]);
    desk.synced("den").await;
    desk.synced("attic").await;
    joined(&desk).await;
    for _ in 0..4 {
        desk.synced("den").await;
        desk.synced("attic").await;
    }
    assert_eq!((den.told().len(), attic.told().len()), (0, 1));
    films(&attic, ["7", "8"], ["played plays=2 last=2026-02-01", ""]);
    for _ in 0..3 {
        desk.synced("attic").await;
        desk.synced("den").await;
    }
    assert_eq!(brief(&den.told()), [("m1".to_owned(), true, 0)], "what happened there is news");
    assert_eq!(attic.told().len(), 1);
}

async fn who_is_not_joined_is_told_nothing(desk: Desk) {
    let (desk, den, attic) = two(desk).await;
    films(&den, ["m1", "m2"], ["played plays=1 last=2026-01-01", ""]);
    films(&attic, ["7", "8"], ["", ""]);
    desk.synced("den").await;
    desk.synced("attic").await;
    joined(&desk).await;
    let silent = desk.told(false);
    silent.synced("den").await;
    assert_eq!(attic.told().len(), 0, "nobody wants it");
    silent.app.part_viewers(&["ann@attic".to_owned()]).await.unwrap();
    let desk = silent.told(true);
    desk.synced("den").await;
    assert_eq!(attic.told().len(), 0);
}

async fn a_server_that_fails_is_told_later(desk: Desk) {
    let (desk, den, attic) = two(desk).await;
    films(&den, ["m1", "m2"], ["played plays=1 last=2026-01-01", "played plays=1 last=2026-01-02"]);
    films(&attic, ["7", "8"], ["", ""]);
    desk.synced("den").await;
    desk.synced("attic").await;
    joined(&desk).await;
    let error = SourceError::new("telling", Problem::Status(503));
    attic.refuses(Some(error));
    desk.synced("den").await;
    assert_eq!(events(&desk, "play_state.failed").await, 1, "once for the server, not for each");
    desk.synced("den").await;
    desk.synced("den").await;
    assert_eq!(events(&desk, "play_state.failed").await, 2, "left alone for longer each time");
    attic.refuses(None);
    desk.clock.advance(TimeDelta::minutes(10));
    desk.synced("den").await;
    assert_eq!(attic.told().len(), 2);
    let viewers = desk.app.store().viewers().await.unwrap();
    assert!(viewers.iter().all(|v| v.failures == 0 && v.retry_at.is_none()), "{viewers:?}");
}

async fn an_item_that_is_refused_keeps_nothing_else(desk: Desk) {
    let (desk, den, attic) = two(desk).await;
    films(&den, ["m1", "m2"], ["played plays=1 last=2026-01-01", "played plays=1 last=2026-01-02"]);
    films(&attic, ["7", "8"], ["", ""]);
    desk.synced("den").await;
    desk.synced("attic").await;
    joined(&desk).await;
    // It went after the last sync.
    attic.lists("1", LibraryKind::Movies, "movie 8 \"Ronin\" 1998 tmdb=8195 file=b.mkv:2");
    desk.synced("den").await;
    assert_eq!(brief(&attic.told()), [("8".to_owned(), true, 0)]);
    assert_eq!(events(&desk, "play_state.refused").await, 1);
    desk.synced("den").await;
    desk.synced("den").await;
    assert_eq!(events(&desk, "play_state.refused").await, 2, "tried again after a pause");
}

async fn another_user_or_server_is_told_nothing(desk: Desk) {
    let (desk, den, attic) = two(desk).await;
    films(&den, ["m1", "m2"], ["played plays=1 last=2026-01-01", ""]);
    films(&attic, ["7", "8"], ["", ""]);
    desk.synced("den").await;
    desk.synced("attic").await;
    joined(&desk).await;
    for other in [identity("attic-1", "ben"), identity("attic-2", "ann")] {
        attic.identifies(Ok(other));
        desk.synced("den").await;
        assert_eq!(attic.told().len(), 0);
    }
    attic.identifies(Ok(identity("attic-1", "ann")));
    desk.synced("den").await;
    assert_eq!(attic.told().len(), 1);
}

async fn a_rebuilt_server_gets_its_states_back(desk: Desk) {
    let (desk, den, _attic) = two(desk).await;
    films(&den, ["m1", "m2"], ["played plays=3 last=2026-01-01", "position=600 last=2026-01-02"]);
    desk.synced("den").await;
    assert_eq!(desk.app.restore_play_states("den", false).await.unwrap(), []);
    // Every id is new and every state forgotten.
    den.identifies(Ok(identity("den-1", "anna")));
    films(&den, ["x1", "x2"], ["", ""]);
    desk.synced("den").await;
    let planned = desk.app.restore_play_states("den", false).await.unwrap();
    assert_eq!(planned.len(), 2, "{planned:?}");
    assert!(planned.iter().all(|r| !r.written));
    assert_eq!(den.told().len(), 0, "a dry run writes nothing");
    let done = desk.app.restore_play_states("den", true).await.unwrap();
    assert!(done.iter().all(|r| r.written), "{done:?}");
    let mut told = brief(&den.told());
    told.sort();
    assert_eq!(told, [("x1".to_owned(), true, 0), ("x2".to_owned(), false, 600)]);
    assert_eq!(desk.app.restore_play_states("den", true).await.unwrap(), []);
    let report = desk.synced("den").await;
    assert_eq!(report.counts.unchanged, report.counts.seen, "it was read back");
    assert!(desk.app.restore_play_states("nobody", false).await.is_err());
}

async fn viewers_are_joined_and_parted(desk: Desk) {
    let (desk, den, attic) = two(desk).await;
    films(&den, ["m1", "m2"], ["", ""]);
    films(&attic, ["7", "8"], ["", ""]);
    desk.synced("den").await;
    desk.synced("attic").await;
    den.identifies(Ok(identity("den-1", "ben")));
    desk.synced("den").await;
    let join = async |names: &[&str]| {
        let names: Vec<_> = names.iter().map(|n| (*n).to_owned()).collect();
        desk.app.join_viewers(&names).await
    };
    for wrong in [
        &["anna@den"][..],
        &["anna@den", "anna@den"],
        &["anna@den", "nobody@attic"],
        &["anna@den", "anna"],
        &["anna@den", "ben@den"],
    ] {
        let error = join(wrong).await.unwrap_err();
        assert_eq!(error.exit_code(), 2, "{wrong:?}: {error}");
    }
    join(&["anna@den", "ann@attic"]).await.unwrap();
    let error = join(&["ann@attic", "ben@den"]).await.unwrap_err();
    assert!(error.to_string().contains("one person has one of each server"), "{error}");
    let events_before = events(&desk, "viewer.joined").await;
    let again = join(&["ann@attic", "anna@den"]).await.unwrap();
    assert_eq!(again[0].person_id, again[1].person_id);
    assert_eq!(events(&desk, "viewer.joined").await, events_before, "it was so already");
    desk.is_sound().await;
}
