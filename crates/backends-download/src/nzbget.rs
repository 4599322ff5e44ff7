//! `NZBGet` 18 and newer, by its JSON-RPC.
//!
//! - `NZBID` is a counter that begins after a restart at the highest number that is still in use:
//!   the number of a job that was deleted goes to another one. So a job gets an id of ours with it,
//!   in the parameter `drone` that Sonarr and Radarr use as well; see [`job`].
//! - What is over leaves the queue and goes to the history under the same number. The queue is read
//!   first: a job that moves meanwhile shows twice, and not at all the other way round.
//! - The status is 200 whatever happened: `append` answers with a number for garbage as well, which
//!   then lies in the history as `FAILURE/SCAN`, and `editqueue` answers `false`.
//! - What was finished stays on the disk whatever is deleted here.

mod job;
mod rpc;

use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::json;
use shelfread_domain::download::{
    AddTransfer, Added, ClientIdentity, ClientKind, Content, DownloadClient, ListFiles,
    ListTransfers, NewTransfer, Outcome, PauseResume, Payload, Removal, RemoveTransfer,
    RetryTransfer, SetLabel, TestClient, Transfer, TransferFile, TransferId,
};
use shelfread_domain::port::{Problem, SourceError};
use tokio::time::{Instant, sleep};

use self::job::{ID_PARAMETER, Job};
use self::rpc::Rpc;
use crate::ClientConfig;
use crate::wire::{self, Flag, Num, Text};

/// How long a job that was taken may need to show.
const SHOWS_WITHIN: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(50);

/// An `NZBGet`.
#[derive(Debug)]
pub(crate) struct Nzbget {
    rpc: Rpc,
}

/// Everything that it has, and how fast it receives.
struct Jobs {
    queue: Vec<Job>,
    history: Vec<Job>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "PascalCase")]
struct Status {
    download_rate: Num,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "PascalCase")]
struct File {
    filename: Text,
    file_size_lo: Num,
    file_size_hi: Num,
}

impl Nzbget {
    pub(crate) fn new(config: &ClientConfig) -> Result<Self, SourceError> {
        Ok(Self { rpc: Rpc::new(config)? })
    }

    async fn jobs(&self) -> Result<Jobs, SourceError> {
        let queue = self.rpc.read("listgroups", json!([0])).await?;
        let history = self.rpc.read("history", json!([false])).await?;
        Ok(Jobs { queue, history })
    }

    /// The job, if it has it.
    async fn look(&self, id: &TransferId) -> Result<Option<Job>, SourceError> {
        let jobs = self.jobs().await?;
        let mut all = jobs.queue.into_iter().chain(jobs.history);
        Ok(all.find(|job| job.is_shown() && job.id().as_ref() == Some(id)))
    }

    /// Orders something for a job.
    async fn edit(&self, command: &str, text: &str, job: &Job) -> Result<(), SourceError> {
        let params = json!([command, text, [job.number()]]);
        let done: Flag = self.rpc.order("editqueue", params).await?;
        let why = || Problem::Rejected(format!("it did not carry out {command}"));
        if done.0 { Ok(()) } else { Err(self.rpc.error(why())) }
    }

    /// Carries out an order for a job in the queue, unless it is absent, over, or `is_so` already.
    async fn unless(
        &self,
        id: &TransferId,
        is_so: impl FnOnce(&Job) -> bool,
        command: &str,
    ) -> Result<Outcome, SourceError> {
        match self.look(id).await? {
            None => Ok(Outcome::Absent),
            Some(job) if job.is_over() || is_so(&job) => Ok(Outcome::Already),
            Some(job) => self.edit(command, "", &job).await.map(|()| Outcome::Done),
        }
    }

    /// Sends an NZB, which gets `id`.
    async fn append(
        &self,
        new: &NewTransfer,
        nzb: &[u8],
        id: &TransferId,
    ) -> Result<(), SourceError> {
        let name = format!("{}.nzb", new.payload.name);
        let label = new.label.as_deref().unwrap_or_default();
        let file = BASE64_STANDARD.encode(nzb);
        // FORCE: a person wants it, whatever it had before. Whether it has it now is known here.
        let (priority, to_top, score, mode) = (0, false, 0, "FORCE");
        let parameters = [ID_PARAMETER, id.as_str()];
        let params =
            json!([name, file, label, priority, to_top, new.paused, "", score, mode, parameters]);
        let number: Num = self.rpc.order("append", params).await?;
        let taken = number.whole().is_some_and(|number| number > 0);
        let why = || Problem::Rejected("it did not take the NZB".into());
        if taken { Ok(()) } else { Err(self.rpc.error(why())) }
    }

    /// Waits until the job shows, and takes it out of the history if it could not be read.
    async fn settled(&self, id: &TransferId) -> Result<(), SourceError> {
        let end = Instant::now() + SHOWS_WITHIN;
        loop {
            let refused = match self.look(id).await? {
                Some(job) if job.is_refused() => job,
                Some(_) => return Ok(()),
                None if Instant::now() > end => {
                    let why = "it took the NZB and does not list it";
                    return Err(self.rpc.error(Problem::Rejected(why.into())));
                }
                None => {
                    sleep(PAUSE).await;
                    continue;
                }
            };
            self.edit("HistoryFinalDelete", "", &refused).await?;
            let why = format!("it could not use the NZB ({})", refused.status());
            return Err(self.rpc.error(Problem::Rejected(why)));
        }
    }
}

impl Jobs {
    /// The job in the queue that is this payload: one that got its key from here, or one that
    /// somebody else gave it, by name and size.
    fn queued(&self, payload: &Payload) -> Option<TransferId> {
        let is_it = |job: &&Job| {
            let by_id = job.id().is_some_and(|id| turn(&id, &payload.key).is_some());
            let same_size = payload.size_bytes.is_some_and(|size| job.size() == Some(size));
            by_id || (same_size && job.name() == payload.name)
        };
        self.queue.iter().find(is_it)?.id()
    }

    /// An id for the payload that no job has, not even one that is over: the key, else the key
    /// with a number.
    fn fresh(&self, payload: &Payload) -> Option<TransferId> {
        let taken = self.queue.iter().chain(&self.history).filter_map(Job::id);
        let last = taken.filter_map(|id| turn(&id, &payload.key)).max();
        let id = match last {
            None => payload.key.clone(),
            Some(last) => format!("{}-{}", payload.key, last.saturating_add(1)),
        };
        TransferId::new(&id)
    }
}

/// How many times this key was added when it got the id: 1 for the key itself, 7 for `key-7`.
fn turn(id: &TransferId, key: &str) -> Option<u32> {
    match id.as_str().strip_prefix(key)? {
        "" => Some(1),
        rest => rest.strip_prefix('-')?.parse().ok(),
    }
}

#[async_trait]
impl TestClient for Nzbget {
    async fn test(&self) -> Result<ClientIdentity, SourceError> {
        let version: Text = self.rpc.read("version", json!([])).await?;
        // Who may only add may ask for the version, and for nothing else.
        let _: Status = self.rpc.read("status", json!([])).await?;
        let version = wire::shown(version.as_str());
        let protocol = "JSON-RPC".to_owned();
        Ok(ClientIdentity { kind: ClientKind::Nzbget, version, protocol })
    }
}

#[async_trait]
impl ListTransfers for Nzbget {
    async fn list(&self) -> Result<Vec<Transfer>, SourceError> {
        let jobs = self.jobs().await?;
        // There is only one speed, so it is that of the job which receives, if only one does.
        let mut receiving = jobs.queue.iter().filter(|job| job.is_receiving());
        let speed = match (receiving.next(), receiving.next()) {
            (Some(_), None) => self.rpc.read::<Status>("status", json!([])).await?.download_rate,
            _ => Num::default(),
        };
        let all = jobs.queue.into_iter().chain(jobs.history).filter(Job::is_shown);
        let transfers = all.map(|job| job.transfer(speed.count()));
        let transfers = transfers.collect::<Option<_>>().map(wire::once);
        transfers.ok_or_else(|| self.rpc.error(wire::nameless()))
    }
}

#[async_trait]
impl ListFiles for Nzbget {
    async fn files(&self, id: &TransferId) -> Result<Option<Vec<TransferFile>>, SourceError> {
        let Some(job) = self.look(id).await? else { return Ok(None) };
        let files: Vec<File> = self.rpc.read("listfiles", json!([0, 0, job.number()])).await?;
        let size = |file: &File| Num::halves(file.file_size_lo, file.file_size_hi);
        let named = files.into_iter().map(|file| (size(&file), file.filename));
        Ok(Some(wire::files(named.map(|(size, name)| (name, size)))))
    }
}

#[async_trait]
impl AddTransfer for Nzbget {
    async fn add(&self, new: &NewTransfer) -> Result<Added, SourceError> {
        let Content::Nzb(nzb) = &new.payload.content else {
            return Err(self.rpc.error(wire::not_torrents()));
        };
        if new.save_path.is_some() {
            return Err(self.rpc.error(wire::no_folder()));
        }
        let jobs = self.jobs().await?;
        if let Some(id) = jobs.queued(&new.payload) {
            return Ok(Added { id, already_there: true });
        }
        let id = jobs.fresh(&new.payload).ok_or_else(|| self.rpc.error(wire::nameless()))?;
        self.append(new, nzb, &id).await?;
        self.settled(&id).await.map(|()| Added { id, already_there: false })
    }
}

#[async_trait]
impl PauseResume for Nzbget {
    async fn pause(&self, id: &TransferId) -> Result<Outcome, SourceError> {
        self.unless(id, Job::is_paused, "GroupPause").await
    }

    async fn resume(&self, id: &TransferId) -> Result<Outcome, SourceError> {
        self.unless(id, |job| !job.is_paused(), "GroupResume").await
    }
}

#[async_trait]
impl RemoveTransfer for Nzbget {
    /// What came of a job in the queue goes in any case: it is a part of nothing that anybody
    /// could use. What was finished stays in any case.
    async fn remove(&self, id: &TransferId, _with_data: bool) -> Result<Removal, SourceError> {
        let Some(job) = self.look(id).await? else { return Ok(Removal::Absent) };
        let over = job.is_over();
        let command = if over { "HistoryFinalDelete" } else { "GroupFinalDelete" };
        self.edit(command, "", &job).await?;
        Ok(Removal::Removed { data: !over || job.takes_data_along() })
    }
}

#[async_trait]
impl RetryTransfer for Nzbget {
    async fn retry(&self, id: &TransferId) -> Result<Option<TransferId>, SourceError> {
        match self.look(id).await? {
            None => return Ok(None),
            Some(job) if job.is_over() => self.edit("HistoryRedownload", "", &job).await?,
            Some(job) if job.is_paused() => self.edit("GroupResume", "", &job).await?,
            Some(_) => {}
        }
        Ok(Some(id.clone()))
    }
}

#[async_trait]
impl SetLabel for Nzbget {
    async fn set_label(
        &self,
        id: &TransferId,
        label: Option<&str>,
    ) -> Result<Outcome, SourceError> {
        let category = label.unwrap_or_default();
        let Some(job) = self.look(id).await? else { return Ok(Outcome::Absent) };
        if job.has_category(category) {
            return Ok(Outcome::Already);
        }
        // Applied and not only set: the category says where it goes and what is done with it.
        let over = job.is_over();
        let command = if over { "HistorySetCategory" } else { "GroupApplyCategory" };
        self.edit(command, category, &job).await.map(|()| Outcome::Done)
    }
}

impl DownloadClient for Nzbget {
    fn kind(&self) -> ClientKind {
        ClientKind::Nzbget
    }
}
