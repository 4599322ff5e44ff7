//! The rows of the catalogue as values, free of any database.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::external_id::ExternalId;
use crate::facts::Facts;
use crate::field::{Field, Fields};
use crate::id::{ItemId, LibraryId, ListingId, RemoteId, RunId, SourceId, ViewerId};
use crate::item::{ItemKind, NaturalKey};
use crate::observation::PlayState;
use crate::run::words;

/// An item: our row for a movie, show, season or episode. `fields` are the effective ones.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ItemRecord {
    /// Ours, and for ever.
    pub id: ItemId,
    /// What it is.
    pub kind: ItemKind,
    /// The show of a season or episode.
    pub parent_id: Option<ItemId>,
    /// Part of the natural key of seasons and episodes.
    pub season_number: Option<i32>,
    /// Part of the natural key of episodes.
    pub episode_number: Option<i32>,
    /// Number within the whole show.
    pub absolute_number: Option<i32>,
    /// What the item shows: overrides over facts by priority.
    #[serde(flatten)]
    pub fields: Fields,
    /// Normal form of the title that the sources say, for rule 5; movies and shows only.
    pub title_key: Option<String>,
    /// The run that made it, so that the run can be reverted without a second copy.
    pub created_run_id: Option<RunId>,
}

impl ItemRecord {
    /// What identifies a season or episode; `None` for movies, shows and what has no number.
    pub fn natural_key(&self) -> Option<NaturalKey> {
        NaturalKey::of(
            self.kind,
            self.parent_id?,
            self.season_number,
            self.episode_number,
            self.fields.air_date,
        )
    }

    /// How a person would call it.
    pub fn label(&self) -> String {
        let title = self.fields.title.as_deref().unwrap_or("untitled");
        match (self.kind, self.season_number, self.episode_number, self.fields.year) {
            (ItemKind::Episode, Some(s), Some(e), _) => format!("S{s:02}E{e:02} {title}"),
            (ItemKind::Movie | ItemKind::Show, _, _, Some(year)) => format!("{title} ({year})"),
            _ => title.to_owned(),
        }
    }
}

words! {
    /// The rule by which a listing found its item.
    MatchBasis {
        /// Rule 1: the listing was known.
        RemoteId = "remote_id",
        /// Rule 2: same place in the same show.
        NaturalKey = "natural_key",
        /// Rule 3: a strong external id.
        ExternalId = "external_id",
        /// Rule 4: the same file.
        File = "file",
        /// Rule 5: equal title and year.
        Title = "title",
        /// Rule 6: nothing matched, a new item.
        New = "new",
        /// A person decided.
        Person = "person",
        /// No item: the listing waits for a person.
        Quarantine = "quarantine",
    }
}

words! {
    /// Why a listing needs a person.
    ReviewReason {
        /// Its strong ids belong to different items. It has no item.
        ConflictingIds = "conflicting_ids",
        /// Several items have its title and year, and it has no strong id. It has no item.
        AmbiguousTitle = "ambiguous_title",
        /// It has its item, but claims an id or a place that another item owns.
        Claim = "claim",
    }
}

/// What a person should look at.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Review {
    /// Why.
    pub reason: ReviewReason,
    /// The items in question.
    pub candidates: Vec<ItemId>,
    /// The contested ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<ExternalId>,
}

/// A listing: what one library of one source says of one item.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ListingRecord {
    /// Ours.
    pub id: ListingId,
    /// Where it is listed.
    pub library_id: LibraryId,
    /// The source's name for it.
    pub remote_id: RemoteId,
    /// 0, or the place within a file that holds several episodes.
    pub part: u16,
    /// What the source says it is.
    pub kind: ItemKind,
    /// The remote id of its show; seasons and episodes only.
    pub parent_remote_id: Option<RemoteId>,
    /// Its item; `None` while it is quarantined.
    pub item_id: Option<ItemId>,
    /// What the source says of it; shared, since most changes of a listing leave it alone.
    pub facts: Arc<Facts>,
    /// What the source says of the play state of its viewer.
    pub play: Option<PlayState>,
    /// Of the observation that was last recorded.
    pub fingerprint: i64,
    /// See [`Facts::file_key`].
    pub file_key: Option<i64>,
    /// See [`crate::Observation::moved_key`].
    pub moved_key: Option<i64>,
    /// The rule that found its item.
    pub match_basis: MatchBasis,
    /// What a person should look at.
    pub review: Option<Review>,
    /// Since when the source no longer lists it, where the policy keeps it.
    pub missing_since: Option<DateTime<Utc>>,
    /// Since when a person wants it kept although the source does not list it.
    pub kept_since: Option<DateTime<Utc>>,
    /// The run that made it.
    pub created_run_id: Option<RunId>,
}

impl ListingRecord {
    /// What it proves of its item by itself.
    pub fn standing(&self) -> Standing {
        let facts = &self.facts;
        if self.missing_since.is_some() || self.kept_since.is_some() || facts.trashed {
            return Standing::Absent;
        }
        match facts.monitored {
            Some(true) if facts.files.is_empty() => Standing::Wanted,
            Some(false) if facts.files.is_empty() => Standing::Unmonitored,
            _ => Standing::There,
        }
    }
}

/// What a listing proves of its item, least first: what an item's listings amount to is the most
/// that any of them proves.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Standing {
    /// The source does not list it any more, or it lies in the trash.
    Absent,
    /// A library manager knows it, has no file and does not look for one.
    Unmonitored,
    /// A library manager looks for it and has no file.
    Wanted,
    /// It is there: a media server or a folder lists what it has; a library manager has what it has
    /// a file of.
    There,
}

words! {
    /// What an item's listings and downloads amount to. Derived, and said by nobody.
    ItemStatus {
        /// A media server, a folder or a library manager has it.
        Available = "available",
        /// Nobody has it, and a transfer brings it.
        Downloading = "downloading",
        /// Nobody has it, and a library manager looks for it.
        Wanted = "wanted",
        /// Nobody has it, and those who know it do not look for it.
        Unmonitored = "unmonitored",
        /// Nobody lists it any more, or it lies in the trash.
        Missing = "missing",
    }
}

impl ItemStatus {
    /// Every status.
    pub const ALL: [Self; 5] =
        [Self::Available, Self::Downloading, Self::Wanted, Self::Unmonitored, Self::Missing];
}

/// An external id and the item that owns it.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct ExternalIdRecord {
    /// The owner.
    pub item_id: ItemId,
    /// The owner's kind.
    pub kind: ItemKind,
    /// The id.
    #[serde(flatten)]
    pub id: ExternalId,
}

/// Play state of an item for a viewer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ProgressRecord {
    /// What was played.
    pub item_id: ItemId,
    /// Who played it.
    pub viewer_id: ViewerId,
    /// How far.
    #[serde(flatten)]
    pub state: PlayState,
}

/// A field that a person corrected, or cleared on purpose (`value` is `None`).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OverrideRecord {
    /// Of which item.
    pub item_id: ItemId,
    /// Which field.
    pub field: Field,
    /// What a person wants it to be.
    pub value: Option<String>,
}

/// What a person set for an item. Sync reads it in order to restore it on revert, and has no way
/// to write it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SettingsRecord {
    /// Of which item.
    pub item_id: ItemId,
    /// Download new episodes or a better file by itself.
    pub auto_download: bool,
    /// What became of that, as the person or their program says.
    pub status: Option<String>,
    /// When it was downloaded.
    pub downloaded_at: Option<DateTime<Utc>>,
    /// Anything else, for programs that build on Shelfread.
    pub extra: Option<Value>,
}

/// What planning must know of a library.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LibraryRef {
    /// Ours.
    pub id: LibraryId,
    /// The source that it belongs to.
    pub source_id: SourceId,
    /// The source's name, for reasons.
    pub source_name: String,
    /// Lower wins when sources disagree; ties go to the source that was there first.
    pub priority: i32,
}
