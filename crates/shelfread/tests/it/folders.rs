//! `shelfread sync FOLDER/` with nothing configured.

use crate::desk::{Desk, film};

fn shelf() -> Desk {
    let desk = Desk::new();
    for path in [
        "films/Heat (1995)/Heat (1995).mkv",
        "films/Amélie (2001) {tmdb-194}/Amélie (2001) - 1080p.mkv",
        "films/Amélie (2001) {tmdb-194}/Amélie (2001) - 4K.mkv",
        "shows/Dark (2017)/Season 01/Dark S01E01.mkv",
        "shows/Dark (2017)/Season 01/Dark S01E02-E03.mkv",
    ] {
        film(&desk.path(path));
    }
    desk
}

#[test]
fn a_folder_becomes_a_source_and_a_catalogue() {
    let desk = shelf();
    let first = desk.fine(&["sync", "./films", "--json"]).report();
    assert_eq!(
        (first["status"].as_str(), first["counts"]["added"].as_u64()),
        (Some("succeeded"), Some(2))
    );
    let again = desk.fine(&["sync", "films/", "--json"]).report();
    assert_eq!(again["source"], first["source"], "the same folder is the same source");
    assert_eq!(again["counts"]["unchanged"], 2);
    desk.fine(&["sync", "./shows"]);
    let titles: Vec<_> =
        desk.items().into_iter().map(|(kind, title, _)| format!("{kind} {title}")).collect();
    assert_eq!(
        titles,
        [
            "episode Episode 1",
            "episode Episode 2",
            "episode Episode 3",
            "movie Amélie",
            "movie Heat",
            "season Season 1",
            "show Dark"
        ]
    );
    desk.fine(&["doctor"]);
}

#[test]
fn a_dry_run_writes_nothing() {
    let desk = shelf();
    let shown = desk.fine(&["sync", "./films", "--dry-run"]);
    assert!(shown.out.contains("+ movie Heat (1995)"), "{shown:?}");
    assert!(desk.items().is_empty());
    let json = desk.fine(&["sync", "./films", "--dry-run", "--json"]).report();
    assert_eq!((json["status"].as_str(), json["dry_run"].as_bool()), (Some("planned"), Some(true)));
    assert!(json["changes"].as_array().unwrap().iter().any(|c| c["label"] == "Heat (1995)"));
}

#[test]
fn a_renamed_folder_keeps_its_items() {
    let desk = shelf();
    desk.fine(&["sync", "./films"]);
    desk.fine(&["sync", "./shows"]);
    let before = desk.items();
    let rename = |from, to| std::fs::rename(desk.path(from), desk.path(to)).unwrap();
    rename("films/Heat (1995)", "films/Heat (1995) {tmdb-949}");
    rename("shows/Dark (2017)", "shows/Dark");
    let films = desk.fine(&["sync", "./films", "--json"]).report();
    let shows = desk.fine(&["sync", "./shows", "--json"]).report();
    for report in [films, shows] {
        assert_eq!(
            (report["counts"]["added"].as_u64(), report["counts"]["removed"].as_u64()),
            (Some(0), Some(0)),
            "{report}"
        );
    }
    let ids = |items: &[(String, String, String)]| {
        let mut ids: Vec<_> = items.iter().map(|i| i.2.clone()).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(&desk.items()), ids(&before));
}

#[test]
fn an_unmounted_root_removes_nothing() {
    let desk = shelf();
    desk.fine(&["sync", "./films"]);
    let before = desk.items();
    std::fs::rename(desk.path("films"), desk.path("away")).unwrap();
    let gone = desk.run(&["sync", "films", "--json"]);
    assert_eq!(gone.code, 1, "{gone:?}");
    assert_eq!(desk.items(), before);
    std::fs::create_dir(desk.path("films")).unwrap();
    let empty = desk.run(&["sync", "films", "--json"]);
    assert!(empty.code == 3 || empty.code == 1, "{empty:?}");
    assert!(
        !empty.report()["errors"].as_array().unwrap().is_empty()
            || empty.report()["coverage"][0]["reason"].is_string()
    );
    assert_eq!(desk.items(), before);
    std::fs::remove_dir(desk.path("films")).unwrap();
    std::fs::rename(desk.path("away"), desk.path("films")).unwrap();
    assert_eq!(desk.fine(&["sync", "films", "--json"]).report()["counts"]["unchanged"], 2);
}

#[test]
fn what_is_gone_is_removed_and_recorded() {
    let desk = shelf();
    desk.fine(&["sync", "./films"]);
    std::fs::remove_dir_all(desk.path("films/Heat (1995)")).unwrap();
    let report = desk.fine(&["sync", "films", "--json"]).report();
    assert_eq!(report["counts"]["removed"], 1);
    let id = report["id"].as_str().unwrap();
    let shown = desk.fine(&["run", "show", id]);
    assert!(shown.out.contains("- movie Heat (1995)"), "{shown:?}");
    let json = desk.fine(&["run", "show", id, "--json"]).json();
    assert!(json["changes"].as_array().unwrap().iter().any(|c| c["before"]["title"] == "Heat"));
    assert_eq!(desk.fine(&["run", "list", "--json"]).json()["runs"][0]["id"], report["id"]);
}
