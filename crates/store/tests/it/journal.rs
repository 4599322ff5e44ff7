//! The journal: what is written of a run, and that it leads back.

use serde_json::json;
use shelfread_domain::id::HoldId;
use shelfread_domain::{Facts, Field, ListingRecord, Op, Row};
use shelfread_store::{ChangeState, HoldRow, HoldState, RunChange, patched};

use crate::db::{Catalogue, Db, add, both, change, now, plan, remove, update};
use crate::records::{MadeBy, corrected, external, listing, movie, progress, settings};

both!(
    what_is_new_is_told_by_its_run,
    updates_tell_what_differs_and_lead_both_ways,
    removals_tell_the_whole_row,
    what_hangs_on_an_old_item_is_told,
    lines_are_numbered_over_batches,
    held_changes_are_kept
);

async fn journal(c: &Catalogue, run: shelfread_domain::RunId) -> Vec<RunChange> {
    c.run_changes(run, 0, 100).await.unwrap()
}

async fn what_is_new_is_told_by_its_run(db: Db) {
    let c = db.with_catalogue().await;
    let film = movie("Heat");
    let entry = listing(c.library, "a", &film);
    let rows = vec![
        add(film.clone()),
        add(entry),
        add(external(&film, "tmdb", "949")),
        add(progress(&film, c.viewer, 1)),
    ];
    c.apply(rows).await.unwrap();
    assert_eq!(journal(&c, c.run).await, []);
    assert_eq!(c.created_by(c.run).await.unwrap(), (1, 1));
}

async fn updates_tell_what_differs_and_lead_both_ways(db: Db) {
    let c = db.with_catalogue().await;
    let film = movie("Heat");
    let entry = listing(c.library, "a", &film);
    c.apply(vec![add(film.clone()), add(entry.clone())]).await.unwrap();
    let (film, entry) = (film.made_by(c.run), entry.made_by(c.run));
    let mut retitled = film.clone();
    retitled.fields.title = Some("Hitze".to_owned());
    retitled.fields.year = None;
    let facts = Facts { year: Some(1996), title: None, ..Facts::clone(&entry.facts) };
    let facts = facts.into();
    let changed = ListingRecord { remote_id: "b".into(), facts, ..entry.clone() };
    let run = c.new_run(c.source).await;
    let steps =
        vec![update(film.clone(), retitled.clone()), update(entry.clone(), changed.clone())];
    c.apply_as(run, steps).await.unwrap();

    let lines = journal(&c, run).await;
    let told: Vec<_> = lines
        .iter()
        .map(|l| format!("{} {} {:?} {:?}", l.seq, l.entity, l.before, l.after))
        .collect();
    assert_eq!(told.len(), 2, "{told:#?}");
    assert_eq!(lines[0].before, Some(json!({"title": "Heat", "year": 1995})));
    assert_eq!(lines[0].after, Some(json!({"title": "Hitze", "year": null})));
    let before = json!({"remote_id": "a", "facts": {"title": "Heat", "year": null}});
    let after = json!({"remote_id": "b", "facts": {"title": null, "year": 1996}});
    assert_eq!((&lines[1].before, &lines[1].after), (&Some(before), &Some(after)));
    assert_eq!(lines[1].entity_id, Some(entry.id.0));
    assert_eq!(lines[1].item_id, Some(film.id));

    for (line, before, after) in [
        (&lines[0], Row::from(film), Row::from(retitled)),
        (&lines[1], Row::from(entry), Row::from(changed)),
    ] {
        assert_eq!(patched(&after, line.before.as_ref().unwrap()).unwrap(), before);
        assert_eq!(patched(&before, line.after.as_ref().unwrap()).unwrap(), after);
        assert_eq!(line.whole_before().unwrap(), None, "only a part of it");
    }
}

async fn removals_tell_the_whole_row(db: Db) {
    let c = db.with_catalogue().await;
    let film = movie("Heat");
    let entry = listing(c.library, "a", &film);
    let id = external(&film, "tmdb", "949");
    let seen = progress(&film, c.viewer, 1);
    let (loud, title) = (settings(&film), corrected(&film, Field::Title, None));
    let rows = vec![
        add(film.clone()),
        add(entry.clone()),
        add(id.clone()),
        add(seen.clone()),
        add(loud.clone()),
        add(title.clone()),
    ];
    let mut batch = c.begin(None).await.unwrap();
    batch.apply_revert(c.run, &plan(rows), now()).await.unwrap();
    batch.commit().await.unwrap();
    let run = c.new_run(c.source).await;
    let rows: Vec<Row> = vec![
        loud.into(),
        title.into(),
        seen.into(),
        id.into(),
        entry.made_by(c.run).into(),
        film.made_by(c.run).into(),
    ];
    c.apply_as(run, rows.iter().cloned().map(remove).collect()).await.unwrap();
    let lines = journal(&c, run).await;
    let told = lines.iter().map(|line| line.whole_before().unwrap().unwrap());
    assert_eq!(told.collect::<Vec<_>>(), rows);
    assert!(lines.iter().all(|l| l.op == Op::Remove && l.after.is_none()));
    assert!(lines.iter().all(|l| l.state == ChangeState::Applied && l.reason == "a test"));
}

async fn what_hangs_on_an_old_item_is_told(db: Db) {
    let c = db.with_catalogue().await;
    let film = movie("Heat");
    c.apply(vec![add(film.clone())]).await.unwrap();
    let run = c.new_run(c.source).await;
    let (id, seen) = (external(&film, "tmdb", "949"), progress(&film, c.viewer, 1));
    c.apply_as(run, vec![add(id.clone()), add(seen.clone())]).await.unwrap();
    let further = progress(&film, c.viewer, 2);
    c.apply_as(run, vec![update(seen.clone(), further.clone())]).await.unwrap();
    let lines = journal(&c, run).await;
    let whole = |l: &RunChange| (l.whole_before().unwrap(), l.whole_after().unwrap());
    assert_eq!(
        lines.iter().map(whole).collect::<Vec<_>>(),
        [
            (None, Some(id.into())),
            (None, Some(seen.clone().into())),
            (Some(seen.into()), Some(further.into())),
        ]
    );
}

async fn lines_are_numbered_over_batches(db: Db) {
    let c = db.with_catalogue().await;
    let films: Vec<_> = (0..5).map(|n| movie(&n.to_string())).collect();
    c.apply(films.iter().cloned().map(add).collect()).await.unwrap();
    let run = c.new_run(c.source).await;
    let mut gone = films.into_iter().map(remove);
    let mut batch = c.begin(None).await.unwrap();
    for size in [1, 2] {
        let part = plan(gone.by_ref().take(size).collect());
        batch.apply(run, &part, now()).await.unwrap();
    }
    batch.commit().await.unwrap();
    c.apply_as(run, gone.collect()).await.unwrap();
    let seqs = async |after, limit| {
        let lines = c.run_changes(run, after, limit).await.unwrap();
        lines.into_iter().map(|l| l.seq).collect::<Vec<_>>()
    };
    assert_eq!(seqs(0, 100).await, [1, 2, 3, 4, 5]);
    assert_eq!(seqs(2, 2).await, [3, 4]);
}

async fn held_changes_are_kept(db: Db) {
    let c = db.with_catalogue().await;
    let film = movie("Heat");
    c.apply(vec![add(film.clone())]).await.unwrap();
    let run = c.new_run(c.source).await;
    let mut batch = c.begin(None).await.unwrap();
    let held = plan(vec![change(Op::Remove, Some(film.clone().into()), None)]);
    batch.journal(run, &held, ChangeState::Held).await.unwrap();
    batch.commit().await.unwrap();
    assert_eq!(c.count("items").await, 1);
    let lines = journal(&c, run).await;
    assert_eq!(lines[0].state, ChangeState::Held);
    let hold = HoldRow {
        id: HoldId(uuid::Uuid::now_v7()),
        run_id: run,
        library_id: c.library,
        fingerprint: "x".to_owned(),
        state: "pending".to_owned(),
        items: 1,
        listings: 0,
        reason: "a test".to_owned(),
    };
    let other = HoldRow { id: HoldId(uuid::Uuid::now_v7()), library_id: c.other, ..hold.clone() };
    let mut batch = c.begin(None).await.unwrap();
    batch.put_hold(&hold, now()).await.unwrap();
    batch.put_hold(&other, now()).await.unwrap();
    batch.decide_hold(hold.id, HoldState::Discarded, now()).await.unwrap();
    batch.commit().await.unwrap();
    assert_eq!(journal(&c, run).await[0].state, ChangeState::Held, "a part of it waits");
    c.supersede_holds(c.other, now()).await.unwrap();
    assert_eq!(journal(&c, run).await[0].state, ChangeState::Superseded);
}
