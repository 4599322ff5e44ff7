//! What a transfer is for: the part of the catalogue that its name may mean, and the answer.

use chrono::NaiveDate;

use crate::external_id::ExternalId;
use crate::id::{DownloadId, ItemId};
use crate::item::ItemKind;

/// A film or show that a name may mean.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Work {
    /// The item.
    pub id: ItemId,
    /// Film or show.
    pub kind: ItemKind,
    /// Its title.
    pub title: String,
    /// The form in which titles are compared ([`crate::text::title_key`]).
    pub title_key: Option<String>,
    /// Its year.
    pub year: Option<i32>,
    /// The external ids that it owns.
    pub external_ids: Vec<ExternalId>,
}

/// A season or episode of a show.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Episode {
    /// The item.
    pub id: ItemId,
    /// Season or episode.
    pub kind: ItemKind,
    /// Its show.
    pub show: ItemId,
    /// The number of its season.
    pub season: Option<i32>,
    /// Its number there.
    pub episode: Option<i32>,
    /// Its number within the whole show.
    pub absolute: Option<i32>,
    /// When it was aired.
    pub air_date: Option<NaiveDate>,
}

/// The part of the catalogue that names may mean.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Shelf {
    /// Films and shows.
    pub works: Vec<Work>,
    /// Seasons and episodes of the shows, by number.
    pub episodes: Vec<Episode>,
}

/// What a transfer is for, and how certain that is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DownloadMatch {
    /// The row.
    pub download_id: DownloadId,
    /// The items; empty when none is certain enough.
    pub items: Vec<ItemId>,
    /// Of 100.
    pub confidence: u8,
    /// Why these, or why none; for a person.
    pub reason: String,
}
