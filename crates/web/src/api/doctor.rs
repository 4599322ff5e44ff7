//! The doctor: are the promises kept, and do the connections work?

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use shelfread_app::doctor::Examination;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::ask::Ask;
use crate::problem::Answer;
use crate::state::Web;

pub fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(examine)).routes(routes!(repair))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct DoctorQuery {
    /// Whether sources and download clients are asked too.
    connections: Option<bool>,
}

/// Checks the promises on the database, and each connection if that is wanted
#[utoipa::path(
    get,
    path = "/doctor",
    tag = "doctor",
    params(DoctorQuery),
    responses((status = 200, body = Examination))
)]
async fn examine(
    State(web): State<Web>,
    Ask(query): Ask<DoctorQuery>,
) -> Answer<Json<Examination>> {
    Ok(Json(web.app.doctor(query.connections.unwrap_or(false)).await?))
}

/// Mends what follows from what is there, and reports the rest
#[utoipa::path(
    post,
    path = "/doctor/repair",
    tag = "doctor",
    params(DoctorQuery),
    responses((status = 200, body = Examination))
)]
async fn repair(State(web): State<Web>, Ask(query): Ask<DoctorQuery>) -> Answer<Json<Examination>> {
    Ok(Json(web.app.repair(query.connections.unwrap_or(false)).await?))
}
