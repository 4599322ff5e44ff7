//! What an item shows must follow from its listings and from what a person said.

use shelfread_app::Clock;
use shelfread_domain::port::LibraryKind;
use shelfread_domain::{Change, Field, ItemKind, Op, Plan, Row};

use crate::desk::{Desk, server};

crate::scenarios!(
    fields_that_do_not_follow_are_found_and_mended,
    what_was_set_before_there_was_a_sync_is_no_damage,
);

/// Changes the row of an item behind everybody's back.
async fn falsify(desk: &Desk, title: &str, change: impl Fn(&mut shelfread_domain::ItemRecord)) {
    let before = desk.item(ItemKind::Movie, title).await.item;
    let mut after = before.clone();
    change(&mut after);
    let change = Change {
        op: Op::Update,
        kind: ItemKind::Movie,
        label: String::new(),
        before: Some(Row::Item(Box::new(before.clone()))),
        after: Some(Row::Item(Box::new(after))),
        reason: "damage".into(),
        basis: None,
    };
    let plan = Plan { changes: vec![change], ..Plan::default() };
    let run = desk.app.store().runs(shelfread_store::Page { offset: 0, limit: 1 }).await.unwrap();
    let mut batch = desk.app.store().begin(None).await.unwrap();
    batch.apply(run[0].run.id, &plan, desk.clock.now()).await.unwrap();
    batch.commit().await.unwrap();
}

async fn fields_that_do_not_follow_are_found_and_mended(desk: Desk) {
    let films = "movie a \"Heat\" 1995 tmdb=949 overview=cops\nmovie b \"Ran\" 1985 tmdb=11645";
    desk.den(LibraryKind::Movies, films).await;
    let heat = desk.id(ItemKind::Movie, "Heat").await;
    desk.set_by_hand(heat, "mine").await;
    let memory = desk.memory().await;
    falsify(&desk, "Heat", |item| {
        item.fields.set(Field::Title, Some("Heated")).unwrap();
        item.fields.set(Field::Overview, Some("cops")).unwrap();
    })
    .await;
    falsify(&desk, "Ran", |item| item.title_key = Some("nonsense".to_owned())).await;
    let found = desk.app.doctor(false).await.unwrap().findings;
    let mut told: Vec<_> = found.iter().map(|f| (f.kind, f.message.as_str())).collect();
    told.sort_unstable();
    let what = |fields: &str| format!("does not follow from its listings: {fields}");
    let (fields, key) = (what("title, overview"), what("title_key"));
    assert_eq!(told, [("fields", fields.as_str()), ("fields", key.as_str())]);
    let report = desk.app.repair(false).await.unwrap();
    assert_eq!((report.mended.len(), report.findings.len()), (2, 0), "{report:?}");
    assert_eq!(desk.memory().await, memory, "what a person said still counts");
    let runs = desk.app.store().runs(shelfread_store::Page { offset: 0, limit: 1 }).await.unwrap();
    assert_eq!(runs[0].counts.updated, 2, "it is a run that can be seen");
    assert!(desk.app.repair(false).await.unwrap().mended.is_empty());
    let again = desk.synced("den").await;
    assert_eq!(again.counts.unchanged, 2);
}

async fn what_was_set_before_there_was_a_sync_is_no_damage(desk: Desk) {
    let den = desk.den(LibraryKind::Movies, "movie a \"Heat\" 1995 tmdb=949").await;
    den.identifies(Ok(server("server-1")));
    falsify(&desk, "Heat", |item| {
        item.fields.set(Field::PosterUrl, Some("/poster.jpg")).unwrap();
    })
    .await;
    assert!(desk.app.repair(false).await.unwrap().mended.is_empty());
    let heat = desk.item(ItemKind::Movie, "Heat").await;
    assert_eq!(heat.item.fields.poster_url.as_deref(), Some("/poster.jpg"));
}
