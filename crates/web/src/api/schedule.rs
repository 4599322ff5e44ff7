//! When sources are synced.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use shelfread_app::schedule::{ScheduleChange, SourceSchedule};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::ask::{Body, Named};
use crate::problem::Answer;
use crate::state::Web;

pub fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(list_schedules))
        .routes(routes!(show_schedule, set_schedule))
}

/// The times of all sources.
#[derive(Serialize, ToSchema)]
struct Schedules {
    schedule: Vec<SourceSchedule>,
}

/// The times that a source has of its own. What is absent or empty is as for all sources.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TimesBody {
    /// How often everything is synced: a pause such as `24h`, a cron expression, or `off`.
    full: Option<String>,
    /// How often what changed is synced.
    quick: Option<String>,
    /// When nothing is started, such as `01:00-06:00`; `off` for never.
    quiet: Option<String>,
}

/// When each source is synced next
#[utoipa::path(
    get,
    path = "/schedule",
    tag = "sources",
    responses((status = 200, body = Schedules))
)]
async fn list_schedules(State(web): State<Web>) -> Answer<Json<Schedules>> {
    Ok(Json(Schedules { schedule: web.app.schedule().await? }))
}

/// When a source is synced
#[utoipa::path(
    get,
    path = "/sources/{name}/schedule",
    tag = "sources",
    params(("name" = String, Path, description = "Its name")),
    responses((status = 200, body = SourceSchedule))
)]
async fn show_schedule(
    State(web): State<Web>,
    Named(name): Named<String>,
) -> Answer<Json<SourceSchedule>> {
    Ok(Json(web.app.source_schedule(&name).await?))
}

/// Sets when a source is synced
///
/// Of a source that the configuration declares, what the file says comes back with the next start.
#[utoipa::path(
    put,
    path = "/sources/{name}/schedule",
    tag = "sources",
    params(("name" = String, Path, description = "Its name")),
    request_body = TimesBody,
    responses((status = 200, body = SourceSchedule))
)]
async fn set_schedule(
    State(web): State<Web>,
    Named(name): Named<String>,
    Body(body): Body<TimesBody>,
) -> Answer<Json<SourceSchedule>> {
    let [full, quick, quiet] =
        [body.full, body.quick, body.quiet].map(|text| Some(text.unwrap_or_default()));
    web.app.set_schedule(&name, &ScheduleChange { full, quick, quiet }).await?;
    Ok(Json(web.app.source_schedule(&name).await?))
}
