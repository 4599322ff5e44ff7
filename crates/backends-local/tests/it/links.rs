//! Symbolic links: inside the root they are followed, circles end, nothing outside is read.

use std::fs;

use expect_test::expect;
use shelfread_backends_local::{LocalConfig, LocalFolder};
use shelfread_domain::port::{LibraryKind, Scope};

use crate::tree::{Tree, list};

#[test]
fn links_inside_the_root_are_followed() {
    let tree = Tree::new(&[".store/x.mkv", ".store/ran/Ran.mkv"]);
    tree.link("../.store/x.mkv", "Heat (1995)/Heat (1995).mkv");
    tree.link(".store/ran", "Ran (1985)");
    expect![[r#"
        [Heat (1995)] Heat (1995) = Heat (1995).mkv
        [Ran (1985)] Ran (1985) = Ran.mkv
    "#]]
    .assert_eq(&tree.films().text());
    let config = LocalConfig {
        follow_symlinks: false,
        ..LocalConfig::new(tree.root(), LibraryKind::Movies)
    };
    let without = list(&LocalFolder::new(config).unwrap(), Scope::Full);
    assert!(without.is_complete() && without.seen.is_empty());
}

#[test]
fn circles_end_and_are_reported() {
    let tree = Tree::new(&["A (2001)/A.mkv", "B (2002)/B.mkv"]);
    tree.link("..", "A (2001)/up");
    tree.link(".", "A (2001)/here");
    tree.link("../B (2002)", "A (2001)/to-b");
    tree.link("../A (2001)", "B (2002)/to-a");
    tree.link("loop", "loop");
    tree.link("pong", "ping");
    tree.link("ping", "pong");
    let listing = tree.films();
    assert!(listing.end.as_ref().unwrap().complete, "{}", listing.text());
    for link in ["A (2001)/up", "A (2001)/here", "loop", "ping", "pong"] {
        assert!(listing.failed.iter().any(|f| f.starts_with(&format!("{link}: "))), "{link}");
    }
    assert!(listing.ids().contains(&"A (2001)") && listing.ids().contains(&"B (2002)"));
    assert!(listing.seen.len() < 8, "{}", listing.text());
    assert!(tree.shows().end.unwrap().complete);
}

#[test]
fn many_links_to_each_other_end_soon() {
    let tree = Tree::new(&[]);
    for a in 0..12 {
        tree.file(format!("F{a}/f{a}.mkv"), "x");
        for b in 0..12 {
            tree.link(format!("../F{b}"), format!("F{a}/to{b}"));
        }
    }
    let seen = tree.films().seen.len();
    assert!((12..=500).contains(&seen), "{seen}");
}

#[test]
fn nothing_outside_the_root_is_read() {
    let tree = Tree::new(&[
        "../Outside/Secret (1999)/Secret.mkv",
        "../Outside/secret.nfo",
        "Heat (1995)/Heat.mkv",
    ]);
    tree.link("../Outside/Secret (1999)", "Secret (1999)");
    tree.link("../../Outside/Secret (1999)/Secret.mkv", "Film (2000)/Film.mkv");
    tree.link("../../Outside/secret.nfo", "Heat (1995)/Heat.nfo");
    tree.link("/etc/passwd", "Heat (1995)/poster.jpg");
    tree.link("/", "Everything");
    let listing = tree.films();
    assert!(listing.end.as_ref().unwrap().complete, "{}", listing.text());
    expect![[r#"
        [Heat (1995)] Heat (1995) = Heat.mkv
        ! Everything: is a link that leaves the folder: left out
        ! Secret (1999): is a link that leaves the folder: left out
        ! Film (2000)/Film.mkv: is a link that leaves the folder: left out
    "#]]
    .assert_eq(&listing.text());
}

#[test]
fn a_link_that_leads_nowhere_is_reported() {
    let tree = Tree::new(&["Heat (1995)/Heat.mkv"]);
    tree.link("../gone.mkv", "Ran (1985)/Ran.mkv");
    let listing = tree.films();
    assert_eq!(listing.failed, ["Ran (1985)/Ran.mkv: is a link that leads nowhere: left out"]);
    assert!(listing.end.unwrap().complete);
    fs::write(tree.path("gone.mkv"), "back").unwrap();
    assert!(tree.films().ids().contains(&"Ran (1985)"));
}
