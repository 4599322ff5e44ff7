//! Overview: what needs a person, how everything does, and what changed lately.

use chrono::TimeDelta;
use shelfread_app::overview::{Health, Waiting};
use shelfread_domain::port::{LibraryKind, Problem, SourceError};
use shelfread_store::SourceRow;

use crate::desk::Desk;

crate::scenarios!(
    a_shelf_in_order_needs_nobody,
    a_source_that_fails_says_why,
    what_is_held_waits_until_it_is_decided,
    a_trend_has_every_day,
);

fn films(n: usize) -> String {
    (1..=n).map(|i| format!("movie m{i} \"Film {i}\" 2000 tmdb={i}\n")).collect()
}

async fn a_shelf_in_order_needs_nobody(desk: Desk) {
    desk.den(LibraryKind::Movies, &films(2)).await;
    assert_eq!(desk.app.count_waiting().await.unwrap(), Waiting::default());
    let states = desk.app.source_states().await.unwrap();
    let [den] = &states[..] else { panic!("{states:?}") };
    assert_eq!((den.health, den.listings(), den.reason()), (Health::Fine, 2, None));
    assert_eq!(den.last_run.as_ref().unwrap().counts.added, 2);
}

async fn a_source_that_fails_says_why(desk: Desk) {
    let den = desk.den(LibraryKind::Movies, &films(1)).await;
    den.identifies(Err(SourceError::new("asking who is there", Problem::Unauthorized)));
    desk.sync("den").await;
    let health = async || {
        let state = desk.app.source_states().await.unwrap().remove(0);
        (state.health, state.reason().map(str::to_owned))
    };
    let (failing, reason) = health().await;
    assert_eq!(failing, Health::Failing);
    assert!(reason.is_some_and(|r| r.contains("asking who is there")));
    desk.change_source("den", |row: &mut SourceRow| row.enabled = false).await;
    assert_eq!(health().await.0, Health::Off, "nobody asks it");
}

async fn what_is_held_waits_until_it_is_decided(desk: Desk) {
    let den = desk.den(LibraryKind::Movies, &films(20)).await;
    den.lists("1", LibraryKind::Movies, &films(14));
    let run = desk.sync("den").await.id;
    assert_eq!(desk.app.count_waiting().await.unwrap(), Waiting { holds: 1, reviews: 0 });
    let held = desk.app.held(9).await.unwrap();
    assert_eq!((held[0].source.as_str(), held[0].hold.items), ("den", 6));
    let row = desk.app.store().run(run).await.unwrap().unwrap();
    assert!(desk.app.is_waiting(&row).await.unwrap());
    assert_eq!(desk.app.store().held_items(run, 9).await.unwrap().len(), 6);
    desk.app.discard(run).await.unwrap();
    assert_eq!(desk.app.count_waiting().await.unwrap().total(), 0);
    assert!(!desk.app.is_waiting(&row).await.unwrap());
}

async fn a_trend_has_every_day(desk: Desk) {
    let den = desk.den(LibraryKind::Movies, &films(3)).await;
    desk.clock.advance(TimeDelta::days(2));
    den.lists("1", LibraryKind::Movies, &films(2));
    desk.synced("den").await;
    let days = desk.app.trend(4).await.unwrap();
    let told: Vec<_> = days.iter().map(|day| (day.added, day.removed)).collect();
    assert_eq!(told, [(0, 0), (3, 0), (0, 0), (0, 1)]);
    assert_eq!(desk.app.trend(1).await.unwrap().len(), 1);
}
