//! Listings of a part: what changed, and a few ids.

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use expect_test::expect;
use shelfread_domain::RemoteId;
use shelfread_domain::port::{LibraryKind, Scope};

use crate::tree::{Listing, Tree, list};

const SHOWS: [&str; 6] = [
    "Dark/Season 1/S01E01.mkv",
    "Dark/Season 1/S01E02.mkv",
    "Dark/Season 2/S02E01.mkv",
    "Fargo/S01E01.mkv",
    "Fargo/S01E02.mkv",
    "Loose S01E01.mkv",
];

fn only(tree: &Tree, media: LibraryKind, ids: &[&str]) -> Listing {
    list(&tree.source(media), Scope::Only(ids.iter().map(|id| RemoteId::from(*id)).collect()))
}

#[test]
fn only_a_few_with_what_hangs_on_them() {
    let tree = Tree::new(&SHOWS);
    let ids = |ids: &[&str]| {
        let listing = only(&tree, LibraryKind::Shows, ids);
        assert!(!listing.end.as_ref().unwrap().complete);
        listing.ids().join("\n")
    };
    expect![[r#"
        Dark
        Dark/Season 1
        Dark/Season 2
        Dark/Season 1/S01E01.mkv
        Dark/Season 1/S01E02.mkv
        Dark/Season 2/S02E01.mkv"#]]
    .assert_eq(&ids(&["Dark"]));
    expect![[r#"
        Dark
        Dark/Season 1
        Dark/Season 1/S01E02.mkv"#]]
    .assert_eq(&ids(&["Dark/Season 1/S01E02.mkv"]));
    expect![[r#"
        Dark
        Dark/Season 2
        Dark/Season 2/S02E01.mkv
        Fargo
        Fargo#season 1
        Fargo/S01E01.mkv
        Fargo/S01E02.mkv"#]]
    .assert_eq(&ids(&["Dark/Season 2", "Fargo#season 1"]));
    expect![[r#"
        #show loose
        #show loose#season 1
        Loose S01E01.mkv"#]]
    .assert_eq(&ids(&["#show loose"]));
    assert_eq!(ids(&["Gone", "Dark/gone.mkv"]), "");
}

#[test]
fn the_part_of_a_show_says_the_same_of_it_as_the_whole() {
    let tree = Tree::new(&SHOWS);
    let whole = tree.shows();
    let part = only(&tree, LibraryKind::Shows, &["Dark/Season 2/S02E01.mkv"]);
    for o in &part.seen {
        let same = whole.get(o.remote_id.as_str());
        assert_eq!(o.fingerprint(None), same.fingerprint(None), "{}", o.remote_id);
    }
}

#[test]
fn only_a_few_films() {
    let tree = Tree::new(&[
        "Heat (1995)/Heat.mkv",
        "Set/Alien (1979).mkv",
        "Set/Aliens (1986).mkv",
        "Ran (1985).mkv",
    ]);
    let listing = only(&tree, LibraryKind::Movies, &["Set/Aliens (1986).mkv", "Ran (1985).mkv"]);
    assert_eq!(listing.ids(), ["Ran (1985).mkv", "Set/Aliens (1986).mkv"]);
}

#[test]
fn ids_that_leave_the_root_are_refused_and_the_others_go_on() {
    let tree = Tree::new(&["../Outside (1999)/x.mkv", "Heat (1995)/Heat.mkv"]);
    let ids = [
        "../Outside (1999)",
        "/etc",
        "Heat (1995)/../../Outside (1999)",
        "Heat (1995)",
        "%2E%2E/Outside (1999)",
    ];
    let listing = only(&tree, LibraryKind::Movies, &ids);
    assert_eq!(listing.ids(), ["Heat (1995)"]);
    assert_eq!(listing.failed.len(), 4);
}

/// Makes everything in the tree old, as far as a test can: the time of a change of the inode cannot
/// be set, so "since" is the moment after.
fn settle(tree: &Tree) -> DateTime<Utc> {
    let probe = tree.path("../probe");
    fs::write(&probe, "x").unwrap();
    let now: DateTime<Utc> = fs::metadata(&probe).unwrap().modified().unwrap().into();
    now + Duration::from_secs(3600)
}

fn since(tree: &Tree, media: LibraryKind, at: DateTime<Utc>) -> Listing {
    let listing = list(&tree.source(media), Scope::ChangedSince(at));
    assert!(!listing.end.as_ref().unwrap().complete, "never complete");
    listing
}

/// Gives a file or folder a time of change in the future of everything else.
fn touch(tree: &Tree, path: &str, at: DateTime<Utc>) {
    File::open(tree.path(path)).unwrap().set_modified(SystemTime::from(at)).unwrap();
}

#[test]
fn what_changed_since() {
    let tree = Tree::new(&SHOWS);
    tree.file("Dark/tvshow.nfo", "<tvshow><title>Dark</title></tvshow>");
    let at = settle(&tree);
    assert_eq!(since(&tree, LibraryKind::Shows, at).ids(), Vec::<&str>::new());
    assert_eq!(
        since(&tree, LibraryKind::Shows, DateTime::UNIX_EPOCH).seen.len(),
        tree.shows().seen.len()
    );
    touch(&tree, "Dark/Season 1/S01E02.mkv", at);
    let changed = since(&tree, LibraryKind::Shows, at);
    assert_eq!(changed.ids(), ["Dark", "Dark/Season 1", "Dark/Season 1/S01E02.mkv"]);
    touch(&tree, "Fargo", at);
    assert_eq!(
        since(&tree, LibraryKind::Shows, at).seen.len(),
        3 + 4,
        "a folder that came or changed"
    );
}

#[test]
fn a_changed_description_is_a_change() {
    let tree = Tree::new(&["Heat (1995)/Heat.mkv", "Ran (1985)/Ran.mkv", "Dark/S01E01.mkv"]);
    tree.file("Heat (1995)/movie.nfo", "<movie><title>Heat</title></movie>");
    tree.file("Dark/tvshow.nfo", "<tvshow><title>Dark</title></tvshow>");
    let at = settle(&tree);
    touch(&tree, "Heat (1995)/movie.nfo", at);
    assert_eq!(since(&tree, LibraryKind::Movies, at).ids(), ["Heat (1995)"]);
    touch(&tree, "Dark/tvshow.nfo", at);
    assert_eq!(since(&tree, LibraryKind::Shows, at).ids(), ["Dark"]);
}
