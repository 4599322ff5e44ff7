//! What a Plex Media Server writes, with only the fields that are used. Keys and numbers come as
//! texts or as numbers, depending on version and place; whatever may be absent is optional.

use serde::Deserialize;
use serde_json::value::RawValue;
use shelfread_backends_http::lenient::{null_default, optional_number, optional_text};

/// The object around every answer.
#[derive(Deserialize, Debug)]
pub struct Answer<T> {
    #[serde(rename = "MediaContainer")]
    pub container: T,
}

/// Who answers: `/identity` says the first two to anybody, `/` the rest to users.
#[derive(Deserialize, Default, Debug)]
#[serde(rename_all = "camelCase", default)]
pub struct Server {
    #[serde(deserialize_with = "optional_text")]
    pub machine_identifier: Option<String>,
    #[serde(deserialize_with = "optional_text")]
    pub version: Option<String>,
    #[serde(deserialize_with = "optional_text")]
    pub friendly_name: Option<String>,
    /// 1 or `true`; older versions leave it out.
    #[serde(deserialize_with = "optional_number")]
    pub allow_media_deletion: Option<i64>,
}

/// `/accounts`: the users that the server knows. Only its owner may see them.
#[derive(Deserialize, Debug)]
pub struct Accounts {
    #[serde(rename = "Account", default, deserialize_with = "null_default")]
    pub accounts: Vec<Account>,
}

#[derive(Deserialize, Debug)]
pub struct Account {
    #[serde(default, deserialize_with = "optional_number")]
    pub id: Option<i64>,
    #[serde(default, deserialize_with = "optional_text")]
    pub name: Option<String>,
}

/// `/library/sections`.
#[derive(Deserialize, Debug)]
pub struct Sections {
    #[serde(rename = "Directory", default, deserialize_with = "null_default")]
    pub sections: Vec<Section>,
}

#[derive(Deserialize, Clone, PartialEq, Eq, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Section {
    #[serde(default, deserialize_with = "optional_text")]
    pub key: Option<String>,
    #[serde(default, deserialize_with = "optional_text")]
    pub uuid: Option<String>,
    #[serde(default, deserialize_with = "optional_text")]
    pub title: Option<String>,
    #[serde(rename = "type", default, deserialize_with = "optional_text")]
    pub kind: Option<String>,
    /// Another value after anything was added, changed or removed.
    #[serde(default, deserialize_with = "optional_number")]
    pub content_changed_at: Option<i64>,
}

/// A list of items. The items stay text until each is read by itself.
#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Listing<'a> {
    /// How many items are in this answer.
    #[serde(default, deserialize_with = "optional_number")]
    pub size: Option<i64>,
    /// How many there are in all; only in answers to requests with paging headers.
    #[serde(default, deserialize_with = "optional_number")]
    pub total_size: Option<i64>,
    #[serde(rename = "Metadata", borrow, default)]
    pub items: Option<&'a RawValue>,
}

/// A movie, show, season or episode.
#[derive(Deserialize, Default, Debug)]
#[serde(rename_all = "camelCase", default)]
pub struct Metadata {
    #[serde(deserialize_with = "optional_text")]
    pub rating_key: Option<String>,
    #[serde(deserialize_with = "optional_text")]
    pub parent_rating_key: Option<String>,
    #[serde(deserialize_with = "optional_text")]
    pub grandparent_rating_key: Option<String>,
    #[serde(rename = "librarySectionID", deserialize_with = "optional_text")]
    pub section: Option<String>,
    #[serde(rename = "type", deserialize_with = "optional_text")]
    pub kind: Option<String>,
    /// One agent's id for it. Not to be mixed up with `Guid`.
    #[serde(deserialize_with = "optional_text")]
    pub guid: Option<String>,
    /// The ids of the big databases; new agents only.
    #[serde(rename = "Guid", deserialize_with = "null_default")]
    pub guids: Vec<Guid>,
    #[serde(deserialize_with = "optional_text")]
    pub title: Option<String>,
    #[serde(deserialize_with = "optional_text")]
    pub title_sort: Option<String>,
    #[serde(deserialize_with = "optional_text")]
    pub summary: Option<String>,
    #[serde(deserialize_with = "optional_text")]
    pub thumb: Option<String>,
    /// `YYYY-MM-DD`.
    #[serde(deserialize_with = "optional_text")]
    pub originally_available_at: Option<String>,
    #[serde(deserialize_with = "optional_number")]
    pub year: Option<i64>,
    #[serde(deserialize_with = "optional_number")]
    pub index: Option<i64>,
    #[serde(deserialize_with = "optional_number")]
    pub parent_index: Option<i64>,
    #[serde(deserialize_with = "optional_number")]
    pub absolute_index: Option<i64>,
    /// Milliseconds.
    #[serde(deserialize_with = "optional_number")]
    pub duration: Option<i64>,
    /// Seconds since 1970, like all moments here.
    #[serde(deserialize_with = "optional_number")]
    pub added_at: Option<i64>,
    /// When its files were found missing: it is in the trash.
    #[serde(deserialize_with = "optional_number")]
    pub deleted_at: Option<i64>,
    #[serde(deserialize_with = "optional_number")]
    pub last_viewed_at: Option<i64>,
    #[serde(deserialize_with = "optional_number")]
    pub view_count: Option<i64>,
    /// Milliseconds.
    #[serde(deserialize_with = "optional_number")]
    pub view_offset: Option<i64>,
    /// Versions.
    #[serde(rename = "Media", deserialize_with = "null_default")]
    pub media: Vec<Media>,
}

#[derive(Deserialize, Default, Debug)]
#[serde(default)]
pub struct Guid {
    #[serde(deserialize_with = "optional_text")]
    pub id: Option<String>,
}

#[derive(Deserialize, Default, Debug)]
#[serde(rename_all = "camelCase", default)]
pub struct Media {
    #[serde(deserialize_with = "optional_number")]
    pub deleted_at: Option<i64>,
    /// Files that are played one after the other.
    #[serde(rename = "Part", deserialize_with = "null_default")]
    pub parts: Vec<Part>,
}

#[derive(Deserialize, Default, Debug)]
#[serde(default)]
pub struct Part {
    #[serde(deserialize_with = "optional_text")]
    pub file: Option<String>,
    #[serde(deserialize_with = "optional_number")]
    pub size: Option<i64>,
}
