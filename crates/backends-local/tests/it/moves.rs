//! What a rename leaves the same: the keys by which items are known again.

use shelfread_domain::Observation;

use crate::tree::{Listing, Tree};

fn same(before: (&Listing, &str), after: (&Listing, &str)) {
    let (b, a): (&Observation, &Observation) = (before.0.get(before.1), after.0.get(after.1));
    assert_ne!(b.remote_id, a.remote_id);
    assert!(b.moved_key().is_some());
    assert_eq!(b.moved_key(), a.moved_key(), "{} {}", before.1, after.1);
}

#[test]
fn a_renamed_film_folder() {
    let tree = Tree::new(&["Heat/Heat.mkv"]);
    let before = tree.films();
    tree.rename("Heat", "Heat (1995)");
    let after = tree.films();
    same((&before, "Heat"), (&after, "Heat (1995)"));
    assert_eq!(after.get("Heat (1995)").facts.year, Some(1995));
}

#[test]
fn a_renamed_show_folder() {
    let tree = Tree::new(&["Dark/Season 1/Dark S01E01.mkv", "Dark/Season 1/Dark S01E02.mkv"]);
    let before = tree.shows();
    tree.rename("Dark", "Dark (2017)");
    let after = tree.shows();
    same((&before, "Dark"), (&after, "Dark (2017)"));
    same((&before, "Dark/Season 1"), (&after, "Dark (2017)/Season 1"));
    let episode = "Season 1/Dark S01E02.mkv";
    same((&before, &format!("Dark/{episode}")), (&after, &format!("Dark (2017)/{episode}")));
}

#[test]
fn a_renamed_season_folder_and_file() {
    let tree = Tree::new(&["Dark/Season 1/Dark S01E01.mkv"]);
    let before = tree.shows();
    tree.rename("Dark/Season 1", "Dark/Season 01");
    let after = tree.shows();
    same((&before, "Dark/Season 1"), (&after, "Dark/Season 01"));
    tree.rename("Dark/Season 01/Dark S01E01.mkv", "Dark/Season 01/S01E01.mkv");
    let renamed = tree.shows();
    let numbers = |l: &Listing, id| (l.get(id).facts.season_number, l.get(id).facts.episode_number);
    assert_eq!(numbers(&renamed, "Dark/Season 01/S01E01.mkv"), (Some(1), Some(1)));
    assert_eq!(renamed.get("Dark").remote_id, after.get("Dark").remote_id);
}

#[test]
fn nothing_changes_between_two_listings() {
    let tree = Tree::new(&[
        "Heat (1995)/Heat - 1080p.mkv",
        "Heat (1995)/Heat - 4K.mkv",
        "Dark/Season 1/S01E01-E02.mkv",
        "Ran (1985).mkv",
    ]);
    let prints =
        |listing: &Listing| listing.seen.iter().map(|o| o.fingerprint(None)).collect::<Vec<_>>();
    assert_eq!(prints(&tree.films()), prints(&tree.films()));
    assert_eq!(prints(&tree.shows()), prints(&tree.shows()));
}
