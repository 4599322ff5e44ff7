//! Runs: one execution of a sync, recorded whole, with what failed in it and its journal.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select, Set,
};
use serde::{Deserialize, Serialize};
use shelfread_domain::{
    Counts, Coverage, Existing, ItemId, ItemKind, ListingId, RunId, RunMode, RunStatus, SourceId,
    Trigger,
};
use uuid::Uuid;

use crate::Store;
use crate::batch::Batch;
use crate::bulk;
use crate::cell::{Cell, stored, word};
use crate::entity::{run_errors, runs};
use crate::error::{Result, StoreError};
use crate::events::NewEvent;
use crate::journal::{RUN_CHANGE, RunChange, run_change};
use crate::sql::{Rows, Session, Ty, cell};

/// A run that begins.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewRun {
    /// Made by the caller.
    pub id: RunId,
    /// Of which source; `None` for a revert over several.
    pub source_id: Option<SourceId>,
    /// Its name, which outlives the source.
    pub source_name: String,
    /// What started it.
    pub trigger: Trigger,
    /// What it reads.
    pub mode: RunMode,
    /// The only library that it was asked for.
    pub library: Option<String>,
    /// Whether it writes nothing.
    pub dry_run: bool,
    /// What it may do to items that are known already.
    pub existing: Existing,
    /// The run that it reverts.
    pub reverts_run_id: Option<RunId>,
    /// When it began.
    pub started_at: DateTime<Utc>,
}

/// What a run covered of one library.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct LibraryCoverage {
    /// The library's name.
    pub library: String,
    /// What was read of it.
    #[serde(flatten)]
    pub coverage: Coverage,
}

/// A run as it is recorded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RunRow {
    /// What it began with.
    pub run: NewRun,
    /// How it stands or ended.
    pub status: RunStatus,
    /// What it did.
    pub counts: Counts,
    /// What it covered.
    pub coverage: Vec<LibraryCoverage>,
    /// The run that reverted it.
    pub reverted_by_run_id: Option<RunId>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// What there is to say of its end.
    pub message: Option<String>,
}

/// Something that failed in a run while the rest went on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RunError {
    /// Which item, library or source.
    pub scope: String,
    /// What was wrong with it.
    pub message: String,
}

/// How a run ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RunEnd<'a> {
    /// How it ended.
    pub status: RunStatus,
    /// What it did.
    pub counts: &'a Counts,
    /// What it covered.
    pub coverage: &'a [LibraryCoverage],
    /// What there is to say of it.
    pub message: Option<&'a str>,
    /// When.
    pub finished_at: DateTime<Utc>,
}

/// Which runs to list. Absent means any.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RunFilter {
    /// Of the source that has, or then had, this name.
    pub source: Option<String>,
    /// That stand or ended so.
    pub status: Option<RunStatus>,
    /// That this started.
    pub trigger: Option<Trigger>,
}

/// A part of a long list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Page {
    /// How many rows to skip.
    pub offset: u64,
    /// How many rows to give at most.
    pub limit: u64,
}

impl Store {
    /// Records that a run begins.
    ///
    /// # Errors
    /// What the database says.
    pub async fn begin_run(&self, run: &NewRun) -> Result<()> {
        let model = new_model(run).into_active_model().reset_all();
        runs::Entity::insert(model).exec_without_returning(&self.write).await?;
        Ok(())
    }

    /// Records how a run ended, together with what history shall know of it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; what the database says.
    pub fn finish_run<'a>(
        &'a self,
        id: RunId,
        end: &'a RunEnd<'_>,
        events: &'a [NewEvent],
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let change = runs::ActiveModel {
                status: Set(end.status.to_string()),
                counts: Set(to_json(end.counts)),
                coverage: Set(to_json(end.coverage)),
                message: Set(end.message.map(str::to_owned)),
                finished_at: Set(Some(stored(end.finished_at))),
                ..Default::default()
            };
            let mut batch = self.begin(None).await?;
            change_run(batch.session.conn(), id, change).await?;
            batch.append_events(events).await?;
            batch.commit().await
        })
    }

    /// Records that a run was reverted by another one.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; what the database says.
    pub async fn set_reverted_by(&self, id: RunId, by: RunId) -> Result<()> {
        let change =
            runs::ActiveModel { reverted_by_run_id: Set(Some(by.0)), ..Default::default() };
        change_run(&self.write, id, change).await
    }

    /// Closes the runs of a source that were killed: recorded as running, though whoever asks has
    /// the source's lease; with `None` those of persons, who have a lease too. Gives how many there
    /// were.
    ///
    /// # Errors
    /// What the database says.
    pub async fn close_killed_runs(
        &self,
        source: Option<SourceId>,
        now: DateTime<Utc>,
    ) -> Result<u64> {
        let of_source = match source {
            Some(source) => runs::Column::SourceId.eq(source.0),
            None => runs::Column::SourceId.is_null(),
        };
        let change = runs::ActiveModel {
            status: Set(RunStatus::Failed.to_string()),
            message: Set(Some("it was killed; what it had applied until then stays".to_owned())),
            finished_at: Set(Some(stored(now))),
            ..Default::default()
        };
        let update = runs::Entity::update_many().set(change);
        let done = update
            .filter(of_source)
            .filter(runs::Column::Status.eq(RunStatus::Running.as_str()))
            .exec(&self.write)
            .await?;
        Ok(done.rows_affected)
    }

    /// Records what failed in a run.
    ///
    /// # Errors
    /// What the database says.
    pub async fn add_run_errors(&self, run: RunId, errors: &[RunError]) -> Result<()> {
        let known = run_errors::Entity::find()
            .filter(run_errors::Column::RunId.eq(run.0))
            .count(&self.write)
            .await?;
        let first = i64::try_from(known).unwrap_or(i64::MAX) + 1;
        let columns =
            [("run_id", Ty::Uuid), ("seq", Ty::Big), ("scope", Ty::Text), ("message", Ty::Text)];
        let mut rows = Rows::new(columns.len(), errors.len());
        for (seq, error) in (first..).zip(errors) {
            rows.cells.extend([
                run.to_cell(),
                seq.to_cell(),
                error.scope.to_cell(),
                error.message.to_cell(),
            ]);
        }
        bulk::insert(&Session::new(self.write.clone()), "run_errors", &columns, rows).await
    }

    /// Runs, the newest first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn runs(&self, page: Page) -> Result<Vec<RunRow>> {
        self.runs_that(&RunFilter::default(), page).await
    }

    /// Runs that fit, the newest first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn runs_that(&self, filter: &RunFilter, page: Page) -> Result<Vec<RunRow>> {
        found(filter, page).all(&self.read).await?.into_iter().map(run_row).collect()
    }

    /// One run.
    ///
    /// # Errors
    /// What the database says.
    pub async fn run(&self, id: RunId) -> Result<Option<RunRow>> {
        runs::Entity::find_by_id(id.0).one(&self.read).await?.map(run_row).transpose()
    }

    /// What failed in a run, in the order in which it was recorded.
    ///
    /// # Errors
    /// What the database says.
    pub async fn run_errors(&self, run: RunId) -> Result<Vec<RunError>> {
        let query = run_errors::Entity::find()
            .filter(run_errors::Column::RunId.eq(run.0))
            .order_by_asc(run_errors::Column::Seq);
        let models = query.all(&self.read).await?;
        Ok(models.into_iter().map(|m| RunError { scope: m.scope, message: m.message }).collect())
    }

    /// The journal of a run behind the line `after` (0 for its beginning), at most `limit` lines.
    ///
    /// # Errors
    /// What the database says.
    pub async fn run_changes(&self, run: RunId, after: i64, limit: u64) -> Result<Vec<RunChange>> {
        let sql = format!(
            "SELECT {RUN_CHANGE} FROM run_changes WHERE run_id = ? AND seq > ? \
             ORDER BY seq LIMIT ?"
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let values = vec![run.0.into(), after.into(), limit.into()];
        let rows = Session::new(self.read.clone()).query(&sql, values).await?;
        rows.iter().map(run_change).collect()
    }

    /// What a run did with items of each kind, in words with counts: `added` (and still there),
    /// `updated`, `removed`, `relink`, `missing`, `return`, `quarantine`, and of a plan that waited
    /// what became of it.
    ///
    /// # Errors
    /// What the database says.
    pub async fn run_totals(&self, run: RunId) -> Result<Vec<(ItemKind, String, u64)>> {
        let added =
            "SELECT kind, 'added', COUNT(*) FROM items WHERE created_run_id = ? GROUP BY kind";
        let changed = "SELECT kind, what, COUNT(DISTINCT subject) FROM (\
            SELECT kind, COALESCE(item_id, entity_id) AS subject, \
            CASE WHEN entity = 'item' AND op = 'remove' AND state = 'applied' THEN 'removed' \
            WHEN entity = 'item' AND op = 'remove' THEN state \
            WHEN op IN ('relink', 'missing', 'return', 'quarantine') THEN op \
            ELSE 'updated' END AS what FROM run_changes \
            WHERE run_id = ? AND (entity = 'item' OR op <> 'remove')) c \
            GROUP BY kind, what ORDER BY kind, what";
        let session = Session::new(self.read.clone());
        let mut totals = Vec::new();
        for sql in [added, changed] {
            for row in session.query(sql, vec![run.0.into()]).await? {
                let (kind, what): (String, String) = (cell(&row, 0)?, cell(&row, 1)?);
                let kind = word(kind.parse().ok(), &kind, "run_changes.kind")?;
                totals.push((kind, what, cell::<i64>(&row, 2)?.unsigned_abs()));
            }
        }
        totals.sort_by_key(|(kind, ..)| *kind);
        Ok(totals)
    }

    /// How many items and listings a run added that are still there.
    ///
    /// # Errors
    /// What the database says.
    pub async fn created_by(&self, run: RunId) -> Result<(u64, u64)> {
        let sql = "SELECT (SELECT COUNT(*) FROM items WHERE created_run_id = ?), \
                   (SELECT COUNT(*) FROM listings WHERE created_run_id = ?)";
        let values = vec![run.0.into(), run.0.into()];
        let rows = Session::new(self.read.clone()).query(sql, values).await?;
        let count = |index| rows.first().map_or(Ok(0), |row| cell::<i64>(row, index));
        Ok((count(0)?.unsigned_abs(), count(1)?.unsigned_abs()))
    }
}

fn found(filter: &RunFilter, page: Page) -> Select<runs::Entity> {
    let source = filter.source.as_ref().map(|name| runs::Column::SourceName.eq(name));
    let status = filter.status.map(|status| runs::Column::Status.eq(status.as_str()));
    let trigger = filter.trigger.map(|trigger| runs::Column::Trigger.eq(trigger.as_str()));
    let wanted = [source, status, trigger].into_iter().flatten();
    runs::Entity::find()
        .filter(wanted.fold(Condition::all(), Condition::add))
        .order_by_desc(runs::Column::StartedAt)
        .order_by_desc(runs::Column::Id)
        .offset(page.offset)
        .limit(page.limit)
}

async fn change_run(
    conn: &impl ConnectionTrait,
    id: RunId,
    change: runs::ActiveModel,
) -> Result<()> {
    let update = runs::Entity::update_many().set(change);
    let done = update.filter(runs::Column::Id.eq(id.0)).exec(conn).await?;
    match done.rows_affected {
        0 => Err(StoreError::NotFound { what: "run", id: id.to_string() }),
        _ => Ok(()),
    }
}

/// What later runs changed of rows, for a revert.
impl Store {
    /// The items and listings that a run made and that are still there.
    ///
    /// # Errors
    /// What the database says.
    pub async fn made_by(&self, run: RunId) -> Result<(Vec<ItemId>, Vec<ListingId>)> {
        let session = Session::new(self.read.clone());
        let ids = async |sql: &str| -> Result<Vec<Uuid>> {
            let rows = session.query(sql, vec![run.0.into()]).await?;
            rows.iter().map(|row| cell(row, 0)).collect()
        };
        let items = ids("SELECT id FROM items WHERE created_run_id = ? ORDER BY id").await?;
        let listings = ids("SELECT id FROM listings WHERE created_run_id = ? ORDER BY id").await?;
        let items = items.into_iter().map(ItemId).collect();
        Ok((items, listings.into_iter().map(ListingId).collect()))
    }

    /// Which of these rows a run later than `run`, but not `except`, changed.
    ///
    /// # Errors
    /// What the database says.
    pub async fn touched_after(
        &self,
        run: RunId,
        except: RunId,
        items: &[ItemId],
        listings: &[ListingId],
    ) -> Result<HashSet<Uuid>> {
        let of_items = "SELECT DISTINCT k.a FROM {k} CROSS JOIN run_changes c \
                        WHERE c.item_id = k.a AND c.entity_id = k.a AND c.run_id > ? \
                        AND c.run_id <> ?";
        let of_listings = "SELECT DISTINCT k.a FROM {k} CROSS JOIN listings l \
                           JOIN run_changes c ON c.item_id = l.item_id AND c.entity_id = l.id \
                           WHERE l.id = k.a AND c.run_id > ? AND c.run_id <> ?";
        let items: Vec<_> = items.iter().map(|i| i.0).collect();
        let listings: Vec<_> = listings.iter().map(|l| l.0).collect();
        let mut touched = HashSet::new();
        let session = Session::new(self.read.clone());
        for (sql, ids) in [(of_items, items), (of_listings, listings)] {
            for part in ids.chunks(1_000) {
                let keys = Rows::single(part.iter().copied());
                let more = [run.0.into(), except.0.into()];
                for row in session.query_keys(sql, &[("a", Ty::Uuid)], &keys, more).await? {
                    touched.insert(cell(&row, 0)?);
                }
            }
        }
        Ok(touched)
    }
}

impl Batch {
    /// Records a whole run together with what it writes in this batch: one that is over at once
    /// is never seen at work, wherever the program is killed. Before anything that it writes.
    ///
    /// # Errors
    /// What the database says. After an error the batch can only be dropped.
    pub async fn record_run(&mut self, run: &NewRun, end: &RunEnd<'_>) -> Result<()> {
        self.check()?;
        let model = runs::Model {
            status: end.status.to_string(),
            counts: to_json(end.counts),
            coverage: to_json(end.coverage),
            message: end.message.map(str::to_owned),
            finished_at: Some(stored(end.finished_at)),
            ..new_model(run)
        };
        let insert = runs::Entity::insert(model.into_active_model().reset_all());
        let done = insert.exec_without_returning(self.session.conn()).await;
        self.guard(done.map_err(Into::into)).map(|_| ())
    }
}

fn new_model(run: &NewRun) -> runs::Model {
    runs::Model {
        id: run.id.0,
        source_id: run.source_id.map(|id| id.0),
        source_name: run.source_name.clone(),
        trigger: run.trigger.to_string(),
        mode: run.mode.to_string(),
        status: RunStatus::Running.to_string(),
        dry_run: run.dry_run,
        library: run.library.clone(),
        existing: run.existing.to_string(),
        counts: to_json(&Counts::default()),
        coverage: to_json::<[LibraryCoverage]>(&[]),
        reverts_run_id: run.reverts_run_id.map(|id| id.0),
        reverted_by_run_id: None,
        started_at: stored(run.started_at),
        finished_at: None,
        message: None,
    }
}

fn to_json<T: Serialize + ?Sized>(value: &T) -> serde_json::Value {
    serde_json::to_value(value).unwrap_or_default()
}

fn run_row(m: runs::Model) -> Result<RunRow> {
    let subject = format!("run {}", m.id);
    let json = |e: serde_json::Error| StoreError::corrupt(e.to_string(), subject.clone());
    let id = |id: Option<Uuid>| id.map(RunId);
    Ok(RunRow {
        status: word(RunStatus::parse(&m.status), &m.status, &subject)?,
        counts: serde_json::from_value(m.counts).map_err(json)?,
        coverage: serde_json::from_value(m.coverage).map_err(json)?,
        reverted_by_run_id: id(m.reverted_by_run_id),
        finished_at: m.finished_at,
        message: m.message,
        run: NewRun {
            id: RunId(m.id),
            source_id: m.source_id.map(SourceId),
            source_name: m.source_name,
            trigger: word(Trigger::parse(&m.trigger), &m.trigger, &subject)?,
            mode: word(RunMode::parse(&m.mode), &m.mode, &subject)?,
            library: m.library,
            dry_run: m.dry_run,
            existing: word(Existing::parse(&m.existing), &m.existing, &subject)?,
            reverts_run_id: id(m.reverts_run_id),
            started_at: m.started_at,
        },
    })
}

#[cfg(test)]
mod tests {
    use sea_orm::{DbBackend, QueryTrait};

    use super::*;

    #[tokio::test]
    async fn runs_are_found_by_index_in_their_order() {
        let store = crate::plans::empty().await;
        let source = Some("den".to_owned());
        let (status, trigger) = (Some(RunStatus::Failed), Some(Trigger::Hook));
        let none = RunFilter::default;
        for (filter, index) in [
            (none(), "ix_runs_started_at"),
            (RunFilter { source: source.clone(), ..none() }, "ix_runs_source_name"),
            (RunFilter { status, ..none() }, "ix_runs_status"),
            (RunFilter { trigger, ..none() }, "ix_runs_trigger"),
            (RunFilter { source, status, trigger }, "ix_runs_"),
        ] {
            let text = found(&filter, Page { offset: 50, limit: 50 }).build(DbBackend::Sqlite);
            let values = text.values.unwrap_or(sea_orm::Values(Vec::new())).0;
            let steps = store.steps(&text.sql, values).await;
            assert!(steps.len() == 1 && steps[0].contains(index), "{steps:#?}\n{}", text.sql);
        }
    }
}
