//! The removals of a sync again, each held first and then decided: approved, discarded, reverted.

use shelfread_app::{AppError, Quiet, RunReport};
use shelfread_domain::port::LibraryKind::{Mixed, Movies};
use shelfread_domain::port::{Problem, SourceError};
use shelfread_domain::{ItemKind, MaxRemovals, OnMissing, RunStatus, SourceKind};
use shelfread_testkit::faults::Fault;

use crate::desk::{Desk, Script};

crate::scenarios!(
    approved_removals_are_those_that_were_held,
    approved_removals_are_taken_back_whole,
    discarded_removals_are_not_asked_for_again,
    trouble_while_approving_removes_nothing,
    what_moved_is_not_held,
    an_item_of_two_servers_loses_one_listing,
);

const DARK: &str = "show s1 \"Dark\" 2017 tvdb=1\nseason s1 1 r1\n\
                    episode s1 1x01 e1 \"Secrets\" played last=2026-01-01\nseason s1 2 r2\n\
                    episode s1 2x01 e2 \"Beginnings\" position=60\n";
const FARGO: &str = "show s2 \"Fargo\" 2014 tvdb=2\nepisode s2 1x01 f1 \"Crocodile\"\n";
const PATHS: &str = "movie /a \"A\" 2000\nmovie \"/a b\" \"A B\" 2000\nmovie /ab \"AB\" 2000\n";

/// What goes: its name, and the beginnings of the lines of the listing that are not there any more.
const CASES: [(&str, &[&str], u64); 5] = [
    ("a show with everything", &["show s1", "season s1", "episode s1"], 5),
    ("a season", &["season s1 2", "episode s1 2x"], 2),
    ("what was in a season", &["episode s1 2x"], 1),
    ("a path that others begin with", &["movie /a "], 1),
    ("everything", &[""], 10),
];

/// A desk with films and shows, and a removal that waits, whatever it is.
async fn held(desk: &Desk, gone: &[&str]) -> (Script, RunReport) {
    let all = format!("{DARK}{FARGO}{PATHS}");
    let den = desk.den(Mixed, &all).await;
    desk.policy("den", OnMissing::Remove, MaxRemovals::Count(0)).await;
    let secrets = desk.id(ItemKind::Episode, "Secrets").await;
    desk.set_by_hand(secrets, "mine").await;
    let stays = |line: &&str| !gone.iter().any(|begin| line.starts_with(begin));
    let left: Vec<_> = all.lines().filter(stays).collect();
    den.lists("1", Mixed, &left.join("\n"));
    let run = desk.sync("den").await;
    assert_eq!(run.status, RunStatus::Held, "{gone:?}: {:?}", run.errors);
    (den, run)
}

async fn fresh(desk: &Desk) -> Desk {
    match desk.app.store().url().starts_with("sqlite") {
        true => Desk::sqlite().await,
        false => Desk::postgres().await,
    }
}

async fn approved_removals_are_those_that_were_held(first: Desk) {
    for (case, gone, count) in CASES {
        let desk = fresh(&first).await;
        let (_den, run) = held(&desk, gone).await;
        let before = desk.shelf().await.len() as u64;
        assert_eq!(run.counts.held, count, "{case}");
        let done = desk.app.approve(run.id, &Quiet).await.unwrap();
        assert_eq!((done.status, done.counts.removed), (RunStatus::Succeeded, count), "{case}");
        assert_eq!(desk.shelf().await.len() as u64, before - count, "{case}");
        desk.is_sound().await;
        let quiet = desk.synced("den").await.counts;
        assert_eq!((quiet.held, quiet.removed, quiet.added), (0, 0, 0), "{case}");
    }
}

async fn approved_removals_are_taken_back_whole(first: Desk) {
    for (case, gone, count) in CASES {
        let desk = fresh(&first).await;
        let (den, run) = held(&desk, gone).await;
        let (shelf, memory) = (desk.shelf().await, desk.memory().await);
        let done = desk.app.approve(run.id, &Quiet).await.unwrap();
        let back = desk.app.revert(done.id).await.unwrap();
        assert_eq!((back.status, back.counts.added), (RunStatus::Succeeded, count), "{case}");
        assert_eq!((desk.shelf().await, desk.memory().await), (shelf, memory), "{case}");
        desk.is_sound().await;
        let quiet = desk.synced("den").await.counts;
        assert_eq!((quiet.held, quiet.removed), (0, 0), "{case}: not before it is listed again");
        let forth = desk.app.revert(back.id).await.unwrap();
        assert_eq!(forth.counts.removed, count, "{case}: {:?}", forth.errors);
        desk.is_sound().await;
        den.lists("1", Mixed, &format!("{DARK}{FARGO}{PATHS}"));
        assert_eq!(desk.synced("den").await.counts.added, count, "{case}");
    }
}

async fn discarded_removals_are_not_asked_for_again(first: Desk) {
    for (case, gone, count) in CASES {
        let desk = fresh(&first).await;
        let (den, run) = held(&desk, gone).await;
        let (shelf, memory) = (desk.shelf().await, desk.memory().await);
        assert_eq!(desk.app.discard(run.id).await.unwrap(), count, "{case}");
        for _ in 0..2 {
            let quiet = desk.synced("den").await.counts;
            assert_eq!((quiet.held, quiet.removed, quiet.missing), (0, 0, 0), "{case}");
        }
        assert_eq!((desk.shelf().await, desk.memory().await), (shelf, memory), "{case}");
        assert!(matches!(desk.app.approve(run.id, &Quiet).await, Err(AppError::Usage(_))));
        den.lists("1", Mixed, &format!("{DARK}{FARGO}{PATHS}"));
        desk.synced("den").await;
        den.lists("1", Mixed, "");
        assert_eq!(desk.sync("den").await.counts.held, 10, "{case}: it was listed again");
    }
}

async fn trouble_while_approving_removes_nothing(desk: Desk) {
    let (_den, run) = held(&desk, CASES[0].1).await;
    let (shelf, memory) = (desk.shelf().await, desk.memory().await);
    let broken = || SourceError::new("listing", Problem::Status(500));
    for fault in [
        Fault::Identify(SourceError::new("asking", Problem::Unauthorized)),
        Fault::Libraries(broken()),
        Fault::FailAfter(0, broken()),
        Fault::EndAfter(0),
        Fault::Partial("the total does not match".to_owned()),
    ] {
        desk.faulty("den").set([fault.clone()]);
        let refused = desk.app.approve(run.id, &Quiet).await.unwrap();
        assert_eq!(refused.counts.removed + refused.counts.missing, 0, "{fault:?}");
        assert_eq!(refused.status, RunStatus::Failed, "{fault:?}");
        assert!(!refused.errors.is_empty(), "{fault:?}: it says why");
        assert_eq!((desk.shelf().await, desk.memory().await), (shelf.clone(), memory.clone()));
    }
    desk.faulty("den").set([]);
    let done = desk.app.approve(run.id, &Quiet).await.unwrap();
    assert_eq!(done.counts.removed, 5, "it still waited: {:?}", done.errors);
}

async fn what_moved_is_not_held(desk: Desk) {
    let den = desk.den(Mixed, &format!("{DARK}{FARGO}")).await;
    desk.policy("den", OnMissing::Remove, MaxRemovals::Count(0)).await;
    let memory = desk.memory().await;
    den.lists("1", Mixed, FARGO);
    den.lists("2", Mixed, DARK);
    let moved = desk.sync("den").await;
    let c = moved.counts;
    assert_eq!((c.added, c.removed), (0, 0), "{:?}", moved.errors);
    if moved.status == RunStatus::Held {
        // The old library loses them all the same, and a person who wants to be asked is asked.
        let done = desk.app.approve(moved.id, &Quiet).await.unwrap();
        assert_eq!(done.counts.removed, 0, "no item goes");
    }
    assert_eq!(desk.memory().await, memory);
    desk.is_sound().await;
}

async fn an_item_of_two_servers_loses_one_listing(desk: Desk) {
    let den = desk.den(Movies, "movie a \"Heat\" 1995 tmdb=949\nmovie b \"Alien\" 1979").await;
    let attic = desk.source("attic", SourceKind::Emby).await;
    attic.lists("1", Movies, "movie z \"Heat\" 1995 tmdb=949");
    desk.synced("attic").await;
    desk.policy("den", OnMissing::Remove, MaxRemovals::Count(0)).await;
    let (shelf, memory) = (desk.shelf().await, desk.memory().await);
    den.lists("1", Movies, "movie b \"Alien\" 1979");
    let run = desk.sync("den").await;
    assert_eq!(run.status, RunStatus::Held);
    let done = desk.app.approve(run.id, &Quiet).await.unwrap();
    assert_eq!((done.status, done.counts.removed), (RunStatus::Succeeded, 0));
    assert_eq!(desk.memory().await, memory, "the item stays with all it has");
    assert_eq!(desk.shelf().await[1], "movie Heat (1995) [attic/z]");
    let back = desk.app.revert(done.id).await.unwrap();
    assert_eq!(back.status, RunStatus::Succeeded, "{:?}", back.errors);
    assert_eq!(desk.shelf().await, shelf);
    desk.is_sound().await;
}
