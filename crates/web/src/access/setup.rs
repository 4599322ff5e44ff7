//! The first run: the page on which the first admin is made, with the code from the log.

use askama::Template;
use axum::Extension;
use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use shelfread_app::AppError;
use shelfread_app::access::NewSession;

use super::Peer;
use super::login::{patience, shown, too_many, welcome};
use crate::problem::Problem;
use crate::routes::Routes;
use crate::state::Web;

pub fn routes() -> Routes {
    Routes::new().route("/setup", get(page).post(set_up))
}

#[derive(Template)]
#[template(path = "setup.html")]
struct Page<'a> {
    name: &'a str,
    problem: Option<&'a str>,
}

#[derive(Deserialize)]
struct Wishes {
    code: SecretString,
    name: String,
    password: SecretString,
    again: SecretString,
}

async fn page(State(web): State<Web>) -> Result<Response, Problem> {
    match web.app.has_admin().await? {
        true => Ok(Redirect::to("/login").into_response()),
        false => shown(StatusCode::OK, &Page { name: "", problem: None }),
    }
}

async fn set_up(
    State(web): State<Web>,
    Extension(peer): Extension<Peer>,
    Form(form): Form<Wishes>,
) -> Result<Response, Problem> {
    if let Err(wait) = web.access.limit.attempt(peer.address) {
        return too_many(wait, &Page { name: &form.name, problem: Some(&patience(wait)) });
    }
    match try_to(&web, &form).await {
        Ok(session) => {
            web.access.forget_code();
            Ok(welcome(peer, &session, "/"))
        }
        Err(AppError::Denied(problem)) => {
            tracing::warn!(from = %peer.address, "a setup failed: {problem}");
            shown(StatusCode::UNAUTHORIZED, &Page { name: &form.name, problem: Some(problem) })
        }
        Err(AppError::Usage(problem)) => {
            let page = Page { name: &form.name, problem: Some(&problem) };
            shown(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(error) => Err(error.into()),
    }
}

async fn try_to(web: &Web, form: &Wishes) -> Result<NewSession, AppError> {
    let closed = AppError::Denied("there is an admin already");
    let code = web.access.code().ok_or(closed)?;
    if form.password.expose_secret() != form.again.expose_secret() {
        return Err(AppError::Usage("the passwords differ".to_owned()));
    }
    web.app.set_up(&code, &form.code, form.name.trim(), &form.password).await
}
