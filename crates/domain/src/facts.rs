//! Facts: the metadata that one listing says of its item. Play state is not among them; it goes
//! to progress.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::external_id::ExternalId;
use crate::file::FileRef;
use crate::text::{MAX_OVERVIEW, MAX_PATH, MAX_TITLE, bounded, is_bounded};

/// What a source says of one item. Absent means that the source did not say.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// Title as shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Title to sort by, when the source has its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sort_title: Option<String>,
    /// Description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overview: Option<String>,
    /// Year of release or of the first episode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub year: Option<i32>,
    /// Day of release or of airing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub air_date: Option<NaiveDate>,
    /// Length in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runtime_seconds: Option<i64>,
    /// Address of the poster: absolute, or relative to the address of the source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub poster_url: Option<String>,
    /// Number of the season; 0 holds the specials. Seasons and episodes only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub season_number: Option<i32>,
    /// Number within the season. Episodes only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub episode_number: Option<i32>,
    /// Number within the whole show. Episodes only, mostly of anime.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub absolute_number: Option<i32>,
    /// Whether a library manager looks for it; only managers say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monitored: Option<bool>,
    /// When the source got it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub added_at: Option<DateTime<Utc>>,
    /// The name by which the source's own web interface goes, where that is neither its remote id
    /// nor an external one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// It lies in the trash of its source: known, but no longer there to be played.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub trashed: bool,
    /// External ids, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub external_ids: Vec<ExternalId>,
    /// Files and versions, sorted by path. Empty for shows, seasons and what has no file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileRef>,
}

impl Facts {
    /// Whether two say the same of everything but where the poster is: a server that gave an object
    /// a new id gives its poster a new address.
    pub fn same_but_poster(&self, other: &Self) -> bool {
        let Self {
            title,
            sort_title,
            overview,
            year,
            air_date,
            runtime_seconds,
            poster_url: _,
            season_number,
            episode_number,
            absolute_number,
            monitored,
            added_at,
            slug,
            trashed,
            external_ids,
            files,
        } = self;
        let texts = (title, sort_title, overview, slug)
            == (&other.title, &other.sort_title, &other.overview, &other.slug);
        let numbers = (season_number, episode_number, absolute_number, year)
            == (&other.season_number, &other.episode_number, &other.absolute_number, &other.year);
        let times = (air_date, runtime_seconds, added_at)
            == (&other.air_date, &other.runtime_seconds, &other.added_at);
        let state = (monitored, trashed) == (&other.monitored, &other.trashed);
        texts
            && numbers
            && times
            && state
            && (external_ids, files) == (&other.external_ids, &other.files)
    }

    /// Brings every value within its bounds: absurd numbers and empty texts become absent, long
    /// texts are cut, lists are sorted and without doubles. Adapters may pass on what they got.
    pub fn normalize(&mut self) {
        bound(&mut self.title, MAX_TITLE);
        bound(&mut self.sort_title, MAX_TITLE);
        bound(&mut self.overview, MAX_OVERVIEW);
        bound(&mut self.poster_url, MAX_PATH);
        bound(&mut self.slug, MAX_PATH);
        self.year = self.year.filter(|y| (1850..=2200).contains(y));
        self.air_date = self.air_date.filter(|d| (1850..=2200).contains(&d.year()));
        self.added_at = self.added_at.filter(|d| (1970..=2200).contains(&d.year()));
        self.runtime_seconds = self.runtime_seconds.filter(|s| (1..=7 * 24 * 3600).contains(s));
        self.season_number = self.season_number.filter(|n| (0..=100_000).contains(n));
        self.episode_number = self.episode_number.filter(|n| (0..=1_000_000).contains(n));
        self.absolute_number = self.absolute_number.filter(|n| (1..=1_000_000).contains(n));
        self.external_ids.sort();
        self.external_ids.dedup();
        self.external_ids.truncate(32);
        for file in &mut self.files {
            if !is_bounded(&file.path, MAX_PATH)
                && let Some(path) = bounded(&file.path, MAX_PATH)
            {
                file.path = path;
            }
        }
        self.files.sort_by(|a, b| a.path.cmp(&b.path));
        self.files.dedup_by(|a, b| a.path == b.path);
        self.files.truncate(256);
    }

    /// The key of the first file that has one (rule 4 of identity).
    pub fn file_key(&self) -> Option<i64> {
        self.files.iter().find_map(FileRef::key)
    }
}

fn bound(text: &mut Option<String>, max: usize) {
    if let Some(value) = text.take_if(|value| !is_bounded(value, max)) {
        *text = bounded(&value, max);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absurd_values_are_absent() {
        let mut facts = Facts {
            title: Some("\u{0}".into()),
            year: Some(0),
            runtime_seconds: Some(-5),
            season_number: Some(-1),
            air_date: NaiveDate::from_ymd_opt(1, 1, 1),
            ..Facts::default()
        };
        facts.normalize();
        assert_eq!(facts, Facts::default());
    }

    #[test]
    fn absent_is_not_written() {
        assert_eq!(serde_json::to_string(&Facts::default()).unwrap(), "{}");
    }
}
