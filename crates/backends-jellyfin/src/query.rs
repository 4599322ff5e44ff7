//! What is asked of `/Items`. Only what we use is asked for: every field costs the server time.

use std::ops::Range;

use chrono::{DateTime, Duration, Utc};
use shelfread_backends_http::Request;
use shelfread_domain::RemoteId;

use crate::config::Flavour;
use crate::session::Session;

/// Clocks differ and a save takes its time; what changed that long before is asked for as well.
const OVERLAP: Duration = Duration::minutes(5);

/// A question to `/Items`, without the place in the list.
#[derive(Clone, Debug)]
pub(crate) struct Query(Vec<(&'static str, String)>);

/// Which kinds of items, with the fields that we use of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Pass {
    /// Films and shows.
    Tops,
    /// Seasons.
    Seasons,
    /// Episodes.
    Episodes,
    /// What can be played: films and episodes.
    Playable,
    /// All of them.
    Any,
}

impl Pass {
    /// The passes of a listing, in their order.
    pub(crate) const ALL: [Self; 3] = [Self::Tops, Self::Seasons, Self::Episodes];

    const fn kinds(self) -> &'static str {
        match self {
            Self::Tops => "Movie,Series",
            Self::Seasons => "Season",
            Self::Episodes => "Episode",
            Self::Playable => "Movie,Episode",
            Self::Any => "Movie,Series,Season,Episode",
        }
    }

    const fn fields(self) -> &'static str {
        match self {
            Self::Seasons => "Overview,DateCreated",
            Self::Episodes => "ProviderIds,Path,MediaSources,Overview,DateCreated",
            _ => "ProviderIds,Path,MediaSources,Overview,DateCreated,SortName",
        }
    }

    /// By date of creation what is added meanwhile comes last and moves nothing. The episodes of
    /// a show follow each other; the name breaks ties.
    const fn order(self) -> &'static str {
        match self {
            Self::Tops => "DateCreated,SortName",
            _ => "SeriesSortName,ParentIndexNumber,IndexNumber,SortName,DateCreated",
        }
    }

    const fn has_images(self) -> bool {
        !matches!(self, Self::Seasons | Self::Episodes)
    }
}

impl Query {
    /// Everything of these kinds below a library or a show.
    pub(crate) fn new(session: &Session, parent: &str, pass: Pass) -> Self {
        let mut query = Self(vec![
            ("userId", session.user.id.clone()),
            ("parentId", parent.to_owned()),
            ("recursive", "true".into()),
            ("includeItemTypes", pass.kinds().into()),
            ("fields", pass.fields().into()),
            ("sortBy", pass.order().into()),
            ("sortOrder", "Ascending".into()),
            ("enableUserData", "true".into()),
            // Not by location: a season without a folder of its own is "virtual" and real.
            ("isMissing", "false".into()),
        ]);
        if pass.has_images() {
            query.set("enableImageTypes", "Primary");
            query.set("imageTypeLimit", "1");
        } else {
            query.set("enableImages", "false");
        }
        if session.flavour == Flavour::Jellyfin {
            query.set("enableTotalRecordCount", "true");
            // Otherwise a film may hide behind its collection, by a setting of the library.
            query.set("collapseBoxSetItems", "false");
        }
        query
    }

    /// These objects, as far as they are below the library.
    pub(crate) fn only(session: &Session, library: &str, ids: &[RemoteId]) -> Self {
        let mut query = Self::new(session, library, Pass::Any);
        let ids: Vec<_> = ids.iter().map(RemoteId::as_str).collect();
        query.set("ids", &ids.join(","));
        query
    }

    /// Narrowed to what was saved since that moment.
    ///
    /// Jellyfin before 10.11 compares with the value of the other parameter, whichever is given,
    /// so it gets both; they mean the same there.
    #[must_use]
    pub(crate) fn saved_since(mut self, session: &Session, since: DateTime<Utc>) -> Self {
        self.set("minDateLastSaved", &with_overlap(since));
        if session.flavour == Flavour::Jellyfin && session.version < (10, 11) {
            self.set("minDateLastSavedForUser", &with_overlap(since));
        }
        self
    }

    /// Narrowed to what the user did something with since that moment. Emby only: Jellyfin has the
    /// parameter and never looks at the user's data.
    #[must_use]
    pub(crate) fn used_since(mut self, since: DateTime<Utc>) -> Self {
        self.set("minDateLastSavedForUser", &with_overlap(since));
        self
    }

    /// What was played last comes first.
    #[must_use]
    pub(crate) fn last_played_first(mut self) -> Self {
        self.set("sortBy", "DatePlayed,SortName");
        self.set("sortOrder", "Descending");
        self
    }

    /// The request for the items at these places.
    pub(crate) fn request(&self, places: Range<u64>) -> Request {
        let request = Request::get(["Items"])
            .query("startIndex", places.start)
            .query("limit", places.end - places.start);
        self.0.iter().fold(request, |request, (name, value)| request.query(name, value))
    }

    fn set(&mut self, name: &'static str, value: &str) {
        self.0.retain(|(n, _)| *n != name);
        self.0.push((name, value.to_owned()));
    }
}

/// The moment from which to ask, so that nothing falls between two clocks.
pub(crate) fn early(since: DateTime<Utc>) -> DateTime<Utc> {
    since.checked_sub_signed(OVERLAP).unwrap_or(since)
}

fn with_overlap(since: DateTime<Utc>) -> String {
    early(since).format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}
