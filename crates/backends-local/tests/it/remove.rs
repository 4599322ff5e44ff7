//! Removal at a person's word: what belongs to the object goes, nothing else does.

use std::fs;
use std::path::Path;

use shelfread_domain::RemoteId;
use shelfread_domain::port::{LibraryKind, RemovalEffect, RemoveMedia, SourceError};

use crate::tree::Tree;

fn remove(tree: &Tree, media: LibraryKind, id: &str) -> Result<bool, SourceError> {
    let source = tree.source(media);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let id = RemoteId::from(id);
    assert_eq!(runtime.block_on(source.effect(&id)), Ok(RemovalEffect::Files));
    runtime.block_on(source.remove(&id))
}

/// The files that are left, and the folders that are empty.
fn left(tree: &Tree) -> Vec<String> {
    fn walk(root: &Path, at: &Path, out: &mut Vec<String>) {
        let mut entries: Vec<_> = fs::read_dir(at).unwrap().map(|e| e.unwrap().path()).collect();
        entries.sort();
        if entries.is_empty() && at != root {
            out.push(format!("{}/", at.strip_prefix(root).unwrap().display()));
        }
        for path in entries {
            if path.is_dir() && !path.is_symlink() {
                walk(root, &path, out);
            } else {
                out.push(path.strip_prefix(root).unwrap().display().to_string());
            }
        }
    }
    let mut out = Vec::new();
    walk(&tree.root(), &tree.root(), &mut out);
    out
}

#[test]
fn a_film_with_its_folder() {
    let tree = Tree::new(&["a/Heat.mkv", "a/Heat.srt", "a/extras/Making of.mkv", "a b/Ran.mkv"]);
    assert!(remove(&tree, LibraryKind::Movies, "a").unwrap());
    assert_eq!(left(&tree), ["a b/Ran.mkv"], "`a` is no beginning of `a b`");
    assert!(!remove(&tree, LibraryKind::Movies, "a").unwrap(), "it is gone already");
}

#[test]
fn a_film_that_shares_its_folder() {
    let tree = Tree::new(&[
        "Alien/Alien (1979) - 4K.mkv",
        "Alien/Alien (1979).mkv",
        "Alien/Alien (1979).nfo",
        "Alien/Alien (1979).en.srt",
        "Alien/Alien (1979)-poster.jpg",
        "Alien/Alien 3 (1992).mkv",
        "Alien/Alien 3 (1992).srt",
        "Alien/poster.jpg",
        "Heat (1995).mkv",
        "Heat (1995).srt",
        "Heat (1995) 2.srt",
    ]);
    assert!(remove(&tree, LibraryKind::Movies, "Alien").unwrap());
    assert!(remove(&tree, LibraryKind::Movies, "Heat (1995).mkv").unwrap());
    assert_eq!(
        left(&tree),
        [
            "Alien/Alien 3 (1992).mkv",
            "Alien/Alien 3 (1992).srt",
            "Alien/poster.jpg",
            "Heat (1995) 2.srt"
        ]
    );
}

#[test]
fn episodes_seasons_and_shows() {
    let files = [
        "Dark/Season 1/S01E01.mkv",
        "Dark/Season 1/S01E01.srt",
        "Dark/Season 1/S01E02.mkv",
        "Dark/Season 2/S02E01.mkv",
        "Fargo/S01E01.mkv",
        "Fargo/S02E01.mkv",
    ];
    let tree = Tree::new(&files);
    assert!(remove(&tree, LibraryKind::Shows, "Dark/Season 1/S01E01.mkv").unwrap());
    assert_eq!(left(&tree), &files[2..]);
    assert!(remove(&tree, LibraryKind::Shows, "Dark/Season 1").unwrap());
    assert!(remove(&tree, LibraryKind::Shows, "Fargo#season 1").unwrap());
    assert_eq!(left(&tree), ["Dark/Season 2/S02E01.mkv", "Fargo/S02E01.mkv"]);
    assert!(remove(&tree, LibraryKind::Shows, "Dark").unwrap());
    assert_eq!(left(&tree), ["Fargo/S02E01.mkv"]);
}

#[test]
fn a_season_folder_with_episodes_of_another_season_stays() {
    let tree = Tree::new(&["Dark/Season 1/S01E01.mkv", "Dark/Season 1/S02E01.mkv"]);
    assert!(remove(&tree, LibraryKind::Shows, "Dark/Season 1").unwrap());
    assert_eq!(left(&tree), ["Dark/Season 1/S02E01.mkv"]);
}

#[test]
fn never_the_root_and_never_outside() {
    let tree = Tree::new(&["../Outside (1999)/Outside.mkv", "Season 01/S01E01.mkv", "notes.txt"]);
    tree.link("../Outside (1999)", "Outside (1999)");
    for id in ["..", "../Outside (1999)", "/", "", "%2e%2e"] {
        assert!(remove(&tree, LibraryKind::Movies, id).is_err(), "{id}");
    }
    assert!(!remove(&tree, LibraryKind::Movies, "Outside (1999)").unwrap());
    assert!(tree.path("../Outside (1999)/Outside.mkv").exists());
    fs::remove_file(tree.path("Outside (1999)")).unwrap();
    assert!(remove(&tree, LibraryKind::Shows, ".").unwrap());
    assert_eq!(left(&tree), ["Season 01/", "notes.txt"]);
}

#[test]
fn a_link_goes_and_its_target_stays() {
    let tree = Tree::new(&[".store/ran/Ran.mkv", ".store/heat.mkv"]);
    tree.link(".store/ran", "Ran (1985)");
    tree.link("../.store/heat.mkv", "Heat (1995)/Heat.mkv");
    assert!(remove(&tree, LibraryKind::Movies, "Ran (1985)").unwrap());
    assert!(remove(&tree, LibraryKind::Movies, "Heat (1995)").unwrap());
    assert_eq!(left(&tree), [".store/heat.mkv", ".store/ran/Ran.mkv"]);
}
