//! Notifications: who is told what happens, and the letters to them. Addresses and secrets of targets
//! come in and never go out again.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use shelfread_app::notify::{SaveTarget, TargetView};
use shelfread_app::rows::{Letter, LetterFilter, LetterState};
use shelfread_domain::notify::TargetKind;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::ask::{Ask, Body, Named, limit};
use super::problems::invalid;
use crate::problem::Answer;
use crate::state::Web;

pub fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(list_targets))
        .routes(routes!(show_target, save_target, remove_target))
        .routes(routes!(test_target))
        .routes(routes!(replay_target))
        .routes(routes!(list_letters))
        .routes(routes!(replay_letter))
}

/// Who is told what happens.
#[derive(Serialize, ToSchema)]
struct Targets {
    targets: Vec<TargetView>,
}

/// What a person wants of a target. What is absent stays as it is; a new one needs kind and url.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TargetBody {
    /// In which form it wants to be told.
    kind: Option<TargetKind>,
    /// Where it is told. No answer ever has more of it than scheme, host and port.
    #[schema(write_only)]
    url: Option<String>,
    /// A token, or the key of signatures. No answer ever has it.
    #[schema(write_only)]
    secret: Option<String>,
    /// The kinds of events: `run.held`, `download` for all that begin with `download.`, or `*`.
    events: Option<Vec<String>>,
    /// Whether it is told.
    enabled: Option<bool>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct LettersQuery {
    /// Only in this state.
    #[param(value_type = Option<LetterState>)]
    state: Option<String>,
    /// Only to the target of this name.
    target: Option<String>,
    /// Only letters older than this one: the `next` of the page of newer ones.
    before: Option<Uuid>,
    /// How many letters.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u64>,
}

/// A page of letters, the newest first.
#[derive(Serialize, ToSchema)]
struct LetterPage {
    letters: Vec<Letter>,
    /// What to ask for the page of older ones with.
    next: Option<Uuid>,
}

/// What is delivered after all.
#[derive(Serialize, ToSchema)]
struct Replayed {
    /// How many letters.
    letters: u64,
}

/// Who is told what happens
#[utoipa::path(
    get,
    path = "/notifications",
    tag = "notifications",
    responses((status = 200, body = Targets))
)]
async fn list_targets(State(web): State<Web>) -> Answer<Json<Targets>> {
    Ok(Json(Targets { targets: web.app.targets().await? }))
}

/// One who is told what happens
#[utoipa::path(
    get,
    path = "/notifications/{name}",
    tag = "notifications",
    params(("name" = String, Path, description = "Its name")),
    responses((status = 200, body = TargetView))
)]
async fn show_target(
    State(web): State<Web>,
    Named(name): Named<String>,
) -> Answer<Json<TargetView>> {
    Ok(Json(web.app.target_view(&name).await?))
}

/// Adds or changes one who is told what happens
///
/// Nothing is sent; `POST /notifications/{name}/test` does that. A new one is told of what happens
/// from now on.
#[utoipa::path(
    put,
    path = "/notifications/{name}",
    tag = "notifications",
    params(("name" = String, Path, description = "Its name")),
    request_body = TargetBody,
    responses(
        (status = 200, description = "It was there and is changed", body = TargetView),
        (status = 201, description = "It is new", body = TargetView)
    )
)]
async fn save_target(
    State(web): State<Web>,
    Named(name): Named<String>,
    Body(body): Body<TargetBody>,
) -> Answer<Response> {
    let is_known = web.app.targets().await?.iter().any(|target| target.name == name);
    let change = SaveTarget {
        kind: body.kind,
        url: body.url.map(Into::into),
        secret: body.secret.map(Into::into),
        events: body.events,
        enabled: body.enabled,
        ..SaveTarget::named(&name)
    };
    web.app.save_target(change).await?;
    let saved = Json(web.app.target_view(&name).await?);
    let place = [(header::LOCATION, super::location("notifications", &name))];
    Ok(match is_known {
        true => saved.into_response(),
        false => (StatusCode::CREATED, place, saved).into_response(),
    })
}

/// Forgets one who is told, with all that it was still to be told
#[utoipa::path(
    delete,
    path = "/notifications/{name}",
    tag = "notifications",
    params(("name" = String, Path, description = "Its name")),
    responses((status = 204, description = "It is no longer told"))
)]
async fn remove_target(State(web): State<Web>, Named(name): Named<String>) -> Answer<StatusCode> {
    web.app.remove_target(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Tells a target at once that this is a test
#[utoipa::path(
    post,
    path = "/notifications/{name}/test",
    tag = "notifications",
    params(("name" = String, Path, description = "Its name")),
    responses(
        (status = 204, description = "It took it"),
        (status = 502, description = "It did not take it, and why")
    )
)]
async fn test_target(State(web): State<Web>, Named(name): Named<String>) -> Answer<StatusCode> {
    web.app.test_target(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Has everything delivered after all that a target could not be told
#[utoipa::path(
    post,
    path = "/notifications/{name}/replay",
    tag = "notifications",
    params(("name" = String, Path, description = "Its name")),
    responses((status = 200, body = Replayed))
)]
async fn replay_target(
    State(web): State<Web>,
    Named(name): Named<String>,
) -> Answer<Json<Replayed>> {
    Ok(Json(Replayed { letters: web.app.replay_target(&name).await? }))
}

/// What targets are still to be told, were told, or could not be told, newest first
#[utoipa::path(
    get,
    path = "/letters",
    tag = "notifications",
    params(LettersQuery),
    responses((status = 200, body = LetterPage))
)]
async fn list_letters(
    State(web): State<Web>,
    Ask(asked): Ask<LettersQuery>,
) -> Answer<Json<LetterPage>> {
    let state = |text: &str| {
        let known = LetterState::parse(text);
        known.ok_or_else(|| invalid(format!("'{text}' is no state (waiting, sent, dead)")))
    };
    let filter = LetterFilter {
        state: asked.state.as_deref().map(state).transpose()?,
        target: asked.target,
        before: asked.before,
    };
    let limit = limit(asked.limit)?;
    let letters = web.app.letters(&filter, limit).await?;
    let next = letters.last().filter(|_| letters.len() as u64 == limit).map(|letter| letter.id);
    Ok(Json(LetterPage { letters, next }))
}

/// Has a letter delivered after all that could not be delivered
#[utoipa::path(
    post,
    path = "/letters/{id}/replay",
    tag = "notifications",
    params(("id" = String, Path, description = "Its id")),
    responses((status = 204, description = "It is tried again"))
)]
async fn replay_letter(State(web): State<Web>, Named(id): Named<Uuid>) -> Answer<StatusCode> {
    web.app.replay_letter(id).await?;
    Ok(StatusCode::NO_CONTENT)
}
