//! Values of the domain as cells of a row. It knows how each type is stored and no table.

use chrono::{DateTime, NaiveDate, SubsecRound, Utc};
use sea_orm::Value;
use serde::Serialize;
use serde::de::DeserializeOwned;
use shelfread_domain::download::{Progress, TransferId};
use shelfread_domain::id::{ClientId, DownloadId};
use shelfread_domain::{
    ExternalId, Facts, Field, ItemId, ItemKind, LibraryId, ListingId, MatchBasis, Op, PlayState,
    RemoteId, Review, RunId, SourceId, ViewerId,
};
use uuid::Uuid;

use crate::error::{Result, StoreError};

/// A type that is stored in one cell.
pub trait Cell {
    /// The value; times are cut to microseconds, which both databases keep.
    fn to_cell(&self) -> Value;
}

/// A time as both databases keep it.
pub fn stored(time: DateTime<Utc>) -> DateTime<Utc> {
    time.trunc_subsecs(6)
}

/// Any value as JSON text.
pub fn json<T: Serialize>(value: &T) -> String {
    // Rows have string keys and no foreign numbers: serializing them cannot fail.
    serde_json::to_string(value).unwrap_or_default()
}

/// Reads JSON text of a cell.
pub fn from_json<T: DeserializeOwned>(text: &str, subject: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|e| StoreError::corrupt(e.to_string(), subject))
}

/// Reads a word of a cell.
pub fn word<T>(parsed: Option<T>, text: &str, subject: &str) -> Result<T> {
    parsed.ok_or_else(|| StoreError::corrupt(format!("unknown word '{text}'"), subject))
}

macro_rules! plain {
    ($($type:ty => $variant:ident($value:ident -> $convert:expr);)+) => {$(
        impl Cell for $type {
            fn to_cell(&self) -> Value {
                let $value = self;
                Value::$variant(Some($convert))
            }
        }

        impl Cell for Option<$type> {
            fn to_cell(&self) -> Value {
                Value::$variant(self.as_ref().map(|$value| $convert))
            }
        }
    )+};
}

plain! {
    String => String(v -> v.clone());
    &str => String(v -> (*v).to_owned());
    RemoteId => String(v -> v.0.clone());
    ItemKind => String(v -> v.as_str().to_owned());
    MatchBasis => String(v -> v.as_str().to_owned());
    Op => String(v -> v.as_str().to_owned());
    Field => String(v -> v.as_str().to_owned());
    Facts => String(v -> json(v));
    PlayState => String(v -> json(v));
    Review => String(v -> json(v));
    serde_json::Value => String(v -> v.to_string());
    bool => Bool(v -> *v);
    i32 => Int(v -> *v);
    u16 => Int(v -> i32::from(*v));
    i64 => BigInt(v -> *v);
    NaiveDate => ChronoDate(v -> *v);
    DateTime<Utc> => ChronoDateTimeUtc(v -> stored(*v));
    Uuid => Uuid(v -> *v);
    ItemId => Uuid(v -> v.0);
    ListingId => Uuid(v -> v.0);
    LibraryId => Uuid(v -> v.0);
    SourceId => Uuid(v -> v.0);
    ViewerId => Uuid(v -> v.0);
    RunId => Uuid(v -> v.0);
    ClientId => Uuid(v -> v.0);
    DownloadId => Uuid(v -> v.0);
    TransferId => String(v -> v.as_str().to_owned());
    Progress => Int(v -> thousandths(*v));
    u32 => Int(v -> i32::try_from(*v).unwrap_or(i32::MAX));
    u64 => BigInt(v -> i64::try_from(*v).unwrap_or(i64::MAX));
}

/// How much of a transfer is there, as its column has it.
fn thousandths(progress: Progress) -> i32 {
    (progress.fraction() * 1000.0).round() as i32
}

/// The two cells of an external id.
pub fn external_id(id: &ExternalId) -> [Value; 2] {
    [id.provider.as_str().into(), id.value().into()]
}
