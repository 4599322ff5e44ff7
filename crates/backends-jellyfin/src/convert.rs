//! From an item of the server to observations. Pure.

use chrono::{DateTime, Utc};
use shelfread_backends_http::time::dotnet;
use shelfread_domain::observation::Unusable;
use shelfread_domain::port::ItemFailure;
use shelfread_domain::text::{MAX_PATH, MAX_TITLE, bounded};
use shelfread_domain::{
    ExternalId, Facts, FileRef, ItemKind, Observation, PathMap, PlayState, RemoteId,
};

use crate::wire::{Item, Kind, Location, MediaFile, Pairs, Text, UserData};

/// The most episodes that one file is believed to hold.
const MAX_PARTS: i64 = 100;
const TICKS_PER_SECOND: i64 = 10_000_000;

/// Adds the observations of an item: several for a file that holds several episodes. What is not
/// on disk adds none, and its id comes back.
///
/// # Errors
/// When nothing can be recorded of it.
pub(crate) fn observe(
    item: Item<'_>,
    paths: &PathMap,
    into: &mut Vec<Observation>,
) -> Result<Option<RemoteId>, ItemFailure> {
    let kind = match item.kind {
        Some(Kind::Movie) => ItemKind::Movie,
        Some(Kind::Series) => ItemKind::Show,
        Some(Kind::Season) => ItemKind::Season,
        Some(Kind::Episode) => ItemKind::Episode,
        Some(Kind::Other) | None => {
            let message = "it is neither a film nor a show, season or episode";
            return Err(nameless(Some(item.id.into_string()), item.name, message));
        }
    };
    // Seasons without a folder of their own are "virtual" too, and real.
    let is_playable = matches!(kind, ItemKind::Movie | ItemKind::Episode);
    if is_playable && item.location_type == Some(Location::Virtual) {
        return Ok(Some(item.id.into_string().into()));
    }
    let last = item.index_number_end.filter(|_| kind == ItemKind::Episode);
    let observation = observation(item, kind, paths);
    let id = observation.remote_id.clone();
    let observation = observation.normalize().map_err(|unusable| failure(id, unusable))?;
    add_parts(observation, last, into);
    Ok(None)
}

/// The failure of an item that may not even have an id or a name.
pub(crate) fn nameless(
    id: Option<String>,
    name: Option<String>,
    message: impl Into<String>,
) -> ItemFailure {
    let id = id.and_then(|id| bounded(&id, MAX_PATH));
    let name = name.and_then(|name| bounded(&name, MAX_TITLE));
    ItemFailure {
        label: name.or_else(|| id.clone()).unwrap_or_else(|| "an item without a name".into()),
        remote_id: id.map(RemoteId),
        message: message.into(),
    }
}

fn failure(id: RemoteId, unusable: Unusable) -> ItemFailure {
    let message = unusable.to_string();
    match unusable {
        Unusable::RemoteId(label) => ItemFailure { label, remote_id: None, message },
        Unusable::NoShow(label) => ItemFailure { label, remote_id: Some(id), message },
    }
}

fn observation(item: Item<'_>, kind: ItemKind, paths: &PathMap) -> Observation {
    let number = |n: Option<i64>| n.and_then(|n| i32::try_from(n).ok());
    let (season_number, episode_number) = match kind {
        ItemKind::Season => (number(item.index_number), None),
        ItemKind::Episode => (number(item.parent_index_number), number(item.index_number)),
        ItemKind::Movie | ItemKind::Show => (None, None),
    };
    let poster = item.image_tags.and_then(|tags| tags.primary).filter(|_| kind.is_top());
    let playable = matches!(kind, ItemKind::Movie | ItemKind::Episode);
    let facts = Facts {
        title: item.name,
        sort_title: item.sort_name.filter(|_| kind.is_top()).map(|s| without_padding(&s)),
        overview: item.overview,
        year: number(item.production_year),
        air_date: moment(item.premiere_date).map(|t| t.date_naive()),
        runtime_seconds: item.run_time_ticks.map(|t| t / TICKS_PER_SECOND),
        poster_url: poster.map(|tag| poster_url(&item.id, &tag)),
        season_number,
        episode_number,
        added_at: moment(item.date_created),
        external_ids: external_ids(item.provider_ids),
        files: if playable { files(item.media_sources, item.path, paths) } else { Vec::new() },
        ..Facts::default()
    };
    Observation {
        parent: item.series_id.filter(|_| !kind.is_top()).map(|id| id.into_string().into()),
        facts,
        play: item.user_data.filter(|_| playable).map(|data| play_state(&data)),
        ..Observation::new(item.id.into_string(), kind)
    }
}

/// Jellyfin pads every number in a computed sort name to ten digits, so that texts sort like
/// numbers; other sources do not, and people see it.
fn without_padding(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(from) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, digits) = rest.split_at(from);
        let to = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        let (number, after) = digits.split_at(to);
        let bare = if to >= 10 { number.trim_start_matches('0') } else { number };
        clean.push_str(before);
        clean.push_str(if bare.is_empty() { "0" } else { bare });
        rest = after;
    }
    clean + rest
}

/// Relative to the address of the source. The tag changes with the picture.
fn poster_url(id: &str, tag: &str) -> String {
    format!("Items/{id}/Images/Primary?tag={tag}")
}

fn moment(text: Option<Text<'_>>) -> Option<DateTime<Utc>> {
    dotnet(&text?)
}

fn external_ids(pairs: Option<Pairs<'_>>) -> Vec<ExternalId> {
    let pairs = pairs.into_iter().flat_map(|pairs| pairs.0);
    pairs.filter_map(|(name, value)| ExternalId::parse(&name, &value?)).collect()
}

/// The versions of an item. What is streamed from elsewhere (`.strm`) has the item's own path and
/// no size.
fn files(sources: Vec<MediaFile<'_>>, own: Option<String>, paths: &PathMap) -> Vec<FileRef> {
    let local = |f: &MediaFile<'_>| f.protocol.as_deref().is_none_or(|p| p == "File");
    let file = |f: MediaFile<'_>| {
        let size = f.size.and_then(|s| u64::try_from(s).ok()).filter(|s| *s > 0);
        Some(FileRef::new(paths.apply(f.path.filter(|p| !p.is_empty())?), size))
    };
    let files: Vec<_> = sources.into_iter().filter(local).filter_map(file).collect();
    if !files.is_empty() {
        return files;
    }
    let own = own.filter(|p| !p.is_empty() && !p.contains("://"));
    own.map(|path| FileRef::new(paths.apply(path), None)).into_iter().collect()
}

fn play_state(data: &UserData<'_>) -> PlayState {
    PlayState {
        position_seconds: data.playback_position_ticks.unwrap_or(0).max(0) / TICKS_PER_SECOND,
        played: data.played.unwrap_or(false),
        play_count: data.play_count.and_then(|n| i32::try_from(n).ok()).unwrap_or(0).max(0),
        last_played_at: data.last_played_date.as_deref().and_then(dotnet),
        carried: false,
    }
}

/// An episode, or one for each number up to `last` that the file holds. The external ids are those
/// of the first.
fn add_parts(first: Observation, last: Option<i64>, into: &mut Vec<Observation>) {
    let start = first.facts.episode_number.unwrap_or(0);
    let extra = match (first.facts.episode_number, last) {
        (Some(number), Some(last)) => last.saturating_sub(number.into()).clamp(0, MAX_PARTS - 1),
        _ => 0,
    };
    let parts: Vec<_> = (1..=extra)
        .filter_map(|i| {
            let mut part = first.clone();
            part.part = u16::try_from(i).ok()?;
            part.facts.episode_number = start.checked_add(i32::try_from(i).ok()?);
            part.facts.external_ids.clear();
            Some(part)
        })
        .collect();
    into.push(first);
    into.extend(parts);
}
