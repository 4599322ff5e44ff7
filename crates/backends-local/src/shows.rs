//! Shows: a folder at the top of the library is a show, with its seasons in folders or flat.
//!
//! What more is understood: a folder of shows (`Kids/Bluey/Season 01`), a root that is a show
//! itself, and episodes that lie loose in the root, which join the show folder of their title.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDate, Utc};
use shelfread_domain::release::{Certainty, Expect, ReleaseName, season_folder};
use shelfread_domain::text::title_key;
use shelfread_domain::{Facts, FileRef, ItemKind, Observation, RemoteId};

use crate::names::{is_disc, is_extras, is_extras_beside_video, is_plain_season};
use crate::nfo::Root;
use crate::number::{Slot, slots};
use crate::remote::{self, name_text};
use crate::walk::{Folder, Item, Video, Walk, Walked};

/// The videos that lie loose in the root, by the title of their show.
type Loose = BTreeMap<String, Vec<Video>>;

/// What has no folder of its own changes only with its episodes.
const NEVER: Option<DateTime<Utc>> = Some(DateTime::<Utc>::MIN_UTC);

/// The place of a video within its show.
#[derive(Clone, Debug, Default)]
struct Shelf {
    /// The season whose folder it is in, and that folder.
    season: Option<(i32, PathBuf)>,
}

/// A video with what its name says.
#[derive(Debug)]
struct Found {
    video: Video,
    name: ReleaseName,
    shelf: Shelf,
}

/// A show before its episodes are read.
#[derive(Debug)]
struct Show {
    id: RemoteId,
    facts: Facts,
    changed: Option<DateTime<Utc>>,
    /// Its own folder; `None` when it has none or when that is the root.
    home: Option<PathBuf>,
}

/// An episode, with what it is sorted by.
#[derive(Debug)]
struct Episode {
    order: (i32, i32, Option<NaiveDate>, PathBuf, u16),
    season: Option<i32>,
    season_folder: Option<PathBuf>,
    changed: Option<DateTime<Utc>>,
    item: Item,
}

impl Walk<'_> {
    /// Lists all shows of the library.
    pub(crate) fn library_of_shows(&mut self) -> Walked<()> {
        let Some(mut root) = self.folder(Path::new(""), None)? else { return Ok(()) };
        if is_show_itself(&root) {
            return self.show_of(root, Vec::new());
        }
        let mut loose = loose(std::mem::take(&mut root.videos), &root.name);
        self.shows_in(root, &mut loose)?;
        for videos in loose.into_values() {
            self.loose_show(videos)?;
        }
        Ok(())
    }

    /// Lists the shows whose folders lie in a folder.
    fn shows_in(&mut self, folder: Folder, loose: &mut Loose) -> Walked<()> {
        let Folder { path, folders, changed, .. } = folder;
        for name in folders {
            let path = path.join(&name);
            let key = title_key(show_name(&name_text(&name)).title.as_deref().unwrap_or_default());
            let joined = loose.remove(&key).unwrap_or_default();
            if !self.select.enters(&path) && joined.is_empty() {
                continue;
            }
            match self.folder(&path, changed)? {
                Some(folder) if joined.is_empty() && self.holds_shows(&folder) => {
                    self.shows_in(folder, loose)?;
                }
                Some(folder) => self.show_of(folder, joined)?,
                None if joined.is_empty() => {}
                None => self.loose_show(joined)?,
            }
        }
        Ok(())
    }

    /// Whether a folder is no show but holds some: nothing in it is an episode or a season, and a
    /// folder in it has seasons.
    fn holds_shows(&self, folder: &Folder) -> bool {
        let is_season = |name: &OsString| season_folder(&name_text(name)).is_some();
        let of_show = !folder.videos.is_empty()
            || folder.note("tvshow.nfo").is_some()
            || folder.folders.iter().any(is_season);
        !of_show
            && folder.folders.iter().any(|name| {
                self.peek(&folder.path.join(name)).iter().any(|n| is_plain_season(&name_text(n)))
            })
    }

    /// Lists the show whose folder this is.
    fn show_of(&mut self, folder: Folder, joined: Vec<Video>) -> Walked<()> {
        let name = show_name(&folder.name);
        let mut facts = Facts {
            title: name.title.or_else(|| Some(folder.name.clone())),
            year: name.year,
            external_ids: name.external_ids,
            ..Facts::default()
        };
        let mut changed = if folder.is_root() { NEVER } else { folder.changed };
        if let Some(note) = folder.note("tvshow.nfo") {
            changed = changed.max(self.changed(&note));
            let found = self.nfo(&note)?;
            if let Some(nfo) = found.iter().find(|n| matches!(n.root, Root::Show | Root::Unsaid)) {
                nfo.complete(&mut facts);
            }
        }
        let id = remote::id(&folder.path);
        let home = (!folder.is_root() && joined.is_empty()).then(|| folder.path.clone());
        let season = name.season.filter(|_| name.is_season_pack);
        let shelf = Shelf { season: season.map(|season| (season, PathBuf::new())) };
        let mut found: Vec<Found> =
            joined.into_iter().filter_map(|video| read(video, Shelf::default(), None)).collect();
        self.collect(folder, &shelf, &mut found)?;
        self.emit(Show { id, facts, changed, home }, found)
    }

    /// Lists a show whose episodes lie loose in the root.
    fn loose_show(&mut self, videos: Vec<Video>) -> Walked<()> {
        let found: Vec<Found> =
            videos.into_iter().filter_map(|video| read(video, Shelf::default(), None)).collect();
        let Some(first) = found.first() else { return Ok(()) };
        let title = first.name.title.clone().unwrap_or_else(|| self.root_name().to_owned());
        let year = found.iter().find_map(|found| found.name.year);
        let id = remote::show_id(&title);
        let facts = Facts { title: Some(title), year, ..Facts::default() };
        self.emit(Show { id, facts, changed: NEVER, home: None }, found)
    }

    /// Gathers the videos of a folder of a show and of the folders below it.
    fn collect(&mut self, folder: Folder, shelf: &Shelf, found: &mut Vec<Found>) -> Walked<()> {
        let Folder { path, name, videos, folders, changed, .. } = folder;
        let beside = !videos.is_empty();
        found.extend(videos.into_iter().filter_map(|v| read(v, shelf.clone(), Some(&name))));
        for name in folders {
            let (text, path) = (name_text(&name), path.join(&name));
            if is_extras(&text) || beside && is_extras_beside_video(&text) {
                continue;
            }
            let Some(folder) = self.folder(&path, changed)? else { continue };
            let shelf = match season_folder(&text) {
                Some(season) => Shelf { season: Some((season, path)) },
                None => shelf.clone(),
            };
            self.collect(folder, &shelf, found)?;
        }
        Ok(())
    }

    /// Hands a show on: itself, its seasons, its episodes. A show without a video is none.
    fn emit(&mut self, show: Show, found: Vec<Found>) -> Walked<()> {
        let mut episodes = Vec::with_capacity(found.len());
        for found in found {
            self.episodes_of(&show, found, &mut episodes)?;
        }
        episodes.sort_by(|a, b| a.order.cmp(&b.order));
        let Some(first) = episodes.first() else { return Ok(()) };
        let mut own = Observation::new(show.id.clone(), ItemKind::Show);
        own.anchor.clone_from(&first.item.observation.anchor);
        let seasons = seasons_of(&show, &episodes);
        let season_id = |n: Option<i32>| seasons.get(&n?).map(|s| s.observation.remote_id.clone());
        let is_wanted = |e: &Episode| {
            let season = season_id(e.season);
            let ids = [Some(&e.item.observation.remote_id), Some(&show.id), season.as_ref()];
            self.select.wants(&ids.into_iter().flatten().collect::<Vec<_>>(), e.changed)
        };
        let wanted: Vec<Episode> = episodes.into_iter().filter(is_wanted).collect();
        if wanted.is_empty() && !self.select.wants(&[&show.id], show.changed) {
            return Ok(());
        }
        own.facts = show.facts;
        self.put(Item { observation: own, files: Vec::new(), home: show.home })?;
        for (number, season) in seasons {
            if wanted.iter().any(|episode| episode.season == Some(number)) {
                self.put(season)?;
            }
        }
        wanted.into_iter().try_for_each(|episode| self.put(episode.item))
    }

    /// Makes the episodes of a file.
    fn episodes_of(&mut self, show: &Show, found: Found, all: &mut Vec<Episode>) -> Walked<()> {
        let Found { video, name, shelf } = found;
        let nfos = match &video.nfo {
            Some(path) => self.nfo(path)?,
            None => Vec::new(),
        };
        let file = self.file(&video);
        let id = remote::id(&video.path);
        for (part, slot) in slots(&name, &nfos).into_iter().enumerate() {
            let part = u16::try_from(part).unwrap_or(u16::MAX);
            let mut observation = Observation::new(id.clone(), ItemKind::Episode);
            observation.part = part;
            observation.parent = Some(show.id.clone());
            observation.facts = episode_facts(show, &slot, &name, &video, &file);
            observation.anchor = Some(file.clone());
            let last = |n: Option<i32>| n.unwrap_or(i32::MAX);
            let facts = &observation.facts;
            all.push(Episode {
                order: (
                    last(slot.season),
                    last(slot.episode),
                    facts.air_date,
                    video.path.clone(),
                    part,
                ),
                season: slot.season,
                season_folder: shelf.season.clone().and_then(|(season, folder)| {
                    (Some(season) == slot.season && folder != Path::new("")).then_some(folder)
                }),
                changed: video.changed,
                item: Item { observation, files: vec![video.path.clone()], home: None },
            });
        }
        Ok(())
    }
}

fn episode_facts(
    show: &Show,
    slot: &Slot<'_>,
    name: &ReleaseName,
    video: &Video,
    file: &FileRef,
) -> Facts {
    let unnumbered = slot.episode.is_none() && slot.date.is_none();
    let key = |title: &Option<String>| title.as_deref().map(title_key);
    let whole = || match &name.title {
        Some(title) if key(&name.title) != key(&show.facts.title) => title.clone(),
        _ => video.stem.clone(),
    };
    let mut facts = Facts {
        title: name.episode_title.clone().or_else(|| unnumbered.then(whole)),
        air_date: slot.date,
        absolute_number: slot.absolute,
        added_at: video.modified,
        external_ids: name.external_ids.clone(),
        files: vec![file.clone()],
        ..Facts::default()
    };
    if let Some(nfo) = slot.nfo {
        nfo.complete(&mut facts);
    }
    facts.year = None;
    (facts.season_number, facts.episode_number) = (slot.season, slot.episode);
    facts
}

/// The seasons of a show's episodes, which are sorted.
fn seasons_of(show: &Show, episodes: &[Episode]) -> BTreeMap<i32, Item> {
    let mut seasons: BTreeMap<i32, Item> = BTreeMap::new();
    for episode in episodes {
        let Some(number) = episode.season else { continue };
        let season = seasons.entry(number).or_insert_with(|| {
            let folder = episodes.iter().filter(|e| e.season == Some(number));
            let folder = folder.filter_map(|e| e.season_folder.clone()).min();
            let id = match &folder {
                Some(folder) => remote::id(folder),
                None => remote::season_id(&show.id, number),
            };
            let mut observation = Observation::new(id, ItemKind::Season);
            observation.parent = Some(show.id.clone());
            observation.facts.season_number = Some(number);
            observation.anchor.clone_from(&episode.item.observation.anchor);
            let alone = episodes.iter().all(|e| {
                let inside = folder.as_ref().is_some_and(|f| e.item.files[0].starts_with(f));
                inside == (e.season == Some(number))
            });
            Item { observation, files: Vec::new(), home: folder.filter(|_| alone) }
        });
        season.files.extend(episode.item.files.iter().cloned());
    }
    seasons
}

/// What the name of a show's folder says. A release of a whole season may be one; else numbers
/// belong to the title.
fn show_name(folder: &str) -> ReleaseName {
    let name = ReleaseName::parse(folder);
    let is_pack = name.is_season_pack && name.title.is_some();
    if is_pack { name } else { ReleaseName::parse_as(folder, Expect::Film) }
}

/// Reads the name of an episode's file; `None` for bonus videos. A file whose name has no number
/// takes those of its folder (`Show.S01E02.1080p-GRP/grp-102.mkv`). The number of a disc is none of
/// an episode.
fn read(video: Video, shelf: Shelf, folder: Option<&str>) -> Option<Found> {
    let expect = if is_disc(&video.stem) { Expect::Film } else { Expect::Episode };
    let mut name = ReleaseName::parse_as(&video.stem, expect);
    let unsure = name.confidence.numbers < Certainty::Likely;
    let of_folder = folder.filter(|_| unsure).map(ReleaseName::parse);
    let of_folder = of_folder.filter(|folder| !folder.episodes.is_empty());
    if let Some(of_folder) = of_folder {
        name = ReleaseName { extra: name.extra, ..of_folder };
    }
    name.settle_season(shelf.season.as_ref().map(|(season, _)| *season));
    name.extra.is_none().then_some(Found { video, name, shelf })
}

/// The loose videos of the root by show; `root` is the title of those that have none.
fn loose(videos: Vec<Video>, root: &str) -> Loose {
    let mut loose = Loose::new();
    for video in videos {
        let name = ReleaseName::parse_as(&video.stem, Expect::Episode);
        let key = title_key(name.title.as_deref().unwrap_or(root));
        loose.entry(key).or_default().push(video);
    }
    loose
}

/// Whether the root is a show: it holds seasons and nothing else.
fn is_show_itself(root: &Folder) -> bool {
    let names: Vec<String> = root.folders.iter().map(|name| name_text(name)).collect();
    let a_season = |name: &String| is_plain_season(name) && season_folder(name) != Some(0);
    let of_show = |name: &String| is_plain_season(name) || is_extras(name);
    names.iter().any(a_season) && names.iter().all(of_show)
}
