//! Finish: how the run ended, into its record, and the lease given back.

use shelfread_domain::{RunStatus, Trigger};
use shelfread_store::{RunEnd, RunError, SourceRow};

use super::report::RunReport;
use super::run::Run;
use crate::App;
use crate::history::Origin;

impl Run<'_> {
    pub(super) async fn finish(mut self) -> RunReport {
        self.report.status = self.status();
        if let Err(error) = self.accept_server().await {
            self.note_error(&self.source.name.clone(), &error);
        }
        let failure = match self.report.status {
            RunStatus::Failed => self.report.errors.first().map(|e| e.message.clone()),
            _ => None,
        };
        if self.other_server
            && let Err(error) = self.app.store.expect_rewriting(false).await
        {
            tracing::warn!(%error, "the database keeps more memory than it needs");
        }
        record(self.app, &self.source, self.request.trigger, &mut self.report, failure.as_deref())
            .await;
        self.observer.ended(&self.report);
        self.count();
        drop(self.renewal);
        if let Err(error) = self.app.store.release_lease(self.lease).await {
            tracing::warn!(%error, "the lease was not given back; it runs out by itself");
        }
        self.report
    }

    /// Logs and counts the run for whoever watches from outside.
    fn count(&self) {
        let took = (self.app.clock.now() - self.started).to_std().unwrap_or_default();
        tracing::info!(status = %self.report.status, took = ?took, "the run ended");
        let source = self.source.name.clone();
        metrics::histogram!("shelfread_run_seconds", "source" => source).record(took.as_secs_f64());
        if self.request.dry_run {
            return;
        }
        let counts = &self.report.counts;
        for (kind, n) in [
            ("added", counts.added),
            ("updated", counts.updated),
            ("relinked", counts.relinked),
            ("missing", counts.missing),
            ("removed", counts.removed),
            ("held", counts.held),
        ] {
            let labels = [("source", self.source.name.clone()), ("kind", kind.to_owned())];
            metrics::counter!("shelfread_changes_total", &labels).increment(n);
        }
    }

    fn status(&self) -> RunStatus {
        let counts = &self.report.counts;
        let nothing = counts.seen + counts.removed + counts.missing == 0
            && self.report.coverage.iter().all(|c| !c.coverage.complete);
        if self.broken && nothing {
            RunStatus::Failed
        } else if self.request.dry_run {
            RunStatus::Planned
        } else if counts.held > 0 {
            RunStatus::Held
        } else if self.broken || counts.failed > 0 {
            RunStatus::Partial
        } else {
            RunStatus::Succeeded
        }
    }

    /// The server that answered becomes the one that we know: the first one at once, another one
    /// only when everything that we knew was found on it.
    async fn accept_server(&self) -> crate::Result<()> {
        let proven = self.report.status == RunStatus::Succeeded && self.proves_server;
        let known = self.source.server_id.as_deref() == Some(self.identity.server_id.as_str());
        if self.request.dry_run || known || (self.other_server && !proven) {
            return Ok(());
        }
        if self.report.status == RunStatus::Failed {
            return Ok(());
        }
        let store = &self.app.store;
        if let (Some(id), Some(viewer)) = (self.viewer, &self.identity.viewer)
            && self.other_server
        {
            store.relink_viewer(id, &viewer.remote_user, self.app.clock.now()).await?;
        }
        Ok(store.set_server_id(self.source.id, Some(&self.identity.server_id)).await?)
    }
}

/// Writes how a run ended. That this fails is said in the report and changes nothing of what was
/// applied.
pub(super) async fn record(
    app: &App,
    source: &SourceRow,
    trigger: Trigger,
    report: &mut RunReport,
    failure: Option<&str>,
) {
    let now = app.clock.now();
    let labels = [("source", source.name.clone()), ("status", report.status.to_string())];
    metrics::counter!("shelfread_runs_total", &labels).increment(1);
    let end = RunEnd {
        status: report.status,
        counts: &report.counts,
        coverage: &report.coverage,
        message: failure,
        finished_at: now,
    };
    let origin = Origin { run: report.id, source: Some(source.id), name: &source.name, now };
    let ended = origin.end(trigger, &end).filter(|_| !report.dry_run);
    let events: Vec<_> = ended.into_iter().chain(origin.health(source, failure)).collect();
    let written = async {
        let errors = app.store.add_run_errors(report.id, &report.errors).await;
        app.store.finish_run(report.id, &end, &events).await?;
        app.store.note_source_health(source.id, failure, now).await?;
        errors
    };
    let written: Result<(), shelfread_store::StoreError> = written.await;
    if let Err(error) = written {
        tracing::error!(%error, run = %report.id, "the end of the run was not recorded");
        report.errors.push(RunError { scope: source.name.clone(), message: error.to_string() });
    }
}
