//! What kinds of items there are and what makes two of them the same by nature.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::id::ItemId;

/// The four kinds of items. Seasons and episodes are children of a show: an episode's parent is
/// the show and never the season, so that no season row can take episodes along.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum ItemKind {
    /// A film.
    Movie,
    /// A series.
    Show,
    /// A season of a show; number 0 holds the specials.
    Season,
    /// An episode of a show.
    Episode,
}

impl ItemKind {
    /// The text that the database, the API and the command line use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Movie => "movie",
            Self::Show => "show",
            Self::Season => "season",
            Self::Episode => "episode",
        }
    }

    /// Movies and shows stand on their own; seasons and episodes need their show.
    pub const fn is_top(self) -> bool {
        matches!(self, Self::Movie | Self::Show)
    }

    /// Parents are planned before their children: 0 for movies and shows, then seasons, episodes.
    pub const fn level(self) -> u8 {
        match self {
            Self::Movie | Self::Show => 0,
            Self::Season => 1,
            Self::Episode => 2,
        }
    }
}

impl fmt::Display for ItemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no kind of item.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("'{0}' is no kind of item (movie, show, season or episode)")]
pub struct UnknownKind(pub String);

impl FromStr for ItemKind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "movie" => Ok(Self::Movie),
            "show" => Ok(Self::Show),
            "season" => Ok(Self::Season),
            "episode" => Ok(Self::Episode),
            other => Err(UnknownKind(other.to_owned())),
        }
    }
}

/// What makes a season or an episode the same one, whoever lists it (rule 2 of identity).
/// The database refuses a second row for the same key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum NaturalKey {
    /// (show, season number)
    Season(ItemId, i32),
    /// (show, season number, episode number)
    Episode(ItemId, i32, i32),
    /// An unnumbered episode: (show, air date)
    AirDate(ItemId, NaiveDate),
}

impl NaturalKey {
    /// The key of a child of `show` with these facts; `None` when only rule 1 can identify it.
    pub fn of(
        kind: ItemKind,
        show: ItemId,
        season: Option<i32>,
        episode: Option<i32>,
        air_date: Option<NaiveDate>,
    ) -> Option<Self> {
        match (kind, season, episode, air_date) {
            (ItemKind::Season, Some(s), _, _) => Some(Self::Season(show, s)),
            (ItemKind::Episode, Some(s), Some(e), _) => Some(Self::Episode(show, s, e)),
            (ItemKind::Episode, _, None, Some(date)) => Some(Self::AirDate(show, date)),
            _ => None,
        }
    }

    /// The show that this key belongs to.
    pub const fn show(&self) -> ItemId {
        match self {
            Self::Season(show, _) | Self::Episode(show, _, _) | Self::AirDate(show, _) => *show,
        }
    }
}
