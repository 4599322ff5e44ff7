//! What waits for a person: listings without a place, or that claim what another item has.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use shelfread_app::person::{Correction, ReviewView};
use shelfread_domain::{ItemId, ListingId};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::ask::{Ask, Body, Named, limit};
use crate::problem::Answer;
use crate::state::Web;

pub fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(list_reviews)).routes(routes!(decide_review))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ReviewsQuery {
    /// How many listings.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u64>,
}

/// Listings that wait, oldest first.
#[derive(Serialize, ToSchema)]
struct Reviews {
    listings: Vec<ReviewView>,
}

/// Where a listing belongs.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Decision {
    /// The item that it belongs to; `null` makes it an item of its own.
    to: Option<ItemId>,
}

/// Listings that wait for a decision, oldest first
#[utoipa::path(
    get,
    path = "/reviews",
    tag = "items",
    params(ReviewsQuery),
    responses((status = 200, body = Reviews))
)]
async fn list_reviews(
    State(web): State<Web>,
    Ask(query): Ask<ReviewsQuery>,
) -> Answer<Json<Reviews>> {
    Ok(Json(Reviews { listings: web.app.reviews(limit(query.limit)?).await? }))
}

/// Decides where a listing belongs
#[utoipa::path(
    post,
    path = "/reviews/{listing}",
    tag = "items",
    params(("listing" = ListingId, Path, description = "The id of the listing")),
    request_body = Decision,
    responses((status = 200, body = Correction))
)]
async fn decide_review(
    State(web): State<Web>,
    Named(listing): Named<ListingId>,
    Body(body): Body<Decision>,
) -> Answer<Json<Correction>> {
    Ok(Json(web.app.place_listing(listing, body.to).await?))
}
