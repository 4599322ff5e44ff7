//! Odd ids and odd dates: tolerated or told, never a panic and never a part for the whole. And a
//! token that may see nothing.

use serde_json::{Value, json};
use shelfread_domain::Observation;
use shelfread_domain::port::{LibraryKind, Listed, MediaSource, Problem, Scope};
use shelfread_testkit::fixtures::check;
use shelfread_testkit::wire::{Reply, Wire};

use crate::fake::{Fake, container, plex, steps};

/// What is read of a film, if it is one, and whether the listing proves anything.
async fn film(film: Value) -> (Option<Observation>, bool) {
    let fake = Fake { items: [(1, vec![film])].into() };
    let all = steps(LibraryKind::Movies, Scope::Full, move |r| fake.answer(r)).await;
    check(&all).unwrap();
    let page = |step| match step {
        Ok(Listed::Page(page)) => Some(page),
        _ => None,
    };
    let complete = matches!(all.last(), Some(Ok(Listed::End(end))) if end.complete);
    (all.into_iter().find_map(page).and_then(|mut page| page.pop()), complete)
}

#[tokio::test]
async fn keys_of_every_form() {
    for (key, id) in [
        (json!("7"), Some("7")),
        (json!(7), Some("7")),
        (Value::Null, None),
        (json!(""), None),
        (json!({"no": "key"}), None),
    ] {
        let (read, complete) = film(json!({"ratingKey": key, "type": "movie"})).await;
        assert_eq!(read.as_ref().map(|o| o.remote_id.as_str()), id, "{key}");
        assert_eq!(complete, id.is_some(), "{key}: nobody knows what it was");
    }
}

#[tokio::test]
async fn dates_of_every_form() {
    for (date, day) in [
        (json!("1995-12-15"), Some("1995-12-15")),
        (json!("1995-12-15T00:00:00.0000000Z"), Some("1995-12-15")),
        (json!("0001-01-01"), None),
        (json!("1995-12-é"), None),
        (json!("soon"), None),
        (json!(1995), None),
        (Value::Null, None),
    ] {
        for at in [
            json!(0),
            json!(-1),
            json!(i64::MAX),
            json!("1700000000"),
            json!("soon"),
            json!(1.5e300),
        ] {
            let odd = json!({"ratingKey": 7, "type": "movie", "title": "Heat",
                "originallyAvailableAt": date, "addedAt": at, "lastViewedAt": at, "viewOffset": at});
            let (read, complete) = film(odd).await;
            let facts = read.expect("a film").facts;
            assert_eq!(facts.air_date.map(|d| d.to_string()).as_deref(), day, "{date}");
            assert!(complete);
        }
    }
}

#[tokio::test]
async fn a_token_that_may_see_nothing_is_no_empty_server() {
    let wire = Wire::start(|r| match r.path.as_str() {
        "/accounts" => Reply::status(401),
        "/library/sections" => container(json!({"size": 0})),
        _ => Fake::movies().answer(r),
    })
    .await;
    let error = plex(&wire).libraries().await.unwrap_err();
    assert_eq!(error.problem, Problem::Forbidden);
    assert!(error.hint().contains("access"), "{}", error.hint());
}
