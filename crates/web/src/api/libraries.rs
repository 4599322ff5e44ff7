//! Libraries of sources.

use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use shelfread_app::AppError;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::problem::{Answer, Problem};
use crate::state::Web;

pub fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(of_source))
}

/// A part of a source that is listed as one.
#[derive(Serialize, ToSchema)]
struct Library {
    /// Its id.
    id: Uuid,
    /// As its source names it.
    name: String,
}

/// All libraries of a source.
#[derive(Serialize, ToSchema)]
struct Libraries {
    libraries: Vec<Library>,
}

/// The libraries of a source
#[utoipa::path(
    get,
    path = "/sources/{name}/libraries",
    params(("name" = String, Path, description = "The name of the source")),
    responses((status = 200, body = Libraries), (status = 404, body = Problem)),
    tag = "libraries"
)]
async fn of_source(State(web): State<Web>, Path(name): Path<String>) -> Answer<Json<Libraries>> {
    let store = web.app.store();
    let source = store.source_by_name(&name).await.map_err(AppError::from)?;
    let source = source.ok_or_else(|| AppError::not_found("source", name))?;
    let rows = store.libraries(source.id).await.map_err(AppError::from)?;
    let libraries = rows.into_iter().map(|row| Library { id: row.id.0, name: row.name }).collect();
    Ok(Json(Libraries { libraries }))
}
