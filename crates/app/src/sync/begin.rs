//! Begin: the lease, the record of the run, and who answers at the address.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use shelfread_domain::port::{ServerIdentity, SourceError, Viewer};
use shelfread_domain::{Existing, RunId, RunMode, RunStatus, ViewerId};
use shelfread_store::{Lease, NewRun, PERSONS_LEASE, RunError, SourceRow};
use tokio::task::AbortHandle;
use uuid::Uuid;

use super::overlay::Overlay;
use super::report::RunReport;
use super::run::Run;
use super::{Observer, SyncRequest, lease_name};
use crate::App;
use crate::error::{AppError, Result};
use crate::owner;

/// How long a run may be silent before another process may take its source over.
const LEASE: Duration = Duration::from_secs(60);

/// What is remembered of the server of a source whose remote ids may be those of another one: no
/// server calls itself so.
pub const UNPROVEN: &str = "unproven";

/// A source that is ours for a run: its lease is kept, and the run is on record.
pub(super) struct Reserved {
    pub(super) run: RunId,
    pub(super) lease: Lease,
    renewal: Renewal,
    started: DateTime<Utc>,
}

/// Takes the lease and writes the run's record.
pub(super) async fn reserve(
    app: &App,
    source: &SourceRow,
    request: &SyncRequest,
    observer: &dyn Observer,
) -> Result<Reserved> {
    let lease = take_lease(app, source).await?;
    record(app, source, lease, request, observer).await
}

/// Writes the record of a run of a source whose lease was taken.
pub(super) async fn record(
    app: &App,
    source: &SourceRow,
    lease: Lease,
    request: &SyncRequest,
    observer: &dyn Observer,
) -> Result<Reserved> {
    let (run, started) = (RunId(Uuid::now_v7()), app.clock.now());
    let new = NewRun {
        id: run,
        source_id: Some(source.id),
        source_name: source.name.clone(),
        trigger: request.trigger,
        mode: mode(request),
        library: request.library.clone(),
        dry_run: request.dry_run,
        existing: request.existing,
        reverts_run_id: None,
        started_at: started,
    };
    let written = async {
        app.store.close_killed_runs(Some(source.id), started).await?;
        app.store.begin_run(&new).await
    };
    if let Err(error) = written.await {
        // The lease runs out by itself if it cannot be given back.
        let _ = app.store.release_lease(lease).await;
        return Err(error.into());
    }
    observer.began(run, &source.name);
    Ok(Reserved { run, renewal: keep_lease(app, &lease), lease, started })
}

/// Asks who answers; from here on the run is at work.
pub(super) async fn begin<'a>(
    app: &'a App,
    source: &SourceRow,
    reserved: Reserved,
    request: &'a SyncRequest,
    observer: &'a dyn Observer,
    report: RunReport,
) -> Result<Run<'a>> {
    match identify(app, source, request.dry_run).await {
        Ok(found) => Ok(Run {
            app,
            request,
            observer,
            source: source.clone(),
            id: report.id,
            started: reserved.started,
            renewal: reserved.renewal,
            proves_server: request.existing == Existing::Update
                && !request.quick
                && request.only.is_empty()
                && request.library.is_none(),
            lease: reserved.lease,
            open: found.open,
            identity: found.identity,
            viewer: found.viewer,
            other_server: found.other_server,
            overlay: request.dry_run.then(Overlay::default),
            report,
            broken: false,
            complete: Vec::new(),
            vanished: Vec::new(),
        }),
        Err(error) => {
            // The lease runs out by itself if it cannot be given back.
            let _ = app.store.release_lease(reserved.lease).await;
            Err(error)
        }
    }
}

fn mode(request: &SyncRequest) -> RunMode {
    match (request.dry_run, request.quick) {
        (true, _) => RunMode::DryRun,
        (false, _) if !request.only.is_empty() => RunMode::Targeted,
        (false, true) => RunMode::Quick,
        (false, false) => RunMode::Full,
    }
}

/// Takes the lease of a source; from a process that was killed at once, from another one when it
/// expired.
pub(crate) async fn take_lease(app: &App, source: &SourceRow) -> Result<Lease> {
    let lease = take_named(app, &lease_name(source.id)).await?;
    lease.ok_or_else(|| AppError::Busy { source_name: source.name.clone() })
}

/// Takes the lease for the long work of a person: one removal, import or revert at a time.
pub(crate) async fn take_persons_lease(app: &App) -> Result<Lease> {
    take_named(app, PERSONS_LEASE).await?.ok_or(AppError::AtWork)
}

/// Takes a lease that is free or expired, or whose owner is gone.
pub(crate) async fn take_named(app: &App, name: &str) -> Result<Option<Lease>> {
    let take = || app.store.acquire_lease(name, &app.owner, LEASE, app.clock.now());
    if let Some(lease) = take().await? {
        return Ok(Some(lease));
    }
    let holder = app.store.lease(name).await?;
    match holder.filter(|lease| owner::is_gone(&lease.owner)) {
        Some(dead) => {
            app.store.release_lease(dead).await?;
            Ok(take().await?)
        }
        None => Ok(None),
    }
}

struct Found {
    open: crate::OpenSource,
    identity: ServerIdentity,
    viewer: Option<ViewerId>,
    other_server: bool,
}

async fn identify(app: &App, source: &SourceRow, dry_run: bool) -> Result<Found> {
    let named = |error: SourceError| AppError::Source { name: source.name.clone(), error };
    let open = app.factory.open(source).map_err(named)?;
    let identity = open.media.identify().await.map_err(named)?;
    let other_server = source.server_id.as_ref().is_some_and(|id| *id != identity.server_id);
    let viewer = match &identity.viewer {
        Some(v) => find_viewer(app, source, v, other_server, dry_run).await?,
        None => None,
    };
    // Last, so that nothing but the end of the run must take it back.
    if other_server {
        app.store.expect_rewriting(true).await?;
    }
    Ok(Found { open, identity, viewer, other_server })
}

/// Who it is whose play state is read: by their id, and where a server was set up anew, so that it
/// gave them another one, by their name. Their id is taken over with the server's.
async fn find_viewer(
    app: &App,
    source: &SourceRow,
    viewer: &Viewer,
    other_server: bool,
    dry_run: bool,
) -> Result<Option<ViewerId>> {
    let Viewer { remote_user, name } = viewer;
    let known = app.store.viewer(source.id, remote_user).await?;
    if known.is_none()
        && other_server
        && let Some(same) = app.store.viewer_named(source.id, name).await?
    {
        return Ok(Some(same));
    }
    if dry_run {
        return Ok(known);
    }
    Ok(Some(app.store.put_viewer(source.id, remote_user, name, app.clock.now()).await?))
}

/// The report of a run that could not begin. Its record, if there is one, says so too.
pub(super) async fn failed(
    app: &App,
    source: &SourceRow,
    request: &SyncRequest,
    observer: &dyn Observer,
    mut report: RunReport,
    error: &AppError,
) -> RunReport {
    report.status = RunStatus::Failed;
    let message = error.advice();
    report.errors.push(RunError { scope: source.name.clone(), message: message.clone() });
    if !matches!(error, AppError::Busy { .. }) {
        super::finish::record(app, source, request.trigger, &mut report, Some(&message)).await;
        observer.ended(&report);
    }
    report
}

/// Renews a lease until it is dropped. Every batch checks the lease in its own transaction, so a
/// renewal that comes too late stops the run there.
pub(crate) fn keep_lease(app: &App, lease: &Lease) -> Renewal {
    let (store, clock, mut lease) = (app.store.clone(), Arc::clone(&app.clock), lease.clone());
    let task = tokio::spawn(async move {
        let mut every = tokio::time::interval(LEASE / 3);
        every.tick().await;
        loop {
            every.tick().await;
            if let Err(error) = store.renew_lease(&mut lease, LEASE, clock.now()).await {
                tracing::warn!(%error, lease = lease.name, "the lease could not be renewed");
            }
        }
    });
    Renewal(task.abort_handle())
}

/// Stops renewing when dropped.
pub(crate) struct Renewal(AbortHandle);

impl Drop for Renewal {
    fn drop(&mut self) {
        self.0.abort();
    }
}
