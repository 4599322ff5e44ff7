//! Films or shows? The layout of a folder tells.

use std::path::Path;

use shelfread_domain::port::{LibraryKind, Problem, SourceError};
use shelfread_domain::release::{Certainty, ReleaseName, video_stem};

use crate::disk::{Disk, Kind, RealDisk};
use crate::names::{is_extras, is_hidden, is_plain_season};
use crate::remote::{name_text, path_text};
use crate::walk::io_error;

/// How many names are looked at before the answer is given.
const ENOUGH: usize = 2_000;
/// How deep: `Kids/Bluey/Season 01/`.
const DEEP: usize = 4;

/// Tells what a folder holds by its layout: seasons, `tvshow.nfo` and numbered episodes speak for
/// shows, other videos for films. Blocks; looks at no more than some thousand names.
///
/// # Errors
/// When the folder cannot be read, or there is no video in it that could tell.
pub fn detect(path: &Path) -> Result<LibraryKind, SourceError> {
    let disk = RealDisk;
    let mut waiting = vec![(path.to_owned(), 0)];
    let mut votes = Votes::default();
    while let Some((folder, depth)) = waiting.pop() {
        let entries = match disk.read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if depth == 0 => return Err(io_error(path, &error)),
            Err(_) => continue, // the others tell as well
        };
        for (name, kind) in entries {
            let text = name_text(&name);
            votes.count(&text, kind);
            if kind == Kind::Folder && depth < DEEP && !is_hidden(&text) && !is_extras(&text) {
                waiting.push((folder.join(name), depth + 1));
            }
        }
        if votes.seen > ENOUGH {
            break;
        }
    }
    votes.result(path)
}

#[derive(Default)]
struct Votes {
    seen: usize,
    shows: usize,
    films: usize,
}

impl Votes {
    fn count(&mut self, name: &str, kind: Kind) {
        self.seen += 1;
        let is_season = kind == Kind::Folder && is_plain_season(name);
        if is_season || name.eq_ignore_ascii_case("tvshow.nfo") {
            self.shows += 10;
        }
        let Some(stem) = video_stem(name).filter(|_| kind != Kind::Folder && !is_hidden(name))
        else {
            return;
        };
        let release = ReleaseName::parse(stem);
        match release.confidence.numbers {
            _ if release.extra.is_some() => {}
            Certainty::Absent => self.films += 1,
            _ => self.shows += 1,
        }
    }

    fn result(&self, path: &Path) -> Result<LibraryKind, SourceError> {
        match (self.shows, self.films) {
            (0, 0) => {
                let what = format!("tell what the folder {} holds", path_text(path));
                let problem = "there is no video in it; say whether it is for movies or shows";
                Err(SourceError::new(what, Problem::Configuration(problem.to_owned())))
            }
            (shows, films) if shows >= films => Ok(LibraryKind::Shows),
            _ => Ok(LibraryKind::Movies),
        }
    }
}
