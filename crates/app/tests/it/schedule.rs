//! The schedule: sources in their rhythm, on a clock that the test moves.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use shelfread_app::schedule::{ScheduleChange, SourceSchedule, Timetable};
use shelfread_app::{App, AppError, Clock};
use shelfread_domain::port::{LibraryKind, Problem, SourceError};
use shelfread_domain::{RunMode, RunStatus, SourceKind, Trigger};
use shelfread_store::{Page, RunRow};
use shelfread_testkit::faults::Fault;
use shelfread_testkit::until;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::desk::{Desk, server};

crate::scenarios!(
    what_is_due_is_run_and_nothing_else,
    a_source_that_is_new_is_synced_at_once,
    a_paused_source_is_not_run,
    a_failing_source_is_left_alone_ever_longer,
    several_servers_make_each_run_once,
    the_source_of_a_dead_server_passes_on,
    a_source_may_have_a_rhythm_of_its_own,
    quiet_hours_are_quiet,
);

const PATIENCE: Duration = Duration::from_secs(30);
const FILM: &str = r#"movie m1 "Heat" 1995 tmdb=949"#;

pub fn table(full: &str, quick: &str) -> Timetable {
    let (full, quick) = (full.parse().unwrap(), quick.parse().unwrap());
    Timetable { full, quick, ..Timetable::default() }
}

/// Schedules at work on one clock.
pub struct Running {
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

impl Running {
    pub fn start(apps: &[&App]) -> Self {
        let stop = CancellationToken::new();
        let run = |app: &App| {
            let (app, stop) = (app.clone(), stop.clone());
            tokio::spawn(async move { app.run_schedule(stop).await })
        };
        Self { tasks: apps.iter().map(|app| run(app)).collect(), stop }
    }

    /// Waits until nothing is at work and every schedule waits for its time.
    pub async fn settle(&self, desk: &Desk) {
        let mut calm = 0;
        until(PATIENCE, async || {
            let leases = desk.app.store().live_leases(desk.clock.now()).await.unwrap();
            let asleep = desk.clock.sleepers() == self.tasks.len();
            calm = if asleep && leases.is_empty() { calm + 1 } else { 0 };
            calm == 6
        })
        .await;
    }

    /// Lets time pass, in steps that nothing is due between.
    pub async fn pass(&self, desk: &Desk, time: TimeDelta) {
        let end = desk.clock.now() + time;
        self.settle(desk).await;
        while desk.clock.now() < end {
            desk.clock.advance((end - desk.clock.now()).min(TimeDelta::seconds(30)));
            self.settle(desk).await;
        }
    }

    /// Lets time pass until there are so many runs.
    pub async fn runs(&self, desk: &Desk, count: usize) -> DateTime<Utc> {
        for _ in 0..4_000 {
            self.settle(desk).await;
            if runs(desk).await.len() >= count {
                break;
            }
            desk.clock.advance(TimeDelta::seconds(30));
        }
        assert_eq!(runs(desk).await.len(), count);
        desk.clock.now()
    }

    pub async fn stop(self) {
        self.stop.cancel();
        for task in self.tasks {
            task.await.unwrap();
        }
    }
}

/// The runs, the newest first.
pub async fn runs(desk: &Desk) -> Vec<RunRow> {
    desk.app.store().runs(Page { offset: 0, limit: 1_000 }).await.unwrap()
}

pub async fn newest(desk: &Desk) -> (RunMode, Trigger, RunStatus) {
    let run = runs(desk).await.remove(0);
    (run.run.mode, run.run.trigger, run.status)
}

async fn view(app: &App) -> SourceSchedule {
    app.schedule().await.unwrap().remove(0)
}

fn minutes(time: TimeDelta) -> i64 {
    time.num_minutes()
}

async fn what_is_due_is_run_and_nothing_else(desk: Desk) {
    desk.den(LibraryKind::Movies, FILM).await;
    let app = desk.app.clone().with_schedule(table("24h", "15m"));
    let first = desk.clock.now();
    let schedule = Running::start(&[&app]);
    schedule.pass(&desk, TimeDelta::minutes(14)).await;
    assert_eq!(runs(&desk).await.len(), 1, "what a person just did is not done again");
    let at = schedule.runs(&desk, 2).await;
    assert_eq!(newest(&desk).await, (RunMode::Quick, Trigger::Schedule, RunStatus::Succeeded));
    assert!((15..=17).contains(&minutes(at - first)), "{at}");
    let at = schedule.runs(&desk, 3).await;
    assert!((30..=34).contains(&minutes(at - first)), "{at}");
    schedule.stop().await;
    // A day later everything is synced, and only once.
    desk.clock.advance(TimeDelta::hours(24));
    let schedule = Running::start(&[&app]);
    schedule.runs(&desk, 4).await;
    assert_eq!(newest(&desk).await, (RunMode::Full, Trigger::Schedule, RunStatus::Succeeded));
    schedule.pass(&desk, TimeDelta::minutes(10)).await;
    assert_eq!(runs(&desk).await.len(), 4);
    schedule.stop().await;
    desk.is_sound().await;
}

async fn a_source_that_is_new_is_synced_at_once(desk: Desk) {
    let app = desk.app.clone().with_schedule(table("24h", "15m"));
    let schedule = Running::start(&[&app]);
    schedule.settle(&desk).await;
    let den = desk.source("den", SourceKind::Jellyfin).await;
    den.identifies(Ok(server("server-1")));
    den.lists("1", LibraryKind::Movies, FILM);
    schedule.runs(&desk, 1).await;
    assert_eq!(newest(&desk).await, (RunMode::Full, Trigger::Schedule, RunStatus::Succeeded));
    assert_eq!(desk.shelf().await.len(), 1);
    schedule.stop().await;
}

async fn a_paused_source_is_not_run(desk: Desk) {
    desk.den(LibraryKind::Movies, FILM).await;
    desk.change_source("den", |row| row.enabled = false).await;
    let app = desk.app.clone().with_schedule(table("1h", "15m"));
    let schedule = Running::start(&[&app]);
    schedule.pass(&desk, TimeDelta::hours(2)).await;
    assert_eq!(runs(&desk).await.len(), 1);
    let seen = view(&app).await;
    assert_eq!((seen.paused, seen.next_full, seen.next_quick), (true, None, None));
    desk.change_source("den", |row| row.enabled = true).await;
    schedule.runs(&desk, 2).await;
    assert_eq!(newest(&desk).await.0, RunMode::Full);
    schedule.stop().await;
}

async fn a_failing_source_is_left_alone_ever_longer(desk: Desk) {
    desk.den(LibraryKind::Movies, FILM).await;
    let down = SourceError::new("asking den", Problem::Unreachable("refused".to_owned()));
    desk.faulty("den").set([Fault::Identify(down)]);
    let app = desk.app.clone().with_schedule(table("24h", "15m"));
    let schedule = Running::start(&[&app]);
    let mut last = schedule.runs(&desk, 2).await;
    for (count, pause) in [(3, 1), (4, 2), (5, 4), (6, 8), (7, 16)] {
        let seen = view(&app).await;
        assert_eq!(seen.failures, count - 2);
        assert!(seen.why.unwrap().contains("no answer (refused)"));
        let until = seen.backing_off_until.unwrap();
        assert_eq!(seen.next_quick, Some(until), "and it says when it is tried again");
        let at = schedule.runs(&desk, count as usize).await;
        assert!(at >= until, "{at} {until}");
        let waited = minutes(at - last);
        assert!((pause..=pause + pause / 8 + 1).contains(&waited), "{waited} instead of {pause}");
        last = at;
    }
    desk.faulty("den").set([]);
    schedule.runs(&desk, 8).await;
    assert_eq!(newest(&desk).await.2, RunStatus::Succeeded);
    let seen = view(&app).await;
    assert_eq!((seen.failures, seen.backing_off_until, seen.why), (0, None, None));
    schedule.stop().await;
}

async fn several_servers_make_each_run_once(desk: Desk) {
    for name in ["den", "attic", "cellar"] {
        let script = desk.source(name, SourceKind::Jellyfin).await;
        script.identifies(Ok(server(name)));
        script.lists("1", LibraryKind::Movies, FILM);
    }
    let timetable = table("24h", "10m");
    let one = desk.app.clone().with_schedule(timetable.clone());
    let (two, three) = (desk.beside().await, desk.beside().await);
    let (two, three) = (two.with_schedule(timetable.clone()), three.with_schedule(timetable));
    let schedule = Running::start(&[&one, &two, &three]);
    schedule.pass(&desk, TimeDelta::minutes(45)).await;
    for name in ["den", "attic", "cellar"] {
        let runs = runs(&desk).await;
        let of = runs.iter().filter(|run| run.run.source_name == name);
        let mut starts: Vec<_> = of.map(|run| run.run.started_at).collect();
        starts.sort();
        // At once, and then every ten or eleven minutes.
        assert_eq!(starts.len(), 5, "{name}: {starts:?}");
        assert!(starts.windows(2).all(|two| two[1] - two[0] >= TimeDelta::minutes(10)));
    }
    schedule.stop().await;
    desk.is_sound().await;
}

async fn the_source_of_a_dead_server_passes_on(desk: Desk) {
    desk.den(LibraryKind::Movies, FILM).await;
    let source = desk.app.store().source_by_name("den").await.unwrap().unwrap().id;
    let app = desk.app.clone().with_schedule(table("1h", "off"));
    desk.clock.advance(TimeDelta::hours(2));
    // A server on another machine began to sync, and was never heard of again.
    let (store, minute) = (desk.app.store(), Duration::from_secs(60));
    for name in [format!("turn:{source}"), format!("source:{source}")] {
        let taken = store.acquire_lease(&name, "elsewhere", minute, desk.clock.now()).await;
        assert!(taken.unwrap().is_some());
    }
    let schedule = Running::start(&[&app]);
    until(PATIENCE, async || desk.clock.sleepers() == 1).await;
    assert!(view(&app).await.running, "it is being synced, as far as anybody knows");
    desk.clock.advance(TimeDelta::seconds(50));
    until(PATIENCE, async || desk.clock.sleepers() == 1).await;
    assert_eq!(runs(&desk).await.len(), 1, "the lease still holds");
    desk.clock.advance(TimeDelta::seconds(11));
    schedule.runs(&desk, 2).await;
    assert_eq!(newest(&desk).await, (RunMode::Full, Trigger::Schedule, RunStatus::Succeeded));
    schedule.stop().await;
}

async fn a_source_may_have_a_rhythm_of_its_own(desk: Desk) {
    desk.den(LibraryKind::Movies, FILM).await;
    let app = desk.app.clone().with_schedule(table("24h", "15m"));
    let change = |full: Option<&str>, quick: Option<&str>| ScheduleChange {
        full: full.map(str::to_owned),
        quick: quick.map(str::to_owned),
        quiet: None,
    };
    app.set_schedule("den", &change(Some("@hourly"), Some("off"))).await.unwrap();
    let seen = view(&app).await;
    assert_eq!((seen.full.as_str(), seen.quick.as_str()), ("@hourly", "off"));
    assert_eq!(seen.next_quick, None);
    let next = seen.next_full.unwrap();
    let hour: DateTime<Utc> = "2026-01-01T01:00:00Z".parse().unwrap();
    assert!(next >= hour && next < hour + TimeDelta::minutes(6), "{next}");
    for nonsense in ["soon", "0s"] {
        let refused = app.set_schedule("den", &change(Some(nonsense), None)).await;
        assert!(matches!(refused, Err(AppError::Usage(_))), "{nonsense}");
    }
    let nobody = app.set_schedule("attic", &change(None, Some("1h"))).await;
    assert!(matches!(nobody, Err(AppError::NotFound { .. })));
    app.set_schedule("den", &change(Some(""), None)).await.unwrap();
    let seen = view(&app).await;
    assert_eq!((seen.full.as_str(), seen.quick.as_str()), ("24h", "off"));
}

async fn quiet_hours_are_quiet(desk: Desk) {
    desk.den(LibraryKind::Movies, FILM).await;
    let quiet = Some("00:10-03:00".parse().unwrap());
    let app = desk.app.clone().with_schedule(Timetable { quiet, ..table("24h", "15m") });
    let schedule = Running::start(&[&app]);
    let at = schedule.runs(&desk, 2).await;
    let over: DateTime<Utc> = "2026-01-01T03:00:00Z".parse().unwrap();
    assert!(at >= over && at <= over + TimeDelta::minutes(6), "{at}");
    schedule.stop().await;
}
