//! What stands on the shelves: films, shows, seasons and episodes, with their files.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use shelfread_domain::{ItemKind, PlayState};

use super::random::Random;
use super::text;

/// The world's own name for an object. Servers never show it; each has ids of its own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ObjectId(pub u32);

/// A description, made only when somebody reads it: a large world then fits into memory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Overview {
    /// Nobody wrote one.
    None,
    /// The one that belongs to this number.
    Made(u64),
    /// Exactly this.
    Said(String),
}

impl Overview {
    /// The text.
    pub fn text(&self) -> Option<String> {
        match self {
            Self::None => None,
            Self::Made(n) => Some(text::overview(&mut Random::new(0, *n))),
            Self::Said(text) => Some(text.clone()),
        }
    }
}

/// One file of an object; several are versions of the same thing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Version {
    /// Path as the server's container sees it.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
}

/// A film, show, season or episode. Tests may change every field through
/// [`World::edit`](super::World::edit).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Object {
    /// The world's name for it.
    pub id: ObjectId,
    /// What it is.
    pub kind: ItemKind,
    /// The numbers of the libraries that hold it; films and shows only, the rest is where its show
    /// is.
    pub libraries: Vec<usize>,
    /// The show of a season or episode.
    pub show: Option<ObjectId>,
    /// The season object that holds an episode.
    pub season: Option<ObjectId>,
    /// Title.
    pub title: String,
    /// Description.
    pub overview: Overview,
    /// Year of release.
    pub year: Option<i32>,
    /// Day of release or airing.
    pub premiered: Option<NaiveDate>,
    /// Length in seconds.
    pub runtime_seconds: Option<u32>,
    /// External ids as servers spell the provider: `Tmdb`, `Imdb`, `Tvdb` …
    pub provider_ids: Vec<(&'static str, String)>,
    /// Number of a season, or of an episode's season.
    pub season_number: Option<i32>,
    /// Number within the season.
    pub episode_number: Option<i32>,
    /// The last number, when one file holds several episodes.
    pub episode_end: Option<i32>,
    /// Folder of a show or season; `None` for a season without a folder of its own.
    pub folder: Option<String>,
    /// Files. A film or episode without one is only announced or missing.
    pub versions: Vec<Version>,
    /// Library managers do not look for it.
    pub unmonitored: bool,
    /// What the household's first user did with it.
    pub play: Option<PlayState>,
    /// When it came.
    pub added_at: DateTime<Utc>,
    /// When anything but the play state was last changed.
    pub saved_at: DateTime<Utc>,
    /// When the play state was last changed.
    pub play_saved_at: DateTime<Utc>,
    /// Since when its files lie in the trash of a Plex, which has not forgotten it yet. Other
    /// servers have no trash: they show what is there, or nothing once it is removed.
    pub trashed_at: Option<DateTime<Utc>>,
    /// How often its files moved. Servers that derive ids from paths give new ones then.
    pub moves: u32,
}

impl Object {
    /// An object of that kind without anything.
    pub(crate) fn new(id: ObjectId, kind: ItemKind, title: &str, at: DateTime<Utc>) -> Self {
        Self {
            id,
            kind,
            libraries: Vec::new(),
            show: None,
            season: None,
            title: title.to_owned(),
            overview: Overview::Made(u64::from(id.0)),
            year: None,
            premiered: None,
            runtime_seconds: None,
            provider_ids: Vec::new(),
            season_number: None,
            episode_number: None,
            episode_end: None,
            folder: None,
            versions: Vec::new(),
            unmonitored: false,
            play: None,
            added_at: at,
            saved_at: at,
            play_saved_at: at,
            trashed_at: None,
            moves: 0,
        }
    }

    /// Whether there is anything of it on a disk.
    pub fn is_on_disk(&self) -> bool {
        !self.versions.is_empty() || self.folder.is_some()
    }

    /// Where it is on the disk.
    pub fn path(&self) -> Option<&str> {
        self.versions.first().map(|v| v.path.as_str()).or(self.folder.as_deref())
    }

    /// How many episodes it is.
    pub fn parts(&self) -> u64 {
        match (self.episode_number, self.episode_end) {
            (Some(first), Some(last)) => u64::try_from(last - first).unwrap_or(0) + 1,
            _ => 1,
        }
    }
}
