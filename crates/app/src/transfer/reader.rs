//! Reader: a file that anybody may have made, line by line, to lines that can be trusted. Every
//! line is bounded before it is read, and every value after; what a line refers to came before it.
//! An error names the line, and nothing of its content but what a person must know to find it.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Datelike, Utc};
use shelfread_domain::port::LibraryKind;
use shelfread_domain::text::{MAX_PATH, MAX_TITLE, bounded};
use shelfread_domain::{
    Facts, Field, Fields, ItemId, ItemKind, MaxRemovals, Observation, OnMissing, RemoteId,
    SourceKind,
};

use super::format::{
    FORMAT, Header, ItemLine, LibraryLine, Line, ListingLine, SettingsLine, SourceLine, VERSION,
    ViewerLine,
};
use crate::error::{AppError, Result};
use crate::person::value_of;

/// The longest line: a show that many libraries list is a few hundred KiB.
const MAX_LINE: u64 = 8 << 20;
/// The most sources, libraries and viewers; all of them are remembered.
const MAX_PLACES: usize = 10_000;
/// The most items; their ids are remembered.
const MAX_ITEMS: usize = 20_000_000;
/// The most bytes that other programs may have kept with an item.
const MAX_EXTRA: usize = 64 << 10;

/// A file that is being read.
pub(super) struct Reader {
    input: BufReader<File>,
    path: PathBuf,
    number: u64,
    stage: Stage,
    sources: HashSet<String>,
    libraries: HashSet<(String, String)>,
    viewers: HashSet<(String, String)>,
    items: HashSet<ItemId>,
    shows: HashSet<ItemId>,
}

/// What comes now; nothing that comes before it may follow.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Stage {
    Start,
    Header,
    Source,
    Library,
    Viewer,
    Top,
    Season,
    Episode,
    End,
}

impl Reader {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let failed = |e| AppError::Usage(format!("{} cannot be read: {e}", path.display()));
        Ok(Self {
            input: BufReader::new(File::open(path).map_err(failed)?),
            path: path.to_owned(),
            number: 0,
            stage: Stage::Start,
            sources: HashSet::new(),
            libraries: HashSet::new(),
            viewers: HashSet::new(),
            items: HashSet::new(),
            shows: HashSet::new(),
        })
    }

    /// Reads the file to its end without keeping anything; how many items it has.
    pub(super) fn check(path: &Path) -> Result<u64> {
        let mut reader = Self::open(path)?;
        while reader.next()?.is_some() {}
        Ok(reader.items.len() as u64)
    }

    /// The next line that says something; `None` behind the last one.
    pub(super) fn next(&mut self) -> Result<Option<Line>> {
        let text = self.text()?;
        if text.is_empty() {
            return match self.stage {
                Stage::End => Ok(None),
                _ => Err(self.wrong("the file ends without its last line; it is not whole")),
            };
        }
        if self.stage == Stage::End {
            return Err(self.wrong("something follows the last line"));
        }
        let line = serde_json::from_slice(&text).map_err(|e| self.wrong(&described(&e)))?;
        let checked = self.checked(line).map_err(|why| self.wrong(&why))?;
        Ok(Some(checked))
    }

    fn text(&mut self) -> Result<Vec<u8>> {
        let mut text = Vec::new();
        self.number += 1;
        let read = (&mut self.input).take(MAX_LINE + 1).read_until(b'\n', &mut text);
        read.map_err(|e| self.wrong(&e.to_string()))?;
        if text.len() as u64 > MAX_LINE {
            return Err(self.wrong(&format!("it is longer than {} MiB", MAX_LINE >> 20)));
        }
        Ok(text)
    }

    fn wrong(&self, why: &str) -> AppError {
        AppError::Usage(format!("{}, line {}: {why}", self.path.display(), self.number))
    }

    fn checked(&mut self, line: Line) -> Result<Line, String> {
        self.advance(stage_of(&line))?;
        Ok(match line {
            Line::Header(header) => Line::Header(known_version(header)?),
            Line::Source(source) => Line::Source(self.source(source)?),
            Line::Library(library) => Line::Library(self.library(library)?),
            Line::Viewer(viewer) => Line::Viewer(self.viewer(viewer)?),
            Line::Item(item) => Line::Item(Box::new(self.item(*item)?)),
            Line::End(end) if end.lines != self.number => {
                return Err(format!("the file had {} lines when it was made", end.lines));
            }
            end @ Line::End(_) => end,
        })
    }

    fn advance(&mut self, next: Stage) -> Result<(), String> {
        let first = self.stage == Stage::Start;
        if first != (next == Stage::Header) {
            return Err(format!("it is no {FORMAT}: its first line is not the only header"));
        }
        if next < self.stage {
            return Err("it is out of order: what others refer to comes before them".to_owned());
        }
        self.stage = next;
        Ok(())
    }

    fn source(&mut self, source: SourceLine) -> Result<SourceLine, String> {
        let misfit = |what: &str| format!("the source has a {what} that cannot be");
        if name(&source.name)? != source.name || source.name.contains('/') {
            return Err(misfit("name"));
        }
        source.kind.parse::<SourceKind>().map_err(|_| misfit("kind"))?;
        source.on_missing.parse::<OnMissing>().map_err(|_| misfit("policy"))?;
        source.max_removals.parse::<MaxRemovals>().map_err(|_| misfit("limit"))?;
        if bounded(&source.url, MAX_PATH).unwrap_or_default() != source.url {
            return Err(misfit("url"));
        }
        let known = |key: &String| ["media", "path_map", "user"].contains(&key.as_str());
        if !source.settings.keys().all(known) {
            return Err(misfit("setting"));
        }
        remember(&mut self.sources, source.name.clone())?;
        Ok(source)
    }

    fn library(&mut self, library: LibraryLine) -> Result<LibraryLine, String> {
        self.of_source(&library.source)?;
        LibraryKind::parse(&library.kind).ok_or("the library has a kind that cannot be")?;
        let (source, remote_id) = (library.source.clone(), id(&library.remote_id)?);
        remember(&mut self.libraries, (source, remote_id))?;
        Ok(LibraryLine { name: name(&library.name)?, ..library })
    }

    fn viewer(&mut self, viewer: ViewerLine) -> Result<ViewerLine, String> {
        self.of_source(&viewer.source)?;
        let (source, remote_user) = (viewer.source.clone(), id(&viewer.remote_user)?);
        remember(&mut self.viewers, (source, remote_user))?;
        Ok(ViewerLine { name: name(&viewer.name)?, ..viewer })
    }

    fn of_source(&self, name: &str) -> Result<(), String> {
        let known = self.sources.contains(name);
        known.then_some(()).ok_or_else(|| "its source did not come before it".to_owned())
    }

    fn item(&mut self, item: ItemLine) -> Result<ItemLine, String> {
        if self.items.len() >= MAX_ITEMS || !self.items.insert(item.id) {
            return Err("an item of this id came before".to_owned());
        }
        match (item.kind.is_top(), item.show) {
            (true, None) => {}
            (false, Some(show)) if self.shows.contains(&show) => {}
            _ => return Err("a season or episode needs a show that came before it".to_owned()),
        }
        if item.kind == ItemKind::Show {
            self.shows.insert(item.id);
        }
        let listings = item.listings.into_iter().map(|l| self.listing(l, item.kind));
        let listings = listings.collect::<Result<Vec<_>, _>>()?;
        for p in &item.progress {
            if !self.viewers.contains(&(p.source.clone(), p.remote_user.clone())) {
                return Err("the viewer of a progress did not come before it".to_owned());
            }
        }
        let item = ItemLine { listings, ..item };
        bounded_item(item)
    }

    fn listing(&self, listing: ListingLine, kind: ItemKind) -> Result<ListingLine, String> {
        if !self.libraries.contains(&(listing.source.clone(), listing.library.clone())) {
            return Err("the library of a listing did not come before it".to_owned());
        }
        times([listing.missing_since, listing.kept_since])?;
        let o = Observation {
            part: listing.part,
            parent: listing.parent,
            facts: listing.facts,
            play: listing.play,
            ..Observation::new(listing.remote_id, kind)
        };
        let o = o.normalize().map_err(|e| e.to_string())?;
        if let Some(parent) = &o.parent {
            id(parent.as_str())?;
        }
        let Observation { remote_id, parent, facts, play, .. } = o;
        Ok(ListingLine { remote_id, parent, facts, play, ..listing })
    }
}

const fn stage_of(line: &Line) -> Stage {
    match line {
        Line::Header(_) => Stage::Header,
        Line::Source(_) => Stage::Source,
        Line::Library(_) => Stage::Library,
        Line::Viewer(_) => Stage::Viewer,
        Line::Item(item) => match item.kind {
            ItemKind::Movie | ItemKind::Show => Stage::Top,
            ItemKind::Season => Stage::Season,
            ItemKind::Episode => Stage::Episode,
        },
        Line::End(_) => Stage::End,
    }
}

/// What is wrong with the text of a line, without what stands in it: it may be anything.
fn described(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Data => "it is no line of this format",
        _ => "it is no JSON",
    };
    let field = error.to_string();
    let named = field.strip_prefix("missing field ").and_then(|rest| rest.split('`').nth(1));
    match named {
        Some(name) => format!("{what}: it has no '{name}'"),
        None => format!("{what} (column {})", error.column()),
    }
}

fn known_version(header: Header) -> Result<Header, String> {
    match (header.format.as_str(), header.version) {
        (FORMAT, VERSION) => Ok(header),
        (FORMAT, version) => Err(format!(
            "it is version {version} of the format, and this program reads version {VERSION}"
        )),
        _ => Err(format!("it is no {FORMAT}")),
    }
}

fn remember<T: std::hash::Hash + Eq>(all: &mut HashSet<T>, one: T) -> Result<(), String> {
    if all.len() >= MAX_PLACES {
        return Err(format!("there are more than {MAX_PLACES} of them"));
    }
    all.insert(one).then_some(()).ok_or_else(|| "it came before".to_owned())
}

fn name(text: &str) -> Result<String, String> {
    bounded(text, MAX_TITLE).ok_or_else(|| "it has no name".to_owned())
}

fn id(text: &str) -> Result<String, String> {
    let fits = bounded(text, MAX_PATH).as_deref() == Some(text);
    fits.then(|| text.to_owned()).ok_or_else(|| "it has an id that cannot be".to_owned())
}

/// Moments that databases keep and people mean.
fn times(all: impl IntoIterator<Item = Option<DateTime<Utc>>>) -> Result<(), String> {
    let fits = |at: DateTime<Utc>| (1970..=2200).contains(&at.year());
    let all_fit = all.into_iter().flatten().all(fits);
    all_fit.then_some(()).ok_or_else(|| "it has a moment that cannot be".to_owned())
}

/// The values of an item within the bounds that they have when a source says them.
fn bounded_item(item: ItemLine) -> Result<ItemLine, String> {
    let Fields { title, sort_title, overview, year, air_date, runtime_seconds, poster_url } =
        item.fields;
    let mut facts = Facts {
        title,
        sort_title,
        overview,
        year,
        air_date,
        runtime_seconds,
        poster_url,
        season_number: item.season_number,
        episode_number: item.episode_number,
        absolute_number: item.absolute_number,
        external_ids: item.external_ids,
        ..Facts::default()
    };
    facts.normalize();
    let parsed = |id: &shelfread_domain::ExternalId| {
        shelfread_domain::ExternalId::new(id.provider.clone(), id.value())
    };
    let external_ids = facts.external_ids.iter().map(parsed).collect::<Option<Vec<_>>>();
    let mut progress = item.progress;
    for p in &mut progress {
        let mut o = Observation::new(RemoteId::from("x"), ItemKind::Movie);
        o.play = Some(p.state);
        p.state = o.normalize().map_err(|e| e.to_string())?.play.unwrap_or_default();
    }
    Ok(ItemLine {
        season_number: facts.season_number,
        episode_number: facts.episode_number,
        absolute_number: facts.absolute_number,
        external_ids: external_ids.ok_or("it has an external id that cannot be")?,
        overrides: item
            .overrides
            .into_iter()
            .map(|(field, value)| Ok((field, corrected(field, value)?)))
            .collect::<Result<_, String>>()?,
        settings: item.settings.map(settings).transpose()?,
        progress,
        fields: Fields {
            title: facts.title,
            sort_title: facts.sort_title,
            overview: facts.overview,
            year: facts.year,
            air_date: facts.air_date,
            runtime_seconds: facts.runtime_seconds,
            poster_url: facts.poster_url,
        },
        ..item
    })
}

fn corrected(field: Field, value: Option<String>) -> Result<Option<String>, String> {
    match value {
        Some(text) => value_of(field, &text).map(Some).map_err(|e| e.to_string()),
        None if matches!(field, Field::Title | Field::SortTitle) => {
            Err(format!("every item has a {field}, so it cannot be cleared"))
        }
        None => Ok(None),
    }
}

fn settings(line: SettingsLine) -> Result<SettingsLine, String> {
    times([line.downloaded_at])?;
    if line.extra.as_ref().is_some_and(|extra| extra.to_string().len() > MAX_EXTRA) {
        return Err(format!("its settings are larger than {} KiB", MAX_EXTRA >> 10));
    }
    let status = line.status.as_deref().and_then(|text| bounded(text, MAX_TITLE));
    Ok(SettingsLine { status, ..line })
}
