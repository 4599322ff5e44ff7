//! What of a walk is wanted: everything, what changed, or a few ids.

use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use shelfread_domain::RemoteId;
use shelfread_domain::port::Scope;

use crate::remote::{self, BadId};

/// How much before the asked moment a change still counts: clocks of file servers differ, and
/// coarse file systems round.
const OVERLAP: TimeDelta = TimeDelta::minutes(5);

/// What is wanted.
#[derive(Debug)]
pub(crate) enum Select {
    All,
    Since(DateTime<Utc>),
    Only(Vec<Wanted>),
    /// Everything where this place is: the object there with its neighbours.
    Around(Option<PathBuf>),
}

/// One object that is wanted, and where it is.
#[derive(Debug)]
pub(crate) struct Wanted {
    id: RemoteId,
    /// `None` for what has no path of its own: shows of loose episodes.
    place: Option<PathBuf>,
}

impl Select {
    /// The selection of a scope, and the ids that name nothing below the root.
    pub fn of(scope: Scope) -> (Self, Vec<(RemoteId, BadId)>) {
        match scope {
            Scope::Full => (Self::All, Vec::new()),
            Scope::ChangedSince(since) => {
                let since = since.checked_sub_signed(OVERLAP).unwrap_or(since);
                (Self::Since(since), Vec::new())
            }
            Scope::Only(ids) => Self::only(ids),
        }
    }

    fn only(ids: Vec<RemoteId>) -> (Self, Vec<(RemoteId, BadId)>) {
        let (mut wanted, mut refused) = (Vec::new(), Vec::new());
        for id in ids {
            match remote::place(&id) {
                Ok(place) => wanted.push(Wanted { id, place }),
                Err(why) => refused.push((id, why)),
            }
        }
        (Self::Only(wanted), refused)
    }

    /// Whether something wanted can be in this folder or above it.
    pub fn enters(&self, folder: &Path) -> bool {
        let leads = |place: &PathBuf| place.starts_with(folder) || folder.starts_with(place);
        match self {
            Self::All | Self::Since(_) => true,
            Self::Only(wanted) => wanted.iter().filter_map(|w| w.place.as_ref()).any(leads),
            Self::Around(place) => place.as_ref().is_some_and(leads),
        }
    }

    /// Whether an object is wanted: by one of its own ids or those of what it hangs on, or because
    /// it changed.
    pub fn wants(&self, ids: &[&RemoteId], changed: Option<DateTime<Utc>>) -> bool {
        match self {
            Self::All | Self::Around(_) => true,
            Self::Since(since) => changed.is_none_or(|changed| changed >= *since),
            Self::Only(wanted) => wanted.iter().any(|w| ids.contains(&&w.id)),
        }
    }

    /// Whether times of change matter.
    pub const fn by_time(&self) -> bool {
        matches!(self, Self::Since(_))
    }

    /// Why this can never be complete; `None` when it can.
    pub const fn why_partial(&self) -> Option<&'static str> {
        match self {
            Self::All | Self::Around(_) => None,
            Self::Since(_) => Some("only what changed was listed"),
            Self::Only(_) => Some("only what was asked for was listed"),
        }
    }
}
