//! The loop: starts what is due, and what webhooks hint at, until it is told to stop.
//!
//! Every server that shares a database has this loop. Who wants to run a source first takes its
//! *turn*, a lease, and only then asks whether it is still due and nobody is at work on it: another
//! server may have just done it. So each due run is made once, and the turn of a server that dies
//! passes on with its lease. Nothing is kept in memory but what is at work.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::BoxFuture;
use shelfread_domain::{RunId, RunStatus, SourceId, Trigger};
use shelfread_store::SourceRow;
use tokio::sync::broadcast::Receiver;
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use super::due::{self, Due};
use crate::error::{AppError, Result};
use crate::hooks::Wanted;
use crate::live::Live;
use crate::sync::{lease_name, take_named};
use crate::{App, SyncRequest, owner};

/// How often the database is asked: another process may have changed what is due.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// How long a source rests after a run, so that what goes wrong before anything is recorded does
/// not go wrong again and again.
const REST: TimeDelta = TimeDelta::seconds(2);
/// How many sources are synced at the same time.
const AT_ONCE: usize = 4;

/// What is to be done with a source.
#[derive(Debug)]
enum Job {
    /// What its timetable says.
    Due,
    /// A look at what webhooks hinted at.
    Look(Wanted),
}

/// What came of it.
enum Done {
    /// There was nothing to do after all.
    Nothing,
    /// A run was begun.
    Begun(RunId),
    /// Somebody else is at work there.
    NotNow,
}

impl App {
    /// Keeps sources in their rhythm until it is told to stop. Runs that are at work then are left
    /// to [`App::wind_down`].
    pub fn run_schedule(&self, stop: CancellationToken) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let mut desk = Desk::new(self.clone());
            while !stop.is_cancelled() {
                let pause = desk.step().await;
                tokio::select! {
                    () = self.clock.sleep(pause) => {}
                    () = self.schedule.woken.notified() => {}
                    Some(done) = desk.jobs.join_next_with_id() => desk.ended(done),
                    () = stop.cancelled() => {}
                }
            }
        })
    }

    /// The sources that somebody works on, here or on another server.
    pub(super) async fn busy_sources(&self) -> Result<HashSet<SourceId>> {
        let leases = self.store.live_leases(self.clock.now()).await?.into_iter();
        let live = leases.filter(|lease| !owner::is_gone(&lease.owner));
        let of_source = |name: String| name.split_once(':')?.1.parse().ok().map(SourceId);
        Ok(live.filter_map(|lease| of_source(lease.name)).collect())
    }

    async fn is_at_work(&self, source: SourceId) -> Result<bool> {
        let lease = self.store.lease(&lease_name(source)).await?;
        let now = self.clock.now();
        Ok(lease.is_some_and(|l| l.expires_at > now && !owner::is_gone(&l.owner)))
    }

    /// Does what is to be done with a source, and waits for its end. What was hinted at and could
    /// not be looked at is left for another time.
    async fn take_turn(self, source: SourceRow, job: Job) -> Result<()> {
        let live = self.watch_live();
        let done = match take_named(&self, &turn_name(source.id)).await? {
            None => Ok(Done::NotNow),
            Some(turn) => {
                let done = self.begin_job(&source, &job).await;
                self.store.release_lease(turn).await?;
                done
            }
        };
        let is_done = match done? {
            Done::Nothing => true,
            Done::NotNow => false,
            Done::Begun(run) => self.end_of(source.id, run, live).await? != RunStatus::Failed,
        };
        if let (false, Job::Look(wanted)) = (is_done, job) {
            self.hooks.note(source.id, wanted, self.clock.now());
        }
        Ok(())
    }

    async fn begin_job(&self, source: &SourceRow, job: &Job) -> Result<Done> {
        if self.is_at_work(source.id).await? {
            return Ok(Done::NotNow);
        }
        let request = match job {
            Job::Due => self.due_request(source).await?,
            Job::Look(wanted) => self.look_request(source, wanted).await?,
        };
        let Some(request) = request else { return Ok(Done::Nothing) };
        let sees_all = !request.quick && request.only.is_empty();
        match self.start_sync(request).await {
            Ok(started) => {
                if sees_all {
                    self.hooks.forget(source.id);
                }
                let run = started.runs.first().map(|run| run.id);
                Ok(run.map_or(Done::Nothing, Done::Begun))
            }
            Err(AppError::Busy { .. } | AppError::Closing) => Ok(Done::NotNow),
            Err(error) => Err(error),
        }
    }

    async fn due_request(&self, source: &SourceRow) -> Result<Option<SyncRequest>> {
        let Ok(source) = self.source(&source.name).await else { return Ok(None) };
        let (table, _) = self.timetable(&source);
        let past = self.store.past_runs(source.id).await?;
        let now = self.clock.now();
        let due = due::next(source.id, &table, &past, now).due(now).filter(|_| source.enabled);
        Ok(due.map(|due| SyncRequest {
            sources: vec![source.name.clone()],
            quick: due == Due::Quick,
            trigger: Trigger::Schedule,
            ..SyncRequest::default()
        }))
    }

    /// Waits for the end of a run, and gives how it ended. One that broke is given up with its
    /// lease.
    async fn end_of(
        &self,
        source: SourceId,
        run: RunId,
        mut live: Receiver<Arc<Live>>,
    ) -> Result<RunStatus> {
        while self.running().iter().any(|at_work| at_work.run == run) {
            tokio::select! {
                _ = live.recv() => {}
                () = self.work.stopped() => break,
                () = self.clock.sleep(LOOK_EVERY) => if !self.is_at_work(source).await? {
                    break;
                },
            }
        }
        let ended = self.store.run(run).await?;
        Ok(ended.map_or(RunStatus::Failed, |run| run.status))
    }
}

/// The name of the lease of who may begin a run of a source.
fn turn_name(source: SourceId) -> String {
    format!("turn:{source}")
}

/// What is at work.
struct Desk {
    app: App,
    jobs: JoinSet<Result<()>>,
    of: HashMap<Id, SourceRow>,
    resting: HashMap<SourceId, DateTime<Utc>>,
}

impl Desk {
    fn new(app: App) -> Self {
        Self { app, jobs: JoinSet::new(), of: HashMap::new(), resting: HashMap::new() }
    }

    /// Starts what is due and gives how long there is nothing to do.
    async fn step(&mut self) -> Duration {
        let now = self.app.clock.now();
        match self.start_due(now).await {
            Ok(Some(at)) => (at - now).to_std().unwrap_or_default().min(LOOK_EVERY),
            Ok(None) => LOOK_EVERY,
            Err(error) => {
                tracing::warn!(%error, "the schedule could not be read; it is tried again");
                LOOK_EVERY
            }
        }
    }

    /// Starts what is due and gives when there will be something.
    async fn start_due(&mut self, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>> {
        // Nobody rests for longer because the clock was set back.
        self.resting.retain(|_, until| *until > now && *until <= now + REST);
        let busy = self.app.busy_sources().await?;
        let mut soonest = None;
        for source in self.app.store.sources().await? {
            let mine = self.of.values().any(|at_work| at_work.id == source.id);
            if !source.enabled || mine || busy.contains(&source.id) || self.jobs.len() >= AT_ONCE {
                continue;
            }
            let next = match self.resting.get(&source.id) {
                Some(until) => Some(*until),
                None => self.start_or_wait(source, now).await?,
            };
            soonest = [soonest, next].into_iter().flatten().min();
        }
        Ok(soonest)
    }

    /// Starts what is to be done with a source, else gives when there will be something.
    async fn start_or_wait(
        &mut self,
        source: SourceRow,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>> {
        let (table, _) = self.app.timetable(&source);
        let past = self.app.store.past_runs(source.id).await?;
        let next = due::next(source.id, &table, &past, now);
        if next.due(now).is_some() {
            self.start(source, Job::Due);
            return Ok(None);
        }
        if next.backing_off.is_some() {
            return Ok(next.backing_off);
        }
        match self.app.hooks.take_ready(source.id, now) {
            Ok(wanted) => {
                self.start(source, Job::Look(wanted));
                Ok(None)
            }
            Err(at) => Ok([next.at(), at].into_iter().flatten().min()),
        }
    }

    fn start(&mut self, source: SourceRow, job: Job) {
        let task = self.jobs.spawn(self.app.clone().take_turn(source.clone(), job));
        self.of.insert(task.id(), source);
    }

    fn ended(&mut self, done: std::result::Result<(Id, Result<()>), JoinError>) {
        let id = done.as_ref().map_or_else(JoinError::id, |(id, _)| *id);
        let Some(source) = self.of.remove(&id) else { return };
        self.resting.insert(source.id, self.app.clock.now() + REST);
        match done {
            Ok((_, Ok(()))) => {}
            Ok((_, Err(error))) => tracing::warn!(%error, source = source.name, "not synced"),
            Err(error) => tracing::error!(%error, source = source.name, "a sync broke"),
        }
    }
}
