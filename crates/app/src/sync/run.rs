//! A run at work: what all phases share, and the order in which they go.

use chrono::{DateTime, Utc};
use shelfread_domain::port::ServerIdentity;
use shelfread_domain::text::bounded;
use shelfread_domain::{Counts, Plan, RunId, RunStatus, ViewerId};
use shelfread_store::{Batch, Lease, LibraryRow, RunError, SourceRow, StoreError};
use tracing::{Instrument, Span};
use uuid::Uuid;

use super::begin::{Renewal, Reserved};
use super::listing::Listing;
use super::overlay::Overlay;
use super::report::RunReport;
use super::{Observer, SyncRequest};
use crate::App;
use crate::error::AppError;
use crate::history::Origin;
use crate::source::OpenSource;

/// The most errors of a run that are kept, and the most bytes of one.
const MOST_ERRORS: usize = 1_000;
const MOST_TEXT: usize = 2_000;

/// A run that has its lease and knows who answers.
pub(super) struct Run<'a> {
    pub(super) app: &'a App,
    pub(super) request: &'a SyncRequest,
    pub(super) observer: &'a dyn Observer,
    pub(super) source: SourceRow,
    pub(super) id: RunId,
    pub(super) started: DateTime<Utc>,
    pub(super) lease: Lease,
    pub(super) open: OpenSource,
    pub(super) identity: ServerIdentity,
    pub(super) viewer: Option<ViewerId>,
    /// Another server answers than the one whose remote ids we know.
    pub(super) other_server: bool,
    /// What a dry run planned so far.
    pub(super) overlay: Option<Overlay>,
    pub(super) report: RunReport,
    /// A listing broke off, so the run cannot have succeeded.
    pub(super) broken: bool,
    /// Complete listings, for the conclusions.
    pub(super) complete: Vec<Listing>,
    /// Libraries that the source no longer has.
    pub(super) vanished: Vec<LibraryRow>,
    /// Keeps the lease alive.
    pub(super) renewal: Renewal,
    /// Whether this run, if it succeeds, found everything that was known of the source.
    pub(super) proves_server: bool,
}

/// The report of a run that is about to begin.
pub(super) fn new_report(id: RunId, source: &SourceRow, request: &SyncRequest) -> RunReport {
    RunReport {
        id,
        source: source.name.clone(),
        status: RunStatus::Running,
        dry_run: request.dry_run,
        counts: Counts::default(),
        coverage: Vec::new(),
        errors: Vec::new(),
        changes: request.dry_run.then(Vec::new),
    }
}

/// A run between its listings and its conclusions.
pub(super) enum Stage<'a> {
    /// Everything was read and applied but what is gone.
    Listed(Box<Run<'a>>),
    /// It could not begin.
    Failed(RunReport),
}

/// Reserves one source, unless it is ours already, and begins its run.
pub(super) async fn begin<'a>(
    app: &'a App,
    source: &SourceRow,
    reserved: Option<Reserved>,
    request: &'a SyncRequest,
    observer: &'a dyn Observer,
) -> Result<Run<'a>, RunReport> {
    let nobody = || new_report(RunId(Uuid::now_v7()), source, request);
    let reserved = match reserved {
        Some(reserved) => Ok(reserved),
        None => super::begin::reserve(app, source, request, observer).await,
    };
    let (report, error) = match reserved {
        Ok(reserved) => {
            let report = new_report(reserved.run, source, request);
            let begun =
                super::begin::begin(app, source, reserved, request, observer, report.clone());
            match begun.await {
                Ok(run) => return Ok(run),
                Err(error) => (report, error),
            }
        }
        Err(error) => (nobody(), error),
    };
    Err(super::begin::failed(app, source, request, observer, report, &error).await)
}

/// Lists one source. Whatever happens becomes part of the report; nothing is thrown.
pub(super) async fn list_source<'a>(
    app: &'a App,
    source: SourceRow,
    reserved: Option<Reserved>,
    request: &'a SyncRequest,
    observer: &'a dyn Observer,
) -> Stage<'a> {
    match begin(app, &source, reserved, request, observer).await {
        Ok(mut run) => {
            let span = run.span("list");
            run.list().instrument(span).await;
            Stage::Listed(Box::new(run))
        }
        Err(report) => Stage::Failed(report),
    }
}

impl<'a> Stage<'a> {
    /// Draws the conclusions and ends the run.
    pub(super) async fn conclude(self) -> RunReport {
        match self {
            Self::Listed(run) => run.end().await,
            Self::Failed(report) => report,
        }
    }
}

impl Run<'_> {
    /// What the lines of a log about this run, and about one of its phases, have in common.
    fn span(&self, phase: &'static str) -> Span {
        tracing::info_span!("run", run = %self.id, source = self.source.name, phase)
    }

    async fn list(&mut self) {
        if let Err(error) = self.list_libraries().await {
            self.fail(&error);
        }
    }

    async fn list_libraries(&mut self) -> Result<(), AppError> {
        let found = self.resolve_libraries().await?;
        for library in found.listed {
            let name = library.row.name.clone();
            let span = tracing::info_span!("library", library = name);
            let done = self.sync_library(library).instrument(span).await;
            self.go_on(&name, done)?;
        }
        self.vanished = found.vanished;
        Ok(())
    }

    async fn end(mut self: Box<Self>) -> RunReport {
        let span = self.span("conclude");
        if let Err(error) = self.conclude().instrument(span).await {
            self.fail(&error);
        }
        let span = self.span("finish");
        self.finish().instrument(span).await
    }

    async fn conclude(&mut self) -> Result<(), AppError> {
        for listing in std::mem::take(&mut self.complete) {
            let done = self.conclude_library(&listing).await;
            self.go_on(&listing.library.row.name, done)?;
        }
        for library in std::mem::take(&mut self.vanished) {
            let done = self.library_vanished(&library).await;
            self.go_on(&library.name, done)?;
        }
        Ok(())
    }

    /// Notes what failed with one library; only what fails with every one ends the run.
    fn go_on(&mut self, library: &str, done: Result<(), AppError>) -> Result<(), AppError> {
        match done {
            Err(error) if is_final(&error) => Err(error),
            Err(error) => {
                self.broken = true;
                self.note_error(library, &error);
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// For the events of this run.
    pub(super) fn origin(&self) -> Origin<'_> {
        let (source, name) = (Some(self.source.id), self.source.name.as_str());
        Origin { run: self.id, source, name, now: self.app.clock.now() }
    }

    /// Writes a plan, with the events of what goes.
    pub(super) async fn write(&self, batch: &mut Batch, plan: &Plan) -> Result<(), StoreError> {
        batch.apply(self.id, plan, self.app.clock.now()).await?;
        batch.append_events(&self.origin().removals(plan)).await
    }

    pub(super) fn fail(&mut self, error: &AppError) {
        self.broken = true;
        let name = self.source.name.clone();
        self.note_error(&name, error);
    }

    pub(super) fn note_error(&mut self, scope: &str, error: &AppError) {
        self.note(scope, &error.advice());
    }

    /// Notes an error; what sources name is bounded before it is stored or shown.
    pub(super) fn note(&mut self, scope: &str, message: &str) {
        let clean = |text| bounded(text, MOST_TEXT).unwrap_or_default();
        match self.report.errors.len() {
            n if n < MOST_ERRORS => {
                let (scope, message) = (clean(scope), clean(message));
                self.report.errors.push(RunError { scope, message });
            }
            MOST_ERRORS => {
                let (scope, message) = (self.source.name.clone(), "… and more".to_owned());
                self.report.errors.push(RunError { scope, message });
            }
            _ => {}
        }
    }
}

/// After a lost lease or database there is no use in going on with the next library.
const fn is_final(error: &AppError) -> bool {
    use StoreError::{Busy, LeaseLost, Unavailable, Unwritable};
    matches!(
        error,
        AppError::Store(LeaseLost { .. } | Busy(_) | Unavailable { .. } | Unwritable(_))
    )
}
