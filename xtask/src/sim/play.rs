//! Plays a script: step by step, each one judged by the model, and at the end everything that must
//! be true when all servers answer again.

use std::collections::BTreeMap;
use std::sync::Arc;

use shelfread_app::person::{SettingsChange, Wish};
use shelfread_app::sources::new_source;
use shelfread_app::{App, AppError, Clock, Quiet, RunReport, SyncRequest};
use shelfread_domain::{Existing, Field, ItemId, ListingId, RunId, RunStatus, SourceId};
use shelfread_store::{ManagedBy, SourceRow};
use uuid::Uuid;

use super::desk::Desk;
use super::edit::picked;
use super::end;
use super::model::{Broken, Done, Model, Verdict, Work, broken};
use super::port::{Heard, Shared};
use super::script::{Fault, Mode, Script, Step};
use super::tables::{Id, Tables};
use super::world::World;

/// A script at play.
pub struct Play<'d> {
    pub(super) desk: &'d Desk,
    pub(super) shared: Shared,
    pub(super) app: App,
    pub(super) model: Model,
    pub(super) tables: Tables,
    /// The next work dies after so many statements.
    kill: Option<u32>,
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

fn fails<E: std::fmt::Display>(error: E) -> Broken {
    Broken { promise: "works", how: error.to_string() }
}

/// Of two programs that were asked for the same, one did it for each source.
fn better(one: Vec<RunReport>, other: Vec<RunReport>) -> Vec<RunReport> {
    let pairs = one.into_iter().zip(other);
    pairs.map(|(a, b)| if a.status == RunStatus::Failed { b } else { a }).collect()
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
        let servers = shared.lock().world.servers.clone();
        for server in &servers {
            let id = SourceId(Uuid::now_v7());
            let row = new_source(id, &server.name, server.source_kind(), ManagedBy::Person);
            let row = SourceRow { priority: server.priority, on_missing: server.policy(), ..row };
            app.store().put_source(&row, desk.clock.now()).await.map_err(fails)?;
        }
        let tables = desk.read().map_err(fails)?;
        Ok(Self { desk, shared, app, model: Model::default(), tables, kill: None })
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
            self.app = self.desk.start(&self.shared);
        }
        if let Some(Err(error)) = &done
            && matches!(error, AppError::Store(_) | AppError::Client { .. })
        {
            return broken("works", error.to_string());
        }
        let heard = std::mem::take(&mut self.shared.lock().heard);
        Ok(Outcome { done, heard })
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

    async fn sync(&mut self, server: Option<u32>, mode: Mode, faults: &[(u32, Fault)]) -> Verdict {
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
        let second = self.desk.second(&self.shared);
        let sync = async |app: &App| {
            let Some(second) = &second else { return app.sync(request, Arc::new(Quiet)).await };
            let both = (app.sync(request, Arc::new(Quiet)), second.sync(request, Arc::new(Quiet)));
            let (one, other) = futures::join!(both.0, both.1);
            Ok(better(one?, other?))
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

    /// The item that a number names.
    fn item(&self, pick: u32) -> Option<Id> {
        picked(&self.tables.items.keys().copied().collect::<Vec<_>>(), pick).copied()
    }

    async fn wish(&mut self, pick: u32, field: u32, text: Option<u32>) -> Verdict {
        let fields = [Field::Title, Field::Year, Field::Overview];
        let field = fields[field as usize % 3];
        let value = text.map(|n| match field {
            Field::Year => (1900 + n).to_string(),
            _ => format!("Corrected {n}"),
        });
        let wish = value.clone().map_or(Wish::Nothing, Wish::Value);
        self.correct(pick, field, wish, |own| {
            own.overrides.insert(field.to_string(), value);
        })
        .await
    }

    async fn reset(&mut self, pick: u32, field: u32) -> Verdict {
        let field = [Field::Title, Field::Year, Field::Overview][field as usize % 3];
        self.correct(pick, field, Wish::Sources, |own| {
            own.overrides.remove(&field.to_string());
        })
        .await
    }

    async fn correct(
        &mut self,
        pick: u32,
        field: Field,
        wish: Wish,
        noted: impl FnOnce(&mut super::tables::Personal),
    ) -> Verdict {
        let Some(id) = self.item(pick) else { return Ok(()) };
        let item = ItemId(Uuid::from_u128(id));
        let wishes = [(field, wish)];
        let outcome = self.work(async |app| app.correct_fields(item, &wishes).await).await?;
        self.note(id, &outcome, noted)
    }

    async fn settings(&mut self, pick: u32, on: bool) -> Verdict {
        let Some(id) = self.item(pick) else { return Ok(()) };
        let change = SettingsChange { auto_download: Some(on), status: None };
        let item = ItemId(Uuid::from_u128(id));
        let outcome = self.work(async |app| app.change_settings(item, &change).await).await?;
        self.note(id, &outcome, |own| own.settings = Some((on, None)))
    }

    /// Notes what a person set, if it was done; a killed program did it whole or not at all.
    fn note<T>(
        &mut self,
        id: Id,
        outcome: &Outcome<T>,
        noted: impl FnOnce(&mut super::tables::Personal),
    ) -> Verdict {
        let before = self.model.personal.get(&id).cloned().unwrap_or_default();
        let mut wanted = before.clone();
        noted(&mut wanted);
        let is = self.desk.read().map_err(fails)?.personal.get(&id).cloned().unwrap_or_default();
        let done = match &outcome.done {
            None => is == wanted,
            Some(done) => done.is_ok(),
        };
        // To switch off what was never on needs no row.
        let off = wanted.settings == Some((false, None)) && before.settings.is_none();
        let unneeded = done && off && is == before;
        let now = if done && !unneeded { wanted } else { before };
        self.model.personal.insert(id, now);
        self.judge(Work::Person, outcome)
    }

    async fn merge(&mut self, keep: u32, gone: u32) -> Verdict {
        let Some(keep) = self.item(keep) else { return Ok(()) };
        let kind = self.tables.items[&keep].kind.clone();
        let alike = |(id, i): (&Id, &super::tables::Item)| {
            (*id != keep && i.kind == kind && (kind == "movie" || kind == "show")).then_some(*id)
        };
        let alike: Vec<_> = self.tables.items.iter().filter_map(alike).collect();
        let Some(gone) = picked(&alike, gone).copied() else { return Ok(()) };
        let [one, two] = [keep, gone].map(|id| ItemId(Uuid::from_u128(id)));
        let outcome = self.work(async |app| app.merge_items(one, two).await).await?;
        let after = self.desk.read().map_err(fails)?;
        self.nothing_lost(keep, gone, &after)?;
        self.decided(&outcome, &after)
    }

    /// P3: when two items become one, what was set on either stays.
    fn nothing_lost(&self, keep: Id, gone: Id, after: &Tables) -> Verdict {
        if after.items.contains_key(&gone) {
            return Ok(());
        }
        let of = |id| self.tables.personal.get(&id).cloned().unwrap_or_default();
        let (kept, other) = (of(keep), of(gone));
        let is = after.personal.get(&keep).cloned().unwrap_or_default();
        let mut wanted = other.overrides;
        wanted.extend(kept.overrides);
        let settings = kept.settings.or(other.settings);
        if is.overrides != wanted || is.settings != settings {
            return broken("P3", format!("a merge made {is:?} of {wanted:?} {settings:?}"));
        }
        Ok(())
    }

    /// After a decision about several items the model takes over what is set.
    fn decided<T>(&mut self, outcome: &Outcome<T>, after: &Tables) -> Verdict {
        self.model.personal_again(after);
        self.judge(Work::Person, outcome)
    }

    async fn split(&mut self, pick: u32) -> Verdict {
        let placed = |(id, l): (&Id, &super::tables::Listing)| l.item.map(|item| (*id, item));
        let placed: Vec<_> = self.tables.listings.iter().filter_map(placed).collect();
        let Some((listing, item)) = picked(&placed, pick).copied() else { return Ok(()) };
        let (item, listing) = (ItemId(Uuid::from_u128(item)), ListingId(Uuid::from_u128(listing)));
        let outcome = self.work(async |app| app.split_item(item, listing).await).await?;
        let after = self.desk.read().map_err(fails)?;
        self.decided(&outcome, &after)
    }

    async fn place(&mut self, pick: u32, own: bool) -> Verdict {
        let waits = |(id, l): (&Id, &super::tables::Listing)| l.review.then_some(*id);
        let waiting: Vec<_> = self.tables.listings.iter().filter_map(waits).collect();
        let Some(listing) = picked(&waiting, pick).copied() else { return Ok(()) };
        let to = if own { None } else { self.item(pick) };
        let (listing, to) =
            (ListingId(Uuid::from_u128(listing)), to.map(|id| ItemId(Uuid::from_u128(id))));
        let outcome = self.work(async |app| app.place_listing(listing, to).await).await?;
        let after = self.desk.read().map_err(fails)?;
        self.decided(&outcome, &after)
    }

    /// The run of a hold that waits.
    fn held(&self, pick: u32) -> Option<RunId> {
        picked(&self.tables.holds, pick).map(|(_, run)| RunId(Uuid::from_u128(*run)))
    }

    async fn approve(&mut self, pick: u32) -> Verdict {
        let Some(run) = self.held(pick) else { return Ok(()) };
        let outcome = self.work(async |app| app.approve(run, &Quiet).await).await?;
        self.judge(Work::Approve, &outcome)
    }

    async fn discard(&mut self, pick: u32) -> Verdict {
        let Some(run) = self.held(pick) else { return Ok(()) };
        let before = self.tables.items.len();
        let outcome = self.work(async |app| app.discard(run).await).await?;
        self.judge(Work::Person, &outcome)?;
        match self.tables.items.len() == before {
            true => Ok(()),
            false => broken("P5", "what was discarded went"),
        }
    }

    async fn revert(&mut self, back: u32) -> Verdict {
        let runs: Vec<_> = self.tables.runs.iter().filter(|r| !r.2).collect();
        let Some((run, ..)) = runs.iter().rev().nth(back as usize) else { return Ok(()) };
        let run = RunId(Uuid::from_u128(*run));
        let outcome = self.work(async |app| app.revert(run).await).await?;
        let after = self.desk.read().map_err(fails)?;
        self.model.personal_again(&after);
        self.judge(Work::Undo, &outcome)
    }

    async fn priority(&mut self, pick: u32, priority: u32) -> Verdict {
        let name = {
            let state = self.shared.lock();
            let servers = &state.world.servers;
            servers[pick as usize % servers.len()].name.clone()
        };
        let row = self.app.store().source_by_name(&name).await.map_err(fails)?;
        let Some(row) = row else { return broken("works", "a source is gone") };
        let row = SourceRow { priority: i32::try_from(priority).unwrap_or_default(), ..row };
        let outcome = self.work(async |app| app.save_source(&row).await).await?;
        self.judge(Work::Person, &outcome)
    }

    async fn remove(&mut self, pick: u32) -> Verdict {
        let Some(id) = self.item(pick) else { return Ok(()) };
        let item = ItemId(Uuid::from_u128(id));
        let is_listed = |l: &super::tables::Listing| l.item == Some(id) && !l.missing && !l.kept;
        let listed = self.tables.listings.values().any(is_listed);
        let outcome = self.work(async |app| app.remove_item(item).await).await?;
        self.judge(Work::Undo, &outcome)?;
        match listed && !self.tables.items.contains_key(&id) {
            true => broken("P4", "an item that is listed was taken away"),
            false => Ok(()),
        }
    }
}
