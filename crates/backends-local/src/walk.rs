//! The walk over the folders of a library: what is read, what is left out, and what casts doubt.
//! Knows no films and no shows; [`films`](crate::films) and [`shows`](crate::shows) make items of
//! the folders that it reads.
//!
//! The rules of truth:
//! 1. The root that cannot be read ends the walk with an error. An empty root is doubtful, because
//!    an unmounted disk leaves an empty folder behind.
//! 2. A folder or file below that cannot be read is reported by name, and the listing is partial.
//!    What vanishes between being named and being read makes it partial too.
//! 3. Links are followed where they stay inside the root; a folder is entered through one link at
//!    most, so circles end. A link that leaves the root is not read and is reported with its id: it
//!    is known to exist, and what is outside is no part of the library, so the listing stays
//!    complete. The same holds for a link that leads nowhere, in circles or to a folder above it.
//! 4. Hidden names, system folders and what `.nomedia`, `.ignore` and `.plexignore` set aside are
//!    no part of the library.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use shelfread_domain::port::{ItemFailure, Problem, SourceError};
use shelfread_domain::release::video_stem;
use shelfread_domain::text::MAX_PATH;
use shelfread_domain::{Coverage, FileRef, Observation, RemoteId};

use crate::Place;
use crate::disk::{Disk, Kind, Stat};
use crate::names::{Ignore, is_companion, is_hidden};
use crate::nfo::{self, Nfo};
use crate::remote::{self, name_text, path_text};
use crate::select::Select;

/// How deep folders are followed; real libraries need five.
const MAX_DEPTH: usize = 32;
/// How much of an ignore file is read, in bytes.
const MAX_IGNORE: u64 = 64 << 10;

/// Why a walk ends early.
#[derive(Debug)]
pub(crate) enum Halt {
    /// Nobody listens any more.
    Stopped,
    /// The root cannot be read.
    Failed(SourceError),
}

/// The result of a step of the walk.
pub(crate) type Walked<T> = Result<T, Halt>;

/// Where the walk hands what it finds.
pub(crate) trait Out {
    /// Takes an item.
    fn item(&mut self, item: Item) -> Walked<()>;
    /// Takes a report of something that could not be read.
    fn failed(&mut self, failure: ItemFailure) -> Walked<()>;
    /// Whether nobody listens any more.
    fn is_stopped(&self) -> bool;
}

/// An observation, with the files that are behind it.
#[derive(Debug)]
pub(crate) struct Item {
    pub observation: Observation,
    /// Relative to the root.
    pub files: Vec<PathBuf>,
    /// The folder that is this item's own, relative to the root.
    pub home: Option<PathBuf>,
}

/// A video file, or the main part of a disc.
#[derive(Clone, Debug)]
pub(crate) struct Video {
    /// Relative to the root.
    pub path: PathBuf,
    /// The name to read, without extension.
    pub stem: String,
    pub size: u64,
    pub modified: Option<DateTime<Utc>>,
    /// When it, its NFO or a folder above it changed.
    pub changed: Option<DateTime<Utc>>,
    /// Its own NFO file, relative to the root.
    pub nfo: Option<PathBuf>,
}

/// A folder that was read: what counts in it, sorted by name.
#[derive(Debug)]
pub(crate) struct Folder {
    /// Relative to the root.
    pub path: PathBuf,
    pub name: String,
    pub videos: Vec<Video>,
    pub folders: Vec<OsString>,
    /// NFO files.
    pub notes: Vec<OsString>,
    /// When it or a folder above it changed.
    pub changed: Option<DateTime<Utc>>,
}

impl Folder {
    /// The path of the note with this name, in any case.
    pub fn note(&self, name: &str) -> Option<PathBuf> {
        let found = self.notes.iter().find(|n| n.to_string_lossy().eq_ignore_ascii_case(name))?;
        Some(self.path.join(found))
    }

    /// Whether this is the root.
    pub fn is_root(&self) -> bool {
        self.path.as_os_str().is_empty()
    }
}

/// What keeps a listing from being complete.
#[derive(Debug, Default)]
struct Doubts {
    first: Option<String>,
    more: usize,
}

/// One walk.
pub(crate) struct Walk<'a> {
    place: &'a Place,
    disk: &'a dyn Disk,
    /// Without links.
    root: PathBuf,
    /// Device and inode of the root at the beginning.
    identity: (u64, u64),
    /// What is wanted.
    pub select: Select,
    out: &'a mut dyn Out,
    /// The folders that were entered through a link.
    linked: HashSet<(u64, u64)>,
    doubts: Doubts,
    received: u64,
}

impl<'a> Walk<'a> {
    /// Begins a walk.
    pub fn begin(place: &'a Place, select: Select, out: &'a mut dyn Out) -> Walked<Self> {
        let disk = &*place.disk;
        let (root, stat) = place.open().map_err(Halt::Failed)?;
        Ok(Self {
            place,
            disk,
            root,
            identity: stat.identity,
            select,
            out,
            linked: HashSet::new(),
            doubts: Doubts::default(),
            received: 0,
        })
    }

    /// The certificate, at the end.
    pub fn end(mut self) -> Coverage {
        let same = self.disk.stat(&self.root).is_ok_and(|s| s.identity == self.identity);
        if !same {
            self.doubt("the folder was replaced while it was read".to_owned());
        }
        let doubts = match (self.doubts.first, self.doubts.more) {
            (Some(first), 0) => Some(first),
            (Some(first), more) => Some(format!("{first}; and {more} more like it")),
            (None, _) => self.select.why_partial().map(str::to_owned),
        };
        match doubts {
            Some(reason) => Coverage::partial(None, self.received, reason),
            None => Coverage::complete(None, self.received),
        }
    }

    /// The name of the library.
    pub fn root_name(&self) -> &str {
        &self.place.name
    }

    /// A file as facts name it.
    pub fn file(&self, video: &Video) -> FileRef {
        FileRef {
            path: self.place.path_map.apply(path_text(&self.root.join(&video.path))),
            size: Some(video.size),
            modified: video.modified,
        }
    }

    /// Hands an item on.
    pub fn put(&mut self, item: Item) -> Walked<()> {
        let id = &item.observation.remote_id;
        if id.as_str().len() > MAX_PATH {
            let label = item.observation.label();
            return self.fail(label, None, "its path is too long".to_owned());
        }
        self.received += u64::from(item.observation.part == 0);
        self.out.item(item)
    }

    /// Reads a folder. `None` when it is set aside, or when it cannot be read (which is reported).
    pub fn folder(&mut self, path: &Path, above: Option<DateTime<Utc>>) -> Walked<Option<Folder>> {
        if self.out.is_stopped() {
            return Err(Halt::Stopped);
        }
        let is_root = path.as_os_str().is_empty();
        if path.components().count() > MAX_DEPTH {
            return self.fail_at(path, "lies too deep to be read").map(|()| None);
        }
        let full = self.root.join(path);
        let read = self.disk.stat(&full).and_then(|stat| Ok((stat, self.disk.read_dir(&full)?)));
        let (stat, mut entries) = match read {
            Ok(read) => read,
            Err(error) if is_root => return Err(Halt::Failed(self.place.error(&error))),
            Err(error) => return self.unreadable(path, &error).map(|()| None),
        };
        entries.sort_by(|(a, _), (b, _)| a.cmp(b));
        if is_root && entries.iter().all(|(name, _)| is_hidden(&name_text(name))) {
            self.doubt("the folder is empty; maybe its disk is not mounted".to_owned());
        }
        let Some(ignore) = self.set_aside(path, &entries)? else { return Ok(None) };
        let changed = if is_root { None } else { stat.changed.max(above) };
        let name = path.file_name().map_or_else(|| self.place.name.clone(), name_text);
        let path = path.to_owned();
        let (videos, folders, notes) = (Vec::new(), Vec::new(), Vec::new());
        let mut folder = Folder { path, name, videos, folders, notes, changed };
        for (name, kind) in entries {
            let text = name_text(&name);
            if !is_hidden(&text) && !ignore.as_ref().is_some_and(|ignore| ignore.hits(&text)) {
                self.entry(&mut folder, name, &text, kind)?;
            }
        }
        merge_disc_files(&mut folder);
        self.attach_notes(&mut folder)?;
        Ok(Some(folder))
    }

    /// What a folder sets aside: `None` when all of itself.
    fn set_aside(
        &mut self,
        path: &Path,
        entries: &[(OsString, Kind)],
    ) -> Walked<Option<Option<Ignore>>> {
        let has = |name: &str| entries.iter().any(|(entry, _)| entry == name);
        let mut ignore = has(".nomedia").then_some(Ignore::Everything);
        for name in [".ignore", ".plexignore"].into_iter().filter(|name| has(name)) {
            let file = path.join(name);
            match self.disk.read(&self.root.join(&file), MAX_IGNORE) {
                Ok(text) => {
                    ignore = ignore.or(Some(Ignore::parse(&String::from_utf8_lossy(&text))));
                }
                Err(error) => return self.unreadable(&file, &error).map(|()| None),
            }
        }
        let everything = ignore == Some(Ignore::Everything);
        if everything && path.as_os_str().is_empty() {
            self.doubt("the folder itself is marked to be ignored".to_owned());
        }
        Ok((!everything).then_some(ignore))
    }

    fn entry(&mut self, into: &mut Folder, name: OsString, text: &str, kind: Kind) -> Walked<()> {
        let path = into.path.join(&name);
        let kind = match kind {
            Kind::Link => self.follow(&path, text)?,
            kind => Some(kind),
        };
        match kind {
            Some(Kind::Folder) if is_disc_tree(text) => {
                let video = self.main_of_disc(&path, text, into)?;
                into.videos.extend(video);
            }
            Some(Kind::Folder) => into.folders.push(name),
            Some(Kind::File) if video_stem(text).is_some() => {
                let video = self.video(path, text, into.changed)?;
                into.videos.extend(video);
            }
            Some(Kind::File) if text.to_ascii_lowercase().ends_with(".nfo") => {
                into.notes.push(name);
            }
            _ => {}
        }
        Ok(())
    }

    fn video(
        &mut self,
        path: PathBuf,
        text: &str,
        above: Option<DateTime<Utc>>,
    ) -> Walked<Option<Video>> {
        match self.disk.stat(&self.root.join(&path)) {
            Ok(stat) => {
                let Stat { size, modified, changed, .. } = stat;
                let stem = video_stem(text).unwrap_or(text).to_owned();
                let changed = changed.max(above);
                Ok(Some(Video { path, stem, size, modified, changed, nfo: None }))
            }
            Err(error) => self.unreadable(&path, &error).map(|()| None),
        }
    }

    /// The largest stream of a `BDMV` or `VIDEO_TS` tree, under the name of the folder it is in.
    fn main_of_disc(&mut self, tree: &Path, text: &str, of: &Folder) -> Walked<Option<Video>> {
        let blu_ray = text.eq_ignore_ascii_case("bdmv");
        let streams = if blu_ray { tree.join("STREAM") } else { tree.to_owned() };
        let extension = if blu_ray { "m2ts" } else { "vob" };
        let entries = match self.disk.read_dir(&self.root.join(&streams)) {
            Ok(entries) => entries,
            Err(error) => return self.unreadable(&streams, &error).map(|()| None),
        };
        let fits = |name: &OsStr| {
            Path::new(name).extension().is_some_and(|e| e.eq_ignore_ascii_case(extension))
        };
        let mut main: Option<Video> = None;
        for (name, _) in entries.iter().filter(|(name, kind)| *kind == Kind::File && fits(name)) {
            let Some(video) = self.video(streams.join(name), &of.name, of.changed)? else {
                continue;
            };
            let rank = |v: &Video| (v.size, std::cmp::Reverse(v.path.clone()));
            if main.as_ref().is_none_or(|main| rank(&video) > rank(main)) {
                main = Some(Video { stem: of.name.clone(), ..video });
            }
        }
        Ok(main)
    }

    /// Gives each video its own NFO.
    fn attach_notes(&mut self, folder: &mut Folder) -> Walked<()> {
        for video in &mut folder.videos {
            let stem = video.path.file_stem();
            let own = |note: &&OsString| Path::new(note).file_stem() == stem;
            let Some(note) = folder.notes.iter().find(own) else { continue };
            let note = folder.path.join(note);
            if self.select.by_time() {
                let changed = self.disk.stat(&self.root.join(&note)).ok().and_then(|s| s.changed);
                video.changed = video.changed.max(changed);
            }
            video.nfo = Some(note);
        }
        Ok(())
    }

    /// What is behind a link, if it is to be read.
    fn follow(&mut self, path: &Path, text: &str) -> Walked<Option<Kind>> {
        if !self.place.follow_symlinks {
            return Ok(None);
        }
        let full = self.root.join(path);
        let target = match self.disk.canonical(&full) {
            Ok(target) if target.starts_with(&self.root) => target,
            _ if is_companion(text) => return Ok(None),
            Ok(_) => return self.skip(path, "is a link that leaves the folder"),
            Err(error) if leads_nowhere(&error) => {
                return self.skip(path, "is a link that leads nowhere");
            }
            Err(error) => return self.unreadable(path, &error).map(|()| None),
        };
        let stat = match self.disk.stat(&target) {
            Ok(stat) => stat,
            Err(error) => return self.unreadable(path, &error).map(|()| None),
        };
        if stat.kind == Kind::Folder {
            let parent = full.parent().map(|parent| self.disk.canonical(parent));
            if parent.is_some_and(|parent| parent.is_ok_and(|p| p.starts_with(&target))) {
                return self.skip(path, "is a link to a folder that it lies in");
            }
            if !self.linked.insert(stat.identity) {
                tracing::debug!(path = %path_text(path), "already entered through another link");
                return Ok(None);
            }
        }
        Ok(Some(stat.kind))
    }

    /// The descriptions in an NFO file; none when it cannot be read, which is reported.
    pub fn nfo(&mut self, path: &Path) -> Walked<Vec<Nfo>> {
        match self.disk.read(&self.root.join(path), nfo::MAX_BYTES) {
            Ok(bytes) => Ok(nfo::parse(&bytes)),
            Err(error) => self.unreadable(path, &error).map(|()| Vec::new()),
        }
    }

    /// The names of the folders in a folder, without any report: to tell what kind it is.
    pub fn peek(&self, path: &Path) -> Vec<OsString> {
        let entries = self.disk.read_dir(&self.root.join(path)).unwrap_or_default();
        let folders = entries.into_iter().filter(|(_, kind)| *kind == Kind::Folder);
        folders.map(|(name, _)| name).collect()
    }

    /// When a file changed, in a walk where that matters.
    pub fn changed(&self, path: &Path) -> Option<DateTime<Utc>> {
        let by_time = self.select.by_time();
        by_time.then(|| self.disk.stat(&self.root.join(path)).ok()?.changed).flatten()
    }

    fn unreadable(&mut self, path: &Path, error: &io::Error) -> Walked<()> {
        if error.kind() == io::ErrorKind::NotFound {
            self.doubt(format!("{} vanished while it was read", path_text(path)));
            return Ok(());
        }
        self.fail_at(path, &format!("could not be read ({error})"))
    }

    fn fail_at(&mut self, path: &Path, message: &str) -> Walked<()> {
        self.fail(path_text(path), Some(remote::id(path)), message.to_owned())
    }

    /// Reports what could not be read: the listing is no longer complete.
    fn fail(&mut self, label: String, id: Option<RemoteId>, message: String) -> Walked<()> {
        self.doubt(format!("{label} {message}"));
        self.out.failed(ItemFailure { label, remote_id: id, message })
    }

    /// Reports what is left out on purpose: the listing is still complete.
    fn skip(&mut self, path: &Path, why: &str) -> Walked<Option<Kind>> {
        let (label, remote_id) = (path_text(path), Some(remote::id(path)));
        self.out.failed(ItemFailure { label, remote_id, message: format!("{why}: left out") })?;
        Ok(None)
    }

    fn doubt(&mut self, why: String) {
        match self.doubts.first {
            None => self.doubts.first = Some(why),
            Some(_) => self.doubts.more += 1,
        }
    }
}

/// Whether a folder is the inside of a video disc.
fn is_disc_tree(name: &str) -> bool {
    ["bdmv", "video_ts"].contains(&name.to_lowercase().as_str())
}

/// Of the files of a DVD that lie in a folder without `VIDEO_TS` the largest stands for all.
fn merge_disc_files(folder: &mut Folder) {
    let of_disc = |v: &Video| v.stem.get(..4).is_some_and(|s| s.eq_ignore_ascii_case("vts_"));
    let main = folder.videos.iter().filter(|v| of_disc(v)).max_by_key(|v| v.size).cloned();
    if let Some(main) = main {
        folder.videos.retain(|v| !of_disc(v));
        folder.videos.push(Video { stem: folder.name.clone(), ..main });
    }
}

/// No target, or one after the other without end (`ELOOP`).
fn leads_nowhere(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(40)
}

/// A failed answer of the file system as an error of the source.
pub(crate) fn io_error(path: &Path, error: &impl std::fmt::Display) -> SourceError {
    let what = format!("read the folder {}", path_text(path));
    SourceError::new(what, Problem::Io(error.to_string()))
}
