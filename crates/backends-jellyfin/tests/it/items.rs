//! Items that no server should send: each costs at most itself.

use proptest::prelude::*;
use serde_json::{Value, json};
use shelfread_backends_jellyfin::{Flavour, Jellyfin};
use shelfread_domain::{ItemKind, Observation};
use shelfread_testkit::wire::{Reply, Wire};

use crate::{SERVER_ID, Seen, config, full, holding, movie, page, scripted};

/// Two good films around this item.
async fn among_good(item: Value) -> Seen {
    let (_wire, source) = holding(vec![movie(1), item.to_string(), movie(2)]).await;
    let seen = full(&source).await;
    assert_eq!(seen.error, None, "{item}");
    let good = seen.all().filter(|o| o.remote_id.as_str().starts_with('m')).count();
    assert_eq!(good, 2, "{item}");
    seen
}

/// The observation of a film with these values.
async fn film(values: Value) -> Observation {
    let mut item = json!({"Id": "x", "Name": "X", "Type": "Movie"});
    item.as_object_mut().unwrap().extend(values.as_object().unwrap().clone());
    let seen = among_good(item).await;
    assert!(seen.is_complete(), "{}", seen.reason());
    seen.all().find(|o| o.remote_id.as_str() == "x").unwrap().clone()
}

#[tokio::test]
async fn absurd_values_are_absent() {
    let film = film(json!({
        "RunTimeTicks": -5, "ProductionYear": 0, "PremiereDate": "0001-01-01T00:00:00.0000000Z",
        "DateCreated": "0001-01-01T00:00:00.0000000Z", "Overview": "", "IndexNumber": i64::MAX,
        "ProviderIds": {"Tmdb": "0", "Imdb": null, "Other": "7", "TVDB": "none"},
        "UserData": {"PlaybackPositionTicks": i64::MIN, "PlayCount": -3},
        "MediaSources": [{"Path": "/a/b.mkv", "Size": -1}, {"Path": ""}, {}],
        "LocationType": "Hologram", "NewField": [[{}]],
    }))
    .await;
    let mut expected = Observation::new("x", ItemKind::Movie);
    expected.facts.title = Some("X".into());
    expected.facts.files = vec![shelfread_domain::FileRef::new("/a/b.mkv", None)];
    assert_eq!(film, expected);
}

#[tokio::test]
async fn every_optional_value_may_be_null() {
    let film = film(json!({
        "ServerId": null, "SeriesId": null, "SortName": null, "Overview": null, "Path": null,
        "ProductionYear": null, "PremiereDate": null, "DateCreated": null, "RunTimeTicks": null,
        "IndexNumber": null, "LocationType": null, "ProviderIds": null, "ImageTags": null,
        "MediaSources": null, "UserData": null,
    }))
    .await;
    assert_eq!(film.facts.title.as_deref(), Some("X"));
}

#[tokio::test]
async fn hostile_titles_are_bounded() {
    for title in ["a\u{0}b", &"x".repeat(1_000_000), "<b>\u{202e}שלום 🎬"] {
        let film = film(json!({"Name": title, "SortName": title, "Overview": title})).await;
        let kept = film.facts.title.unwrap();
        assert!(kept.len() <= 1_000 && !kept.contains('\u{0}'), "{kept}");
        assert!(film.facts.overview.unwrap().len() <= 20_000);
    }
}

#[tokio::test]
async fn files_are_those_on_a_disk() {
    let paths = async |values: Value| {
        let files = film(values).await.facts.files;
        files.into_iter().map(|f| (f.path, f.size)).collect::<Vec<_>>()
    };
    let own = [("/own.mkv".to_owned(), None)];
    assert_eq!(paths(json!({"Path": "/own.mkv"})).await, own);
    let stream = json!({"Path": "http://h/s.m3u8", "Protocol": "Http", "Size": 5});
    assert_eq!(paths(json!({"Path": "/own.mkv", "MediaSources": [stream]})).await, own);
    assert_eq!(paths(json!({"Path": "http://h/s.m3u8"})).await, []);
    let two = json!([{"Path": "/b", "Size": 2, "Protocol": "File"}, {"Path": "/a", "Size": 1}]);
    let two = paths(json!({"Path": "/b", "MediaSources": two})).await;
    assert_eq!(two, [("/a".to_owned(), Some(1)), ("/b".to_owned(), Some(2))]);
}

#[tokio::test]
async fn a_sort_name_loses_its_padding() {
    for (theirs, ours) in [
        ("0000000012 angry men", "12 angry men"),
        ("fast 0000000002 0000000000", "fast 2 0"),
        ("2001", "2001"),
        ("agent 007", "agent 007"),
        ("heat", "heat"),
    ] {
        let film = film(json!({"SortName": theirs})).await;
        assert_eq!(film.facts.sort_title.as_deref(), Some(ours));
    }
}

#[tokio::test]
async fn a_poster_is_relative_to_the_source() {
    let film = film(json!({"ImageTags": {"Primary": "abc", "Logo": "x"}})).await;
    assert_eq!(film.facts.poster_url.as_deref(), Some("Items/x/Images/Primary?tag=abc"));
}

#[tokio::test]
async fn a_bad_item_is_reported_and_the_others_stay() {
    for (item, label, id) in [
        (json!({"Id": "x", "Name": "Bad", "Type": 7}), "Bad", Some("x")),
        (json!({"Id": "x", "Name": "Bad", "Type": "Movie", "UserData": "?"}), "Bad", Some("x")),
        (json!({"Id": 5, "Name": {}, "RunTimeTicks": "1"}), "5", Some("5")),
        (json!({"Name": "Nobody", "Type": "Movie"}), "Nobody", None),
        (json!({"Id": "", "Name": "Empty", "Type": "Movie"}), "Empty", None),
        (json!({"Id": "a\u{0}", "Name": "Nul", "Type": "Movie"}), "Nul", None),
        (json!({"Id": "x", "Name": "Lone", "Type": "Episode"}), "Lone", Some("x")),
        (json!({"Id": "x", "Name": "Odd", "Type": "Hologram"}), "Odd", Some("x")),
        (json!({"Id": "x"}), "x", Some("x")),
        (json!([]), "an item without a name", None),
        (json!(null), "an item without a name", None),
    ] {
        let seen = among_good(item.clone()).await;
        let failure = &seen.failures[0];
        assert_eq!(failure.label, label, "{item}");
        assert_eq!(failure.remote_id.as_ref().map(|r| r.as_str()), id, "{item}");
        assert_eq!(seen.is_complete(), id.is_some(), "{item}: {}", seen.reason());
    }
}

#[tokio::test]
async fn what_is_not_on_disk_is_counted_and_skipped() {
    for item in [
        json!({"Id": "x", "Type": "Movie", "LocationType": "Virtual"}),
        json!({"Id": "x", "Type": "Episode", "LocationType": "Virtual", "SeriesId": "s"}),
    ] {
        let seen = among_good(item.clone()).await;
        assert!(seen.is_complete(), "{item}: {}", seen.reason());
        assert_eq!((seen.all().count(), seen.end.unwrap().received), (2, 3));
    }
}

#[tokio::test]
async fn a_file_of_many_episodes_has_as_many_parts() {
    let parts = async |first: Value, last: Value| {
        let item = json!({"Id": "x", "Name": "E", "Type": "Episode", "SeriesId": "s",
            "ParentIndexNumber": 1, "IndexNumber": first, "IndexNumberEnd": last,
            "ProviderIds": {"Tvdb": "9"}});
        let seen = among_good(item).await;
        let mine = seen.all().filter(|o| o.kind == ItemKind::Episode);
        mine.map(|o| (o.part, o.facts.episode_number, o.facts.external_ids.len()))
            .collect::<Vec<_>>()
    };
    let three = [(0, Some(4), 1), (1, Some(5), 0), (2, Some(6), 0)];
    assert_eq!(parts(json!(4), json!(6)).await, three);
    assert_eq!(parts(json!(4), json!(null)).await, [(0, Some(4), 1)]);
    assert_eq!(parts(json!(4), json!(3)).await, [(0, Some(4), 1)]);
    assert_eq!(parts(json!(null), json!(6)).await, [(0, None, 1)]);
    assert_eq!(parts(json!(1), json!(i64::MAX)).await.len(), 100);
    assert_eq!(parts(json!(i64::MAX), json!(i64::MAX)).await.len(), 1);
    assert_eq!(parts(json!(-5), json!(i64::MAX)).await.len(), 1);
}

#[tokio::test]
async fn an_item_of_another_server_ends_the_listing() {
    let (_wire, source) = holding(vec![movie(1), movie(2).replace(SERVER_ID, "other")]).await;
    let error = full(&source).await.error.unwrap();
    assert!(error.to_string().contains("another one that took its place"), "{error}");
}

/// Any JSON, down to some depth.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 12, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((".{0,4}", inner), 0..4)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

fn any_item() -> impl Strategy<Value = Value> {
    const NAMES: &[&str] = &[
        "Id",
        "Name",
        "SeriesId",
        "SortName",
        "Overview",
        "ProductionYear",
        "PremiereDate",
        "DateCreated",
        "RunTimeTicks",
        "IndexNumber",
        "IndexNumberEnd",
        "ParentIndexNumber",
        "Path",
        "LocationType",
        "ProviderIds",
        "ImageTags",
        "MediaSources",
        "UserData",
        "Type",
    ];
    let kind = prop_oneof![Just("Movie"), Just("Series"), Just("Season"), Just("Episode")];
    let pairs = proptest::collection::vec((proptest::sample::select(NAMES), any_json()), 0..6);
    (kind, pairs).prop_map(|(kind, pairs)| {
        let mut item = json!({"Id": "x", "Name": "X", "Type": kind, "SeriesId": "s"});
        for (name, value) in pairs {
            item[name] = value;
        }
        item
    })
}

/// An adapter that never halves.
fn by_single_items(wire: &Wire) -> Jellyfin {
    let mut config = config(Flavour::Jellyfin, wire.url().as_str(), "t0ken");
    config.page_size = 1;
    Jellyfin::new(config).unwrap()
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Whatever stands in an item, its neighbours are read and the listing comes to its end.
    #[test]
    fn no_item_harms_its_neighbours(item in any_item()) {
        let seen = run(among_good(item));
        prop_assert!(seen.failures.len() <= 1);
    }

    /// Whatever bytes come as a page, the listing ends in an error or a certificate.
    #[test]
    fn no_bytes_cause_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        run(async move {
            let (wire, _) = scripted(move |_| Reply::json(bytes.clone())).await;
            full(&by_single_items(&wire)).await.is_complete();
        });
    }

    /// Nor does it when the envelope is right.
    #[test]
    fn no_list_causes_a_panic(items in proptest::collection::vec(any_json(), 0..5)) {
        run(async move {
            let items: Vec<_> = items.iter().map(Value::to_string).collect();
            let (wire, _) = scripted(move |request| page(request, &items)).await;
            full(&by_single_items(&wire)).await.is_complete();
        });
    }
}
