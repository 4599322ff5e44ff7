//! Items: found, shown, corrected, joined, parted, removed.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use shelfread_app::items::{ItemDetailView, ItemPage, ItemQuery, ListingDetailView};
use shelfread_app::person::{Correction, RemovalReport, SettingsChange, Wish};
use shelfread_app::timeline::HistoryPage;
use shelfread_domain::record::ProgressRecord;
use shelfread_domain::{Field, ItemId, ItemKind, ItemStatus, ListingId};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::ask::{Ask, Body, Named, limit};
use super::unchanged::Unchanged;
use crate::problem::Answer;
use crate::state::Web;

pub fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(list_items))
        .routes(routes!(show_item, remove_item))
        .routes(routes!(list_listings))
        .routes(routes!(list_progress))
        .routes(routes!(list_history))
        .routes(routes!(correct_item))
        .routes(routes!(reset_field))
        .routes(routes!(set_item))
        .routes(routes!(merge_items))
        .routes(routes!(split_item))
        .routes(routes!(preview_removal, remove_everywhere))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ItemsQuery {
    /// Only of this kind.
    #[param(value_type = Option<ItemKind>)]
    kind: Option<String>,
    /// Only the seasons and episodes of this show.
    #[param(value_type = Option<ItemId>)]
    show: Option<String>,
    /// Only what the source of this name lists.
    source: Option<String>,
    /// Only what the source of this name does not list.
    missing_on: Option<String>,
    /// Only with this status.
    #[param(value_type = Option<ItemStatus>)]
    status: Option<String>,
    /// Part of the title.
    query: Option<String>,
    /// `title`; `year` (newest first, only movies and shows); `added` (last first).
    #[param(inline)]
    sort: Option<Order>,
    /// The `next` of the page before.
    after: Option<String>,
    /// How many items.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u64>,
}

/// The orders of items.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Order {
    Title,
    Year,
    Added,
}

impl Order {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Year => "year",
            Self::Added => "added",
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct HistoryQuery {
    /// The `next` of the page of what was later.
    after: Option<String>,
    /// How many lines.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u64>,
}

/// What the sources say of an item.
#[derive(Serialize, ToSchema)]
struct Listings {
    listings: Vec<ListingDetailView>,
}

/// How far who is with an item.
#[derive(Serialize, ToSchema)]
struct Progresses {
    progress: Vec<ProgressRecord>,
}

/// What a person wants done with an item. What is absent stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SettingsBody {
    /// Download new episodes or a better file by itself.
    auto_download: Option<bool>,
    /// What became of that; an empty text takes it away.
    status: Option<String>,
}

/// The item that gives all that it has and goes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MergeBody {
    gone: ItemId,
}

/// The listing that becomes an item of its own.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SplitBody {
    listing: ListingId,
}

/// A page of items
#[utoipa::path(
    get,
    path = "/items",
    tag = "items",
    params(ItemsQuery),
    responses(
        (status = 200, body = ItemPage),
        (status = 404, description = "There is no such source or show")
    )
)]
async fn list_items(State(web): State<Web>, Ask(asked): Ask<ItemsQuery>) -> Answer<Json<ItemPage>> {
    let query = ItemQuery {
        kind: asked.kind,
        show: asked.show,
        source: asked.source,
        missing_on: asked.missing_on,
        status: asked.status,
        query: asked.query,
        sort: asked.sort.map(|order| order.as_str().to_owned()),
    };
    let filter = web.app.item_filter(&query).await?;
    Ok(Json(web.app.items(&filter, asked.after.as_deref(), limit(asked.limit)?).await?))
}

/// An item: what it shows and who says so, what each source says, and what hangs on it
#[utoipa::path(
    get,
    path = "/items/{id}",
    tag = "items",
    params(("id" = ItemId, Path, description = "Its id")),
    responses((status = 200, body = ItemDetailView))
)]
async fn show_item(
    State(web): State<Web>,
    Named(id): Named<ItemId>,
) -> Answer<Json<ItemDetailView>> {
    Ok(Json(web.app.item(id).await?.view()))
}

/// What each source says of an item
#[utoipa::path(
    get,
    path = "/items/{id}/listings",
    tag = "items",
    params(("id" = ItemId, Path, description = "Its id")),
    responses((status = 200, body = Listings))
)]
async fn list_listings(State(web): State<Web>, Named(id): Named<ItemId>) -> Answer<Json<Listings>> {
    Ok(Json(Listings { listings: web.app.item(id).await?.view().listings }))
}

/// How far who is with an item
#[utoipa::path(
    get,
    path = "/items/{id}/progress",
    tag = "items",
    params(("id" = ItemId, Path, description = "Its id")),
    responses((status = 200, body = Progresses))
)]
async fn list_progress(
    State(web): State<Web>,
    Named(id): Named<ItemId>,
) -> Answer<Json<Progresses>> {
    Ok(Json(Progresses { progress: web.app.item(id).await?.detail.progress }))
}

/// What happened to an item, newest first: what runs changed of it, and its events
///
/// An item that is gone has a history as long as it is remembered.
#[utoipa::path(
    get,
    path = "/items/{id}/history",
    tag = "items",
    params(("id" = ItemId, Path, description = "Its id"), HistoryQuery),
    responses((status = 200, body = HistoryPage))
)]
async fn list_history(
    State(web): State<Web>,
    Named(id): Named<ItemId>,
    Ask(asked): Ask<HistoryQuery>,
) -> Answer<Json<HistoryPage>> {
    let limit = limit(asked.limit)?;
    Ok(Json(web.app.timeline(id, asked.after.as_deref(), limit).await?.view()))
}

/// Corrects fields, whatever sources say
///
/// A text is what the field shows from now on; `null` clears it for good. No sync changes that.
#[utoipa::path(
    patch,
    path = "/items/{id}/overrides",
    tag = "items",
    params(
        ("id" = ItemId, Path, description = "Its id"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the item as it was read")
    ),
    request_body = BTreeMap<String, Option<String>>,
    responses((status = 200, body = Correction))
)]
async fn correct_item(
    Unchanged(app): Unchanged,
    Named(id): Named<ItemId>,
    Body(body): Body<BTreeMap<Field, Option<String>>>,
) -> Answer<Json<Correction>> {
    let wish = |value: Option<String>| value.map_or(Wish::Nothing, Wish::Value);
    let wishes: Vec<_> = body.into_iter().map(|(field, value)| (field, wish(value))).collect();
    Ok(Json(app.correct_fields(id, &wishes).await?))
}

/// Lets sources have their say about a field again
#[utoipa::path(
    delete,
    path = "/items/{id}/overrides/{field}",
    tag = "items",
    params(
        ("id" = ItemId, Path, description = "Its id"),
        ("field" = Field, Path, description = "The field"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the item as it was read")
    ),
    responses((status = 200, body = Correction))
)]
async fn reset_field(
    Unchanged(app): Unchanged,
    Named((id, field)): Named<(ItemId, Field)>,
) -> Answer<Json<Correction>> {
    Ok(Json(app.correct_fields(id, &[(field, Wish::Sources)]).await?))
}

/// Sets what is to be done with an item
#[utoipa::path(
    patch,
    path = "/items/{id}/settings",
    tag = "items",
    params(
        ("id" = ItemId, Path, description = "Its id"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the item as it was read")
    ),
    request_body = SettingsBody,
    responses((status = 200, body = Correction))
)]
async fn set_item(
    Unchanged(app): Unchanged,
    Named(id): Named<ItemId>,
    Body(body): Body<SettingsBody>,
) -> Answer<Json<Correction>> {
    let change = SettingsChange { auto_download: body.auto_download, status: body.status };
    Ok(Json(app.change_settings(id, &change).await?))
}

/// Makes two items one
#[utoipa::path(
    post,
    path = "/items/{id}/merge",
    tag = "items",
    params(("id" = ItemId, Path, description = "The item that stays")),
    request_body = MergeBody,
    responses((status = 200, body = Correction))
)]
async fn merge_items(
    State(web): State<Web>,
    Named(id): Named<ItemId>,
    Body(body): Body<MergeBody>,
) -> Answer<Json<Correction>> {
    Ok(Json(web.app.merge_items(id, body.gone).await?))
}

/// Makes one of the listings of an item an item of its own
#[utoipa::path(
    post,
    path = "/items/{id}/split",
    tag = "items",
    params(("id" = ItemId, Path, description = "Its id")),
    request_body = SplitBody,
    responses((status = 200, body = Correction))
)]
async fn split_item(
    State(web): State<Web>,
    Named(id): Named<ItemId>,
    Body(body): Body<SplitBody>,
) -> Answer<Json<Correction>> {
    Ok(Json(web.app.split_item(id, body.listing).await?))
}

/// Takes an item out of the catalogue that no source lists any more
#[utoipa::path(
    delete,
    path = "/items/{id}",
    tag = "items",
    params(("id" = ItemId, Path, description = "Its id")),
    responses((status = 200, body = Correction))
)]
async fn remove_item(State(web): State<Web>, Named(id): Named<ItemId>) -> Answer<Json<Correction>> {
    Ok(Json(web.app.remove_item(id).await?))
}

/// Shows what removing an item from everywhere would do, source by source
#[utoipa::path(
    get,
    path = "/items/{id}/removal",
    tag = "items",
    params(("id" = ItemId, Path, description = "Its id")),
    responses((status = 200, body = RemovalReport))
)]
async fn preview_removal(
    State(web): State<Web>,
    Named(id): Named<ItemId>,
) -> Answer<Json<RemovalReport>> {
    Ok(Json(web.app.preview_removal(id).await?))
}

/// Removes an item from every source that lists it, with its files where the source deletes them
///
/// Sent again, it goes on where it was cut off or failed.
#[utoipa::path(
    post,
    path = "/items/{id}/removal",
    tag = "items",
    params(("id" = ItemId, Path, description = "Its id")),
    responses(
        (status = 200, body = RemovalReport),
        (status = 409, description = "A removal, import or revert is at work already")
    )
)]
async fn remove_everywhere(
    State(web): State<Web>,
    Named(id): Named<ItemId>,
) -> Answer<Json<RemovalReport>> {
    Ok(Json(web.app.remove_everywhere(id).await?))
}
