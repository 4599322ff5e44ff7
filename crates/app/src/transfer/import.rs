//! Import: lines to the catalogue. The file is read twice: first to its end, so that a file that is
//! not whole or not well-formed changes nothing; then a batch at a time, by the rules of identity.
//! What the catalogue has already stays as it is, so importing twice changes nothing, and it is a
//! run, so it can be seen and reverted. Sources that are new come without their secrets, disabled.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use futures::future::BoxFuture;
use shelfread_domain::known::title_of;
use shelfread_domain::port::LibraryKind;
use shelfread_domain::{
    Counts, Existing, ItemId, ItemKind, ItemRecord, Known, LibraryId, ListingId, ListingRecord,
    Lookup, Observation, OverrideRecord, ProgressRecord, RunId, RunMode, RunStatus, SettingsRecord,
    SourceId, Trigger, ViewerId,
};
use shelfread_reconcile::correct::{self, Restored, Whole};
use shelfread_store::{Batch, Lease, ManagedBy, NewRun, RunEnd, RunError, SourceRow, StoreError};
use uuid::Uuid;

use super::format::{ItemLine, LibraryLine, Line, ListingLine, SourceLine, ViewerLine};
use super::reader::Reader;
use crate::App;
use crate::error::{AppError, Result};
use crate::history::Origin;
use crate::person::Concerned;
use crate::sources::new_source;
use crate::sync::RunReport;

/// Items of one transaction.
const BATCH: usize = 200;
/// The most failures that are kept.
const MOST_ERRORS: usize = 1_000;
/// Whom the record of an import names as its source.
const NAME: &str = "an import";

/// What an import did.
#[derive(Clone, Debug)]
pub struct Imported {
    /// Its run.
    pub report: RunReport,
    /// Sources that were not there before; they need their tokens, and to be enabled.
    pub new_sources: Vec<String>,
}

impl App {
    /// Imports a file that [`App::export`] wrote, or one like it.
    ///
    /// # Errors
    /// [`AppError::Usage`] with the line that is wrong: nothing was changed then.
    /// [`AppError::AtWork`]; what the database says. What has no place is in the report.
    pub fn import<'a>(&'a self, path: &'a Path) -> BoxFuture<'a, Result<Imported>> {
        Box::pin(async move {
            Reader::check(path)?;
            let lease = crate::sync::take_persons_lease(self).await?;
            let renewal = crate::sync::keep_lease(self, &lease);
            let done = self.import_leased(path, &lease).await;
            drop(renewal);
            self.store.release_lease(lease).await?;
            done
        })
    }

    async fn import_leased(&self, path: &Path, lease: &Lease) -> Result<Imported> {
        let now = self.clock.now();
        self.store.close_killed_runs(None, now).await?;
        let run = RunId(Uuid::now_v7());
        let new = NewRun {
            id: run,
            source_id: None,
            source_name: NAME.to_owned(),
            trigger: Trigger::Manual,
            mode: RunMode::Targeted,
            library: None,
            dry_run: false,
            existing: Existing::Fill,
            reverts_run_id: None,
            started_at: now,
        };
        self.store.begin_run(&new).await?;
        let mut import = Import {
            app: self,
            lease,
            run,
            sources: HashMap::new(),
            libraries: HashMap::new(),
            viewers: HashMap::new(),
            shows: HashMap::new(),
            new_sources: Vec::new(),
            waiting: Vec::new(),
            counts: Counts::default(),
            errors: Vec::new(),
        };
        let done = import.all(path).await;
        let report = import.finish(done.as_ref().err()).await?;
        done?;
        Ok(Imported { report, new_sources: import.new_sources })
    }
}

/// An import at work.
struct Import<'a> {
    app: &'a App,
    lease: &'a Lease,
    run: RunId,
    sources: HashMap<String, SourceId>,
    libraries: HashMap<(String, String), LibraryId>,
    viewers: HashMap<(String, String), ViewerId>,
    /// The shows of the file, as they are called here.
    shows: HashMap<ItemId, ItemId>,
    new_sources: Vec<String>,
    waiting: Vec<Whole>,
    counts: Counts,
    errors: Vec<RunError>,
}

impl Import<'_> {
    async fn all(&mut self, path: &Path) -> Result<()> {
        let mut reader = Reader::open(path)?;
        while let Some(line) = reader.next()? {
            match line {
                Line::Header(_) | Line::End(_) => {}
                Line::Source(source) => self.source(source).await?,
                Line::Library(library) => self.library(library).await?,
                Line::Viewer(viewer) => self.viewer(viewer).await?,
                Line::Item(item) => self.item(*item).await?,
            }
        }
        self.write().await
    }

    /// A source of the same name and kind is the same one; ours stays as it is.
    async fn source(&mut self, line: SourceLine) -> Result<()> {
        let misfit = |what: &str| AppError::Usage(format!("source '{}': {what}", line.name));
        let kind = line.kind.parse().map_err(|_| misfit("unknown kind"))?;
        let known = self.app.store.source_by_name(&line.name).await?;
        let id = match known {
            Some(known) if known.kind == kind => known.id,
            Some(known) => {
                return Err(misfit(&format!("the catalogue knows it as {}", known.kind)));
            }
            None => {
                let new = SourceId(Uuid::now_v7());
                let row = SourceRow {
                    url: line.url,
                    settings: line.settings.into_iter().collect(),
                    priority: line.priority,
                    on_missing: line.on_missing.parse().map_err(|_| misfit("policy"))?,
                    max_removals: line.max_removals.parse().map_err(|_| misfit("limit"))?,
                    enabled: false,
                    ..new_source(new, &line.name, kind, ManagedBy::Person)
                };
                self.new_sources.push(line.name.clone());
                self.app.store.put_source(&row, self.app.clock.now()).await?
            }
        };
        self.sources.insert(line.name, id);
        Ok(())
    }

    async fn library(&mut self, line: LibraryLine) -> Result<()> {
        let store = &self.app.store;
        let (Some(source), Some(kind)) =
            (self.sources.get(&line.source).copied(), LibraryKind::parse(&line.kind))
        else {
            return Ok(());
        };
        let known = store.libraries(source).await?;
        let id = match known.iter().find(|l| l.remote_id == line.remote_id) {
            Some(known) => known.id,
            None => {
                let now = self.app.clock.now();
                store.put_library(source, &line.remote_id, &line.name, kind, now).await?
            }
        };
        self.libraries.insert((line.source, line.remote_id), id);
        Ok(())
    }

    async fn viewer(&mut self, line: ViewerLine) -> Result<()> {
        let store = &self.app.store;
        let Some(source) = self.sources.get(&line.source).copied() else { return Ok(()) };
        let id = match store.viewer(source, &line.remote_user).await? {
            Some(known) => known,
            None => {
                let now = self.app.clock.now();
                store.put_viewer(source, &line.remote_user, &line.name, now).await?
            }
        };
        self.viewers.insert((line.source, line.remote_user), id);
        Ok(())
    }

    /// Children find their show here, so a batch ends where the level changes.
    async fn item(&mut self, line: ItemLine) -> Result<()> {
        let changes = self.waiting.last().is_some_and(|w| w.item.kind.level() != line.kind.level());
        if changes || self.waiting.len() >= BATCH {
            self.write().await?;
        }
        self.counts.seen += 1;
        match self.whole(line) {
            Ok(whole) => self.waiting.push(whole),
            Err(label) => self.failed(label, "its show was not imported"),
        }
        Ok(())
    }

    /// An item of the file with our names for libraries, viewers and its show; the label of one
    /// whose show has no place here.
    fn whole(&self, line: ItemLine) -> Result<Whole, String> {
        let item = ItemRecord {
            id: line.id,
            kind: line.kind,
            parent_id: None,
            season_number: line.season_number,
            episode_number: line.episode_number,
            absolute_number: line.absolute_number,
            fields: line.fields,
            title_key: None,
            created_run_id: Some(self.run),
        };
        let show = line.show.map(|show| self.shows.get(&show).copied());
        if show == Some(None) {
            return Err(item.label());
        }
        let listings = line.listings.into_iter().filter_map(|l| self.listing(l, line.kind));
        let progress = line.progress.into_iter().filter_map(|p| {
            let viewer_id = *self.viewers.get(&(p.source, p.remote_user))?;
            Some(ProgressRecord { item_id: line.id, viewer_id, state: p.state })
        });
        let settings = line.settings.map(|s| SettingsRecord {
            item_id: line.id,
            auto_download: s.auto_download,
            status: s.status,
            downloaded_at: s.downloaded_at,
            extra: s.extra,
        });
        let wish = |(field, value)| OverrideRecord { item_id: line.id, field, value };
        Ok(Whole {
            listings: listings.collect(),
            external_ids: line.external_ids,
            overrides: line.overrides.into_iter().map(wish).collect(),
            settings,
            progress: progress.collect(),
            item: ItemRecord { parent_id: show.flatten(), ..item },
        })
    }

    fn listing(&self, l: ListingLine, kind: ItemKind) -> Option<ListingRecord> {
        Some(ListingRecord {
            id: ListingId(Uuid::now_v7()),
            library_id: *self.libraries.get(&(l.source, l.library))?,
            remote_id: l.remote_id,
            part: l.part,
            kind,
            parent_remote_id: l.parent,
            item_id: None,
            file_key: l.facts.file_key(),
            facts: Arc::new(l.facts),
            play: l.play,
            fingerprint: l.fingerprint,
            moved_key: l.moved_key,
            match_basis: l.basis,
            review: None,
            missing_since: l.missing_since,
            kept_since: l.kept_since,
            created_run_id: Some(self.run),
        })
    }

    /// Writes what waits. An item that the database refuses is found by halving and named.
    async fn write(&mut self) -> Result<()> {
        let mut parts = vec![std::mem::take(&mut self.waiting)];
        while let Some(mut part) = parts.pop() {
            if part.is_empty() {
                continue;
            }
            match self.try_write(&part).await {
                Ok(restored) => self.note(&part, restored),
                Err(StoreError::Constraint { .. } | StoreError::Stale { .. }) if part.len() > 1 => {
                    let second = part.split_off(part.len() / 2);
                    parts.extend([second, part]);
                }
                Err(error @ (StoreError::Constraint { .. } | StoreError::Stale { .. })) => {
                    part.iter().for_each(|w| self.failed(w.item.label(), &error.to_string()));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    async fn try_write(&self, all: &[Whole]) -> Result<Restored, StoreError> {
        let mut batch = self.app.store.begin(Some(self.lease)).await?;
        let mut known = load(&mut batch, all).await?;
        let restored = correct::restore(&mut known, all.to_vec(), self.run, &mut Uuid::now_v7);
        if restored.plan.is_empty() {
            batch.rollback().await?;
        } else {
            batch.apply_revert(self.run, &restored.plan, self.app.clock.now()).await?;
            batch.commit().await?;
        }
        Ok(restored)
    }

    fn note(&mut self, all: &[Whole], restored: Restored) {
        for (whole, here) in all.iter().zip(&restored.items) {
            if let Some(here) = here.filter(|_| whole.item.kind == ItemKind::Show) {
                self.shows.insert(whole.item.id, here);
            }
        }
        self.counts.added += restored.plan.counts.added;
        self.counts.updated += restored.plan.counts.updated;
        for (label, why) in restored.failures {
            self.failed(label, &why);
        }
    }

    fn failed(&mut self, scope: String, why: &str) {
        self.counts.failed += 1;
        if self.errors.len() < MOST_ERRORS {
            self.errors.push(RunError { scope, message: why.to_owned() });
        }
    }

    async fn finish(&mut self, error: Option<&AppError>) -> Result<RunReport> {
        let c = &mut self.counts;
        c.unchanged = c.seen.saturating_sub(c.added + c.updated + c.failed);
        let status = match error {
            Some(_) => RunStatus::Failed,
            None if c.failed > 0 => RunStatus::Partial,
            None => RunStatus::Succeeded,
        };
        let now = self.app.clock.now();
        let message = error.map(AppError::advice);
        let end = RunEnd {
            status,
            counts: &self.counts,
            coverage: &[],
            message: message.as_deref(),
            finished_at: now,
        };
        self.app.store.add_run_errors(self.run, &self.errors).await?;
        let ended = Origin { run: self.run, source: None, name: NAME, now };
        let ended = ended.end(Trigger::Manual, &end);
        self.app.store.finish_run(self.run, &end, &Vec::from_iter(ended)).await?;
        Ok(RunReport {
            id: self.run,
            source: NAME.to_owned(),
            status,
            dry_run: false,
            counts: self.counts,
            coverage: Vec::new(),
            errors: self.errors.clone(),
            changes: None,
        })
    }
}

/// Everything that the rules of identity could mean, with all that hangs on it.
async fn load(batch: &mut Batch, all: &[Whole]) -> Result<Known, StoreError> {
    let listings: Vec<&ListingRecord> = all.iter().flat_map(|w| &w.listings).collect();
    let entangled = batch.load_entangled(&listings).await?;
    let found = batch.load(LibraryId(Uuid::nil()), None, &lookup(all)).await?;
    let own = all.iter().map(|w| w.item.id);
    let ids: BTreeSet<ItemId> =
        entangled.items().chain(found.items()).map(|i| i.id).chain(own).collect();
    let shows: BTreeSet<ItemId> = all.iter().filter_map(|w| w.item.parent_id).collect();
    let mut known = batch.load_whole(&Vec::from_iter(ids)).await?;
    let trees = batch.load_tree(&Vec::from_iter(shows)).await?;
    for more in [trees, entangled, found] {
        known.absorb(more, &HashSet::new());
    }
    Concerned::default().with_owners(batch, known).await
}

/// External ids and titles of films and shows.
fn lookup(all: &[Whole]) -> Lookup {
    let tops = || all.iter().filter(|w| w.item.kind.is_top());
    let said = |w: &Whole| {
        let ids = w.listings.iter().flat_map(|l| l.facts.external_ids.clone());
        let kind = w.item.kind;
        ids.chain(w.external_ids.clone()).map(move |id| (kind, id)).collect::<Vec<_>>()
    };
    let titled = |w: &Whole| {
        let mut o = Observation::new("x", w.item.kind);
        o.facts.title = w.said_title().map(str::to_owned);
        o.facts.year = w.item.fields.year;
        title_of(&o)
    };
    let external: HashSet<_> = tops().flat_map(said).collect();
    let titles: HashSet<_> = tops().filter_map(titled).collect();
    Lookup {
        external: external.into_iter().collect(),
        titles: titles.into_iter().collect(),
        ..Lookup::default()
    }
}
