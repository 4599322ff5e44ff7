//! Plays a script: step by step, each one judged by the model, and at the end everything that must
//! be true when all servers answer again.

use std::collections::BTreeSet;

use shelfread_app::downloads::clients::new_client;
use shelfread_app::sources::new_source;
use shelfread_app::{App, AppError, Clock};
use shelfread_domain::SourceId;
use shelfread_domain::id::ClientId;
use shelfread_store::{ManagedBy, SourceRow};
use uuid::Uuid;

use super::desk::Desk;
use super::model::{Broken, Done, Model, Verdict, Work, broken};
use super::port::{Heard, Shared};
use super::queue::Queue;
use super::script::{Script, Step};
use super::tables::Tables;
use super::world::World;

/// A script at play.
pub struct Play<'d> {
    pub(super) desk: &'d Desk,
    pub(super) shared: Shared,
    pub(super) app: App,
    pub(super) model: Model,
    pub(super) queue: Queue,
    pub(super) tables: Tables,
    /// The next work dies after so many statements.
    pub(super) kill: Option<u32>,
    /// Sources that called and were not asked since.
    pub(super) hinted: BTreeSet<String>,
}

/// Where a script broke a promise.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The step; one behind the last when it was the end.
    pub step: usize,
    /// What was broken.
    pub broken: Broken,
}

/// Plays a script from an empty database to its end.
///
/// # Errors
/// The first promise that is broken.
pub async fn play(desk: &Desk, script: &Script) -> Result<(), Failure> {
    let at = |step| move |broken| Failure { step, broken };
    let mut play = Play::begin(desk, script).await.map_err(at(0))?;
    for (n, step) in script.steps.iter().enumerate() {
        play.step(step).await.map_err(at(n))?;
    }
    play.end().await.map_err(at(script.steps.len()))
}

/// An error where there must be none.
pub(super) fn fails<E: std::fmt::Display>(error: E) -> Broken {
    Broken { promise: "works", how: error.to_string() }
}

/// What became of one piece of work.
pub(super) struct Outcome<T> {
    /// What it gave; `None` when it was killed.
    pub(super) done: Option<Result<T, AppError>>,
    /// What the servers told meanwhile.
    pub(super) heard: Heard,
}

impl<'d> Play<'d> {
    async fn begin(desk: &'d Desk, script: &Script) -> Result<Self, Broken> {
        desk.clear().map_err(fails)?;
        let shared = Shared::default();
        shared.lock().world = World::new(script);
        let app = desk.start(&shared);
        let World { servers, clients, .. } = shared.lock().world.clone();
        for server in &servers {
            let id = SourceId(Uuid::now_v7());
            let row = new_source(id, &server.name, server.source_kind(), ManagedBy::Person);
            let row = SourceRow { priority: server.priority, on_missing: server.policy(), ..row };
            app.store().put_source(&row, desk.clock.now()).await.map_err(fails)?;
        }
        for client in &clients {
            let id = ClientId(Uuid::now_v7());
            let row = new_client(id, &client.name, client.kind, ManagedBy::Person);
            app.store().put_client(&row, desk.clock.now()).await.map_err(fails)?;
        }
        let tables = desk.read().map_err(fails)?;
        let (model, queue, hinted) = (Model::default(), Queue::default(), BTreeSet::new());
        Ok(Self { desk, shared, app, model, queue, tables, kill: None, hinted })
    }

    async fn step(&mut self, step: &Step) -> Verdict {
        if step.is_work() {
            self.desk.clock.advance(61);
        }
        match step {
            Step::Kill { after } => self.kill = Some(*after),
            Step::Jump { seconds } => self.desk.clock.advance(*seconds),
            Step::Sync { server, mode, faults } => self.sync(*server, *mode, faults).await?,
            Step::Set { item, field, text } => self.wish(*item, *field, Some(*text)).await?,
            Step::Clear { item, field } => self.wish(*item, *field, None).await?,
            Step::Reset { item, field } => self.reset(*item, *field).await?,
            Step::Settings { item, on } => self.settings(*item, *on).await?,
            Step::Merge { keep, gone } => self.merge(*keep, *gone).await?,
            Step::Split { listing } => self.split(*listing).await?,
            Step::Place { listing, own } => self.place(*listing, *own).await?,
            Step::Approve { hold } => self.approve(*hold).await?,
            Step::Discard { hold } => self.discard(*hold).await?,
            Step::Revert { back } => self.revert(*back).await?,
            Step::Priority { server, priority } => self.priority(*server, *priority).await?,
            Step::Remove { item } => self.remove(*item).await?,
            Step::Hook { server, object, news, times } => {
                self.hook(*server, *object, *news, *times).await?;
            }
            Step::Minutes => self.minutes().await?,
            Step::Give { client, film, trouble } => self.give(*client, *film, *trouble).await?,
            Step::Order { download, order, trouble } => {
                self.order(*download, *order, *trouble).await?;
            }
            Step::Look { client, twice, troubles } => {
                self.look(*client, *twice, troubles).await?;
            }
            _ => {
                let now = self.desk.clock.now();
                self.shared.lock().world.apply(step, now);
            }
        }
        Ok(())
    }

    /// Does a piece of work, which may be killed. After that the program is started again.
    pub(super) async fn work<T>(
        &mut self,
        work: impl AsyncFnOnce(&App) -> Result<T, AppError>,
    ) -> Result<Outcome<T>, Broken> {
        let app = self.app.clone();
        let done = self.desk.live(self.kill.take(), work(&app)).await.map_err(fails)?;
        if done.is_none() {
            self.start_again();
        }
        if let Some(Err(error)) = &done
            && matches!(error, AppError::Store(_))
        {
            return broken("works", error.to_string());
        }
        let heard = std::mem::take(&mut self.shared.lock().heard);
        Ok(Outcome { done, heard })
    }

    /// The program is started again, and knows only what it wrote down.
    pub(super) fn start_again(&mut self) {
        self.app = self.desk.start(&self.shared);
        self.hinted.clear();
    }

    /// Lets the model look at what was done.
    pub(super) fn judge<T>(&mut self, work: Work, outcome: &Outcome<T>) -> Verdict {
        let after = self.desk.read().map_err(fails)?;
        let before = std::mem::replace(&mut self.tables, after);
        let done = Done {
            work,
            killed: outcome.done.is_none(),
            before: &before,
            after: &self.tables,
            heard: &outcome.heard,
        };
        let verdict = self.model.judge(&mut self.shared.lock().world, &done);
        verdict.map_err(|b| Broken { how: format!("{} (after {work:?})", b.how), ..b })
    }
}
