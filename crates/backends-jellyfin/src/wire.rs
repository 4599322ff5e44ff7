//! The JSON of both servers, with the fields that we use and no others. Everything may be absent;
//! unknown values of enumerations are read as `Other`. Texts that are only looked at are borrowed.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use shelfread_backends_http::lenient::null_default;

/// A page of a listing; `T` is its list.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Page<T> {
    pub(crate) items: T,
    pub(crate) total_record_count: Option<i64>,
    pub(crate) start_index: Option<i64>,
}

/// A film, show, season or episode.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Item<'a> {
    #[serde(borrow)]
    pub(crate) id: Text<'a>,
    pub(crate) name: Option<String>,
    #[serde(rename = "Type")]
    pub(crate) kind: Option<Kind>,
    #[serde(borrow)]
    pub(crate) server_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) series_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) sort_name: Option<Text<'a>>,
    pub(crate) overview: Option<String>,
    pub(crate) production_year: Option<i64>,
    #[serde(borrow)]
    pub(crate) premiere_date: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) date_created: Option<Text<'a>>,
    pub(crate) run_time_ticks: Option<i64>,
    pub(crate) index_number: Option<i64>,
    pub(crate) index_number_end: Option<i64>,
    pub(crate) parent_index_number: Option<i64>,
    pub(crate) path: Option<String>,
    pub(crate) location_type: Option<Location>,
    #[serde(borrow)]
    pub(crate) provider_ids: Option<Pairs<'a>>,
    #[serde(borrow)]
    pub(crate) image_tags: Option<ImageTags<'a>>,
    #[serde(borrow, default, deserialize_with = "null_default")]
    pub(crate) media_sources: Vec<MediaFile<'a>>,
    #[serde(borrow)]
    pub(crate) user_data: Option<UserData<'a>>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Movie,
    Series,
    Season,
    Episode,
    #[serde(other)]
    Other,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Location {
    Virtual,
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ImageTags<'a> {
    #[serde(borrow)]
    pub(crate) primary: Option<Text<'a>>,
}

/// One version of an item. `MediaStreams` and the rest are skipped.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct MediaFile<'a> {
    pub(crate) path: Option<String>,
    pub(crate) size: Option<i64>,
    #[serde(borrow)]
    pub(crate) protocol: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UserData<'a> {
    pub(crate) playback_position_ticks: Option<i64>,
    pub(crate) play_count: Option<i64>,
    pub(crate) played: Option<bool>,
    #[serde(borrow)]
    pub(crate) last_played_date: Option<Text<'a>>,
}

/// `/System/Info/Public`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PublicInfo {
    pub(crate) id: Option<String>,
    pub(crate) server_name: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) product_name: Option<String>,
    /// Emby only.
    pub(crate) local_addresses: Option<Vec<String>>,
    /// Emby only.
    pub(crate) remote_addresses: Option<Vec<String>>,
}

/// A list that Jellyfin writes bare and Emby in an envelope.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum List<T> {
    Bare(Vec<T>),
    #[serde(rename_all = "PascalCase")]
    Wrapped {
        items: Vec<T>,
    },
}

impl<T> List<T> {
    pub(crate) fn into_vec(self) -> Vec<T> {
        match self {
            Self::Bare(items) | Self::Wrapped { items } => items,
        }
    }
}

#[derive(Deserialize, Debug)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct User {
    pub(crate) id: String,
    #[serde(default, deserialize_with = "null_default")]
    pub(crate) name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub(crate) policy: Policy,
}

/// What a user may see.
#[derive(Deserialize, Default, Debug)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Policy {
    pub(crate) is_administrator: bool,
    pub(crate) is_disabled: bool,
    pub(crate) enable_all_folders: Option<bool>,
    #[serde(deserialize_with = "null_default")]
    pub(crate) enabled_folders: Vec<String>,
}

/// A library, from either of the routes that list them.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Folder {
    #[serde(default, deserialize_with = "null_default")]
    pub(crate) name: String,
    /// From `/Library/VirtualFolders`.
    pub(crate) item_id: Option<String>,
    /// From the views of a user; Emby has one of another meaning beside `ItemId`.
    pub(crate) id: Option<String>,
    /// Emby only: by this id its policies name a library.
    pub(crate) guid: Option<String>,
    pub(crate) collection_type: Option<String>,
}

/// Borrowed where the JSON has no escapes. A number is read as a text: some ids are.
#[derive(Clone)]
pub(crate) struct Text<'a>(pub(crate) Cow<'a, str>);

impl Text<'_> {
    pub(crate) fn into_string(self) -> String {
        self.0.into_owned()
    }
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(number.to_string())))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(number.to_string())))
    }
}

/// The members of an object whose names are data.
pub(crate) struct Pairs<'a>(pub(crate) Vec<(Text<'a>, Option<Text<'a>>)>);

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PairsVisitor)
    }
}

struct PairsVisitor;

impl<'de> Visitor<'de> for PairsVisitor {
    type Value = Pairs<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(Pairs(pairs))
    }
}
