//! Users and tokens: who may use the server. Only an admin comes here, but for who asks about
//! themselves.

use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::{Extension, Json};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use shelfread_app::access::{Identity, Role, Scope, TokenView, UserView};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::ask::{Body, Named};
use super::problems::invalid;
use crate::problem::Answer;
use crate::state::Web;

const DAY: u64 = 86_400;

pub fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(show_me))
        .routes(routes!(list_users, add_user))
        .routes(routes!(change_user, remove_user))
        .routes(routes!(list_tokens, add_token))
        .routes(routes!(revoke_token))
}

/// Who asks.
#[derive(Serialize, ToSchema)]
struct Me {
    /// The name of the user or token.
    name: String,
    /// How much is allowed: `read`, `write` or `admin`.
    scope: &'static str,
}

/// Everybody who may use the server.
#[derive(Serialize, ToSchema)]
struct Users {
    users: Vec<UserView>,
}

/// A user to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewUser {
    /// Its name.
    name: String,
    /// `admin` or `reader`.
    #[schema(pattern = "^(admin|reader)$")]
    role: String,
    /// Its password; without one it can only come through a proxy that is trusted.
    #[schema(write_only)]
    password: Option<String>,
}

/// What changes of a user. What is absent stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UserBody {
    /// `admin` or `reader`.
    #[schema(pattern = "^(admin|reader)$")]
    role: Option<String>,
    /// Another password; it is logged out everywhere.
    #[schema(write_only)]
    password: Option<String>,
}

/// All tokens.
#[derive(Serialize, ToSchema)]
struct Tokens {
    tokens: Vec<TokenView>,
}

/// A token to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TokenBody {
    /// Its name.
    name: String,
    /// `read`, `write` or `admin`; never more than who asks may do.
    #[schema(pattern = "^(read|write|admin)$")]
    scope: String,
    /// In how many days it ends; never when absent.
    #[schema(minimum = 1, maximum = 3660)]
    days: Option<u64>,
}

/// A token that was made just now.
#[derive(Serialize, ToSchema)]
struct MadeToken {
    /// The token itself. It is never shown again.
    token: String,
    /// What is remembered of it.
    made: TokenView,
}

fn role(text: &str) -> Answer<Role> {
    Role::parse(text).ok_or_else(|| invalid(format!("'{text}' is no role (admin or reader)")))
}

/// Who asks, and how much is allowed
#[utoipa::path(get, path = "/me", tag = "access", responses((status = 200, body = Me)))]
async fn show_me(Extension(who): Extension<Identity>) -> Json<Me> {
    Json(Me { name: who.name, scope: who.scope.as_str() })
}

/// Everybody who may use the server
#[utoipa::path(get, path = "/users", tag = "access", responses((status = 200, body = Users)))]
async fn list_users(State(web): State<Web>) -> Answer<Json<Users>> {
    Ok(Json(Users { users: web.app.users().await? }))
}

/// Adds a user
#[utoipa::path(
    post,
    path = "/users",
    tag = "access",
    request_body = NewUser,
    responses((status = 201, body = UserView), (status = 409, description = "The name is taken"))
)]
async fn add_user(State(web): State<Web>, Body(body): Body<NewUser>) -> Answer<impl IntoResponse> {
    let password = body.password.map(SecretString::from);
    let user = web.app.add_user(&body.name, role(&body.role)?, password.as_ref()).await?;
    let place = super::location("users", &body.name);
    Ok((StatusCode::CREATED, [(header::LOCATION, place)], Json(user)))
}

/// Gives a user another role or password
#[utoipa::path(
    patch,
    path = "/users/{name}",
    tag = "access",
    params(("name" = String, Path, description = "Its name")),
    request_body = UserBody,
    responses((status = 200, body = UserView))
)]
async fn change_user(
    State(web): State<Web>,
    Named(name): Named<String>,
    Body(body): Body<UserBody>,
) -> Answer<Json<UserView>> {
    if let Some(text) = &body.role {
        web.app.set_role(&name, role(text)?).await?;
    }
    if let Some(password) = body.password {
        web.app.set_password(&name, &password.into(), None).await?;
    }
    let user = web.app.users().await?.into_iter().find(|user| user.name == name);
    Ok(Json(user.ok_or_else(|| super::problems::no_such(format!("there is no user '{name}'")))?))
}

/// Removes a user with its sessions and tokens
#[utoipa::path(
    delete,
    path = "/users/{name}",
    tag = "access",
    params(("name" = String, Path, description = "Its name")),
    responses((status = 204, description = "It is gone"))
)]
async fn remove_user(State(web): State<Web>, Named(name): Named<String>) -> Answer<StatusCode> {
    web.app.remove_user(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// All tokens, none of them whole
#[utoipa::path(get, path = "/tokens", tag = "access", responses((status = 200, body = Tokens)))]
async fn list_tokens(State(web): State<Web>) -> Answer<Json<Tokens>> {
    Ok(Json(Tokens { tokens: web.app.tokens().await? }))
}

/// Makes a token, which is shown this once
#[utoipa::path(
    post,
    path = "/tokens",
    tag = "access",
    request_body = TokenBody,
    responses((status = 201, body = MadeToken), (status = 409, description = "The name is taken"))
)]
async fn add_token(
    State(web): State<Web>,
    Extension(who): Extension<Identity>,
    Body(body): Body<TokenBody>,
) -> Answer<impl IntoResponse> {
    let scope = Scope::parse(&body.scope)
        .ok_or_else(|| invalid(format!("'{}' is no scope (read, write or admin)", body.scope)))?;
    let lifetime = body.days.map(|days| Duration::from_secs(days.saturating_mul(DAY)));
    let made = web.app.add_token(&body.name, scope, lifetime, Some(&who)).await?;
    let token = made.key.expose_secret().to_owned();
    let headers = [
        (header::LOCATION, super::location("tokens", &body.name)),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((StatusCode::CREATED, headers, Json(MadeToken { token, made: made.view })))
}

/// Takes a token back
#[utoipa::path(
    delete,
    path = "/tokens/{name}",
    tag = "access",
    params(("name" = String, Path, description = "Its name")),
    responses((status = 204, description = "It no longer counts"))
)]
async fn revoke_token(State(web): State<Web>, Named(name): Named<String>) -> Answer<StatusCode> {
    web.app.revoke_token(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}
