//! Posters of items: fetched from the sources that name them, so that a browser never speaks with a
//! source and never sees a token, and kept on disk within limits.
//!
//! - Only the source itself and hosts that a person allowed are asked. Nothing goes elsewhere,
//!   redirects included.
//! - What is kept and handed out is a picture by its first bytes, whatever its sender calls it, and
//!   of a kind that holds no script.
//! - However many ask for a poster at once, it is fetched once. What cannot be had is not asked for
//!   again for a while.
//!
//! It knows where a poster may be and who fetches it. How files are kept is in `shelf`.

mod picture;
mod shelf;
mod turns;

use futures::future::BoxFuture;
use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::TimeDelta;
use shelfread_domain::ItemId;
use shelfread_domain::port::{Problem, SourceError};
use shelfread_store::{PosterPlace, PosterPlaces, SourceRow};
use tokio::sync::Semaphore;
use url::Url;

pub use picture::Picture;
use shelf::Shelf;
use turns::{Failures, Turns};

use crate::App;
use crate::error::{AppError, Result};

/// Posters that are fetched at the same time.
const AT_ONCE: usize = 6;
/// Places that are tried for one poster.
const TRIES: usize = 4;
/// How long what could not be had is not asked for again.
const FORGIVEN_AFTER: TimeDelta = TimeDelta::minutes(10);

/// Fetches a picture from a host outside, without any credentials.
#[async_trait]
pub trait FetchPicture: Send + Sync {
    /// The bytes, as they came, bounded in size and time.
    async fn picture(&self, address: &Url) -> Result<Vec<u8>, SourceError>;
}

/// How posters are kept.
#[derive(Clone, Debug)]
pub struct PosterConfig {
    /// The folder that holds them; made when there is something to keep.
    pub folder: PathBuf,
    /// How many bytes all of them may have together.
    pub most_bytes: u64,
    /// The hosts beside the sources that a person allowed.
    pub hosts: BTreeSet<String>,
}

/// The posters of an application.
pub struct Posters {
    shelf: Shelf,
    hosts: BTreeSet<String>,
    outside: Arc<dyn FetchPicture>,
    turns: Turns,
    failures: Failures,
    fetches: Semaphore,
}

impl fmt::Debug for Posters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Posters").field("hosts", &self.hosts).finish_non_exhaustive()
    }
}

impl Posters {
    /// Posters that are kept like this, and fetched from allowed hosts by that.
    pub fn new(config: PosterConfig, outside: Arc<dyn FetchPicture>) -> Self {
        let hosts = config.hosts.iter().map(|host| host.to_ascii_lowercase()).collect();
        Self {
            shelf: Shelf::new(config.folder, config.most_bytes),
            hosts,
            outside,
            turns: Turns::default(),
            failures: Failures::default(),
            fetches: Semaphore::new(AT_ONCE),
        }
    }

    /// Whether a person allowed the host of an address.
    fn allows(&self, address: &Url) -> bool {
        let host = address.host_str().map(str::to_ascii_lowercase);
        matches!(address.scheme(), "http" | "https")
            && host.is_some_and(|host| self.hosts.contains(&host))
    }
}

/// One place where a poster may be.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Place {
    /// A source names it and hands it out.
    Source(PosterPlace),
    /// It is at an allowed host.
    Outside(Url),
}

impl Place {
    /// What the file is called that keeps it.
    fn key(&self) -> String {
        let text = match self {
            Self::Source(p) => format!("{}\0{}\0{}", p.source_id, p.remote_id, p.address),
            Self::Outside(url) => url.to_string(),
        };
        format!("{:032x}", twox_hash::XxHash3_128::oneshot(text.as_bytes()))
    }
}

impl App {
    /// The poster of an item; `None` when there is none that can be had just now.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for an unknown item; what the database says. That a poster cannot be
    /// fetched is no error.
    pub fn poster(&self, id: ItemId) -> BoxFuture<'_, Result<Option<Picture>>> {
        Box::pin(async move {
            let unknown = || AppError::not_found("item", id.to_string());
            let places = self.store.poster_places(id).await?.ok_or_else(unknown)?;
            let Some(posters) = &self.posters else { return Ok(None) };
            for place in posters.candidates(places) {
                if let Some(picture) = self.poster_at(posters, &place).await? {
                    return Ok(Some(picture));
                }
            }
            Ok(None)
        })
    }

    async fn poster_at(&self, posters: &Posters, place: &Place) -> Result<Option<Picture>> {
        let (key, now) = (place.key(), self.clock.now());
        if let Some(kept) = posters.shelf.fresh(&key, now).await {
            return Ok(Some(kept));
        }
        let _turn = posters.turns.take(&key).await;
        if let Some(kept) = posters.shelf.fresh(&key, now).await {
            return Ok(Some(kept));
        }
        if posters.failures.has(&key, now) {
            return Ok(posters.shelf.any(&key).await);
        }
        match self.fetch_poster(posters, place).await? {
            Ok(bytes) => Ok(posters.shelf.keep(&key, bytes, now).await),
            Err(error) => {
                tracing::debug!("no poster: {error}");
                posters.failures.note(key.clone(), now + FORGIVEN_AFTER, now);
                Ok(posters.shelf.any(&key).await)
            }
        }
    }

    /// The bytes of a picture, or why there are none.
    async fn fetch_poster(
        &self,
        posters: &Posters,
        place: &Place,
    ) -> Result<Result<Vec<u8>, SourceError>> {
        // It is closed by nobody.
        let _one = posters.fetches.acquire().await;
        let fetched = match place {
            Place::Outside(url) => posters.outside.picture(url).await,
            Place::Source(place) => {
                let sources = self.store.sources().await?;
                match sources.iter().find(|source| source.id == place.source_id) {
                    Some(source) => self.fetch_from(source, place).await,
                    None => Err(no_picture("the source is gone")),
                }
            }
        };
        let is_picture = |bytes: &Vec<u8>| picture::kind_of(bytes).is_some();
        Ok(fetched.and_then(|bytes| {
            if is_picture(&bytes) { Ok(bytes) } else { Err(no_picture("what came is no picture")) }
        }))
    }

    async fn fetch_from(
        &self,
        source: &SourceRow,
        place: &PosterPlace,
    ) -> Result<Vec<u8>, SourceError> {
        if !source.enabled {
            return Err(no_picture("the source is switched off"));
        }
        let open = self.factory.open(source)?;
        let posters = open.posters.ok_or_else(|| no_picture("the source has no posters"))?;
        posters.poster(&place.remote_id, &place.address).await
    }
}

fn no_picture(why: &str) -> SourceError {
    SourceError::new("fetching a poster", Problem::Malformed(why.to_owned()))
}

impl Posters {
    /// Where to look, in this order: what a person said, else what the sources say.
    fn candidates(&self, found: PosterPlaces) -> Vec<Place> {
        let outside = |address: &str| Url::parse(address).ok().filter(|url| self.allows(url));
        let mut candidates = Vec::new();
        match found.chosen {
            Some(None) => return candidates,
            Some(Some(address)) => match outside(&address) {
                Some(url) => candidates.push(Place::Outside(url)),
                // A person may name an address of the source that comes first.
                None => {
                    let first = found.places.into_iter().next();
                    candidates.extend(first.map(|p| Place::Source(PosterPlace { address, ..p })));
                }
            },
            None => {
                for place in found.places {
                    let other = outside(&place.address).map(Place::Outside);
                    candidates.push(Place::Source(place));
                    candidates.extend(other);
                }
            }
        }
        candidates.truncate(TRIES);
        candidates
    }
}
