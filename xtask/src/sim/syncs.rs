//! Syncs in a script: as they are asked for, shown first, twice, killed, or by two programs at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use shelfread_app::{App, Quiet, RunReport, SyncRequest};
use shelfread_domain::{Existing, RunStatus};

use super::end;
use super::model::{Broken, Verdict, Work, broken};
use super::play::Play;
use super::script::{Fault, Mode};
use super::tables::Tables;

impl Play<'_> {
    pub(super) async fn sync(
        &mut self,
        server: Option<u32>,
        mode: Mode,
        faults: &[(u32, Fault)],
    ) -> Verdict {
        let request = {
            let mut state = self.shared.lock();
            let servers = &state.world.servers;
            let place = |pick: u32| pick as usize % servers.len();
            let name = server.map(|pick| servers[place(pick)].name.clone());
            let mut now: BTreeMap<usize, Vec<Fault>> = BTreeMap::new();
            for (pick, fault) in faults {
                now.entry(place(*pick)).or_default().push(fault.clone());
            }
            state.faults = now;
            SyncRequest {
                sources: name.into_iter().collect(),
                quick: mode == Mode::Quick,
                existing: match mode {
                    Mode::Fill => Existing::Fill,
                    Mode::Skip => Existing::Skip,
                    _ => Existing::Update,
                },
                ..SyncRequest::default()
            }
        };
        let verdict = match mode {
            Mode::Shown => self.shown_and_done(&request).await,
            Mode::Twice => self.twice(&request).await,
            Mode::Skip => self.synced(&request, Work::SkipSync).await.map(drop),
            _ => self.synced(&request, Work::Sync).await.map(drop),
        };
        self.shared.lock().faults.clear();
        verdict
    }

    /// Syncs; the reports, unless it was killed.
    pub(super) async fn synced(
        &mut self,
        request: &SyncRequest,
        work: Work,
    ) -> Result<Option<Vec<RunReport>>, Broken> {
        let others = self.desk.others(&self.shared);
        let sync = async |app: &App| {
            let programs = std::iter::once(app).chain(&others);
            let all = programs.map(|program| program.sync(request, Arc::new(Quiet)));
            let reports = futures::future::try_join_all(all).await?;
            Ok(reports.into_iter().reduce(better).unwrap_or_default())
        };
        let outcome = self.work(sync).await?;
        self.judge(work, &outcome)?;
        match outcome.done {
            None => Ok(None),
            Some(Ok(reports)) => Ok(Some(reports)),
            Some(Err(error)) => broken("works", error.to_string()),
        }
    }

    /// P6: what is shown is what is done, and showing writes nothing.
    async fn shown_and_done(&mut self, request: &SyncRequest) -> Verdict {
        let before = self.tables.without_runs();
        let kill = self.kill.take();
        let shown = SyncRequest { dry_run: true, ..request.clone() };
        let shown = self.synced(&shown, Work::SkipSync).await?;
        let libraries = self.tables.libraries.clone();
        if (Tables { events: before.events, ..self.tables.without_runs() })
            != (Tables { libraries, ..before })
        {
            return broken("P6", "a dry run wrote something");
        }
        self.kill = kill;
        let done = self.synced(request, Work::Sync).await?;
        let (Some(shown), Some(done)) = (shown, done) else { return Ok(()) };
        // Several sources are planned one after the other, but shown one beside the other.
        if let ([shown], [done]) = (&shown[..], &done[..])
            && shown.counts != done.counts
        {
            let how = format!("{:?} was shown and {:?} done", shown.counts, done.counts);
            return broken("P6", how);
        }
        Ok(())
    }

    /// P10: without news a second run writes nothing.
    async fn twice(&mut self, request: &SyncRequest) -> Verdict {
        let first = self.synced(request, Work::Sync).await?;
        let whole = |r: &RunReport| r.status == RunStatus::Succeeded;
        let Some(first) = first.filter(|all| all.iter().all(whole)) else { return Ok(()) };
        // What was removed may let others be what they said they are: that takes one more run.
        if first.iter().any(|r| r.counts.removed + r.counts.conflicts > 0) {
            return Ok(());
        }
        let before = self.tables.without_runs();
        self.synced(request, Work::Sync).await?;
        end::same(&before, &self.tables.without_runs())
    }
}

/// Of programs that were asked for the same, one did it for each source.
fn better(one: Vec<RunReport>, other: Vec<RunReport>) -> Vec<RunReport> {
    let pairs = one.into_iter().zip(other);
    pairs.map(|(a, b)| if a.status == RunStatus::Failed { b } else { a }).collect()
}
