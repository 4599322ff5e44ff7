//! Syncs: started here, at work in the background.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use shelfread_app::{Started, SyncRequest};
use shelfread_domain::{Existing, Trigger};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::ask::Ask;
use crate::problem::Answer;
use crate::state::Web;

pub fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(start_sync))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct SyncQuery {
    /// The name of a source; may be given several times. All enabled ones when absent.
    #[serde(default)]
    #[param(required = false)]
    source: Vec<String>,
    /// Only the library of this name.
    library: Option<String>,
    /// Plan and record, and write nothing of it.
    dry_run: Option<bool>,
    /// What may be done to known items.
    existing: Option<Existing>,
    /// Only what changed since the last complete run.
    quick: Option<bool>,
}

/// Starts syncs
///
/// The answer comes at once and names the runs; `GET /runs/{id}` and the stream of events say how
/// they go. When a source that is named is at work already nothing is started, and the run that is
/// at work is not disturbed. Without a name, sources that are at work are left out.
#[utoipa::path(
    post,
    path = "/sync",
    tag = "runs",
    params(SyncQuery),
    responses(
        (status = 202, body = Started),
        (status = 404, description = "There is no such source"),
        (status = 409, description = "The source is being synced already")
    )
)]
async fn start_sync(
    State(web): State<Web>,
    Ask(query): Ask<SyncQuery>,
) -> Answer<(StatusCode, Json<Started>)> {
    let request = SyncRequest {
        sources: query.source,
        library: query.library,
        dry_run: query.dry_run.unwrap_or(false),
        existing: query.existing.unwrap_or(Existing::Update),
        quick: query.quick.unwrap_or(false),
        trigger: Trigger::Manual,
        ..SyncRequest::default()
    };
    Ok((StatusCode::ACCEPTED, Json(web.app.start_sync(request).await?)))
}
