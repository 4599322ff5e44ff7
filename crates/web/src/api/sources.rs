//! Sources: listed, added, changed, paused, tested, forgotten. Their secrets come in and never go
//! out again.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use shelfread_app::sources::{SourceChange, SourceView, TestedSource};
use shelfread_domain::SourceKind;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::ask::{Body, Named};
use super::problems::invalid;
use super::unchanged::Unchanged;
use crate::problem::Answer;
use crate::state::Web;

pub fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(list_sources, add_source))
        .routes(routes!(show_source, change_source, forget_source))
        .routes(routes!(test_source))
}

/// All sources.
#[derive(Serialize, ToSchema)]
struct Sources {
    sources: Vec<SourceView>,
}

/// What a person wants of a source. What is absent stays as it is, or is the default of its kind.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SourceBody {
    /// Its name; only when it is added.
    name: Option<String>,
    /// What kind of program or place it is; it stays the same for ever.
    kind: Option<SourceKind>,
    /// Its address.
    url: Option<String>,
    /// The path of a folder, instead of an address.
    path: Option<String>,
    /// Its token. No answer ever has it.
    #[schema(write_only)]
    token: Option<String>,
    /// Whose play state is read.
    user: Option<String>,
    /// What a folder holds: `movies` or `shows`.
    media: Option<String>,
    /// How its paths read here.
    path_map: Option<BTreeMap<String, String>>,
    /// What happens to what it no longer lists: `remove`, `keep` or `grace:30d`.
    on_missing: Option<String>,
    /// How much may go without asking: a share such as `10%`, or a count.
    max_removals: Option<String>,
    /// Lower wins when sources disagree.
    priority: Option<i32>,
    /// Whether it is synced.
    enabled: Option<bool>,
}

impl SourceBody {
    fn change(self) -> SourceChange {
        SourceChange {
            url: self.url.or(self.path),
            token: self.token.map(Into::into),
            user: self.user,
            media: self.media,
            path_map: self.path_map,
            on_missing: self.on_missing,
            max_removals: self.max_removals,
            priority: self.priority,
            enabled: self.enabled,
        }
    }
}

/// What went with something that was forgotten.
#[derive(Serialize, ToSchema)]
struct ForgottenSource {
    /// How many items no source lists any more.
    unlisted_items: u64,
}

/// The sources, in the order in which they win when they disagree
#[utoipa::path(get, path = "/sources", tag = "sources", responses((status = 200, body = Sources)))]
async fn list_sources(State(web): State<Web>) -> Answer<Json<Sources>> {
    Ok(Json(Sources { sources: web.app.sources().await? }))
}

/// Adds a source
///
/// It is not asked; `POST /sources/{name}/test` does that.
#[utoipa::path(
    post,
    path = "/sources",
    tag = "sources",
    request_body = SourceBody,
    responses((status = 201, body = SourceView), (status = 409, description = "The name is taken"))
)]
async fn add_source(
    State(web): State<Web>,
    Body(body): Body<SourceBody>,
) -> Answer<impl IntoResponse> {
    let name = body.name.clone().ok_or_else(|| invalid("a source needs a `name`"))?;
    let kind = body.kind.ok_or_else(|| invalid("say of which `kind` the source is"))?;
    let added = web.app.add_source(&name, kind, &body.change()).await?;
    Ok((StatusCode::CREATED, [(header::LOCATION, super::location("sources", &name))], Json(added)))
}

/// One source
#[utoipa::path(
    get,
    path = "/sources/{name}",
    tag = "sources",
    params(("name" = String, Path, description = "Its name")),
    responses((status = 200, body = SourceView))
)]
async fn show_source(
    State(web): State<Web>,
    Named(name): Named<String>,
) -> Answer<Json<SourceView>> {
    Ok(Json(web.app.source_view(&name).await?))
}

/// Changes a source; with `enabled` it is paused or goes on
#[utoipa::path(
    patch,
    path = "/sources/{name}",
    tag = "sources",
    params(
        ("name" = String, Path, description = "Its name"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the source as it was read")
    ),
    request_body = SourceBody,
    responses(
        (status = 200, body = SourceView),
        (status = 409, description = "The configuration decides about it")
    )
)]
async fn change_source(
    Unchanged(app): Unchanged,
    Named(name): Named<String>,
    Body(body): Body<SourceBody>,
) -> Answer<Json<SourceView>> {
    let known = app.source_view(&name).await?;
    let stays = body.kind.is_none_or(|kind| kind == known.kind)
        && body.name.as_ref().is_none_or(|name| *name == known.name);
    if !stays {
        return Err(invalid("a source keeps its name and kind; add another one"));
    }
    Ok(Json(app.change_source(&name, &body.change()).await?))
}

/// Forgets a source and everything that it listed
#[utoipa::path(
    delete,
    path = "/sources/{name}",
    tag = "sources",
    params(
        ("name" = String, Path, description = "Its name"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the source as it was read")
    ),
    responses(
        (status = 200, body = ForgottenSource),
        (status = 409, description = "It is being synced")
    )
)]
async fn forget_source(
    Unchanged(app): Unchanged,
    Named(name): Named<String>,
) -> Answer<Json<ForgottenSource>> {
    Ok(Json(ForgottenSource { unlisted_items: app.remove_source(&name).await? }))
}

/// Asks a source who it is and what it has
#[utoipa::path(
    post,
    path = "/sources/{name}/test",
    tag = "sources",
    params(("name" = String, Path, description = "Its name")),
    responses(
        (status = 200, body = TestedSource),
        (status = 502, description = "It could not be read, and why")
    )
)]
async fn test_source(
    State(web): State<Web>,
    Named(name): Named<String>,
) -> Answer<Json<TestedSource>> {
    Ok(Json(web.app.test_source(&name).await?.view(&name)))
}
