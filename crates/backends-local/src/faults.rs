//! What a failing disk does to a listing. Root may read everything, so that no mode of a real file
//! makes these faults; here the disk itself fails, for whoever asks.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::StreamExt;
use shelfread_domain::port::{LibraryKind, Listed, MediaSource, RemoveMedia, Scope, SourceError};
use shelfread_domain::{Coverage, RemoteId};
use shelfread_testkit::fixtures;
use tempfile::TempDir;

use crate::disk::{Disk, Kind, RealDisk, Stat};
use crate::{LocalConfig, LocalFolder};

const EIO: i32 = 5;
const EACCES: i32 = 13;
const ESTALE: i32 = 116;
const ENOENT: i32 = 2;

/// The real disk, but some paths fail with an error of the system.
#[derive(Debug, Default)]
struct Faulty {
    faults: HashMap<PathBuf, i32>,
    /// Added to every inode, from this question on.
    remounts_after: Option<u64>,
    asked: AtomicU64,
}

impl Faulty {
    fn check(&self, path: &Path) -> io::Result<()> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let clean: PathBuf = path.components().collect();
        self.faults.get(&clean).map_or(Ok(()), |code| Err(io::Error::from_raw_os_error(*code)))
    }
}

impl Disk for Faulty {
    fn read_dir(&self, path: &Path) -> io::Result<Vec<(OsString, Kind)>> {
        self.check(path).and_then(|()| RealDisk.read_dir(path))
    }

    fn stat(&self, path: &Path) -> io::Result<Stat> {
        let mut stat = self.check(path).and_then(|()| RealDisk.stat(path))?;
        let moved = self.remounts_after.is_some_and(|n| self.asked.load(Ordering::Relaxed) > n);
        stat.identity.0 += u64::from(moved);
        Ok(stat)
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        self.check(path).and_then(|()| RealDisk.canonical(path))
    }

    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        self.check(path).and_then(|()| RealDisk.read(path, limit))
    }
}

struct Listing {
    ids: Vec<String>,
    failed: Vec<(String, Option<RemoteId>)>,
    end: Result<Coverage, SourceError>,
}

impl Listing {
    fn doubt(&self) -> &str {
        let coverage = self.end.as_ref().unwrap();
        assert!(!coverage.complete);
        coverage.reason.as_deref().unwrap()
    }
}

fn tree(files: &[&str]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for file in files {
        let path = dir.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, file).unwrap();
    }
    dir
}

fn source(dir: &TempDir, media: LibraryKind, faults: &[(&str, i32)]) -> LocalFolder {
    let root = dir.path().canonicalize().unwrap();
    let path = |path: &str| if path == "." { root.clone() } else { root.join(path) };
    let faults = faults.iter().map(|(p, code)| (path(p), *code)).collect();
    on(dir, media, Faulty { faults, ..Faulty::default() })
}

fn on(dir: &TempDir, media: LibraryKind, disk: Faulty) -> LocalFolder {
    LocalFolder::on(Arc::new(disk), LocalConfig::new(dir.path(), media)).unwrap()
}

fn block<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}

fn list(source: &LocalFolder) -> Listing {
    let library = shelfread_domain::port::RemoteLibrary {
        remote_id: ".".into(),
        name: "Media".into(),
        kind: LibraryKind::Mixed,
    };
    let steps: Vec<_> = block(source.list(&library, Scope::Full).collect());
    fixtures::check(&steps).unwrap();
    let mut listing = Listing { ids: vec![], failed: vec![], end: Ok(Coverage::complete(None, 0)) };
    for step in steps {
        match step {
            Ok(Listed::Page(page)) => {
                listing.ids.extend(page.into_iter().map(|o| o.remote_id.to_string()));
            }
            Ok(Listed::Failed(f)) => listing.failed.push((f.label, f.remote_id)),
            Ok(Listed::End(coverage)) => listing.end = Ok(coverage),
            Ok(Listed::Expected(_)) => {}
            Err(error) => listing.end = Err(error),
        }
    }
    listing
}

fn films(files: &[&str], faults: &[(&str, i32)]) -> Listing {
    list(&source(&tree(files), LibraryKind::Movies, faults))
}

fn shows(files: &[&str], faults: &[(&str, i32)]) -> Listing {
    list(&source(&tree(files), LibraryKind::Shows, faults))
}

#[test]
fn an_unreadable_folder_is_named_and_the_others_go_on() {
    let files = ["A (2001)/a.mkv", "B (2002)/b.mkv", "C (2003)/c.mkv"];
    for code in [EIO, EACCES, ESTALE] {
        let listing = films(&files, &[("B (2002)", code)]);
        assert_eq!(listing.ids, ["A (2001)", "C (2003)"]);
        assert_eq!(listing.failed, [("B (2002)".to_owned(), Some("B (2002)".into()))]);
        assert!(listing.doubt().starts_with("B (2002) could not be read ("), "{}", listing.doubt());
    }
    let both = films(&files, &[("B (2002)", EIO), ("C (2003)", EIO)]);
    assert!(both.doubt().ends_with("and 1 more like it"), "{}", both.doubt());
}

#[test]
fn an_unreadable_season_leaves_the_rest_of_the_show() {
    let files = ["Dark/Season 1/S01E01.mkv", "Dark/Season 2/S02E01.mkv", "Fargo/S01E01.mkv"];
    let listing = shows(&files, &[("Dark/Season 1", EACCES)]);
    assert!(listing.ids.contains(&"Dark/Season 2/S02E01.mkv".to_owned()));
    assert!(listing.ids.contains(&"Fargo/S01E01.mkv".to_owned()));
    assert_eq!(listing.failed[0].1, Some("Dark/Season 1".into()));
    assert!(listing.doubt().contains("Dark/Season 1"));
}

#[test]
fn an_unreadable_show_is_no_missing_show() {
    let listing = shows(&["Dark/S01E01.mkv", "Fargo/S01E01.mkv"], &[("Dark", EIO)]);
    assert_eq!(listing.ids, ["Fargo", "Fargo#season 1", "Fargo/S01E01.mkv"]);
    assert!(listing.doubt().contains("Dark"));
}

#[test]
fn an_unreadable_file_is_named() {
    let listing = films(&["A (2001).mkv", "B (2002).mkv"], &[("A (2001).mkv", EIO)]);
    assert_eq!(listing.ids, ["B (2002).mkv"]);
    assert_eq!(listing.failed, [("A (2001).mkv".to_owned(), Some("A (2001).mkv".into()))]);
    assert!(listing.doubt().contains("A (2001).mkv"));
}

#[test]
fn an_unreadable_description_leaves_its_film_and_casts_doubt() {
    let listing = films(&["A (2001)/a.mkv", "A (2001)/a.nfo"], &[("A (2001)/a.nfo", EACCES)]);
    assert_eq!(listing.ids, ["A (2001)"]);
    assert!(listing.doubt().contains("a.nfo"));
    let show = shows(&["Dark/S01E01.mkv", "Dark/tvshow.nfo"], &[("Dark/tvshow.nfo", EACCES)]);
    assert_eq!(show.ids.len(), 3);
    assert!(show.doubt().contains("tvshow.nfo"));
}

#[test]
fn what_vanishes_while_it_is_read_casts_doubt() {
    for gone in ["A (2001)", "A (2001)/a.mkv"] {
        let listing = films(&["A (2001)/a.mkv", "B (2002)/b.mkv"], &[(gone, ENOENT)]);
        assert_eq!(listing.ids, ["B (2002)"]);
        assert_eq!(listing.failed, []);
        assert!(listing.doubt().contains("vanished"), "{}", listing.doubt());
    }
}

#[test]
fn an_unreadable_root_is_an_error() {
    for code in [EIO, EACCES, ESTALE, ENOENT] {
        let listing = films(&["A (2001)/a.mkv"], &[(".", code)]);
        assert!(listing.end.is_err() && listing.ids.is_empty());
        let dir = tree(&["A (2001)/a.mkv"]);
        let source = source(&dir, LibraryKind::Movies, &[(".", code)]);
        assert!(block(source.identify()).is_err() && block(source.libraries()).is_err());
    }
}

#[test]
fn a_root_that_is_replaced_while_it_is_read_casts_doubt() {
    let dir = tree(&["A (2001)/a.mkv"]);
    let disk = Faulty { remounts_after: Some(4), ..Faulty::default() };
    let listing = list(&on(&dir, LibraryKind::Movies, disk));
    assert!(listing.doubt().contains("replaced"), "{}", listing.doubt());
}

#[test]
fn what_sets_names_aside_must_be_readable() {
    let files = ["A (2001)/a.mkv", "A (2001)/.ignore", "B (2002)/b.mkv"];
    let listing = films(&files, &[("A (2001)/.ignore", EIO)]);
    assert_eq!(listing.ids, ["B (2002)"]);
    assert!(listing.doubt().contains(".ignore"));
}

#[test]
fn an_unreadable_disc_or_link_is_named() {
    let disc = ["A (2001)/BDMV/STREAM/00001.m2ts", "B (2002)/b.mkv"];
    let listing = films(&disc, &[("A (2001)/BDMV/STREAM", EIO)]);
    assert_eq!(listing.ids, ["B (2002)"]);
    assert!(listing.doubt().contains("STREAM"));
    let dir = tree(&["A (2001)/a.mkv"]);
    std::os::unix::fs::symlink("A (2001)", dir.path().join("Link (2001)")).unwrap();
    let linked = list(&source(&dir, LibraryKind::Movies, &[("Link (2001)", EACCES)]));
    assert_eq!(linked.ids, ["A (2001)"]);
    assert!(linked.doubt().contains("Link (2001)"));
}

#[test]
fn nothing_is_deleted_in_doubt() {
    let dir = tree(&["A (2001)/a.mkv", "A (2001)/More/b.mkv"]);
    let source = source(&dir, LibraryKind::Movies, &[("A (2001)/More", EIO)]);
    let error = block(source.remove(&"A (2001)".into())).unwrap_err();
    assert!(error.to_string().contains("nothing was deleted"), "{error}");
    assert!(dir.path().join("A (2001)/a.mkv").exists());
}
