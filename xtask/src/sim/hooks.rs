//! Webhooks in a script. What servers tell is true or not, comes once or thrice, late or never, and
//! must make no difference but this: the server is asked soon. The schedule of the program is given
//! some minutes for that, by the clock of the simulation.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use secrecy::ExposeSecret;
use shelfread_app::{App, AppError, Clock};
use shelfread_store::Lease;
use tokio_util::sync::CancellationToken;

use super::desk::SimClock;
use super::edit::picked;
use super::end::same;
use super::model::{Verdict, Work, broken};
use super::play::{Outcome, Play, fails};
use super::script::News;
use super::tables::{Id, Run, Tables};

/// How many times the clock moves on while the program looks at what it was told, and how far: more
/// than a look waits, also where something may be gone.
const MOVES: u32 = 32;
const MOVE: i64 = 5;
/// How long a call may take to be heard on a busy machine.
const PATIENCE: Duration = Duration::from_secs(10);

impl Play<'_> {
    /// A server calls. That alone writes nothing.
    pub(super) async fn hook(
        &mut self,
        server: u32,
        object: u32,
        news: News,
        times: u32,
    ) -> Verdict {
        let (name, message) = self.message(server, object, news);
        let secret = self.app.hook_secret(&name).await.map_err(fails)?;
        for _ in 0..times {
            let door = self.app.open_hook(&name, secret.expose_secret()).await.map_err(fails)?;
            let Some(door) = door else { return broken("hooks", "the right secret was refused") };
            self.app.take_hook(&door, message.as_bytes()).map_err(fails)?;
        }
        self.hinted.insert(name);
        same(&self.tables, &self.desk.read().map_err(fails)?)
    }

    fn message(&self, server: u32, object: u32, news: News) -> (String, String) {
        let state = self.shared.lock();
        let server = &state.world.servers[server as usize % state.world.servers.len()];
        let ids: Vec<_> = server.objects.values().map(|o| o.remote.clone()).collect();
        let text = match news {
            News::Object => picked(&ids, object).cloned().unwrap_or_else(|| "none".to_owned()),
            News::Unheard => format!("unheard-{object}"),
            News::Changed => "changed".to_owned(),
            News::Gone => "gone".to_owned(),
        };
        (server.name.clone(), text)
    }

    /// The schedule gets its time. Whoever called is asked, unless it is left alone because it
    /// failed, or the program was killed while it worked.
    pub(super) async fn minutes(&mut self) -> Verdict {
        let app = self.app.clone();
        let left = leases(&app, &self.desk.clock).await.map_err(fails)?;
        let before: BTreeSet<_> = self.tables.runs.iter().map(|run| run.id).collect();
        let failed = self.failed_last();
        let is_free = |name: &&String| left.is_empty() && !failed.contains(*name);
        let wanted: Vec<_> = self.hinted.iter().filter(is_free).cloned().collect();
        {
            let schedule = app.run_schedule(CancellationToken::new());
            let passed = async {
                self.pass(&app, &left).await.map_err(fails)?;
                self.until_asked(&app, &left, &before, &wanted).await
            };
            tokio::select! {
                () = schedule => {}
                passed = passed => passed?,
            }
        }
        at_rest(&app, &self.desk.clock, &left).await.map_err(fails)?;
        let heard = std::mem::take(&mut self.shared.lock().heard);
        self.judge(Work::Sync, &Outcome { done: Some(Ok(())), heard })?;
        let asked = asked(&self.tables, &before);
        self.hinted.retain(|name| !asked.contains(name));
        match wanted.iter().find(|name| !asked.contains(*name)) {
            Some(name) => broken("hooks", format!("{name} called, and nobody looked")),
            None => Ok(()),
        }
    }

    /// Waits until those who called were asked, while no time passes by the clock of the simulation:
    /// how far work gets in its minutes is up to the machine.
    async fn until_asked(
        &self,
        app: &App,
        left: &[Lease],
        before: &BTreeSet<Id>,
        wanted: &[String],
    ) -> Verdict {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let asked = asked(&self.desk.read().map_err(fails)?, before);
            if wanted.iter().all(|name| asked.contains(name)) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
            at_rest(app, &self.desk.clock, left).await.map_err(fails)?;
        }
        Ok(())
    }

    /// Sources whose last run failed. What a person decides or takes back is no run of a source, and
    /// neither is one that was killed until somebody says so.
    fn failed_last(&self) -> BTreeSet<String> {
        let mut failed = BTreeSet::new();
        let asks = |run: &&Run| {
            let own = ["manual", "schedule", "hook"].contains(&run.trigger.as_str());
            own && !run.is_dry && run.status != "running"
        };
        for run in self.tables.runs.iter().filter(asks) {
            let Some(source) = &run.source else { continue };
            match run.status.as_str() {
                "failed" => failed.insert(source.clone()),
                _ => failed.remove(source),
            };
        }
        failed
    }

    /// Lets time pass, but never while somebody is at work.
    async fn pass(&self, app: &App, left: &[Lease]) -> Result<(), AppError> {
        for _ in 0..MOVES {
            at_rest(app, &self.desk.clock, left).await?;
            self.desk.clock.advance(MOVE);
            tokio::task::yield_now().await;
        }
        at_rest(app, &self.desk.clock, left).await
    }
}

/// The sources of the runs that were not there before.
fn asked(tables: &Tables, before: &BTreeSet<Id>) -> BTreeSet<String> {
    let runs = tables.runs.iter().filter(|run| !before.contains(&run.id));
    runs.filter_map(|run| run.source.clone()).collect()
}

/// The leases that somebody holds.
async fn leases(app: &App, clock: &SimClock) -> Result<Vec<Lease>, AppError> {
    Ok(app.store().live_leases(clock.now()).await?)
}

/// Waits until nobody is at work. Leases that a program left when it was killed run out by themselves.
async fn at_rest(app: &App, clock: &SimClock, left: &[Lease]) -> Result<(), AppError> {
    // What was just woken takes its lease meanwhile.
    for _ in 0..3 {
        tokio::task::yield_now().await;
        while leases(app, clock).await?.iter().any(|lease| !left.contains(lease)) {
            tokio::task::yield_now().await;
        }
    }
    Ok(())
}
