//! A folder in a temporary place, and what is listed of it as text.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use futures::StreamExt;
use shelfread_backends_local::{LocalConfig, LocalFolder};
use shelfread_domain::port::{LibraryKind, Listed, MediaSource, Scope, SourceError};
use shelfread_domain::{Coverage, ItemKind, Observation};
use shelfread_testkit::fixtures;
use tempfile::TempDir;

/// A root named `Media`, with whatever lies outside it beside.
pub struct Tree {
    dir: TempDir,
}

impl Tree {
    /// A tree with these files. Their content is their path, their time is fixed.
    pub fn new(files: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("Media")).unwrap();
        let tree = Self { dir };
        files.iter().for_each(|file| tree.file(file, file));
        tree
    }

    pub fn root(&self) -> PathBuf {
        self.dir.path().join("Media")
    }

    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.root().join(path)
    }

    pub fn file(&self, path: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        File::options().write(true).open(&path).unwrap().set_modified(at).unwrap();
    }

    pub fn folder(&self, path: impl AsRef<Path>) {
        fs::create_dir_all(self.path(path)).unwrap();
    }

    pub fn link(&self, target: impl AsRef<Path>, link: impl AsRef<Path>) {
        let link = self.path(link);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        symlink(target, link).unwrap();
    }

    pub fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    pub fn source(&self, media: LibraryKind) -> LocalFolder {
        LocalFolder::new(LocalConfig::new(self.root(), media)).unwrap()
    }

    pub fn films(&self) -> Listing {
        list(&self.source(LibraryKind::Movies), Scope::Full)
    }

    pub fn shows(&self) -> Listing {
        list(&self.source(LibraryKind::Shows), Scope::Full)
    }
}

/// What came of a listing.
#[derive(Debug)]
pub struct Listing {
    pub seen: Vec<Observation>,
    pub failed: Vec<String>,
    pub end: Option<Coverage>,
    pub error: Option<SourceError>,
}

/// Lists, and checks the contract of the port on the way.
pub fn list(source: &LocalFolder, scope: Scope) -> Listing {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let steps: Vec<_> = runtime.block_on(async {
        match source.libraries().await {
            Ok(libraries) => source.list(&libraries[0], scope).collect().await,
            Err(error) => vec![Err(error)],
        }
    });
    fixtures::check(&steps).unwrap();
    let mut listing = Listing { seen: Vec::new(), failed: Vec::new(), end: None, error: None };
    for step in steps {
        match step {
            Ok(Listed::Page(page)) => listing.seen.extend(page),
            Ok(Listed::Failed(f)) => listing.failed.push(format!("{}: {}", f.label, f.message)),
            Ok(Listed::End(coverage)) => listing.end = Some(coverage),
            Ok(Listed::Expected(_)) => {}
            Err(error) => listing.error = Some(error),
        }
    }
    listing
}

impl Listing {
    /// Whether everything was read.
    pub fn is_complete(&self) -> bool {
        self.failed.is_empty() && self.end.as_ref().is_some_and(|end| end.complete)
    }

    /// Why the listing is partial.
    pub fn doubt(&self) -> &str {
        self.end.as_ref().and_then(|end| end.reason.as_deref()).unwrap_or("nothing")
    }

    pub fn ids(&self) -> Vec<&str> {
        self.seen.iter().map(|o| o.remote_id.as_str()).collect()
    }

    pub fn get(&self, id: &str) -> &Observation {
        self.seen
            .iter()
            .find(|o| o.remote_id.as_str() == id)
            .unwrap_or_else(|| panic!("{:?}", self.ids()))
    }

    /// One observation per line; what is not complete is said at the end.
    pub fn text(&self) -> String {
        let mut out: String = self.seen.iter().map(line).collect();
        for failure in &self.failed {
            writeln!(out, "! {failure}").unwrap();
        }
        match (&self.end, &self.error) {
            (Some(end), _) if end.complete => {}
            (Some(_), _) => writeln!(out, "partial: {}", self.doubt()).unwrap(),
            (None, error) => writeln!(out, "error: {error:?}").unwrap(),
        }
        out
    }
}

/// `[id] Title (year) numbers {ids} = files`, children indented.
fn line(o: &Observation) -> String {
    let f = &o.facts;
    let mut out = if o.kind.is_top() { String::new() } else { "  ".to_owned() };
    write!(out, "[{}", o.remote_id).unwrap();
    if o.part > 0 {
        write!(out, " +{}", o.part).unwrap();
    }
    out.push(']');
    match (o.kind, f.season_number, f.episode_number) {
        (ItemKind::Season, Some(season), _) => write!(out, " season {season}").unwrap(),
        (ItemKind::Episode, season, episode) => {
            let number = |n: Option<i32>| n.map_or("?".to_owned(), |n| format!("{n:02}"));
            write!(out, " S{}E{}", number(season), number(episode)).unwrap();
        }
        _ => {}
    }
    let parts = [
        f.absolute_number.map(|n| format!("#{n}")),
        f.title.clone(),
        f.year.map(|year| format!("({year})")),
        f.air_date.map(|date| date.to_string()),
        f.runtime_seconds.map(|s| format!("{}min", s / 60)),
        f.overview.as_ref().map(|plot| format!("\"{plot}\"")),
    ];
    for part in parts.into_iter().flatten() {
        write!(out, " {part}").unwrap();
    }
    for id in &f.external_ids {
        write!(out, " {{{id}}}").unwrap();
    }
    if o.kind == ItemKind::Movie {
        let names: Vec<_> = f.files.iter().map(|file| file.name()).collect();
        write!(out, " = {}", names.join(", ")).unwrap();
    }
    out.push('\n');
    out
}
