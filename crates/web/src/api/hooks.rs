//! The secrets that webhooks of sources and download clients must bring. The only secrets of others
//! that an answer ever has: they are for whoever sets up the other side, so only an admin comes here.

use axum::Json;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::IntoResponse;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::ask::{Body, Named};
use crate::problem::Answer;
use crate::state::Web;

pub fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(show_source_hook, set_source_hook, renew_source_hook))
        .routes(routes!(show_client_hook, set_client_hook, renew_client_hook))
}

/// Where a webhook calls, and with what.
#[derive(Serialize, ToSchema)]
struct Hook {
    /// The secret, for senders that can set the header `X-Hook-Key`.
    secret: String,
    /// The path with the secret in it, for senders that cannot.
    path: String,
}

/// The secret that a webhook is to bring.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct HookBody {
    #[schema(write_only)]
    secret: String,
}

impl Hook {
    /// An answer that nobody keeps.
    fn told(name: &str, secret: &SecretString) -> impl IntoResponse + use<> {
        let secret = secret.expose_secret().to_owned();
        let path = path(name, &secret).unwrap_or_default();
        ([(CACHE_CONTROL, "no-store")], Json(Self { secret, path }))
    }
}

fn path(name: &str, secret: &str) -> Option<String> {
    let mut url = Url::parse("http://localhost/hooks").ok()?;
    url.path_segments_mut().ok()?.push(name);
    url.query_pairs_mut().append_pair("key", secret);
    Some(url[url::Position::BeforePath..].to_owned())
}

/// Shows what webhooks of a source must bring; made up when there is nothing yet
#[utoipa::path(
    get,
    path = "/sources/{name}/hook",
    tag = "sources",
    params(("name" = String, Path, description = "Its name")),
    responses((status = 200, body = Hook))
)]
async fn show_source_hook(
    State(web): State<Web>,
    Named(name): Named<String>,
) -> Answer<impl IntoResponse> {
    web.app.source_view(&name).await?;
    Ok(Hook::told(&name, &web.app.hook_secret(&name).await?))
}

/// Sets what webhooks of a source must bring
#[utoipa::path(
    put,
    path = "/sources/{name}/hook",
    tag = "sources",
    params(("name" = String, Path, description = "Its name")),
    request_body = HookBody,
    responses((status = 200, body = Hook))
)]
async fn set_source_hook(
    State(web): State<Web>,
    Named(name): Named<String>,
    Body(body): Body<HookBody>,
) -> Answer<impl IntoResponse> {
    web.app.source_view(&name).await?;
    let set = web.app.set_hook_secret(&name, Some(body.secret.into())).await?;
    Ok(Hook::told(&name, &set))
}

/// Makes up another secret for the webhooks of a source; the old one no longer counts
#[utoipa::path(
    post,
    path = "/sources/{name}/hook",
    tag = "sources",
    params(("name" = String, Path, description = "Its name")),
    responses((status = 200, body = Hook))
)]
async fn renew_source_hook(
    State(web): State<Web>,
    Named(name): Named<String>,
) -> Answer<impl IntoResponse> {
    web.app.source_view(&name).await?;
    Ok(Hook::told(&name, &web.app.set_hook_secret(&name, None).await?))
}

/// Shows what webhooks of a download client must bring; made up when there is nothing yet
#[utoipa::path(
    get,
    path = "/clients/{name}/hook",
    tag = "downloads",
    params(("name" = String, Path, description = "Its name")),
    responses((status = 200, body = Hook))
)]
async fn show_client_hook(
    State(web): State<Web>,
    Named(name): Named<String>,
) -> Answer<impl IntoResponse> {
    web.app.client_view(&name).await?;
    Ok(Hook::told(&name, &web.app.hook_secret(&name).await?))
}

/// Sets what webhooks of a download client must bring
#[utoipa::path(
    put,
    path = "/clients/{name}/hook",
    tag = "downloads",
    params(("name" = String, Path, description = "Its name")),
    request_body = HookBody,
    responses((status = 200, body = Hook))
)]
async fn set_client_hook(
    State(web): State<Web>,
    Named(name): Named<String>,
    Body(body): Body<HookBody>,
) -> Answer<impl IntoResponse> {
    web.app.client_view(&name).await?;
    let set = web.app.set_hook_secret(&name, Some(body.secret.into())).await?;
    Ok(Hook::told(&name, &set))
}

/// Makes up another secret for the webhooks of a download client; the old one no longer counts
#[utoipa::path(
    post,
    path = "/clients/{name}/hook",
    tag = "downloads",
    params(("name" = String, Path, description = "Its name")),
    responses((status = 200, body = Hook))
)]
async fn renew_client_hook(
    State(web): State<Web>,
    Named(name): Named<String>,
) -> Answer<impl IntoResponse> {
    web.app.client_view(&name).await?;
    Ok(Hook::told(&name, &web.app.set_hook_secret(&name, None).await?))
}
