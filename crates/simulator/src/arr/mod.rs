//! Sonarr and Radarr: the lists, the history and the queue of their API v3, as they answer them,
//! and stricter. An unknown parameter or a key in the address is an error here; whatever is not
//! below the API is the page for people, with status 200, as in the real ones.
//!
//! They list what they look for as well as what is there. Their statistics are always true: faults
//! strike the lists.
//!
//! Source of the rules: their own API documents, and Sonarr's source where these are silent.

mod radarr;
mod sonarr;

use std::io;

use hyper::Method;
use serde_json::{Value, json};

use crate::poster::poster;
use crate::server::message::{Answer, Page, Render, Reply, Request};
use crate::server::running::Running;
use crate::server::site::{IdForm, Site};
use crate::server::{Face, Server};
use crate::world::{Object, ObjectId, World, mix};

/// A simulated Sonarr or Radarr, before it runs.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use shelfread_simulator::{Arr, World};
///
/// let world = World::empty();
/// let heat = world.add_movie("Heat", 1995);
/// let server = Arr::radarr(&world).queued("AB12", &[heat]).start().await.unwrap();
/// // … sync from server.url() with server.token()
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct Arr {
    world: World,
    talk: Talk,
    base: String,
    seed: u64,
    port: u16,
}

/// What the server says.
#[derive(Clone, Debug)]
pub(crate) struct Talk {
    radarr: bool,
    /// Version 3 lists files apart and does not say its name.
    early: bool,
    name: String,
    key: String,
    unmonitored: Vec<String>,
    queue: Vec<(String, Vec<ObjectId>)>,
}

impl Arr {
    /// A Sonarr 4 that looks for all shows of this world.
    pub fn sonarr(world: &World) -> Self {
        Self::new(world, false, "Sonarr")
    }

    /// A Radarr 5 that looks for all films of this world.
    pub fn radarr(world: &World) -> Self {
        Self::new(world, true, "Radarr")
    }

    fn new(world: &World, radarr: bool, name: &str) -> Self {
        let talk = Talk {
            radarr,
            early: false,
            name: name.to_owned(),
            key: String::new(),
            unmonitored: Vec::new(),
            queue: Vec::new(),
        };
        Self { world: world.clone(), talk, base: String::new(), seed: 6, port: 0 }
    }

    /// An early version of API v3: it does not say its name, and Sonarr lists files apart.
    #[must_use]
    pub fn early(mut self) -> Self {
        self.talk.early = true;
        self
    }

    /// The URL base under which it lives, such as `/sonarr`.
    #[must_use]
    pub fn base(self, base: &str) -> Self {
        Self { base: base.to_owned(), ..self }
    }

    /// Its name, and with it its API key; two servers need two names.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        self.seed = name.bytes().fold(7, |n, b| mix(n ^ u64::from(b)));
        name.clone_into(&mut self.talk.name);
        self
    }

    /// What has this title is not looked for.
    #[must_use]
    pub fn unmonitored(mut self, title: &str) -> Self {
        self.talk.unmonitored.push(title.to_owned());
        self
    }

    /// A download client has a transfer of that id for these objects.
    #[must_use]
    pub fn queued(mut self, download_id: &str, objects: &[ObjectId]) -> Self {
        self.talk.queue.push((download_id.to_owned(), objects.to_vec()));
        self
    }

    /// A port; otherwise a free one is taken.
    #[must_use]
    pub fn port(self, port: u16) -> Self {
        Self { port, ..self }
    }

    /// Starts it on 127.0.0.1, in the runtime that this is called in.
    ///
    /// # Errors
    /// When the port is taken.
    pub async fn start(self) -> io::Result<Running> {
        let key = format!("{:016x}{:016x}", mix(self.seed), mix(self.seed ^ 2));
        let site = Site::new(self.world, IdForm::Decimal, String::new(), Vec::new());
        let face = Talk { key: key.clone(), ..self.talk };
        Running::start(Server::new(Box::new(face), &self.base, site), &key, self.port).await
    }
}

type Answered = Result<Reply, Answer>;

impl Face for Talk {
    fn answer(&self, request: &Request, site: &mut Site) -> Reply {
        self.route(request, site).unwrap_or_else(Reply::Done)
    }
}

impl Talk {
    fn route(&self, request: &Request, site: &mut Site) -> Answered {
        let path: Vec<&str> = request.path.split('/').filter(|s| !s.is_empty()).collect();
        let ["api", "v3", path @ ..] = &path[..] else {
            return match path[..] {
                ["ping"] => Ok(Answer::json(&json!({"status": "OK"})).into()),
                _ => Err(start_page(&self.name)),
            };
        };
        if request.param("apikey").is_some() {
            return Err(Answer::text(400, "a key in the address ends up in logs"));
        }
        if request.header("x-api-key") != Some(&self.key) {
            return Err(refused(401, "Unauthorized"));
        }
        match (&request.method, path) {
            (&Method::GET, ["system", "status"]) => Ok(Answer::json(&self.status()).into()),
            (&Method::GET, ["queue"]) => self.queue(request, site),
            (&Method::GET, ["mediacover", id, "poster.jpg"]) => {
                let object = site.object(id).and_then(|id| site.world.get(id));
                Ok(Answer::png(poster(&object.ok_or_else(not_found)?)).into())
            }
            _ if self.radarr => radarr::route(self, request, path, site),
            _ => sonarr::route(self, request, path, site),
        }
    }

    fn product(&self) -> &'static str {
        if self.radarr { "Radarr" } else { "Sonarr" }
    }

    fn status(&self) -> Value {
        let mut status = json!({"version": if self.early { "3.0.6.1196" } else { "5.2.1.8562" },
            "buildTime": "2024-01-01T00:00:00Z", "isProduction": true, "branch": "main",
            "urlBase": "", "startTime": "2024-11-20T20:45:26Z"});
        if !self.early {
            status["appName"] = json!(self.product());
            status["instanceName"] = json!(self.name);
        }
        status
    }

    fn is_monitored(&self, o: &Object) -> bool {
        !o.unmonitored && !self.unmonitored.contains(&o.title)
    }

    /// One line for each episode of a transfer, its id in capitals.
    fn queue(&self, request: &Request, site: &Site) -> Answered {
        let known = ["page", "pageSize", "includeUnknownSeriesItems", "includeUnknownMovieItems"];
        check(request, &known)?;
        let line = |download: &str, o: Object| {
            let mut line = json!({"title": o.title, "downloadId": download.to_uppercase(),
                "status": "downloading", "trackedDownloadState": "downloading",
                "protocol": "torrent", "size": 10.0, "sizeleft": 5.0, "timeleft": "00:10:00"});
            let id = site.id(&o).parse::<u64>().unwrap_or(0);
            match o.show.and_then(|show| site.world.get(show)) {
                Some(show) => {
                    line["seriesId"] = json!(site.id(&show).parse::<u64>().unwrap_or(0));
                    line["episodeId"] = json!(id);
                }
                None if self.radarr => line["movieId"] = json!(id),
                None => line["seriesId"] = json!(id),
            }
            line
        };
        let lines = self.queue.iter().flat_map(|(download, objects)| {
            let objects = objects.iter().filter_map(|id| site.world.get(*id));
            objects.map(move |o| line(download, o))
        });
        let lines: Vec<_> = lines.collect();
        let number = |name, usual| request.param(name).map_or(Some(usual), |n| n.parse().ok());
        let (Some(page), Some(size)) = (number("page", 1_usize), number("pageSize", 10_usize))
        else {
            return Err(refused(400, "page and pageSize are numbers"));
        };
        let skip = page.saturating_sub(1).saturating_mul(size);
        let records: Vec<_> = lines.iter().skip(skip).take(size).collect();
        Ok(Answer::json(&json!({"page": page, "pageSize": size, "sortKey": "timeleft",
            "sortDirection": "ascending", "totalRecords": lines.len(), "records": records}))
        .into())
    }
}

/// The program's own web interface: what every address leads to that the API does not know.
fn start_page(name: &str) -> Answer {
    let page = format!("<!doctype html><html><head><title>{name}</title></head><body/></html>");
    Answer { content_type: "text/html", ..Answer::text(200, page) }
}

fn refused(status: u16, message: &str) -> Answer {
    Answer { status, ..Answer::json(&json!({ "message": message })) }
}

fn not_found() -> Answer {
    refused(404, "NotFound")
}

fn check(request: &Request, known: &[&str]) -> Result<(), Answer> {
    match request.query.iter().find(|(name, _)| !known.contains(&name.as_str())) {
        Some((name, _)) => Err(refused(400, &format!("there is no parameter '{name}'"))),
        None => Ok(()),
    }
}

/// A list that comes whole.
fn whole(all: Vec<ObjectId>, render: Render) -> Reply {
    Reply::Page(Page { all: all.into(), start: 0, limit: None, render })
}

/// An id that a provider gave, as a number; 0 for none.
fn number(o: &Object, provider: &str) -> u64 {
    text(o, provider).and_then(|id| id.parse().ok()).unwrap_or(0)
}

fn text<'a>(o: &'a Object, provider: &str) -> Option<&'a str> {
    o.provider_ids.iter().find(|(p, _)| *p == provider).map(|(_, id)| id.as_str())
}

/// A day as .NET writes it; the year 1 for none.
fn moment(day: Option<chrono::NaiveDate>) -> String {
    day.map_or_else(|| "0001-01-01T00:00:00Z".to_owned(), |day| format!("{day}T00:00:00Z"))
}

fn images(o: &Object) -> Value {
    json!([{"coverType": "poster", "url": format!("/MediaCover/{}/poster.jpg", o.id.0),
        "remoteUrl": format!("https://art.example/{}.jpg", o.id.0)}])
}
