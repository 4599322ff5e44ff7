//! Odd ids and odd dates: tolerated or told, never a panic and never a part for the whole.

use serde_json::{Value, json};
use shelfread_backends_arr::Program::Radarr;
use shelfread_domain::Observation;
use shelfread_domain::port::Scope;
use shelfread_testkit::fixtures::check;

use crate::fake::{Step, end, pages, radarr, reply, steps};

async fn films(films: Value) -> Vec<Step> {
    let all = steps(Radarr, Scope::Full, move |r| match r.path.ends_with("/movie") {
        true => reply(&films),
        false => radarr(r),
    })
    .await;
    check(&all).unwrap();
    all
}

async fn film(film: Value) -> Observation {
    let all = films(json!([film])).await;
    assert!(end(&all).complete, "{film}");
    pages(&all).remove(0).normalize().unwrap()
}

#[tokio::test]
async fn dates_of_every_form() {
    for (date, day) in [
        (json!("1995-12-15"), Some("1995-12-15")),
        (json!("1995-12-15T00:00:00Z"), Some("1995-12-15")),
        (json!("1995-12-15T23:59:59.999Z"), Some("1995-12-15")),
        (json!("1995-12-15T00:00:00.0000000Z"), Some("1995-12-15")),
        (json!("0001-01-01T00:00:00Z"), None),
        (json!("0001-01-01"), None),
        (json!("9999-12-31T23:59:59.9999999Z"), None),
        (json!("soon"), None),
        (json!("1995-12-1é"), None),
        (json!(""), None),
        (json!(7), None),
        (Value::Null, None),
    ] {
        let odd = film(json!({"id": 1, "title": "Heat", "inCinemas": date, "added": date})).await;
        assert_eq!(odd.facts.air_date.map(|d| d.to_string()).as_deref(), day, "{date}");
    }
}

#[tokio::test]
async fn ids_of_every_form() {
    for (tmdb, known) in [
        (json!(949), 1),
        (json!("949"), 1),
        (json!(0), 0),
        (json!("0"), 0),
        (json!(-1), 0),
        (json!(i64::MAX), 1),
        (json!(1.5e300), 0),
        (json!(""), 0),
        (json!("none"), 0),
        (Value::Null, 0),
    ] {
        let odd = film(json!({"id": 1, "title": "Heat", "tmdbId": tmdb, "imdbId": 12})).await;
        let of_tmdb = odd.facts.external_ids.iter().filter(|id| id.provider.as_str() == "tmdb");
        assert!(of_tmdb.count() <= known, "{tmdb}");
    }
    for (id, is_told) in [
        (json!(7), false),
        (json!("7"), false),
        (Value::Null, true),
        (json!(""), true),
        (json!("seven"), true),
        (json!([7]), true),
    ] {
        let all = films(json!([{"id": id, "title": "Heat"}, {"id": 8, "title": "Ronin"}])).await;
        assert_eq!(end(&all).complete, !is_told, "{id}: nobody knows what it was");
        assert_eq!(pages(&all).len(), if is_told { 1 } else { 2 }, "{id}");
    }
}
