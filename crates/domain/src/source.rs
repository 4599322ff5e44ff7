//! What a source is and the policies that a person can choose for it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The programs and places that list media.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// A Jellyfin server.
    Jellyfin,
    /// An Emby server.
    Emby,
    /// A Plex Media Server.
    Plex,
    /// A Sonarr.
    Sonarr,
    /// A Radarr.
    Radarr,
    /// A folder of films or shows.
    Folder,
}

impl SourceKind {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::Jellyfin, Self::Emby, Self::Plex, Self::Sonarr, Self::Radarr, Self::Folder];

    /// The text that the database, the configuration, the API and the command line use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jellyfin => "jellyfin",
            Self::Emby => "emby",
            Self::Plex => "plex",
            Self::Sonarr => "sonarr",
            Self::Radarr => "radarr",
            Self::Folder => "folder",
        }
    }

    /// What happens to an item that the last source no longer lists, unless a person chose.
    pub const fn default_on_missing(self) -> OnMissing {
        match self {
            Self::Sonarr | Self::Radarr => OnMissing::Keep,
            _ => OnMissing::Remove,
        }
    }

    /// Library managers list what they look for, not only what is there.
    pub const fn is_manager(self) -> bool {
        matches!(self, Self::Sonarr | Self::Radarr)
    }
}

impl fmt::Display for SourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A value of the configuration that does not fit.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PolicyError {
    /// No such kind of source.
    #[error("'{0}' is no kind of source (jellyfin, emby, plex, sonarr, radarr or folder)")]
    Kind(String),
    /// No such policy.
    #[error("'{0}' is no policy for missing items (remove, keep or grace:30d)")]
    OnMissing(String),
    /// No such limit.
    #[error("'{0}' is no limit of removals (a percentage such as 10% or a count such as 50)")]
    MaxRemovals(String),
}

impl FromStr for SourceKind {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|k| k.as_str() == text);
        found.ok_or_else(|| PolicyError::Kind(text.to_owned()))
    }
}

/// What happens to an item when the source no longer lists it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OnMissing {
    /// Its listing goes, and with its last listing the item.
    Remove,
    /// The listing stays, marked missing.
    Keep,
    /// The listing stays, marked missing, and goes after so many days.
    Grace {
        /// Days to wait.
        days: u32,
    },
}

impl fmt::Display for OnMissing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Remove => f.write_str("remove"),
            Self::Keep => f.write_str("keep"),
            Self::Grace { days } => write!(f, "grace:{days}d"),
        }
    }
}

impl FromStr for OnMissing {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let grace = || text.strip_prefix("grace:")?.strip_suffix('d')?.parse().ok();
        match text {
            "remove" => Ok(Self::Remove),
            "keep" => Ok(Self::Keep),
            _ => grace()
                .map(|days| Self::Grace { days })
                .ok_or_else(|| PolicyError::OnMissing(text.to_owned())),
        }
    }
}

/// How many items a library may lose in one run before a person is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MaxRemovals {
    /// A share of the library in percent, and never less than five items.
    Percent(u8),
    /// A count.
    Count(u64),
}

impl Default for MaxRemovals {
    fn default() -> Self {
        Self::Percent(10)
    }
}

impl MaxRemovals {
    /// The number of items that a library of `size` items may lose without asking.
    pub fn allowed(self, size: u64) -> u64 {
        match self {
            Self::Percent(p) => (size.saturating_mul(u64::from(p)) / 100).max(5),
            Self::Count(n) => n,
        }
    }
}

impl fmt::Display for MaxRemovals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Percent(p) => write!(f, "{p}%"),
            Self::Count(n) => write!(f, "{n}"),
        }
    }
}

impl FromStr for MaxRemovals {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed = match text.strip_suffix('%') {
            Some(p) => p.parse().ok().filter(|p| *p <= 100).map(Self::Percent),
            None => text.parse().ok().map(Self::Count),
        };
        parsed.ok_or_else(|| PolicyError::MaxRemovals(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_read_back_as_written() {
        for text in ["remove", "keep", "grace:30d"] {
            assert_eq!(text.parse::<OnMissing>().unwrap().to_string(), text);
        }
        for text in ["10%", "0%", "50"] {
            assert_eq!(text.parse::<MaxRemovals>().unwrap().to_string(), text);
        }
        for text in ["", "grace", "grace:d", "grace:-1d", "delete"] {
            assert!(text.parse::<OnMissing>().is_err(), "{text}");
        }
        for text in ["", "101%", "-1", "ten"] {
            assert!(text.parse::<MaxRemovals>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_default_limit_is_five_or_a_tenth() {
        let limit = MaxRemovals::default();
        assert_eq!([0, 49, 50, 59, 60, 1000].map(|n| limit.allowed(n)), [5, 5, 5, 5, 6, 100]);
    }
}
