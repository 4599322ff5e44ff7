//! What must not happen to a library: emptied roots, odd names, deep trees, large folders, files
//! that are no files.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::process::Command;
use std::time::{Duration, Instant};

use futures::StreamExt;
use shelfread_backends_local::{LocalConfig, LocalFolder};
use shelfread_domain::port::{LibraryKind, Listed, MediaSource, Problem, Scope};

use crate::tree::{Tree, list};

#[test]
fn a_root_that_is_not_there_is_an_error() {
    let tree = Tree::new(&[]);
    let source = tree.source(LibraryKind::Movies);
    fs::remove_dir(tree.root()).unwrap();
    let listing = list(&source, Scope::Full);
    let error = listing.error.unwrap();
    assert!(matches!(error.problem, Problem::Io(_)), "{error}");
    assert!(error.to_string().contains("Media"), "{error}");
    fs::write(tree.root(), "a file").unwrap();
    assert!(list(&source, Scope::Full).error.is_some());
}

#[test]
fn an_empty_root_proves_nothing() {
    for files in [[].as_slice(), &[".hidden/Heat (1995).mkv", "lost+found/x.mkv"]] {
        let listing = Tree::new(files).films();
        assert_eq!(listing.seen.len(), 0);
        assert!(listing.doubt().contains("not mounted"), "{listing:?}");
        assert!(Tree::new(files).shows().doubt().contains("not mounted"));
    }
    let used = Tree::new(&["Heat (1995)/poster.jpg"]).films();
    assert!(used.is_complete(), "a root with folders is there, even if no film is left");
    let marked = Tree::new(&[".nomedia", "Heat (1995).mkv"]).films();
    assert!(marked.doubt().contains("ignored") && marked.seen.is_empty(), "{marked:?}");
}

#[test]
fn a_configuration_that_cannot_work_is_refused() {
    assert!(LocalFolder::new(LocalConfig::new("", LibraryKind::Movies)).is_err());
    assert!(LocalFolder::new(LocalConfig::new("/x", LibraryKind::Mixed)).is_err());
}

#[test]
fn names_that_are_no_utf8_lose_nothing() {
    let tree = Tree::new(&["Café (2004).mkv"]);
    let raw = |bytes: &[u8]| OsStr::from_bytes(bytes).to_owned();
    tree.file(raw(b"Caf\xe9 (2001).mkv"), "latin");
    tree.file(raw(b"Caf\xea (2002)/\xff.mkv"), "worse");
    tree.file("50%25 (2003).mkv", "percent");
    let listing = tree.films();
    assert!(listing.is_complete(), "{}", listing.text());
    assert_eq!(
        listing.ids(),
        ["50%2525 (2003).mkv", "Café (2004).mkv", "Caf%E9 (2001).mkv", "Caf%EA (2002)"]
    );
    let latin = listing.get("Caf%E9 (2001).mkv");
    assert_eq!(latin.facts.title.as_deref(), Some("Café"));
    assert!(latin.facts.files[0].path.ends_with("Caf%E9 (2001).mkv"));
    assert_eq!(listing.get("Caf%EA (2002)").facts.year, Some(2002));
    let only =
        list(&tree.source(LibraryKind::Movies), Scope::Only(vec!["Caf%E9 (2001).mkv".into()]));
    assert_eq!(only.ids(), ["Caf%E9 (2001).mkv"]);
}

#[test]
fn odd_names_are_listed_as_they_are() {
    let tree = Tree::new(&[
        " Space (2000) /a.mkv",
        "New\nLine (2001).mkv",
        "<b>שלום</b> 🎬 (2002).mkv",
        "Heat#season 1 (1995).mkv",
    ]);
    let listing = tree.films();
    assert!(listing.is_complete(), "{}", listing.text());
    for o in &listing.seen {
        assert!(o.clone().normalize().is_ok(), "{}", o.remote_id);
        let only = list(&tree.source(LibraryKind::Movies), Scope::Only(vec![o.remote_id.clone()]));
        assert_eq!(only.ids(), [o.remote_id.as_str()]);
    }
    assert_eq!(listing.seen.len(), 4);
}

#[test]
fn a_tree_too_deep_is_bounded_and_reported() {
    let tree = Tree::new(&["Heat (1995).mkv"]);
    tree.file(format!("{}deep.mkv", "d/".repeat(40)), "x");
    for listing in [tree.films(), tree.shows()] {
        assert!(listing.failed[0].contains("too deep"), "{:?}", listing.failed);
        assert!(listing.doubt().contains("too deep"));
        assert!(!listing.seen.is_empty());
    }
}

#[test]
fn pipes_and_folders_with_video_names_are_no_videos() {
    let tree = Tree::new(&["Heat (1995)/Heat.mkv", "Folder.mkv/Ran (1985).mkv"]);
    let pipe = |name| {
        let made = Command::new("mkfifo").arg(tree.path(name)).status().unwrap();
        assert!(made.success());
    };
    pipe("Heat (1995)/pipe.mkv");
    pipe("Heat (1995)/Heat.nfo");
    let listing = tree.films();
    assert!(listing.is_complete(), "{}", listing.text());
    assert_eq!(listing.ids(), ["Folder.mkv/Ran (1985).mkv", "Heat (1995)"]);
}

#[test]
fn a_huge_description_is_read_in_part() {
    let tree = Tree::new(&["Heat (1995)/Heat.mkv"]);
    let plot = "x".repeat(10 << 20);
    tree.file(
        "Heat (1995)/Heat.nfo",
        format!("<movie><year>1996</year><plot>{plot}</plot></movie>"),
    );
    let listing = tree.films();
    assert!(listing.is_complete());
    assert_eq!(listing.get("Heat (1995)").facts.year, Some(1996));
}

#[test]
fn five_thousand_files_take_little_time() {
    let tree = Tree::new(&[]);
    tree.folder("Show");
    for n in 0..5_000 {
        fs::write(tree.path(format!("Show/Show S01E{n:04}.mkv")), "x").unwrap();
    }
    let start = Instant::now();
    let shows = tree.shows();
    assert_eq!(shows.seen.len(), 5_002);
    assert_eq!(shows.get("Show").anchor.as_ref().unwrap().name(), "Show S01E0000.mkv");
    assert_eq!(tree.films().seen.len(), 5_000);
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
}

#[test]
fn pages_are_bounded_and_dropping_the_stream_ends_the_walk() {
    let tree = Tree::new(&[]);
    for n in 0..1_200 {
        fs::write(tree.path(format!("Film {n} (2000).mkv")), "x").unwrap();
    }
    let source = tree.source(LibraryKind::Movies);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let library = source.libraries().await.unwrap().remove(0);
        let mut steps = source.list(&library, Scope::Full);
        let Some(Ok(Listed::Page(page))) = steps.next().await else { panic!("no page") };
        assert_eq!(page.len(), 500);
        drop(steps);
    });
    // The runtime waits for blocking threads when it is dropped: a walk that went on to a reader
    // that is gone would hang here.
    drop(runtime);
}

#[test]
fn the_identity_is_the_place_and_not_the_device() {
    let tree = Tree::new(&["Heat (1995).mkv"]);
    tree.link(tree.root(), "../Link");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let identify = |path: &str| {
        let config = LocalConfig::new(tree.path(path), LibraryKind::Movies);
        runtime.block_on(LocalFolder::new(config).unwrap().identify()).unwrap()
    };
    let (plain, linked) = (identify(""), identify("../Link"));
    assert_eq!(plain.server_id, linked.server_id);
    assert_eq!(plain.name, "Media");
    assert_eq!(plain.viewer, None);
}

#[test]
fn real_videos() {
    let tree = Tree::new(&[]);
    let video = tree.path("Heat (1995)/Heat (1995) - 480p.mkv");
    fs::create_dir_all(video.parent().unwrap()).unwrap();
    let made = Command::new("ffmpeg")
        .args(["-v", "error", "-f", "lavfi", "-i", "color=black:s=64x48:d=0.2"])
        .arg(&video)
        .status()
        .expect("ffmpeg is part of the set-up of the tests");
    assert!(made.success());
    fs::copy(&video, tree.path("Heat (1995)/Heat (1995) - 4K.mkv")).unwrap();
    let listing = tree.films();
    let film = listing.get("Heat (1995)");
    let size = fs::metadata(&video).unwrap().len();
    assert_eq!(film.facts.files.iter().map(|f| f.size).collect::<Vec<_>>(), [Some(size); 2]);
    assert!(film.moved_key().is_some());
}
