//! Download clients: listed, added, changed, tested, forgotten. Their passwords come in and never
//! go out again.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use shelfread_app::downloads::clients::{ClientChange, ClientView, TestedClient};
use shelfread_domain::download::ClientKind;
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
        .routes(routes!(list_clients, add_client))
        .routes(routes!(show_client, change_client, forget_client))
        .routes(routes!(test_client))
}

/// All download clients.
#[derive(Serialize, ToSchema)]
struct Clients {
    clients: Vec<ClientView>,
}

/// What a person wants of a client. What is absent stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ClientBody {
    /// Its name; another one renames it.
    name: Option<String>,
    /// Which program it is; it stays the same for ever.
    kind: Option<ClientKind>,
    /// Its address.
    url: Option<String>,
    /// Its user's name.
    username: Option<String>,
    /// Its password or API key. No answer ever has it.
    #[schema(write_only)]
    password: Option<String>,
    /// Whether it is asked.
    enabled: Option<bool>,
}

impl ClientBody {
    fn change(self) -> ClientChange {
        ClientChange {
            name: self.name,
            url: self.url,
            username: self.username,
            password: self.password.map(Into::into),
            enabled: self.enabled,
        }
    }
}

/// What went with a client.
#[derive(Serialize, ToSchema)]
struct ForgottenClient {
    /// How many rows of the queue.
    downloads: u64,
}

/// The download clients
#[utoipa::path(get, path = "/clients", tag = "downloads", responses((status = 200, body = Clients)))]
async fn list_clients(State(web): State<Web>) -> Answer<Json<Clients>> {
    Ok(Json(Clients { clients: web.app.clients().await? }))
}

/// Adds a download client
///
/// It is not asked; `POST /clients/{name}/test` does that.
#[utoipa::path(
    post,
    path = "/clients",
    tag = "downloads",
    request_body = ClientBody,
    responses((status = 201, body = ClientView), (status = 409, description = "The name is taken"))
)]
async fn add_client(
    State(web): State<Web>,
    Body(body): Body<ClientBody>,
) -> Answer<impl IntoResponse> {
    let name = body.name.clone().ok_or_else(|| invalid("a client needs a `name`"))?;
    let kind = body.kind.ok_or_else(|| invalid("say of which `kind` the client is"))?;
    let added = web.app.add_client(&name, kind, &body.change()).await?;
    Ok((StatusCode::CREATED, [(header::LOCATION, super::location("clients", &name))], Json(added)))
}

/// One download client
#[utoipa::path(
    get,
    path = "/clients/{name}",
    tag = "downloads",
    params(("name" = String, Path, description = "Its name")),
    responses((status = 200, body = ClientView))
)]
async fn show_client(
    State(web): State<Web>,
    Named(name): Named<String>,
) -> Answer<Json<ClientView>> {
    Ok(Json(web.app.client_view(&name).await?))
}

/// Changes a download client
#[utoipa::path(
    patch,
    path = "/clients/{name}",
    tag = "downloads",
    params(
        ("name" = String, Path, description = "Its name"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the client as it was read")
    ),
    request_body = ClientBody,
    responses(
        (status = 200, body = ClientView),
        (status = 409, description = "The configuration decides about it, or the name is taken")
    )
)]
async fn change_client(
    Unchanged(app): Unchanged,
    Named(name): Named<String>,
    Body(body): Body<ClientBody>,
) -> Answer<Json<ClientView>> {
    let known = app.client_view(&name).await?;
    if body.kind.is_some_and(|kind| kind != known.kind) {
        return Err(invalid("a download client keeps its kind; add another one"));
    }
    Ok(Json(app.change_client(&name, &body.change()).await?))
}

/// Forgets a download client with its queue; its transfers go on
#[utoipa::path(
    delete,
    path = "/clients/{name}",
    tag = "downloads",
    params(
        ("name" = String, Path, description = "Its name"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the client as it was read")
    ),
    responses((status = 200, body = ForgottenClient))
)]
async fn forget_client(
    Unchanged(app): Unchanged,
    Named(name): Named<String>,
) -> Answer<Json<ForgottenClient>> {
    Ok(Json(ForgottenClient { downloads: app.remove_client(&name).await? }))
}

/// Asks a download client who it is and whether it may be used
#[utoipa::path(
    post,
    path = "/clients/{name}/test",
    tag = "downloads",
    params(("name" = String, Path, description = "Its name")),
    responses(
        (status = 200, body = TestedClient),
        (status = 502, description = "It does not answer or refuses, and why")
    )
)]
async fn test_client(
    State(web): State<Web>,
    Named(name): Named<String>,
) -> Answer<Json<TestedClient>> {
    Ok(Json(web.app.ask_client(&name).await?))
}
