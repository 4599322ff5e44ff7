//! Films: which videos of a folder are one film, what it is called, and whether the folder is its
//! own.
//!
//! A film whose folder is its own has the id of the folder; any other has the id of its first
//! file. A folder belongs to the only film in it, or to the one of several that it is named after.

use std::collections::HashMap;
use std::path::Path;

use chrono::{DateTime, Utc};
use shelfread_domain::release::{Expect, ReleaseName};
use shelfread_domain::text::title_key;
use shelfread_domain::{Facts, ItemKind, Observation};

use crate::names::{is_disc, is_extras, is_extras_beside_video};
use crate::nfo::{Nfo, Root};
use crate::remote::{self, name_text};
use crate::walk::{Folder, Item, Video, Walk, Walked};

/// One film in a folder: its versions and parts.
#[derive(Debug)]
struct Film {
    name: ReleaseName,
    videos: Vec<Video>,
}

impl Walk<'_> {
    /// Lists the films of a folder and of the folders below it.
    pub(crate) fn films(&mut self, path: &Path, above: Option<DateTime<Utc>>) -> Walked<()> {
        let Some(mut folder) = self.folder(path, above)? else { return Ok(()) };
        let mut below = Vec::new();
        for name in std::mem::take(&mut folder.folders) {
            let (text, path) = (name_text(&name), folder.path.join(&name));
            if is_disc(&text) && !folder.is_root() {
                let disc = self.folder(&path, folder.changed)?;
                let mut parts = disc.map(|disc| disc.videos).unwrap_or_default();
                if let [part] = parts.as_mut_slice() {
                    part.stem.clone_from(&folder.name);
                }
                folder.videos.extend(parts);
            } else if !is_bonus(&folder, &text) {
                below.push(path);
            }
        }
        let changed = folder.changed;
        self.films_of(&folder, below.is_empty())?;
        drop(folder);
        for path in below {
            if self.select.enters(&path) {
                self.films(&path, changed)?;
            }
        }
        Ok(())
    }

    /// Lists the films whose files lie in one folder.
    fn films_of(&mut self, folder: &Folder, is_leaf: bool) -> Walked<()> {
        let home = ReleaseName::parse_as(&folder.name, Expect::Film);
        let same_year = if folder.is_root() { |a, b| a == b } else { fits };
        let mut films = group(&folder.videos, &home, same_year);
        let owner = if folder.is_root() { None } else { owner(&films, &home, is_leaf) };
        let single = films.len() == 1;
        for (at, film) in films.iter_mut().enumerate() {
            let home = Some(&home).filter(|_| owner == Some(at));
            let id = remote::id(home.map_or(film.videos[0].path.as_path(), |_| &folder.path));
            let changed = film.videos.iter().map(|v| v.changed).max().flatten();
            let changed = changed.max(self.newest_note(folder, home.is_some()));
            if self.select.wants(&[&id], changed) {
                let nfo = self.film_nfo(folder, film, home.is_some(), single)?;
                let mut observation = Observation::new(id, ItemKind::Movie);
                observation.facts = self.facts(film, home, nfo.as_ref());
                observation.anchor = observation.facts.files.first().cloned();
                let files = film.videos.iter().map(|v| v.path.clone()).collect();
                let home = home.filter(|_| single && is_leaf).map(|_| folder.path.clone());
                self.put(Item { observation, files, home })?;
            }
        }
        Ok(())
    }

    fn newest_note(&self, folder: &Folder, owns: bool) -> Option<DateTime<Utc>> {
        let notes = folder.notes.iter().filter(|_| owns);
        notes.filter_map(|note| self.changed(&folder.path.join(note))).max()
    }

    fn facts(&self, film: &Film, home: Option<&ReleaseName>, nfo: Option<&Nfo>) -> Facts {
        let name = &film.name;
        let of_folder = home
            .filter(|home| home.title.is_some() && (home.year.is_some() || name.year.is_none()));
        let stem = || film.videos[0].stem.clone();
        let mut facts = Facts {
            title: Some(of_folder.unwrap_or(name).title.clone().unwrap_or_else(stem)),
            year: of_folder.and_then(|home| home.year).or(name.year),
            added_at: film.videos[0].modified,
            files: film.videos.iter().map(|video| self.file(video)).collect(),
            external_ids: name.external_ids.clone(),
            ..Facts::default()
        };
        facts.external_ids.extend(home.iter().flat_map(|home| home.external_ids.clone()));
        if let Some(nfo) = nfo {
            nfo.complete(&mut facts);
        }
        facts.files.sort_by(|a, b| a.path.cmp(&b.path));
        facts
    }

    /// The description of a film: beside its file, or in its folder.
    fn film_nfo(
        &mut self,
        folder: &Folder,
        film: &Film,
        owns: bool,
        single: bool,
    ) -> Walked<Option<Nfo>> {
        let own = film.videos.iter().find_map(|video| video.nfo.clone());
        let of_folder = || {
            let named =
                folder.note("movie.nfo").or_else(|| folder.note(&format!("{}.nfo", folder.name)));
            named.or_else(|| match folder.notes.as_slice() {
                [only] if single => Some(folder.path.join(only)),
                _ => None,
            })
        };
        let Some(path) = own.or_else(|| of_folder().filter(|_| owns)) else { return Ok(None) };
        let found = self.nfo(&path)?;
        Ok(found.into_iter().find(|nfo| matches!(nfo.root, Root::Movie | Root::Unsaid)))
    }
}

/// Whether a folder below this one holds bonus videos.
fn is_bonus(folder: &Folder, name: &str) -> bool {
    let beside = is_extras_beside_video(name) && !folder.videos.is_empty();
    !folder.is_root() && (is_extras(name) || beside)
}

/// Whether two years can be of one film.
type SameYear = fn(Option<i32>, Option<i32>) -> bool;

/// Puts together the versions and parts of each film, in the order of their first files.
fn group(videos: &[Video], home: &ReleaseName, same_year: SameYear) -> Vec<Film> {
    let mut films: Vec<Film> = Vec::new();
    let mut by_title: HashMap<String, Vec<usize>> = HashMap::new();
    for video in videos {
        let mut name = ReleaseName::parse_as(&video.stem, Expect::Film);
        if name.extra.is_some() {
            continue;
        }
        if name.title.is_none() {
            name.title.clone_from(&home.title);
        }
        let same =
            by_title.entry(title_key(name.title.as_deref().unwrap_or_default())).or_default();
        match same.iter().find(|at| same_year(films[**at].name.year, name.year)) {
            Some(at) => {
                let film = &mut films[*at];
                film.name.year = film.name.year.or(name.year);
                film.name.external_ids.extend(name.external_ids);
                film.videos.push(video.clone());
            }
            None => {
                same.push(films.len());
                films.push(Film { name, videos: vec![video.clone()] });
            }
        }
    }
    films
}

fn fits(a: Option<i32>, b: Option<i32>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    }
}

/// The film that the folder belongs to.
fn owner(films: &[Film], home: &ReleaseName, is_leaf: bool) -> Option<usize> {
    let key = |name: &ReleaseName| name.title.as_deref().map(title_key);
    let named_after = |film: &Film| key(&film.name) == key(home) && fits(film.name.year, home.year);
    let says_more = home.year.is_some() || !home.external_ids.is_empty();
    match films {
        [film] if named_after(film) || says_more => Some(0),
        [film] => (is_leaf && film.name.year.is_none()).then_some(0),
        _ => films.iter().position(named_after),
    }
}
