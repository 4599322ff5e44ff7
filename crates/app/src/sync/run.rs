//! A run at work: what all phases share, and the order in which they go.

use chrono::{DateTime, Utc};
use shelfread_domain::port::ServerIdentity;
use shelfread_domain::{Counts, RunId, RunStatus, ViewerId};
use shelfread_store::{Lease, RunError, SourceRow};
use uuid::Uuid;

use super::overlay::Overlay;
use super::report::RunReport;
use super::{Observer, SyncRequest};
use crate::App;
use crate::error::AppError;
use crate::source::OpenSource;

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
}

/// Syncs one source. Whatever happens becomes part of the report; nothing is thrown.
pub(super) async fn sync_source(
    app: &App,
    source: &SourceRow,
    request: &SyncRequest,
    observer: &dyn Observer,
) -> RunReport {
    let id = RunId(Uuid::now_v7());
    let report = RunReport {
        id,
        source: source.name.clone(),
        status: RunStatus::Running,
        dry_run: request.dry_run,
        counts: Counts::default(),
        coverage: Vec::new(),
        errors: Vec::new(),
        changes: request.dry_run.then(Vec::new),
    };
    match super::begin::begin(app, source, request, observer, report.clone()).await {
        Ok(run) => run.execute().await,
        Err(error) => super::begin::failed(app, source, report, &error).await,
    }
}

impl Run<'_> {
    async fn execute(mut self) -> RunReport {
        let renewal = super::begin::keep_lease(self.app, &self.lease);
        if let Err(error) = self.phases().await {
            self.fail(&error);
        }
        drop(renewal);
        self.finish().await
    }

    async fn phases(&mut self) -> Result<(), AppError> {
        let found = self.resolve_libraries().await?;
        for library in &found.listed {
            if let Err(error) = self.sync_library(library).await {
                self.broken = true;
                self.note_error(&library.row.name, &error);
                if is_final(&error) {
                    return Ok(());
                }
            }
        }
        for library in &found.vanished {
            self.library_vanished(library).await?;
        }
        Ok(())
    }

    fn fail(&mut self, error: &AppError) {
        self.broken = true;
        let name = self.source.name.clone();
        self.note_error(&name, error);
    }

    pub(super) fn note_error(&mut self, scope: &str, error: &AppError) {
        self.note(scope, &error.advice());
    }

    pub(super) fn note(&mut self, scope: &str, message: &str) {
        let (scope, message) = (scope.to_owned(), message.to_owned());
        self.report.errors.push(RunError { scope, message });
    }
}

/// After a lost lease or database there is no use in going on with the next library.
const fn is_final(error: &AppError) -> bool {
    matches!(error, AppError::Store(_))
}
