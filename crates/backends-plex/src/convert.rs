//! From what Plex writes to observations. Pure.
//!
//! An item in the trash (`deletedAt`) is one whose files Plex no longer finds but which it has not
//! forgotten yet: missing, not gone. It is observed like any other, only without files. So it keeps
//! its row, its history and its settings, and is not shown as something that can be played; it goes
//! when the trash is emptied and a complete listing no longer shows it. The same holds for a
//! version of an item.

use chrono::NaiveDate;
use shelfread_backends_http::time::unix_seconds;
use shelfread_domain::observation::Unusable;
use shelfread_domain::{Facts, FileRef, ItemKind, Observation, PathMap, PlayState, RemoteId};

use crate::guid::external_ids;
use crate::wire::{Metadata, Part};

/// Why an item is none that can be recorded.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    #[error("it has no ratingKey")]
    NoKey,
    #[error("it is a '{0}', which is neither a movie nor a part of a show")]
    Kind(String),
    #[error("{0}")]
    Unusable(#[from] Unusable),
}

/// What Plex calls the kinds of items in `type`.
pub fn kind_of(name: &str) -> Option<ItemKind> {
    match name {
        "movie" => Some(ItemKind::Movie),
        "show" => Some(ItemKind::Show),
        "season" => Some(ItemKind::Season),
        "episode" => Some(ItemKind::Episode),
        _ => None,
    }
}

/// Reads an item. `asked` is the kind that was asked for, for servers that do not say it.
pub fn observation(
    item: Metadata,
    asked: Option<ItemKind>,
    paths: &PathMap,
) -> Result<Observation, Unfit> {
    let named = item.kind.as_deref();
    let kind = named.map_or(asked, kind_of).ok_or_else(|| Unfit::Kind(named.unwrap_or("?").into()));
    let kind = kind?;
    let mut o = Observation::new(item.rating_key.clone().ok_or(Unfit::NoKey)?, kind);
    o.parent = match kind {
        ItemKind::Movie | ItemKind::Show => None,
        ItemKind::Season => item.parent_rating_key.clone(),
        ItemKind::Episode => item.grandparent_rating_key.clone(),
    }
    .map(RemoteId);
    if matches!(kind, ItemKind::Movie | ItemKind::Episode) {
        o.play = Some(play(&item));
    }
    o.facts = facts(kind, item, paths);
    Ok(o.normalize()?)
}

/// What the viewer did with an item. What Plex leaves out was never done.
pub fn play(item: &Metadata) -> PlayState {
    let count = item.view_count.unwrap_or(0);
    PlayState {
        position_seconds: item.view_offset.unwrap_or(0) / 1000,
        played: count > 0,
        play_count: i32::try_from(count).unwrap_or(i32::MAX),
        last_played_at: item.last_viewed_at.and_then(unix_seconds),
        carried: false,
    }
}

fn facts(kind: ItemKind, item: Metadata, paths: &PathMap) -> Facts {
    let number = |n: Option<i64>| n.and_then(|n| i32::try_from(n).ok());
    let playable = matches!(kind, ItemKind::Movie | ItemKind::Episode);
    let guids = item.guids.iter().filter_map(|g| g.id.as_deref());
    let external_ids = external_ids(kind, guids, item.guid.as_deref());
    let trashed = is_trashed(&item);
    Facts {
        external_ids,
        files: if playable { files(&item, paths) } else { Vec::new() },
        season_number: match kind {
            ItemKind::Season => number(item.index),
            ItemKind::Episode => number(item.parent_index),
            _ => None,
        },
        episode_number: number(item.index).filter(|_| kind == ItemKind::Episode),
        absolute_number: number(item.absolute_index).filter(|_| kind == ItemKind::Episode),
        year: number(item.year).filter(|_| kind.is_top()),
        air_date: item.originally_available_at.as_deref().and_then(day),
        runtime_seconds: item.duration.filter(|_| playable).map(|ms| ms / 1000),
        added_at: item.added_at.and_then(unix_seconds),
        title: item.title,
        sort_title: item.title_sort,
        overview: item.summary,
        slug: None,
        poster_url: item.thumb,
        monitored: None,
        trashed,
    }
}

/// The first ten characters are the day, whatever may follow.
fn day(text: &str) -> Option<NaiveDate> {
    text.get(..10)?.parse().ok()
}

/// Whether an item lies in the trash, itself or with all of its versions.
fn is_trashed(item: &Metadata) -> bool {
    let all_gone = || !item.media.is_empty() && item.media.iter().all(|m| m.deleted_at.is_some());
    item.deleted_at.is_some() || all_gone()
}

fn files(item: &Metadata, paths: &PathMap) -> Vec<FileRef> {
    let there = |deleted_at: Option<i64>| deleted_at.is_none();
    let versions = item.media.iter().filter(|m| there(item.deleted_at) && there(m.deleted_at));
    let file = |part: &Part| {
        let size = part.size.and_then(|s| u64::try_from(s).ok());
        Some(FileRef::new(paths.apply(part.file.clone()?), size))
    };
    versions.flat_map(|m| &m.parts).filter_map(file).collect()
}
