//! The lines of an export. What they mean is in `docs/export.md`.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shelfread_domain::{
    ExternalId, Facts, Field, Fields, ItemId, ItemKind, MatchBasis, PlayState, RemoteId,
};

/// What the first line says that the file is.
pub(super) const FORMAT: &str = "shelfread-export";

/// The version of the format that is written and read.
pub(super) const VERSION: u32 = 1;

/// One line.
#[derive(Serialize, Deserialize, Debug)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Line {
    Header(Header),
    Source(SourceLine),
    Library(LibraryLine),
    Viewer(ViewerLine),
    Item(Box<ItemLine>),
    End(End),
}

/// The first line.
#[derive(Serialize, Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    pub(super) format: String,
    pub(super) version: u32,
    pub(super) exported_at: DateTime<Utc>,
}

/// The last line: how many lines the file has, itself included.
#[derive(Serialize, Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct End {
    pub(super) lines: u64,
}

/// A source, without its secrets.
#[derive(Serialize, Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct SourceLine {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) url: String,
    #[serde(default)]
    pub(super) settings: BTreeMap<String, Value>,
    pub(super) priority: i32,
    pub(super) on_missing: String,
    pub(super) max_removals: String,
}

/// A library, by the name of its source.
#[derive(Serialize, Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct LibraryLine {
    pub(super) source: String,
    pub(super) remote_id: String,
    pub(super) name: String,
    pub(super) kind: String,
}

/// A viewer, by the name of the source that knows them.
#[derive(Serialize, Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct ViewerLine {
    pub(super) source: String,
    pub(super) remote_user: String,
    pub(super) name: String,
}

/// An item with all that hangs on it.
#[derive(Serialize, Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct ItemLine {
    pub(super) id: ItemId,
    pub(super) kind: ItemKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) show: Option<ItemId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) season_number: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) episode_number: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) absolute_number: Option<i32>,
    pub(super) fields: Fields,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) external_ids: Vec<ExternalId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) listings: Vec<ListingLine>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) overrides: BTreeMap<Field, Option<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) settings: Option<SettingsLine>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) progress: Vec<ProgressLine>,
}

/// What one library of one source says of the item.
#[derive(Serialize, Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct ListingLine {
    pub(super) source: String,
    pub(super) library: String,
    pub(super) remote_id: RemoteId,
    #[serde(default)]
    pub(super) part: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) parent: Option<RemoteId>,
    pub(super) facts: Facts,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) play: Option<PlayState>,
    pub(super) basis: MatchBasis,
    #[serde(default)]
    pub(super) fingerprint: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) moved_key: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) missing_since: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) kept_since: Option<DateTime<Utc>>,
}

/// What a person set for the item.
#[derive(Serialize, Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct SettingsLine {
    pub(super) auto_download: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) downloaded_at: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) extra: Option<Value>,
}

/// How far a viewer is with the item.
#[derive(Serialize, Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct ProgressLine {
    pub(super) source: String,
    pub(super) remote_user: String,
    pub(super) state: PlayState,
}
