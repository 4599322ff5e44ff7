//! External ids: what the big databases call a work. Always read together with the item's kind,
//! because a movie's `tmdb 123` is not a series' `tmdb 123`.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::item::ItemKind;

/// A database of films and series.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// The Movie Database
    Tmdb,
    /// Internet Movie Database (`tt…`)
    Imdb,
    /// TheTVDB
    Tvdb,
    /// `TVmaze`
    TvMaze,
    /// `AniDB`
    AniDb,
    /// `AniList`
    AniList,
}

impl Provider {
    /// The text that the database, the API and the command line use.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Tmdb => "tmdb",
            Self::Imdb => "imdb",
            Self::Tvdb => "tvdb",
            Self::TvMaze => "tvmaze",
            Self::AniDb => "anidb",
            Self::AniList => "anilist",
        }
    }

    /// Reads a provider's name in any case and in the spellings that servers use
    /// (`Tmdb`, `themoviedb`, `thetvdb`, `TvMaze` …). `None` for one that is no proof of identity.
    pub fn parse(name: &str) -> Option<Self> {
        match name.trim().to_ascii_lowercase().as_str() {
            "tmdb" | "themoviedb" | "tmdbid" => Some(Self::Tmdb),
            "imdb" | "imdbid" => Some(Self::Imdb),
            "tvdb" | "thetvdb" | "tvdbid" => Some(Self::Tvdb),
            "tvmaze" => Some(Self::TvMaze),
            "anidb" => Some(Self::AniDb),
            "anilist" => Some(Self::AniList),
            _ => None,
        }
    }

    /// How much a provider's word weighs for a kind of item; lower is stronger. When two records
    /// both carry ids, the strongest provider that both have decides whether they are the same.
    pub const fn rank(&self, kind: ItemKind) -> u8 {
        match (kind, self) {
            (ItemKind::Movie, Self::Tmdb) | (_, Self::Tvdb) => 0,
            (ItemKind::Movie, Self::Imdb) | (_, Self::Tmdb) => 1,
            (_, Self::Imdb) => 2,
            (_, Self::TvMaze) => 3,
            (_, Self::AniDb) => 4,
            (_, Self::AniList) => 5,
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A provider's id for a work, in normal form: digits without leading zeros, IMDb as `tt` and at
/// least seven digits. Placeholders are no ids and cannot be made.
///
/// ```
/// use shelfread_domain::{ExternalId, Provider};
///
/// assert_eq!(ExternalId::new(Provider::Imdb, "TT0111161").unwrap().value(), "tt0111161");
/// assert_eq!(ExternalId::new(Provider::Tmdb, "0"), None);
/// assert_eq!(ExternalId::new(Provider::Tvdb, "none"), None);
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct ExternalId {
    /// Whose id it is.
    pub provider: Provider,
    value: String,
}

impl ExternalId {
    /// Normalizes `value`; `None` when it is a placeholder (`0`, `none`, …) or no id at all.
    pub fn new(provider: Provider, value: &str) -> Option<Self> {
        let value = value.trim();
        if value.len() > 32 {
            return None;
        }
        let digits = match provider {
            Provider::Imdb => value.strip_prefix("tt").or_else(|| value.strip_prefix("TT"))?,
            _ => value,
        };
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let significant = digits.trim_start_matches('0');
        if significant.is_empty() || significant.len() > 18 {
            return None;
        }
        let value = match provider {
            Provider::Imdb => format!("tt{significant:0>7}"),
            _ => significant.to_owned(),
        };
        Some(Self { provider, value })
    }

    /// Reads a pair as servers write it: any spelling of the provider, any form of the value.
    pub fn parse(provider: &str, value: &str) -> Option<Self> {
        Self::new(Provider::parse(provider)?, value)
    }

    /// The id in normal form.
    pub fn value(&self) -> &str {
        &self.value
    }
}

impl fmt::Display for ExternalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.provider, self.value)
    }
}

/// Whether two sets of ids of the same kind of item speak of the same work: the strongest provider
/// that both have decides. `None` when they have no provider in common.
pub fn agree(kind: ItemKind, a: &[ExternalId], b: &[ExternalId]) -> Option<bool> {
    let common = a
        .iter()
        .map(|id| &id.provider)
        .filter(|p| b.iter().any(|id| id.provider == **p))
        .min_by_key(|p| p.rank(kind))?;
    Some(a.iter().filter(|id| id.provider == *common).any(|id| b.contains(id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(pairs: &[(&str, &str)]) -> Vec<ExternalId> {
        pairs.iter().filter_map(|(p, v)| ExternalId::parse(p, v)).collect()
    }

    #[test]
    fn placeholders_are_no_ids() {
        for value in ["", "0", "000", "none", "null", "-1", "tt", "abc", "9".repeat(40).as_str()] {
            assert_eq!(ExternalId::new(Provider::Tmdb, value), None, "{value}");
        }
        assert_eq!(ExternalId::new(Provider::Imdb, "tt0000000"), None);
        assert_eq!(ExternalId::new(Provider::Imdb, "0111161"), None);
    }

    #[test]
    fn one_form_for_one_id() {
        assert_eq!(ids(&[("IMDB", "tt00000111161")]), ids(&[("imdb", "tt0111161")]));
        assert_eq!(ids(&[("Tvdb", "00042")])[0].value(), "42");
    }

    #[test]
    fn the_strongest_common_provider_decides() {
        let heat = ids(&[("tmdb", "949"), ("imdb", "tt0113277")]);
        let typo = ids(&[("tmdb", "949"), ("imdb", "tt9999999")]);
        let other = ids(&[("tmdb", "1"), ("imdb", "tt0113277")]);
        let tvdb = ids(&[("tvdb", "5")]);
        assert_eq!(agree(ItemKind::Movie, &heat, &typo), Some(true));
        assert_eq!(agree(ItemKind::Movie, &heat, &other), Some(false));
        assert_eq!(agree(ItemKind::Movie, &heat, &tvdb), None);
    }
}
