//! Notifications: each target is told each event once, whatever the number of servers, and what
//! could not be told is kept.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use serde_json::json;
use shelfread_app::notify::{NotifierFactory, SaveTarget};
use shelfread_app::{App, AppError, Clock};
use shelfread_domain::notify::{Notice, Notifier, TargetKind};
use shelfread_domain::port::{LibraryKind, Problem, SourceError};
use shelfread_store::{LetterFilter, LetterState, ManagedBy, NewEvent, TargetRow};
use shelfread_testkit::faults::Fault;
use shelfread_testkit::until;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::desk::Desk;

crate::scenarios!(
    a_held_run_and_a_dead_source_are_told_unless_said_otherwise,
    each_target_is_told_what_it_wants_and_only_from_then_on,
    two_servers_tell_each_event_once,
    what_cannot_be_told_is_tried_again_and_then_kept,
    a_letter_of_a_dead_server_is_delivered_by_another,
    a_target_is_tested_at_once,
    what_makes_no_sense_is_refused,
    urls_and_secrets_are_never_shown,
);

const PATIENCE: Duration = Duration::from_secs(30);

/// Targets in memory: what they were told, and whether they take it.
#[derive(Clone, Debug, Default)]
struct Phones {
    told: Arc<Mutex<Vec<(String, Notice)>>>,
    broken: Arc<Mutex<Option<Problem>>>,
}

#[derive(Debug)]
struct Phone(String, Phones);

#[async_trait]
impl Notifier for Phone {
    async fn tell(&self, notice: &Notice, _: DateTime<Utc>) -> Result<(), SourceError> {
        if let Some(problem) = self.1.broken.lock().unwrap().clone() {
            return Err(SourceError::new("telling a phone", problem));
        }
        self.1.told.lock().unwrap().push((self.0.clone(), notice.clone()));
        Ok(())
    }
}

impl NotifierFactory for Phones {
    fn address(&self, url: &SecretString) -> Result<String, SourceError> {
        use secrecy::ExposeSecret;
        match url.expose_secret().starts_with("https://") {
            true => Ok("https://phone".to_owned()),
            false => Err(SourceError::new("a phone", Problem::Configuration("no url".to_owned()))),
        }
    }

    fn open(&self, target: &TargetRow) -> Result<Arc<dyn Notifier>, SourceError> {
        Ok(Arc::new(Phone(target.name.clone(), self.clone())))
    }
}

impl Phones {
    /// What was told, as `target kind`, in order.
    fn told(&self) -> Vec<String> {
        let told = self.told.lock().unwrap();
        told.iter().map(|(to, notice)| format!("{to} {}", notice.kind)).collect()
    }

    fn breaks(&self, problem: Option<Problem>) {
        *self.broken.lock().unwrap() = problem;
    }
}

/// An application with targets in memory, whose outbox is at work.
struct House {
    desk: Desk,
    app: App,
    phones: Phones,
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

impl House {
    fn new(desk: Desk) -> Self {
        let phones = Phones::default();
        let app = desk.app.clone().with_notifiers(Arc::new(phones.clone()));
        Self { desk, app, phones, stop: CancellationToken::new(), tasks: Vec::new() }
    }

    async fn target(&self, name: &str, events: Option<&[&str]>) {
        let events = events.map(|all| all.iter().map(|kind| (*kind).to_owned()).collect());
        let target = SaveTarget {
            kind: Some(TargetKind::Ntfy),
            url: Some("https://phone/s3cret".into()),
            secret: Some("s3cret".into()),
            events,
            ..SaveTarget::named(name)
        };
        self.app.save_target(target).await.unwrap();
    }

    fn run(&mut self, app: &App) {
        let (app, stop) = (app.clone(), self.stop.clone());
        self.tasks.push(tokio::spawn(async move { app.run_outbox(stop).await }));
    }

    async fn event(&self, kind: &str) {
        let event = NewEvent::new(self.desk.clock.now(), kind, "info", json!({ "source": "den" }));
        self.app.store().append_events(&[event]).await.unwrap();
    }

    /// Lets time pass, and each outbox look once.
    async fn pass(&self, time: TimeDelta) {
        let asleep = async || self.desk.clock.sleepers() == self.tasks.len();
        until(PATIENCE, asleep).await;
        self.desk.clock.advance(time);
        until(PATIENCE, asleep).await;
    }

    async fn letters(&self, state: LetterState) -> Vec<(i64, u32)> {
        let filter = LetterFilter { state: Some(state), ..LetterFilter::default() };
        let letters = self.app.letters(&filter, 100).await.unwrap();
        letters.iter().map(|letter| (letter.event_seq, letter.attempts)).collect()
    }

    async fn end(self) {
        self.stop.cancel();
        for task in self.tasks {
            task.await.unwrap();
        }
    }
}

async fn a_held_run_and_a_dead_source_are_told_unless_said_otherwise(desk: Desk) {
    let shelf: String = (0..20).map(|n| format!("movie m{n} \"Film {n}\" 2001\n")).collect();
    let den = desk.den(LibraryKind::Movies, &shelf).await;
    let mut house = House::new(desk);
    house.target("phone", None).await;
    let app = house.app.clone();
    house.run(&app);
    den.lists("1", LibraryKind::Movies, "movie m1 \"Film 1\" 2001");
    house.desk.sync("den").await;
    let down = SourceError::new("asking den", Problem::Unreachable("refused".to_owned()));
    house.desk.faulty("den").set([Fault::Identify(down)]);
    house.desk.sync("den").await;
    house.desk.sync("den").await;
    house.pass(TimeDelta::seconds(1)).await;
    until(PATIENCE, async || house.phones.told().len() >= 2).await;
    house.pass(TimeDelta::seconds(1)).await;
    assert_eq!(house.phones.told(), ["phone run.held", "phone source.failed"]);
    let told = house.phones.told.lock().unwrap().clone();
    assert_eq!(told[0].1.title, "den: removals wait for you");
    assert!(told[0].1.text.contains("19 items of library 1"), "{}", told[0].1.text);
    assert!(told[1].1.text.contains("no answer (refused)"), "{}", told[1].1.text);
    assert_eq!(told[0].1.data["data"]["source"], "den");
    house.end().await;
}

async fn each_target_is_told_what_it_wants_and_only_from_then_on(desk: Desk) {
    let mut house = House::new(desk);
    house.event("run.held").await;
    house.target("all", Some(&["*"])).await;
    house.target("queue", Some(&["download", "run.held"])).await;
    house.target("off", Some(&["*"])).await;
    let off = SaveTarget { enabled: Some(false), ..SaveTarget::named("off") };
    house.app.save_target(off).await.unwrap();
    let app = house.app.clone();
    house.run(&app);
    for kind in ["download.completed", "run.finished", "run.held"] {
        house.event(kind).await;
    }
    house.pass(TimeDelta::seconds(1)).await;
    until(PATIENCE, async || house.phones.told().len() >= 5).await;
    let mut told = house.phones.told();
    told.sort();
    assert_eq!(
        told,
        [
            "all download.completed",
            "all run.finished",
            "all run.held",
            "queue download.completed",
            "queue run.held"
        ]
    );
    // What happened while it was off is not told when it is on again.
    let on = SaveTarget { enabled: Some(true), ..SaveTarget::named("off") };
    house.app.save_target(on).await.unwrap();
    house.pass(TimeDelta::seconds(1)).await;
    assert_eq!(house.phones.told().len(), 5);
    house.app.remove_target("all").await.unwrap();
    house.event("run.finished").await;
    house.pass(TimeDelta::seconds(1)).await;
    until(PATIENCE, async || house.phones.told().len() >= 6).await;
    assert_eq!(house.phones.told()[5], "off run.finished");
    house.end().await;
}

async fn two_servers_tell_each_event_once(desk: Desk) {
    let mut house = House::new(desk);
    house.target("phone", Some(&["*"])).await;
    let other = house.desk.beside().await.with_notifiers(Arc::new(house.phones.clone()));
    let app = house.app.clone();
    house.run(&app);
    house.run(&other);
    for round in 0..10 {
        for _ in 0..10 {
            house.event("run.finished").await;
        }
        house.pass(TimeDelta::seconds(1)).await;
        let count = (round + 1) * 10;
        until(PATIENCE, async || house.phones.told().len() >= count).await;
    }
    house.pass(TimeDelta::minutes(5)).await;
    let mut told: Vec<_> = house.phones.told.lock().unwrap().iter().map(|t| t.1.seq).collect();
    let all = told.len();
    told.sort_unstable();
    told.dedup();
    assert_eq!((told.len(), all), (100, 100));
    assert_eq!(house.letters(LetterState::Sent).await.len(), 100);
    house.end().await;
}

async fn what_cannot_be_told_is_tried_again_and_then_kept(desk: Desk) {
    let mut house = House::new(desk);
    house.target("phone", Some(&["*"])).await;
    house.phones.breaks(Some(Problem::Status(500)));
    house.event("run.held").await;
    let app = house.app.clone();
    house.run(&app);
    for attempts in 1..8 {
        until(PATIENCE, async || {
            house.letters(LetterState::Waiting).await.first().map(|l| l.1) == Some(attempts)
        })
        .await;
        house.pass(TimeDelta::seconds(20)).await;
        let waiting = house.letters(LetterState::Waiting).await;
        assert_eq!(waiting[0].1, attempts, "not yet");
        house.pass(TimeDelta::hours(6)).await;
    }
    until(PATIENCE, async || house.letters(LetterState::Dead).await.len() == 1).await;
    house.pass(TimeDelta::days(1)).await;
    assert_eq!(house.letters(LetterState::Dead).await[0].1, 8, "it is tried no more");
    let seen = house.app.targets().await.unwrap().remove(0);
    assert_eq!((seen.waiting, seen.dead), (0, 1));
    let dead = house.app.letters(&LetterFilter::default(), 1).await.unwrap().remove(0);
    assert!(dead.last_error.unwrap().contains("status 500"));
    house.phones.breaks(None);
    assert_eq!(house.app.replay_target("phone").await.unwrap(), 1);
    house.pass(TimeDelta::seconds(1)).await;
    until(PATIENCE, async || house.phones.told() == ["phone run.held"]).await;
    until(PATIENCE, async || house.letters(LetterState::Sent).await.len() == 1).await;
    assert!(house.app.replay_letter(dead.id).await.is_err(), "it is dead no more");
    house.end().await;
}

async fn a_letter_of_a_dead_server_is_delivered_by_another(desk: Desk) {
    let mut house = House::new(desk);
    house.target("phone", Some(&["*"])).await;
    let app = house.app.clone();
    house.phones.breaks(Some(Problem::Timeout(15)));
    house.run(&app);
    house.event("run.held").await;
    house.pass(TimeDelta::seconds(1)).await;
    until(PATIENCE, async || house.letters(LetterState::Waiting).await == [(1, 1)]).await;
    // Another server claims it as soon as it is due again, and is never heard of again.
    let (store, ttl) = (app.store().clone(), Duration::from_secs(60));
    let due = house.desk.clock.now() + TimeDelta::seconds(30);
    let claimed = store.claim_letters("elsewhere", ttl, due, 10).await.unwrap();
    assert_eq!(claimed.len(), 1);
    house.phones.breaks(None);
    house.pass(TimeDelta::seconds(40)).await;
    assert!(house.phones.told().is_empty(), "the other one may be at it");
    house.pass(TimeDelta::seconds(51)).await;
    until(PATIENCE, async || house.phones.told() == ["phone run.held"]).await;
    store.note_attempt(claimed[0].id, "elsewhere", Some("late"), None, due).await.unwrap();
    until(PATIENCE, async || house.letters(LetterState::Sent).await.len() == 1).await;
    house.end().await;
}

async fn a_target_is_tested_at_once(desk: Desk) {
    let house = House::new(desk);
    house.target("phone", None).await;
    house.app.test_target("phone").await.unwrap();
    assert_eq!(house.phones.told(), ["phone notification.test"]);
    house.phones.breaks(Some(Problem::Unauthorized));
    let error = house.app.test_target("phone").await.unwrap_err();
    assert!(error.to_string().contains("the token was refused"), "{error}");
    assert!(matches!(house.app.test_target("nobody").await, Err(AppError::NotFound { .. })));
}

async fn what_makes_no_sense_is_refused(desk: Desk) {
    let house = House::new(desk);
    let good = SaveTarget {
        kind: Some(TargetKind::Webhook),
        url: Some("https://phone/x".into()),
        ..SaveTarget::named("phone")
    };
    for bad in [
        SaveTarget { name: String::new(), ..good.clone() },
        SaveTarget { name: "a/b".to_owned(), ..good.clone() },
        SaveTarget { kind: None, ..good.clone() },
        SaveTarget { url: None, ..good.clone() },
        SaveTarget { url: Some("file:///etc/passwd".into()), ..good.clone() },
        SaveTarget { events: Some(vec!["everything!".to_owned()]), ..good.clone() },
    ] {
        let refused = house.app.save_target(bad.clone()).await;
        assert!(matches!(refused, Err(AppError::Usage(_))), "{bad:?}");
    }
    assert!(house.app.targets().await.unwrap().is_empty());
    assert!(house.app.remove_target("phone").await.is_err());
    house.app.save_target(good).await.unwrap();
    house.desk.is_sound().await;
}

async fn urls_and_secrets_are_never_shown(desk: Desk) {
    let house = House::new(desk);
    house.target("phone", None).await;
    let seen = house.app.targets().await.unwrap();
    assert_eq!((seen[0].address.as_str(), seen[0].has_secret), ("https://phone", true));
    let rows = house.app.store().targets().await.unwrap();
    let shown = format!("{} {rows:?}", serde_json::to_string(&seen).unwrap());
    assert!(!shown.contains("s3cret"), "{shown}");
    // What a person changes leaves the rest; what the file says is all there is.
    let change = SaveTarget { events: Some(vec!["*".to_owned()]), ..SaveTarget::named("phone") };
    house.app.save_target(change).await.unwrap();
    assert!(house.app.targets().await.unwrap()[0].has_secret);
    let declared = SaveTarget {
        kind: Some(TargetKind::Ntfy),
        url: Some("https://phone/other".into()),
        managed_by: ManagedBy::File,
        ..SaveTarget::named("phone")
    };
    house.app.save_target(declared).await.unwrap();
    assert!(!house.app.targets().await.unwrap()[0].has_secret);
}
