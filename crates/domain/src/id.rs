//! Identifiers. Ours are UUIDv7 made by the caller and never derived from a source; a
//! [`RemoteId`] is whatever a source calls its object and is only meaningful inside one library.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    )+};
}

ids! {
    /// A movie, show, season or episode of the catalogue.
    ItemId,
    /// What one library of one source lists of one item.
    ListingId,
    /// One configured connection that lists media.
    SourceId,
    /// A part of a source that is listed as one.
    LibraryId,
    /// One execution of a sync (or of its revert).
    RunId,
    /// A person as one source knows them.
    ViewerId,
    /// One configured connection to a download program.
    ClientId,
    /// One transfer that a download client has now.
    DownloadId,
    /// Removals that wait for a person.
    HoldId,
}

/// The name that a source gives to one of its objects: a Jellyfin id, a Plex rating key, the path
/// of a folder relative to its root. Unique within one library of one source and nowhere else.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct RemoteId(pub String);

impl RemoteId {
    /// The id as the source spells it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for RemoteId {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for RemoteId {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for RemoteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
