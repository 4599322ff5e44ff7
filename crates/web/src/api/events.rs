//! History: what happened. The same as it happens is in `live`.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use shelfread_app::events::{EventFilter, EventPage};
use shelfread_domain::ItemId;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::ask::{Ask, limit};
use crate::problem::Answer;
use crate::state::Web;

pub fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(list_events))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct EventsQuery {
    /// Of this kind, such as `download.completed`; `download` means all of them.
    kind: Option<String>,
    /// About this item.
    item: Option<ItemId>,
    /// At the source that has, or then had, this name.
    source: Option<String>,
    /// At the download client that has, or then had, this name.
    client: Option<String>,
    /// Not before this time.
    since: Option<DateTime<Utc>>,
    /// Only what happened before the event of this number: the `next` of the page of later ones.
    before: Option<i64>,
    /// Only what happened behind the event of this number.
    after: Option<i64>,
    /// How many, the newest ones.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u64>,
}

/// What happened, the newest at the end
#[utoipa::path(
    get,
    path = "/events",
    tag = "events",
    params(EventsQuery),
    responses((status = 200, body = EventPage))
)]
async fn list_events(
    State(web): State<Web>,
    Ask(asked): Ask<EventsQuery>,
) -> Answer<Json<EventPage>> {
    let filter = EventFilter {
        kind: asked.kind,
        item: asked.item,
        source: asked.source,
        client: asked.client,
        since: asked.since,
        before: asked.before,
        after: asked.after,
        ..EventFilter::default()
    };
    Ok(Json(web.app.events(&filter, limit(asked.limit)?).await?))
}
