//! The adapter: a Shoebox as a source of media. It knows how a Shoebox answers, and deliberately no
//! catalogue, no clock and no environment. `docs/adapters.md` walks through it.

use std::ops::Range;

use async_trait::async_trait;
use futures::TryStreamExt;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::value::RawValue;
use shelfread_backends_http::lenient::{each, optional_number, optional_text};
use shelfread_backends_http::paging::{Piece, pages};
use shelfread_backends_http::{
    Http, HttpConfig, Order, Output, Request, Sorted, Steps, Tally, listing,
};
use shelfread_domain::port::{
    ItemFailure, LibraryKind, Listed, MediaSource, RemoteLibrary, Scope, ServerIdentity,
    SourceError,
};
use shelfread_domain::{
    Coverage, ExternalId, Facts, FileRef, ItemKind, Observation, RemoteId, SourceKind,
};

/// A Shoebox.
#[derive(Debug)]
pub struct Shoebox {
    http: Http,
    page_size: u64,
}

/// Who answers. Without an id it is something else.
#[derive(Deserialize)]
struct Info {
    shoebox_id: String,
    #[serde(default, deserialize_with = "optional_text")]
    name: Option<String>,
    #[serde(default, deserialize_with = "optional_text")]
    version: Option<String>,
}

#[derive(Deserialize)]
struct Boxes {
    boxes: Vec<Shelf>,
}

/// A library. What it holds is a word that may be new.
#[derive(Deserialize)]
struct Shelf {
    id: String,
    name: String,
    #[serde(default, deserialize_with = "optional_text")]
    holds: Option<String>,
}

/// A page: its objects one by one, so that a bad one does not take the others along.
#[derive(Deserialize)]
struct Page<'a> {
    total: u64,
    #[serde(borrow)]
    objects: Option<&'a RawValue>,
}

/// An object. Every field but the id may be missing, `null`, a text or a number.
#[derive(Deserialize)]
struct Object {
    id: String,
    #[serde(default, deserialize_with = "optional_text")]
    kind: Option<String>,
    #[serde(default, deserialize_with = "optional_text")]
    title: Option<String>,
    #[serde(default, deserialize_with = "optional_text")]
    series: Option<String>,
    #[serde(default, deserialize_with = "optional_number")]
    year: Option<i64>,
    #[serde(default, deserialize_with = "optional_number")]
    season: Option<i64>,
    #[serde(default, deserialize_with = "optional_number")]
    number: Option<i64>,
    #[serde(default, deserialize_with = "optional_text")]
    tmdb: Option<String>,
    #[serde(default, deserialize_with = "optional_text")]
    file: Option<String>,
    #[serde(default, deserialize_with = "optional_number")]
    size: Option<i64>,
}

/// What one request for a page brought.
struct Answer {
    total: u64,
    objects: Vec<Result<Observation, ItemFailure>>,
}

impl Shoebox {
    /// Makes the adapter. Connects to nothing.
    ///
    /// # Errors
    /// [`Configuration`](shelfread_domain::port::Problem::Configuration) for a token that cannot be
    /// sent.
    pub fn new(
        mut http: HttpConfig,
        token: SecretString,
        page_size: u64,
    ) -> Result<Self, SourceError> {
        http.headers.push(("x-key", token));
        Ok(Self { http: Http::new(http)?, page_size })
    }

    /// Some of what a library holds; with a filter only the object of that `id`, or those `of` a
    /// series.
    async fn page(
        &self,
        library: &RemoteLibrary,
        filter: Option<(&str, &str)>,
        places: Range<u64>,
    ) -> Result<Answer, SourceError> {
        let mut request = Request::get(["api", "objects"])
            .query("box", &library.remote_id)
            .query("skip", places.start)
            .query("take", places.end - places.start);
        if let Some((name, value)) = filter {
            request = request.query(name, value);
        }
        let answer = self.http.send(&request).await?;
        let page: Page<'_> = answer.json()?;
        let objects = each::<Object>(page.objects).map_err(|e| answer.malformed(&e))?;
        let objects = objects.into_iter().map(|object| match object {
            Ok(object) => observation(object),
            Err(bad) => Err(ItemFailure {
                label: bad.field("title").unwrap_or_else(|| "an object".to_owned()),
                remote_id: bad.field("id").map(RemoteId),
                message: bad.message(),
            }),
        });
        Ok(Answer { total: page.total, objects: objects.collect() })
    }

    /// All of a library. The total comes first and must not change on the way.
    async fn all(&self, library: &RemoteLibrary, mut out: Output) -> Result<Coverage, SourceError> {
        let total = self.page(library, None, 0..0).await?.total;
        out.send(Listed::Expected(total)).await;
        let mut reading = Reading::new(out, Some(total));
        let fetch = |places| self.page(library, None, places);
        let mut pages = std::pin::pin!(pages(total, self.page_size, fetch));
        while let Some(pieces) = pages.try_next().await? {
            for piece in pieces {
                match piece {
                    Piece::Page(page) => {
                        if page.total != total {
                            reading.tally.doubt("the library changed while it was listed");
                        }
                        if page.objects.is_empty() && reading.tally.received() < total {
                            // A total without end is no reason to ask without end.
                            reading.tally.doubt("there is less than it says");
                            return Ok(reading.end().await);
                        }
                        reading.take(page.objects).await;
                    }
                    Piece::Hole(place, error) => {
                        let label = format!("object {}", place + 1);
                        let message = error.problem.to_string();
                        let failure = ItemFailure { label, remote_id: None, message };
                        reading.take(vec![Err(failure)]).await;
                    }
                }
            }
        }
        Ok(reading.end().await)
    }

    /// These objects with what hangs on them.
    async fn only(
        &self,
        library: &RemoteLibrary,
        ids: &[RemoteId],
        out: Output,
    ) -> Result<Coverage, SourceError> {
        let mut reading = Reading::new(out, None);
        for filter in ids.iter().flat_map(|id| [("id", id.as_str()), ("of", id.as_str())]) {
            for place in (0..).step_by(self.page_size as usize) {
                let places = place..place + self.page_size;
                let page = self.page(library, Some(filter), places).await?;
                let is_last = page.objects.is_empty() || page.total <= place + self.page_size;
                reading.take(page.objects).await;
                if is_last {
                    break;
                }
            }
        }
        let received = reading.end().await.received;
        Ok(Coverage::partial(None, received, "only what was asked for"))
    }
}

#[async_trait]
impl MediaSource for Shoebox {
    /// A new product gets a kind of its own in `shelfread-domain`.
    fn kind(&self) -> SourceKind {
        SourceKind::Plex
    }

    async fn identify(&self) -> Result<ServerIdentity, SourceError> {
        let info: Info = self.http.json(&Request::get(["api", "info"])).await?;
        Ok(ServerIdentity {
            server_id: info.shoebox_id,
            name: info.name.unwrap_or_default(),
            version: format!("Shoebox {}", info.version.unwrap_or_default()),
            viewer: None,
        })
    }

    async fn libraries(&self) -> Result<Vec<RemoteLibrary>, SourceError> {
        let boxes: Boxes = self.http.json(&Request::get(["api", "boxes"])).await?;
        let library = |shelf: Shelf| {
            let kind = match shelf.holds.as_deref() {
                Some("films") => LibraryKind::Movies,
                Some("series") => LibraryKind::Shows,
                // A word that is new: whatever it holds is told from the objects themselves.
                _ => LibraryKind::Mixed,
            };
            RemoteLibrary { remote_id: shelf.id, name: shelf.name, kind }
        };
        Ok(boxes.boxes.into_iter().map(library).collect())
    }

    fn list<'a>(&'a self, library: &'a RemoteLibrary, scope: Scope) -> Steps<'a> {
        listing(move |out| async move {
            match scope {
                Scope::Full => self.all(library, out).await,
                // A Shoebox cannot tell what changed. All of it is more than was asked for, and
                // still no proof of anything.
                Scope::ChangedSince(_) => {
                    let all = self.all(library, out).await?;
                    Ok(Coverage::partial(None, all.received, "only what changed was asked for"))
                }
                Scope::Only(ids) => self.only(library, &ids, out).await,
            }
        })
    }
}

/// A listing on its way: where its steps go, and the book-keeping behind its certificate.
struct Reading {
    out: Output,
    tally: Tally,
    order: Order,
}

impl Reading {
    fn new(out: Output, expected: Option<u64>) -> Self {
        Self { out, tally: Tally::new(expected), order: Order::default() }
    }

    /// Hands on what a page brought, each object once.
    async fn take(&mut self, objects: Vec<Result<Observation, ItemFailure>>) {
        let mut page = Vec::with_capacity(objects.len());
        for object in objects {
            match object {
                Ok(o) if self.tally.count_once(&o.remote_id) => page.push(o),
                Ok(_) => {}
                Err(failure) => {
                    match &failure.remote_id {
                        Some(id) => drop(self.tally.count_once(id)),
                        None => self.tally.unreadable(),
                    }
                    self.out.send(Listed::Failed(failure)).await;
                }
            }
        }
        let sorted = self.order.sort(page);
        self.hand_on(sorted).await;
    }

    /// Episodes of one show follow each other; one that comes too late is left for another time.
    async fn hand_on(&mut self, sorted: Sorted) {
        self.out.send(Listed::Page(sorted.ready)).await;
        for late in sorted.late {
            self.tally.doubt("the episodes of a series do not follow each other");
            let message = "it came apart from the other episodes of its series".to_owned();
            let (label, remote_id) = (late.label(), Some(late.remote_id));
            self.out.send(Listed::Failed(ItemFailure { label, remote_id, message })).await;
        }
    }

    /// The certificate.
    async fn end(mut self) -> Coverage {
        let rest = self.order.rest();
        self.hand_on(rest).await;
        self.tally.coverage()
    }
}

/// From what a Shoebox writes to an observation.
fn observation(object: Object) -> Result<Observation, ItemFailure> {
    let small = |n: Option<i64>| n.and_then(|n| i32::try_from(n).ok());
    let (id, title) = (object.id.clone(), object.title.clone());
    let failure = |message: String| ItemFailure {
        label: title.clone().unwrap_or_else(|| id.clone()),
        remote_id: Some(RemoteId(id.clone())),
        message,
    };
    let kind = match object.kind.as_deref() {
        Some("film") => ItemKind::Movie,
        Some("series") => ItemKind::Show,
        Some("episode") => ItemKind::Episode,
        other => return Err(failure(format!("'{}' is nothing we know", other.unwrap_or("?")))),
    };
    let size = object.size.and_then(|s| u64::try_from(s).ok());
    let mut o = Observation::new(object.id, kind);
    o.parent = object.series.filter(|_| kind == ItemKind::Episode).map(RemoteId);
    o.facts = Facts {
        title: object.title,
        year: small(object.year),
        season_number: small(object.season).filter(|_| kind == ItemKind::Episode),
        episode_number: small(object.number).filter(|_| kind == ItemKind::Episode),
        external_ids: object
            .tmdb
            .and_then(|id| ExternalId::parse("tmdb", &id))
            .into_iter()
            .collect(),
        files: object.file.map(|path| FileRef::new(path, size)).into_iter().collect(),
        ..Facts::default()
    };
    o.normalize().map_err(|unusable| failure(unusable.to_string()))
}
