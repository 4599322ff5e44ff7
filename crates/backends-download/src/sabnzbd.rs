//! `SABnzbd` 3 and newer, by its API.
//!
//! - Every call carries the API key, here in the body: addresses end up in logs. A wrong one is 403
//!   with a sentence, or 200 with an error in older versions.
//! - What is received is in the queue; what is checked, repaired and unpacked is in the history
//!   already, under the same id. The queue is read first: a job that moves meanwhile shows twice,
//!   and not at all the other way round.
//! - The history gives ten entries unless it is asked for more, so it is asked page by page and its
//!   own total must be reached.
//! - An order for a job that is not there is carried out without complaint, and a retry gives the
//!   job another id.

mod api;
mod job;

use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;
use serde::de::IgnoredAny;
use shelfread_domain::download::{
    AddTransfer, Added, ClientIdentity, ClientKind, Content, DownloadClient, ListFiles,
    ListTransfers, NewTransfer, Outcome, PauseResume, Removal, RemoveTransfer, RetryTransfer,
    SetLabel, TestClient, Transfer, TransferFile, TransferId,
};
use shelfread_domain::port::{Problem, SourceError};
use tokio::time::{Instant, sleep};

use self::api::{Api, Order};
use self::job::Job;
use crate::ClientConfig;
use crate::wire::{self, List, Num, Text};

/// How long a job that was taken may need to show.
const SHOWS_WITHIN: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(50);

/// How many entries of the history are asked for at once, and how many there may be in all.
const PAGE: usize = 1000;
const MAX_HISTORY: usize = 100_000;

/// The category of what has none.
const NO_CATEGORY: &str = "*";

/// The priority of a job that waits for a person.
const PAUSED: &str = "-2";

/// A `SABnzbd`.
#[derive(Debug)]
pub(crate) struct Sabnzbd {
    api: Api,
}

/// Everything that it has, and how fast it receives, in KiB per second.
struct Jobs {
    queue: Vec<Job>,
    history: Vec<Job>,
    speed: Num,
}

#[derive(Deserialize)]
struct QueueAnswer {
    queue: Page,
}

#[derive(Deserialize)]
struct HistoryAnswer {
    history: Page,
}

/// Jobs, and how many there are in all.
#[derive(Deserialize)]
struct Page {
    slots: Vec<Job>,
    #[serde(default, rename = "noofslots")]
    total: Num,
    #[serde(default, rename = "kbpersec")]
    speed: Num,
}

#[derive(Deserialize)]
struct VersionAnswer {
    version: Text,
}

#[derive(Deserialize)]
struct CategoriesAnswer {
    categories: List<Text>,
}

#[derive(Deserialize)]
struct FilesAnswer {
    files: Vec<File>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct File {
    filename: Text,
    bytes: Num,
}

impl Page {
    /// Whether with so many jobs all are there.
    fn is_reached_by(&self, count: usize) -> bool {
        self.total.count().is_some_and(|total| count as u64 >= total)
    }
}

impl Sabnzbd {
    pub(crate) fn new(config: &ClientConfig) -> Result<Self, SourceError> {
        Ok(Self { api: Api::new(config)? })
    }

    async fn jobs(&self) -> Result<Jobs, SourceError> {
        let queue = self.api.read::<QueueAnswer>("queue", &[]).await?.queue;
        if !queue.is_reached_by(queue.slots.len()) {
            return Err(self.cut_off());
        }
        let history = self.history().await?;
        Ok(Jobs { queue: queue.slots, history, speed: queue.speed })
    }

    async fn history(&self) -> Result<Vec<Job>, SourceError> {
        let mut all: Vec<Job> = Vec::new();
        while all.len() < MAX_HISTORY {
            let (start, limit) = (all.len().to_string(), PAGE.to_string());
            let page = [("start", start.as_str()), ("limit", &limit)];
            let mut page = self.api.read::<HistoryAnswer>("history", &page).await?.history;
            let is_full = page.slots.len() >= PAGE;
            all.append(&mut page.slots);
            match () {
                () if page.is_reached_by(all.len()) => return Ok(all),
                () if is_full => {}
                () => break,
            }
        }
        Err(self.cut_off())
    }

    fn cut_off(&self) -> SourceError {
        self.api.error(Problem::Malformed("not all of its jobs came".into()))
    }

    /// The job, if it has it.
    async fn look(&self, id: &TransferId) -> Result<Option<Job>, SourceError> {
        let jobs = self.jobs().await?;
        let mut all = jobs.queue.into_iter().chain(jobs.history);
        Ok(all.find(|job| job.id().as_ref() == Some(id)))
    }

    /// Orders something.
    async fn order(&self, mode: &str, form: &[(&str, &str)]) -> Result<Order, SourceError> {
        self.api.order::<Order>(mode, form).await?.done(&self.api)
    }

    /// Carries out an order for a job in the queue, unless it is absent, over, or `is_so` already.
    async fn unless(
        &self,
        id: &TransferId,
        is_so: impl FnOnce(&Job) -> bool,
        name: &str,
    ) -> Result<Outcome, SourceError> {
        match self.look(id).await? {
            None => Ok(Outcome::Absent),
            Some(job) if job.is_over() || is_so(&job) => Ok(Outcome::Already),
            Some(job) if job.is_past_the_queue() => {
                let why = "the job is being unpacked, which cannot be paused";
                Err(self.api.error(Problem::Rejected(why.into())))
            }
            Some(_) => {
                let form = [("name", name), ("value", id.as_str())];
                self.order("queue", &form).await.map(|_| Outcome::Done)
            }
        }
    }

    /// Makes the category unless it exists, and says how it is spelt.
    async fn category(&self, label: &str) -> Result<String, SourceError> {
        let label = label.trim().to_lowercase();
        let known = self.api.read::<CategoriesAnswer>("get_cats", &[]).await?.categories;
        if !known.0.iter().any(|c| c.as_str().to_lowercase() == label) {
            let form = [("section", "categories"), ("keyword", &label), ("name", &label)];
            // It answers with what it holds now, and with no word on success.
            self.api.order::<IgnoredAny>("set_config", &form).await?;
        }
        Ok(label)
    }
}

#[async_trait]
impl TestClient for Sabnzbd {
    async fn test(&self) -> Result<ClientIdentity, SourceError> {
        let version = self.api.read::<VersionAnswer>("version", &[]).await?.version;
        // The version is told to everybody, the queue is not.
        let _: QueueAnswer = self.api.read("queue", &[("limit", "1")]).await?;
        let version = wire::shown(version.as_str());
        let protocol = "API".to_owned();
        Ok(ClientIdentity { kind: ClientKind::Sabnzbd, version, protocol })
    }
}

#[async_trait]
impl ListTransfers for Sabnzbd {
    async fn list(&self) -> Result<Vec<Transfer>, SourceError> {
        let Jobs { queue, history, speed } = self.jobs().await?;
        // It calls all jobs in a running queue `Downloading`, and receives the first of them.
        let first = queue.iter().position(Job::is_running);
        let queue = queue.into_iter().enumerate().map(|(at, job)| {
            let speed = speed.times(1024.0).count().unwrap_or(0);
            job.transfer((first == Some(at)).then_some(speed))
        });
        let all = queue.chain(history.into_iter().map(|job| job.transfer(None)));
        let all = all.collect::<Option<_>>().map(wire::once);
        all.ok_or_else(|| self.api.error(wire::nameless()))
    }
}

#[async_trait]
impl ListFiles for Sabnzbd {
    async fn files(&self, id: &TransferId) -> Result<Option<Vec<TransferFile>>, SourceError> {
        match self.look(id).await? {
            None => return Ok(None),
            Some(job) if job.is_past_the_queue() => return Ok(Some(Vec::new())),
            Some(_) => {}
        }
        let answer: FilesAnswer = self.api.read("get_files", &[("value", id.as_str())]).await?;
        Ok(Some(wire::files(answer.files.into_iter().map(|file| (file.filename, file.bytes)))))
    }
}

#[async_trait]
impl AddTransfer for Sabnzbd {
    async fn add(&self, new: &NewTransfer) -> Result<Added, SourceError> {
        let Content::Nzb(nzb) = &new.payload.content else {
            return Err(self.api.error(wire::not_torrents()));
        };
        if new.save_path.is_some() {
            return Err(self.api.error(wire::no_folder()));
        }
        // The program knows nothing of a job's content, so what is the same has its name and size.
        let queue = self.jobs().await?.queue;
        if let Some(id) = queue.iter().find(|job| job.is_of(&new.payload)).and_then(Job::id) {
            return Ok(Added { id, already_there: true });
        }
        let category = match &new.label {
            Some(label) => Some(self.category(label).await?),
            None => None,
        };
        let mut form = vec![("nzbname", new.payload.name.as_str())];
        form.extend(category.as_ref().map(|category| ("cat", category.as_str())));
        form.extend(new.paused.then_some(("priority", PAUSED)));
        let order = self.api.upload("addfile", &form, nzb).await?;
        let taken = order.done(&self.api)?.id();
        let id = taken.ok_or_else(|| self.api.error(wire::nameless()))?;
        let end = Instant::now() + SHOWS_WITHIN;
        while self.look(&id).await?.is_none() {
            if Instant::now() > end {
                let why = "it took the NZB and does not list it";
                return Err(self.api.error(Problem::Rejected(why.into())));
            }
            sleep(PAUSE).await;
        }
        Ok(Added { id, already_there: false })
    }
}

#[async_trait]
impl PauseResume for Sabnzbd {
    async fn pause(&self, id: &TransferId) -> Result<Outcome, SourceError> {
        self.unless(id, Job::is_paused, "pause").await
    }

    async fn resume(&self, id: &TransferId) -> Result<Outcome, SourceError> {
        self.unless(id, |job| !job.is_paused(), "resume").await
    }
}

#[async_trait]
impl RemoveTransfer for Sabnzbd {
    /// What was finished stays in any case.
    async fn remove(&self, id: &TransferId, with_data: bool) -> Result<Removal, SourceError> {
        let Some(job) = self.look(id).await? else { return Ok(Removal::Absent) };
        let mode = if job.is_past_the_queue() { "history" } else { "queue" };
        let data = if with_data { "1" } else { "0" };
        let form = [("name", "delete"), ("value", id.as_str()), ("del_files", data)];
        self.order(mode, &form).await?;
        Ok(Removal::Removed { data: with_data && !job.is_completed() })
    }
}

#[async_trait]
impl RetryTransfer for Sabnzbd {
    async fn retry(&self, id: &TransferId) -> Result<Option<TransferId>, SourceError> {
        let value = [("value", id.as_str())];
        match self.look(id).await? {
            None => Ok(None),
            Some(job) if job.is_over() => {
                let again = self.order("retry", &value).await?.id();
                again.map(Some).ok_or_else(|| self.api.error(wire::nameless()))
            }
            Some(_) => self.resume(id).await.map(|_| Some(id.clone())),
        }
    }
}

#[async_trait]
impl SetLabel for Sabnzbd {
    async fn set_label(
        &self,
        id: &TransferId,
        label: Option<&str>,
    ) -> Result<Outcome, SourceError> {
        let Some(job) = self.look(id).await? else { return Ok(Outcome::Absent) };
        let category = match label {
            Some(label) => self.category(label).await?,
            None => NO_CATEGORY.to_owned(),
        };
        if job.has_category(&category) {
            return Ok(Outcome::Already);
        }
        let form = [("value", id.as_str()), ("value2", &category)];
        self.order("change_cat", &form).await.map(|_| Outcome::Done)
    }
}

impl DownloadClient for Sabnzbd {
    fn kind(&self) -> ClientKind {
        ClientKind::Sabnzbd
    }
}
