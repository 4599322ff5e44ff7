//! Removal: deletes the files of one object, at a person's word.
//!
//! The object is looked for by the same walk that lists it, so that what is deleted is what was
//! listed. A folder goes whole only when it is the object's own and no other object has a file in
//! it. Links are removed and never followed, and every path is checked to be below the root.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use shelfread_domain::port::{ItemFailure, Problem, SourceError};
use shelfread_domain::release::video_stem;
use shelfread_domain::{Coverage, RemoteId};

use crate::names::is_companion;
use crate::remote::{self, name_text, path_text};
use crate::select::Select;
use crate::walk::{Halt, Item, Out, Walk, Walked};
use crate::{Place, list};

/// Deletes what `id` names; `false` when there is no such object.
pub(crate) fn remove(place: &Place, id: &RemoteId) -> Result<bool, SourceError> {
    let error = |problem: String| {
        let what = format!("delete '{id}' from {}", path_text(&place.path));
        SourceError::new(what, Problem::Io(problem))
    };
    let around = remote::place(id).map_err(|why| error(why.to_string()))?;
    let (root, _) = place.open()?;
    let mut catch = Catch { id, home: None, files: BTreeSet::new(), others: BTreeSet::new() };
    let coverage = find(place, Select::Around(around), &mut catch)?;
    if let Some(doubt) = coverage.reason {
        return Err(error(format!("nothing was deleted, because {doubt}")));
    }
    for path in catch.targets(&root) {
        delete(&root, &path).map_err(|e| error(format!("{}: {e}", path_text(&path))))?;
    }
    Ok(!catch.files.is_empty())
}

fn find(place: &Place, select: Select, catch: &mut Catch<'_>) -> Result<Coverage, SourceError> {
    let walked = Walk::begin(place, select, catch).and_then(|mut walk| {
        list::all(&mut walk, place.media)?;
        Ok(walk.end())
    });
    walked.map_err(|halt| match halt {
        Halt::Failed(error) => error,
        Halt::Stopped => place.error(&std::io::Error::other("the walk was stopped")),
    })
}

/// Catches the object, and what its neighbours have.
struct Catch<'a> {
    id: &'a RemoteId,
    home: Option<PathBuf>,
    files: BTreeSet<PathBuf>,
    others: BTreeSet<PathBuf>,
}

impl Out for Catch<'_> {
    fn item(&mut self, item: Item) -> Walked<()> {
        let o = &item.observation;
        let own = o.remote_id == *self.id || o.parent.as_ref() == Some(self.id);
        if o.remote_id == *self.id {
            self.home = item.home;
        }
        if own {
            self.files.extend(item.files)
        } else {
            self.others.extend(item.files)
        }
        Ok(())
    }

    fn failed(&mut self, _: ItemFailure) -> Walked<()> {
        Ok(()) // what matters of it is in the coverage
    }

    fn is_stopped(&self) -> bool {
        false
    }
}

impl Catch<'_> {
    /// What must go, relative to the root.
    fn targets(&self, root: &Path) -> Vec<PathBuf> {
        let others: BTreeSet<&PathBuf> = self.others.difference(&self.files).collect();
        let home = self.home.as_ref().filter(|home| !others.iter().any(|o| o.starts_with(home)));
        if let Some(home) = home {
            return vec![home.clone()];
        }
        let companions = self.files.iter().flat_map(|file| companions(root, file));
        self.files.iter().cloned().chain(companions).collect()
    }
}

/// The subtitles, pictures and descriptions of a video: its name, and more behind a `.` or `-`.
fn companions(root: &Path, video: &Path) -> Vec<PathBuf> {
    let (Some(folder), Some(name)) = (video.parent(), video.file_name()) else { return Vec::new() };
    let name = name_text(name);
    let Some(stem) = video_stem(&name) else { return Vec::new() };
    let entries = fs::read_dir(root.join(folder)).into_iter().flatten().flatten();
    let names: Vec<_> = entries.map(|e| e.file_name()).collect();
    let texts: Vec<String> = names.iter().map(|name| name_text(name)).collect();
    let belongs = |text: &str, stem: &str| {
        text.strip_prefix(stem).is_some_and(|rest| rest.starts_with(['.', '-']))
    };
    let longer = |text: &str| {
        let stems = texts.iter().filter_map(|t| video_stem(t)).filter(|s| s.len() > stem.len());
        stems.into_iter().any(|stem| belongs(text, stem))
    };
    let own = |text: &str| is_companion(text) && belongs(text, stem) && !longer(text);
    let pairs = names.iter().zip(&texts).filter(|(_, text)| own(text));
    pairs.map(|(name, _)| folder.join(name)).collect()
}

/// Deletes a file, link or folder below the root; what is gone already is well.
fn delete(root: &Path, path: &Path) -> std::io::Result<()> {
    let full = root.join(path);
    let parent = full.parent().unwrap_or(root).canonicalize()?;
    if path.as_os_str().is_empty() || !parent.starts_with(root) {
        return Err(std::io::Error::other("it is not inside the folder"));
    }
    let done = match fs::symlink_metadata(&full) {
        Ok(meta) if meta.is_dir() => fs::remove_dir_all(&full),
        Ok(_) => fs::remove_file(&full),
        Err(error) => Err(error),
    };
    match done {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}
