//! Runs: what was done, and what is decided about it.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use shelfread_app::live::RunProgress;
use shelfread_app::rows::RunFilter;
use shelfread_app::runs::{RunLines, RunPage, RunShown};
use shelfread_app::{RunError, RunReport};
use shelfread_domain::{RunId, RunStatus, Trigger};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::ask::{Ask, Named, limit};
use super::problems::invalid;
use crate::problem::Answer;
use crate::state::Web;

/// Runs that may be left out at the most: nobody turns that many pages.
const FURTHEST: u64 = 1_000_000_000;

pub fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(list_runs))
        .routes(routes!(list_running))
        .routes(routes!(show_run))
        .routes(routes!(list_changes))
        .routes(routes!(list_errors))
        .routes(routes!(approve_run))
        .routes(routes!(discard_run))
        .routes(routes!(revert_run))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct RunsQuery {
    /// Only of the source that has, or then had, this name.
    source: Option<String>,
    /// Only those that stand or ended so.
    status: Option<RunStatus>,
    /// Only those that this started.
    trigger: Option<Trigger>,
    /// How many newer runs to leave out: the `next` of the page before.
    #[param(maximum = 1_000_000_000)]
    offset: Option<u64>,
    /// How many runs.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u64>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct LinesQuery {
    /// The line behind which to begin: the `next` of the page before.
    #[param(minimum = 0)]
    after: Option<i64>,
    /// How many lines.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u64>,
}

impl LinesQuery {
    fn page(&self) -> Answer<(i64, u64)> {
        match self.after.unwrap_or(0) {
            after @ 0.. => Ok((after, limit(self.limit)?)),
            _ => Err(invalid("lines are numbered from 1")),
        }
    }
}

/// The runs that this server has at work.
#[derive(Serialize, ToSchema)]
struct Running {
    runs: Vec<RunProgress>,
}

/// What failed in a run.
#[derive(Serialize, ToSchema)]
struct RunErrors {
    errors: Vec<RunError>,
}

/// What was kept.
#[derive(Serialize, ToSchema)]
struct Kept {
    /// How many items stay.
    kept: u64,
}

/// The runs, newest first
#[utoipa::path(
    get,
    path = "/runs",
    tag = "runs",
    params(RunsQuery),
    responses((status = 200, body = RunPage))
)]
async fn list_runs(State(web): State<Web>, Ask(query): Ask<RunsQuery>) -> Answer<Json<RunPage>> {
    let offset = query.offset.unwrap_or(0);
    if offset > FURTHEST {
        return Err(invalid(format!("the offset may be {FURTHEST} at most")));
    }
    let filter = RunFilter { source: query.source, status: query.status, trigger: query.trigger };
    Ok(Json(web.app.runs(&filter, offset, limit(query.limit)?).await?))
}

/// How far the runs are that this server has at work
#[utoipa::path(
    get,
    path = "/runs/running",
    tag = "runs",
    responses((status = 200, body = Running))
)]
async fn list_running(State(web): State<Web>) -> Json<Running> {
    Json(Running { runs: web.app.running() })
}

/// A run, with a page of what it did
#[utoipa::path(
    get,
    path = "/runs/{id}",
    tag = "runs",
    params(("id" = RunId, Path, description = "Its id"), LinesQuery),
    responses((status = 200, body = RunShown))
)]
async fn show_run(
    State(web): State<Web>,
    Named(id): Named<RunId>,
    Ask(query): Ask<LinesQuery>,
) -> Answer<Json<RunShown>> {
    let (after, limit) = query.page()?;
    Ok(Json(web.app.run(id, after, limit).await?))
}

/// What a run did or, of a dry run, would have done, line by line
#[utoipa::path(
    get,
    path = "/runs/{id}/changes",
    tag = "runs",
    params(("id" = RunId, Path, description = "Its id"), LinesQuery),
    responses((status = 200, body = RunLines))
)]
async fn list_changes(
    State(web): State<Web>,
    Named(id): Named<RunId>,
    Ask(query): Ask<LinesQuery>,
) -> Answer<Json<RunLines>> {
    let (after, limit) = query.page()?;
    Ok(Json(web.app.run_lines(id, after, limit).await?))
}

/// What failed in a run, each by name
#[utoipa::path(
    get,
    path = "/runs/{id}/errors",
    tag = "runs",
    params(("id" = RunId, Path, description = "Its id")),
    responses((status = 200, body = RunErrors))
)]
async fn list_errors(State(web): State<Web>, Named(id): Named<RunId>) -> Answer<Json<RunErrors>> {
    Ok(Json(RunErrors { errors: web.app.run_errors(id).await? }))
}

/// Really removes what a run held
///
/// The source is asked once more. When its listing no longer fits what was seen, nothing is done.
#[utoipa::path(
    post,
    path = "/runs/{id}/approve",
    tag = "runs",
    params(("id" = RunId, Path, description = "Its id")),
    responses(
        (status = 200, body = RunReport),
        (status = 409, description = "It no longer fits, or the source is being synced")
    )
)]
async fn approve_run(State(web): State<Web>, Named(id): Named<RunId>) -> Answer<Json<RunReport>> {
    Ok(Json(web.app.approve(id, &web.app.teller()).await?))
}

/// Keeps what a run would have removed
#[utoipa::path(
    post,
    path = "/runs/{id}/discard",
    tag = "runs",
    params(("id" = RunId, Path, description = "Its id")),
    responses((status = 200, body = Kept), (status = 409, description = "The source is being synced"))
)]
async fn discard_run(State(web): State<Web>, Named(id): Named<RunId>) -> Answer<Json<Kept>> {
    Ok(Json(Kept { kept: web.app.discard(id).await? }))
}

/// Takes back what a run did
///
/// What later runs or people changed since is left alone and named.
#[utoipa::path(
    post,
    path = "/runs/{id}/revert",
    tag = "runs",
    params(("id" = RunId, Path, description = "Its id")),
    responses(
        (status = 200, body = RunReport),
        (status = 409, description = "The source is being synced, or something else is at work")
    )
)]
async fn revert_run(State(web): State<Web>, Named(id): Named<RunId>) -> Answer<Json<RunReport>> {
    Ok(Json(web.app.revert(id).await?))
}
