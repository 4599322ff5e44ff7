//! Runs as programs and people see them: how they stand, and line by line what they did.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use serde::Serialize;
use shelfread_domain::{Counts, Existing, RunId, RunMode, RunStatus, Trigger};
use shelfread_store::{ChangeState, LibraryCoverage, Page, RunChange, RunError, RunFilter, RunRow};
use utoipa::ToSchema;

use crate::App;
use crate::error::{AppError, Result};
use crate::render::ChangeView;

/// A run of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RunView {
    /// Its id.
    pub id: RunId,
    /// The source's name, or who else it was.
    pub source: String,
    /// What started it.
    pub trigger: Trigger,
    /// What it read.
    pub mode: RunMode,
    /// How it stands or ended.
    pub status: RunStatus,
    /// Whether nothing was written.
    pub dry_run: bool,
    /// What it might do to known items.
    pub existing: Existing,
    /// What was done, in items.
    pub counts: Counts,
    /// What the listings covered.
    pub coverage: Vec<LibraryCoverage>,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// What there is to say of its end.
    pub message: Option<String>,
    /// The run that it took back.
    pub reverts_run_id: Option<RunId>,
    /// The run that took it back.
    pub reverted_by_run_id: Option<RunId>,
}

/// A page of runs, the newest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RunPage {
    /// The runs.
    pub runs: Vec<RunView>,
    /// How many to leave out to get the next page.
    pub next: Option<u64>,
}

/// A line of what a run did.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RunLine {
    /// Its number within the run.
    pub seq: i64,
    /// How it stands.
    pub state: ChangeState,
    /// The change.
    #[serde(flatten)]
    pub change: ChangeView,
}

/// Lines of a run.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RunLines {
    /// The changes.
    pub changes: Vec<RunLine>,
    /// The number behind which the next page begins.
    pub next: Option<i64>,
}

/// How much of what a run added is still there.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Created {
    /// Items.
    pub items: u64,
    /// Listings.
    pub listings: u64,
}

/// A run with a page of what it did.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RunShown {
    /// The run.
    #[serde(flatten)]
    pub run: RunView,
    /// What it added.
    pub created: Created,
    /// What it did with items of each kind, in words with counts.
    pub totals: BTreeMap<String, BTreeMap<String, u64>>,
    /// What failed, each by name.
    pub errors: Vec<RunError>,
    /// A page of its lines.
    #[serde(flatten)]
    pub lines: RunLines,
}

impl RunView {
    /// The view of a recorded run.
    pub fn of(row: &RunRow) -> Self {
        Self {
            id: row.run.id,
            source: row.run.source_name.clone(),
            trigger: row.run.trigger,
            mode: row.run.mode,
            status: row.status,
            dry_run: row.run.dry_run,
            existing: row.run.existing,
            counts: row.counts,
            coverage: row.coverage.clone(),
            started_at: row.run.started_at,
            finished_at: row.finished_at,
            message: row.message.clone(),
            reverts_run_id: row.run.reverts_run_id,
            reverted_by_run_id: row.reverted_by_run_id,
        }
    }
}

impl RunLine {
    /// The view of a line of a run.
    pub fn of(change: &RunChange) -> Self {
        Self { seq: change.seq, state: change.state, change: ChangeView::of_record(change) }
    }
}

impl App {
    /// Runs that fit, the newest first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn runs(&self, filter: &RunFilter, offset: u64, limit: u64) -> Result<RunPage> {
        let rows = self.store.runs_that(filter, Page { offset, limit }).await?;
        let next = (rows.len() as u64 == limit).then(|| offset.saturating_add(limit));
        Ok(RunPage { runs: rows.iter().map(RunView::of).collect(), next })
    }

    /// One run with what it did, behind the line `after`.
    ///
    /// # Errors
    /// [`AppError::NotFound`]; what the database says.
    pub fn run(&self, id: RunId, after: i64, limit: u64) -> BoxFuture<'_, Result<RunShown>> {
        Box::pin(async move {
            let row = self.run_row(id).await?;
            let (items, listings) = self.store.created_by(id).await?;
            let mut totals: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
            for (kind, what, count) in self.store.run_totals(id).await? {
                totals.entry(kind.to_string()).or_default().insert(what, count);
            }
            Ok(RunShown {
                run: RunView::of(&row),
                created: Created { items, listings },
                totals,
                errors: self.store.run_errors(id).await?,
                lines: self.lines(&row, after, limit).await?,
            })
        })
    }

    /// What a run did, behind the line `after`.
    ///
    /// # Errors
    /// [`AppError::NotFound`]; what the database says.
    pub async fn run_lines(&self, id: RunId, after: i64, limit: u64) -> Result<RunLines> {
        self.lines(&self.run_row(id).await?, after, limit).await
    }

    /// What failed in a run, each by name.
    ///
    /// # Errors
    /// [`AppError::NotFound`]; what the database says.
    pub async fn run_errors(&self, id: RunId) -> Result<Vec<RunError>> {
        self.run_row(id).await?;
        Ok(self.store.run_errors(id).await?)
    }

    async fn run_row(&self, id: RunId) -> Result<RunRow> {
        let row = self.store.run(id).await?;
        row.ok_or_else(|| AppError::not_found("run", id.to_string()))
    }

    async fn lines(&self, row: &RunRow, after: i64, limit: u64) -> Result<RunLines> {
        let changes = self.store.run_story(row.run.id, after, limit, &why_new(row)).await?;
        let next = changes.last().filter(|_| changes.len() as u64 == limit).map(|c| c.seq);
        Ok(RunLines { changes: changes.iter().map(RunLine::of).collect(), next })
    }
}

/// Why an item is new with a run.
fn why_new(row: &RunRow) -> String {
    match (row.run.trigger, row.run.source_id) {
        (Trigger::Revert, _) => "came back".to_owned(),
        (_, Some(_)) => format!("{} lists it", row.run.source_name),
        (_, None) => row.run.source_name.clone(),
    }
}
