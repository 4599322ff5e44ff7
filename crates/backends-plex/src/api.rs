//! The requests: paths, parameters and headers, and answers as wire structs. Knows no observation.

use std::ops::Range;

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use shelfread_backends_http::lenient::each;
use shelfread_backends_http::{Http, HttpConfig, Request, Response};
use shelfread_domain::ItemKind;
use shelfread_domain::port::{Problem, SourceError};

use crate::wire::{Accounts, Answer, Listing, Metadata, Section, Sections, Server};

/// The sort that puts the episodes of a show together. It is the one that the server itself offers
/// for episodes (`/library/sections/{key}/sorts`), so every version knows it.
const BY_SHOW: &str = "show.titleSort,season.index:nullsLast,episode.index:nullsLast,\
    episode.originallyAvailableAt:nullsLast,episode.titleSort,episode.id";

/// What to list of a section.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// The key of the section on its server.
    pub section: &'a str,
    pub kind: ItemKind,
    /// Only items for which this moment is later.
    pub since: Option<(Moment, DateTime<Utc>)>,
}

/// The moments of an item that a list can be filtered by.
#[derive(Clone, Copy, Debug)]
pub enum Moment {
    /// Its metadata or files changed.
    Updated,
    /// The viewer played it. Does not change when it was updated.
    Viewed,
}

impl Moment {
    const fn field(self) -> &'static str {
        match self {
            Self::Updated => "updatedAt",
            Self::Viewed => "lastViewedAt",
        }
    }
}

/// Some items: those that could be read, and what is known of the others.
#[derive(Debug, Default)]
pub struct Items {
    pub items: Vec<Result<Metadata, Bad>>,
    /// How many there are in all, as this answer says.
    pub total: Option<u64>,
}

/// An item that is not written as expected.
#[derive(Debug)]
pub struct Bad {
    pub key: Option<String>,
    pub title: Option<String>,
    pub message: String,
}

/// The requests to one server.
#[derive(Debug)]
pub struct Api {
    pub http: Http,
    client_identifier: String,
}

impl Api {
    pub fn new(
        mut http: HttpConfig,
        token: SecretString,
        client_identifier: String,
    ) -> Result<Self, SourceError> {
        http.headers.push(("x-plex-token", token));
        Ok(Self { http: Http::new(http)?, client_identifier })
    }

    /// Who answers, asked without the token.
    pub async fn identity(&self) -> Result<Server, SourceError> {
        self.container(&self.get(["identity"]).anonymous()).await
    }

    /// What the server tells to users.
    pub async fn server(&self) -> Result<Server, SourceError> {
        self.container(&self.get([] as [&str; 0])).await
    }

    /// The users of the server; `None` when the token is not its owner's.
    pub async fn accounts(&self) -> Result<Option<Accounts>, SourceError> {
        match self.container(&self.get(["accounts"])).await {
            Ok(accounts) => Ok(Some(accounts)),
            Err(e) => match e.problem {
                Problem::Unauthorized | Problem::Forbidden | Problem::NotFound => Ok(None),
                _ => Err(e),
            },
        }
    }

    pub async fn sections(&self) -> Result<Vec<Section>, SourceError> {
        let sections: Sections = self.container(&self.get(["library", "sections"])).await?;
        Ok(sections.sections)
    }

    /// How many items a query finds.
    pub async fn count(&self, query: Query<'_>) -> Result<u64, SourceError> {
        let request = self.paged(self.listing(query), 0..0);
        let answer = self.http.send(&request).await?;
        let listing: Answer<Listing<'_>> = answer.json()?;
        let silent = || Problem::Malformed("it does not say how many items there are".into());
        total(&listing.container, &answer).ok_or_else(|| answer.error(silent()))
    }

    /// The items at these places of what a query finds.
    pub async fn page(&self, query: Query<'_>, places: Range<u64>) -> Result<Items, SourceError> {
        self.items(&self.paged(self.listing(query), places)).await
    }

    /// These items, those of them that exist.
    pub async fn metadata(&self, keys: &[&str]) -> Result<Items, SourceError> {
        let request = self.get(["library", "metadata", &keys.join(",")]).query("includeGuids", 1);
        found(self.items(&request).await).map(Option::unwrap_or_default)
    }

    /// What hangs on an item: `children` are its seasons, `allLeaves` its episodes.
    pub async fn below(
        &self,
        key: &str,
        what: &str,
        places: Range<u64>,
    ) -> Result<Items, SourceError> {
        let request = self.get(["library", "metadata", key, what]).query("includeGuids", 1);
        found(self.items(&self.paged(request, places)).await).map(Option::unwrap_or_default)
    }

    /// Whether there was something to remove.
    pub async fn delete(&self, key: &str) -> Result<bool, SourceError> {
        let request = self.dressed(Request::delete(["library", "metadata", key]));
        let answer = self.http.exchange(&request).await?;
        if answer.status.as_u16() == 400 {
            return Err(answer.error(Problem::Forbidden));
        }
        Ok(found(answer.success())?.is_some())
    }

    /// Marks an item as played (`scrobble`) or unplayed (`unscrobble`). Each call counts one more
    /// play, so it is not repeated.
    pub async fn mark(&self, how: &str, key: &str) -> Result<(), SourceError> {
        let request = self
            .get([":", how])
            .query("identifier", "com.plexapp.plugins.library")
            .query("key", key)
            .repeatable(false);
        self.http.send(&request).await.map(drop)
    }

    /// Sets the place where the viewer stopped, in milliseconds.
    pub async fn stopped_at(
        &self,
        key: &str,
        position: i64,
        duration: i64,
    ) -> Result<(), SourceError> {
        let request = self
            .get([":", "timeline"])
            .query("ratingKey", key)
            .query("key", format!("/library/metadata/{key}"))
            .query("state", "stopped")
            .query("time", position)
            .query("duration", duration)
            .repeatable(false);
        self.http.send(&request).await.map(drop)
    }

    /// All of these requests are GETs, also those that change something: every version of the
    /// server knows that form, and only newer ones know others.
    fn get<'a>(&self, segments: impl IntoIterator<Item = &'a str>) -> Request {
        self.dressed(Request::get(segments))
    }

    fn dressed(&self, request: Request) -> Request {
        request
            .header("accept", "application/json")
            .header("x-plex-client-identifier", &self.client_identifier)
            .header("x-plex-product", "Shelfread")
            .header("x-plex-version", env!("CARGO_PKG_VERSION"))
    }

    fn listing(&self, query: Query<'_>) -> Request {
        let (number, sort) = match query.kind {
            ItemKind::Movie => (1, "addedAt"),
            ItemKind::Show => (2, "addedAt"),
            ItemKind::Season => (3, "show.titleSort,index"),
            ItemKind::Episode => (4, BY_SHOW),
        };
        let request = self
            .get(["library", "sections", query.section, "all"])
            .query("type", number)
            .query("includeGuids", 1)
            .query("sort", sort);
        match query.since {
            Some((moment, since)) => {
                request.query(&format!("{}>>", moment.field()), since.timestamp())
            }
            None => request,
        }
    }

    fn paged(&self, request: Request, places: Range<u64>) -> Request {
        request
            .header("x-plex-container-start", &places.start.to_string())
            .header("x-plex-container-size", &(places.end - places.start).to_string())
    }

    async fn container<T: DeserializeOwned>(&self, request: &Request) -> Result<T, SourceError> {
        let answer: Answer<T> = self.http.json(request).await?;
        Ok(answer.container)
    }

    async fn items(&self, request: &Request) -> Result<Items, SourceError> {
        items(&self.http.send(request).await?)
    }
}

fn items(answer: &Response) -> Result<Items, SourceError> {
    let listing: Answer<Listing<'_>> = answer.json()?;
    let items = each::<Metadata>(listing.container.items).map_err(|e| answer.malformed(&e))?;
    let bad = |item: Result<Metadata, shelfread_backends_http::lenient::Unreadable<'_>>| {
        item.map_err(|u| Bad {
            key: u.field("ratingKey"),
            title: u.field("title"),
            message: u.message(),
        })
    };
    Ok(Items {
        total: total(&listing.container, answer),
        items: items.into_iter().map(bad).collect(),
    })
}

/// How many items there are in all. A server behind something that drops the paging headers says
/// only how many it sent, and then it sent all.
fn total(listing: &Listing<'_>, answer: &Response) -> Option<u64> {
    let header = || {
        let text = answer.headers.get("x-plex-container-total-size")?.to_str().ok()?;
        text.trim().parse().ok()
    };
    let sent = || listing.size.filter(|size| *size > 0);
    listing.total_size.or_else(header).or_else(sent).and_then(|n| u64::try_from(n).ok())
}

/// Nothing instead of the error that there is nothing.
fn found<T>(result: Result<T, SourceError>) -> Result<Option<T>, SourceError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(e) if e.problem == Problem::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}
