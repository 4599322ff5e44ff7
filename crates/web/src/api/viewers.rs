//! Viewers: who is who on which server.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use shelfread_app::play::ViewerRow;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::ask::Body;
use crate::problem::Answer;
use crate::state::Web;

pub fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(list_viewers))
        .routes(routes!(join_viewers))
        .routes(routes!(part_viewers))
}

/// Viewers of sources.
#[derive(Serialize, ToSchema)]
struct Viewers {
    viewers: Vec<ViewerRow>,
}

/// Some viewers.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Chosen {
    /// Each as `NAME@SOURCE`, or by its id.
    viewers: Vec<String>,
}

/// Everybody whom a source knows
#[utoipa::path(get, path = "/viewers", tag = "viewers", responses((status = 200, body = Viewers)))]
async fn list_viewers(State(web): State<Web>) -> Answer<Json<Viewers>> {
    Ok(Json(Viewers { viewers: web.app.viewers().await? }))
}

/// Makes viewers of several servers one person
#[utoipa::path(
    post,
    path = "/viewers/join",
    tag = "viewers",
    request_body = Chosen,
    responses((status = 200, body = Viewers))
)]
async fn join_viewers(State(web): State<Web>, Body(body): Body<Chosen>) -> Answer<Json<Viewers>> {
    Ok(Json(Viewers { viewers: web.app.join_viewers(&body.viewers).await? }))
}

/// Makes viewers nobody's but their own again
#[utoipa::path(
    post,
    path = "/viewers/part",
    tag = "viewers",
    request_body = Chosen,
    responses((status = 200, body = Viewers))
)]
async fn part_viewers(State(web): State<Web>, Body(body): Body<Chosen>) -> Answer<Json<Viewers>> {
    Ok(Json(Viewers { viewers: web.app.part_viewers(&body.viewers).await? }))
}
