//! What the server says, as far as rows are made of it. Texts are borrowed from the page.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};
use twox_hash::XxHash3_64;

/// Text that is copied only when it is escaped.
pub type Text<'a> = Cow<'a, str>;

/// A page of items.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Page<'a> {
    #[serde(borrow)]
    pub items: Vec<Item<'a>>,
}

/// An item of any kind.
#[derive(Deserialize, Hash)]
#[serde(rename_all = "PascalCase")]
pub struct Item<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    #[serde(borrow, rename = "Type")]
    pub kind: Text<'a>,
    #[serde(borrow)]
    pub name: Text<'a>,
    #[serde(borrow)]
    pub overview: Option<Text<'a>>,
    pub production_year: Option<i32>,
    #[serde(borrow)]
    pub premiere_date: Option<Text<'a>>,
    #[serde(borrow)]
    pub date_created: Option<Text<'a>>,
    pub run_time_ticks: Option<i64>,
    pub parent_index_number: Option<i32>,
    pub index_number: Option<i32>,
    pub index_number_end: Option<i32>,
    #[serde(borrow)]
    pub series_id: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub provider_ids: BTreeMap<Text<'a>, Text<'a>>,
    #[serde(borrow, default)]
    pub media_sources: Vec<MediaSource<'a>>,
    #[serde(borrow)]
    pub user_data: Option<UserData<'a>>,
}

/// A file.
#[derive(Deserialize, Hash)]
#[serde(rename_all = "PascalCase")]
pub struct MediaSource<'a> {
    #[serde(borrow)]
    pub path: Option<Text<'a>>,
    pub size: Option<u64>,
}

/// What the user did with the item.
#[derive(Deserialize, Hash)]
#[serde(rename_all = "PascalCase")]
pub struct UserData<'a> {
    #[serde(default)]
    pub playback_position_ticks: i64,
    #[serde(default)]
    pub play_count: i32,
    #[serde(default)]
    pub played: bool,
    #[serde(borrow)]
    pub last_played_date: Option<Text<'a>>,
}

/// Something that changes when the item does.
pub fn fingerprint(item: &Item<'_>) -> i64 {
    let mut hasher = XxHash3_64::new();
    item.hash(&mut hasher);
    hasher.finish().cast_signed()
}

impl Item<'_> {
    /// Length in seconds.
    pub fn seconds(&self) -> Option<i64> {
        self.run_time_ticks.map(seconds)
    }

    /// Day of release or airing.
    pub fn day(&self) -> Option<&str> {
        self.premiere_date.as_deref().and_then(|date| date.get(..10))
    }

    /// What the user did with it; `None` when nothing was ever played.
    pub fn play(&self) -> Option<Play<'_>> {
        let play = self.user_data.as_ref()?;
        let is_blank = !play.played && play.play_count == 0 && play.playback_position_ticks == 0;
        (!is_blank).then(|| Play {
            position_seconds: seconds(play.playback_position_ticks),
            played: play.played,
            play_count: play.play_count,
            last_played_at: play.last_played_date.as_deref(),
        })
    }

    /// Movies and shows stand on their own.
    pub fn is_top(&self) -> bool {
        matches!(self.kind.as_ref(), "Movie" | "Series")
    }

    /// The facts column, as the program writes it.
    pub fn facts(
        &self,
        season: Option<i32>,
        episode: Option<i32>,
    ) -> Result<String, serde_json::Error> {
        serde_json::to_string(&Facts {
            title: &self.name,
            overview: self.overview.as_deref(),
            year: self.production_year,
            air_date: self.day(),
            runtime_seconds: self.seconds(),
            season_number: season,
            episode_number: episode,
            added_at: self.date_created.as_deref(),
            external_ids: self
                .provider_ids
                .iter()
                .map(|(provider, value)| Id { provider, value })
                .collect(),
            files: self
                .media_sources
                .iter()
                .map(|s| File { path: s.path.as_deref(), size: s.size })
                .collect(),
        })
    }
}

const fn seconds(ticks: i64) -> i64 {
    ticks / 10_000_000
}

/// The play column, as the program writes it.
#[derive(Serialize)]
pub struct Play<'a> {
    pub position_seconds: i64,
    pub played: bool,
    pub play_count: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_played_at: Option<&'a str>,
}

#[derive(Serialize)]
struct Facts<'a> {
    title: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    overview: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    year: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    air_date: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    runtime_seconds: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    season_number: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    episode_number: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    added_at: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    external_ids: Vec<Id<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    files: Vec<File<'a>>,
}

#[derive(Serialize)]
struct Id<'a> {
    provider: &'a str,
    value: &'a str,
}

#[derive(Serialize)]
struct File<'a> {
    path: Option<&'a str>,
    size: Option<u64>,
}
