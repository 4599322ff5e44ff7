//! Download clients: what they have, the port of the application straight over it, and what goes
//! wrong with them. Knows nothing of the queue that the program keeps.
//!
//! What can be fetched are the films of the world, by their number. A torrent is known everywhere
//! by the same hash; a usenet client makes up an id for each time that it is given something, and
//! keeps what is over in its history.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;
use shelfread_app::downloads::ClientFactory;
use shelfread_domain::download::{
    AddTransfer, Added, ClientIdentity, ClientKind, Content, DownloadClient, Given, ListFiles,
    ListTransfers, NewTransfer, Outcome, PauseResume, Payload, Place, Progress, ReadPayload,
    Removal, RemoveTransfer, RetryTransfer, SetLabel, TestClient, Transfer, TransferFile,
    TransferId, TransferState,
};
use shelfread_domain::port::{Problem, SourceError};
use shelfread_store::ClientRow;

use super::port::Shared;
use super::script::Trouble;
use super::world::{film_size, release};

/// A download client.
#[derive(Clone, Debug)]
pub struct Client {
    /// What it is.
    pub kind: ClientKind,
    /// How it is called.
    pub name: String,
    /// What it has, by its own ids.
    pub jobs: BTreeMap<String, Job>,
    given: u32,
}

/// A transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// The film that it brings.
    pub film: usize,
    /// What it does.
    pub state: TransferState,
    /// Everything is there.
    pub finished: bool,
    /// When the client got it.
    pub added: DateTime<Utc>,
    /// When it was finished.
    pub completed: Option<DateTime<Utc>>,
}

/// What a client told, when it was asked for all that it has.
#[derive(Clone, Debug)]
pub enum Answer {
    /// These.
    Told(BTreeMap<String, Job>),
    /// Nothing that proves anything.
    Nothing,
}

impl Client {
    /// A client that has nothing.
    pub fn new(kind: ClientKind, place: usize) -> Self {
        Self { kind, name: format!("{kind}{place}"), jobs: BTreeMap::new(), given: 0 }
    }

    /// It is given a film. Gives its id, and whether it had it before.
    pub fn give(&mut self, film: usize, now: DateTime<Utc>) -> (String, bool) {
        let id = self.next_id(film);
        let had = self.jobs.contains_key(&id);
        let state = TransferState::Downloading;
        let job = Job { film, state, finished: false, added: now, completed: None };
        self.jobs.entry(id.clone()).or_insert(job);
        (id, had)
    }

    fn next_id(&mut self, film: usize) -> String {
        if !self.kind.is_usenet() {
            return hash(film);
        }
        self.given += 1;
        format!("SABnzbd_nzo_{}", self.given)
    }

    /// Where it keeps a job.
    pub fn place(&self, job: &Job) -> Place {
        let is_over = job.finished || job.state == TransferState::Failed;
        if self.kind.is_usenet() && is_over { Place::History } else { Place::Queue }
    }
}

/// The hash of the torrent of a film.
pub fn hash(film: usize) -> String {
    format!("{:040x}", film + 1)
}

impl Shared {
    /// What a client answers, after what it did or did not do.
    fn at_client<T>(
        &self,
        place: usize,
        order: bool,
        does: impl FnOnce(&mut Client) -> T,
    ) -> Result<T, SourceError> {
        let mut state = self.lock();
        let trouble = state.troubles.get(&place).copied();
        let error = |problem| Err(SourceError::new("POST http://client/", problem));
        match trouble {
            Some(Trouble::Down) => error(Problem::Unreachable("connection refused".to_owned())),
            Some(Trouble::Refused) => error(Problem::Unauthorized),
            Some(Trouble::Garbled) => error(Problem::Malformed("it ends in the middle".to_owned())),
            Some(Trouble::NoWord) if order => {
                does(&mut state.world.clients[place]);
                error(Problem::Timeout(30))
            }
            Some(Trouble::Rejects) if order => error(Problem::Rejected("the disk is full".into())),
            _ => Ok(does(&mut state.world.clients[place])),
        }
    }
}

impl ClientFactory for Shared {
    fn open(&self, client: &ClientRow) -> Result<Arc<dyn DownloadClient>, SourceError> {
        let state = self.lock();
        let place = state.world.clients.iter().position(|c| c.name == client.name);
        let unknown = || Problem::Configuration("no such client".to_owned());
        let place = place.ok_or_else(|| SourceError::new("setting up", unknown()))?;
        let (kind, shared) = (state.world.clients[place].kind, self.clone());
        Ok(Arc::new(Wire { shared, place, kind }))
    }
}

#[async_trait]
impl ReadPayload for Shared {
    /// A link is the number of a film, behind `nzb:` for usenet.
    async fn read(&self, given: Given) -> Result<Payload, SourceError> {
        let nonsense = || SourceError::new("reading", Problem::Unusable("no link".to_owned()));
        let Given::Link(link) = given else { return Err(nonsense()) };
        let link = link.expose_secret();
        let number = link.strip_prefix("nzb:").unwrap_or(link);
        let film: usize = number.parse().map_err(|_| nonsense())?;
        let is_usenet = number != link;
        let ids = if is_usenet { None } else { TransferId::new(&hash(film)) };
        Ok(Payload {
            name: release(film),
            key: format!("film {film}"),
            ids: ids.into_iter().collect(),
            size_bytes: Some(film_size(film)),
            content: match is_usenet {
                true => Content::Nzb(Vec::new()),
                false => Content::Magnet(format!("magnet:?xt=urn:btih:{}", hash(film))),
            },
        })
    }
}

#[derive(Debug)]
struct Wire {
    shared: Shared,
    place: usize,
    kind: ClientKind,
}

impl Wire {
    fn order<T>(&self, does: impl FnOnce(&mut Client) -> T) -> Result<T, SourceError> {
        self.shared.at_client(self.place, true, does)
    }

    /// Sets the state of a job that is not over.
    fn set(&self, id: &TransferId, to: TransferState) -> Result<Outcome, SourceError> {
        self.order(|client| match client.jobs.get_mut(id.as_str()) {
            None => Outcome::Absent,
            Some(job) if job.state == to || job.finished => Outcome::Already,
            Some(job) => {
                job.state = to;
                Outcome::Done
            }
        })
    }

    fn listed(&self) -> Result<Vec<Transfer>, SourceError> {
        let trouble = self.shared.lock().troubles.get(&self.place).copied();
        let shown = |client: &mut Client| {
            let mut jobs = client.jobs.clone();
            if trouble == Some(Trouble::Short) {
                let count = jobs.len() / 2;
                jobs = jobs.into_iter().take(count).collect();
            }
            let all = jobs.iter().filter_map(|(id, job)| transfer(client, id, job)).collect();
            (jobs, all)
        };
        let listed = self.shared.at_client(self.place, false, shown);
        let answer = match &listed {
            Ok((jobs, _)) => Answer::Told(jobs.clone()),
            Err(_) => Answer::Nothing,
        };
        self.shared.lock().heard.answers.entry(self.place).or_default().push(answer);
        let mut all: Vec<Transfer> = listed?.1;
        match trouble {
            Some(Trouble::Twice) => all.extend(all.clone()),
            Some(Trouble::Reversed) => all.reverse(),
            _ => {}
        }
        Ok(all)
    }
}

fn transfer(client: &Client, id: &str, job: &Job) -> Option<Transfer> {
    let id = TransferId::new(id)?;
    Some(Transfer {
        finished: job.finished,
        place: client.place(job),
        progress: if job.finished { Progress::ALL } else { Progress::NONE },
        size_bytes: Some(film_size(job.film)),
        added_at: Some(job.added),
        completed_at: job.completed,
        ..Transfer::new(id, &release(job.film), job.state.clone())
    })
}

#[async_trait]
impl TestClient for Wire {
    async fn test(&self) -> Result<ClientIdentity, SourceError> {
        let (version, protocol) = ("1".to_owned(), "1".to_owned());
        self.shared.at_client(self.place, false, |c| ClientIdentity {
            kind: c.kind,
            version,
            protocol,
        })
    }
}

#[async_trait]
impl ListTransfers for Wire {
    async fn list(&self) -> Result<Vec<Transfer>, SourceError> {
        self.listed()
    }
}

#[async_trait]
impl ListFiles for Wire {
    async fn files(&self, id: &TransferId) -> Result<Option<Vec<TransferFile>>, SourceError> {
        self.shared.at_client(self.place, false, |client| {
            let job = client.jobs.get(id.as_str())?;
            let path = format!("{}.mkv", release(job.film));
            Some(vec![TransferFile { path, size_bytes: Some(film_size(job.film)) }])
        })
    }
}

#[async_trait]
impl AddTransfer for Wire {
    async fn add(&self, new: &NewTransfer) -> Result<Added, SourceError> {
        let film = new.payload.key.strip_prefix("film ").and_then(|n| n.parse().ok());
        let now = self.shared.lock().now;
        let unusable = || SourceError::new("adding", Problem::Unusable("no film".to_owned()));
        let film = film.ok_or_else(unusable)?;
        let (id, already_there) = self.order(|client| client.give(film, now))?;
        Ok(Added { id: TransferId::new(&id).ok_or_else(unusable)?, already_there })
    }
}

#[async_trait]
impl PauseResume for Wire {
    async fn pause(&self, id: &TransferId) -> Result<Outcome, SourceError> {
        self.set(id, TransferState::Paused)
    }

    async fn resume(&self, id: &TransferId) -> Result<Outcome, SourceError> {
        self.set(id, TransferState::Downloading)
    }
}

#[async_trait]
impl RemoveTransfer for Wire {
    async fn remove(&self, id: &TransferId, data: bool) -> Result<Removal, SourceError> {
        self.order(|client| match client.jobs.remove(id.as_str()) {
            Some(_) => Removal::Removed { data },
            None => Removal::Absent,
        })
    }
}

#[async_trait]
impl RetryTransfer for Wire {
    async fn retry(&self, id: &TransferId) -> Result<Option<TransferId>, SourceError> {
        let now = self.shared.lock().now;
        let again = self.order(|client| {
            let job = client.jobs.remove(id.as_str())?;
            Some(client.give(job.film, now).0)
        })?;
        Ok(again.and_then(|id| TransferId::new(&id)))
    }
}

#[async_trait]
impl SetLabel for Wire {
    async fn set_label(&self, _: &TransferId, _: Option<&str>) -> Result<Outcome, SourceError> {
        Ok(Outcome::Already)
    }
}

impl DownloadClient for Wire {
    fn kind(&self) -> ClientKind {
        self.kind
    }
}
