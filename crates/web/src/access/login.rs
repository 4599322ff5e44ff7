//! Login and logout.

use askama::Template;
use axum::Extension;
use axum::extract::{Form, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use secrecy::SecretString;
use serde::Deserialize;
use shelfread_app::AppError;
use shelfread_app::access::{Identity, NewSession};

use super::{Peer, cookie};
use crate::problem::Problem;
use crate::routes::Routes;
use crate::state::Web;

pub fn routes() -> Routes {
    Routes::new().route("/login", get(page).post(log_in)).route("/logout", post(log_out))
}

#[derive(Template)]
#[template(path = "login.html")]
struct Page<'a> {
    name: &'a str,
    next: &'a str,
    problem: Option<&'a str>,
}

/// Where somebody wanted to go.
#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
struct Credentials {
    name: String,
    password: SecretString,
    #[serde(default)]
    next: String,
}

async fn page(
    State(web): State<Web>,
    who: Option<Extension<Identity>>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    if who.is_some() {
        return Ok(Redirect::to(inside(&wanted.next)).into_response());
    }
    if !web.app.has_admin().await? {
        return Ok(Redirect::to("/setup").into_response());
    }
    shown(StatusCode::OK, &Page { name: "", next: &wanted.next, problem: None })
}

async fn log_in(
    State(web): State<Web>,
    Extension(peer): Extension<Peer>,
    Form(form): Form<Credentials>,
) -> Result<Response, Problem> {
    if let Err(wait) = web.access.limit.attempt(peer.address) {
        let problem = patience(wait);
        let page = Page { name: &form.name, next: &form.next, problem: Some(&problem) };
        return too_many(wait, &page);
    }
    match web.app.log_in(form.name.trim(), &form.password).await {
        Ok(session) => Ok(welcome(peer, &session, inside(&form.next))),
        Err(AppError::Denied(problem)) => {
            tracing::warn!(from = %peer.address, "a login failed");
            let page = Page { name: &form.name, next: &form.next, problem: Some(problem) };
            shown(StatusCode::UNAUTHORIZED, &page)
        }
        Err(error) => Err(error.into()),
    }
}

async fn log_out(
    State(web): State<Web>,
    Extension(peer): Extension<Peer>,
    who: Option<Extension<Identity>>,
) -> Result<Response, Problem> {
    if let Some(Extension(who)) = who {
        web.app.log_out(&who).await?;
    }
    Ok((cookie::take(peer), Redirect::to("/login")).into_response())
}

/// Sends somebody who has just come in where they wanted to go.
pub fn welcome(peer: Peer, session: &NewSession, way: &str) -> Response {
    (cookie::give(peer, &session.key, session.lifetime), Redirect::to(way)).into_response()
}

/// What somebody is told who tries too often.
pub fn patience(seconds: u64) -> String {
    format!("too many attempts; try again in {seconds} seconds")
}

/// A page for somebody who tries too often.
pub fn too_many(seconds: u64, page: &impl Template) -> Result<Response, Problem> {
    let answer = shown(StatusCode::TOO_MANY_REQUESTS, page)?;
    Ok(([(header::RETRY_AFTER, seconds.to_string())], answer).into_response())
}

/// A page with its status.
pub fn shown(status: StatusCode, page: &impl Template) -> Result<Response, Problem> {
    Ok((status, Html(page.render()?)).into_response())
}

/// A way that stays on this server, whatever somebody wrote into a link.
fn inside(next: &str) -> &str {
    let stays = next.starts_with('/')
        && !next.starts_with("//")
        && next.chars().all(|c| c.is_ascii_graphic() && c != '\\');
    if stays { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::inside;

    #[test]
    fn a_link_leads_nowhere_else() {
        for (next, way) in [
            ("", "/"),
            ("/items?q=a%20b", "/items?q=a%20b"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("https://evil.example", "/"),
            ("javascript:alert(1)", "/"),
            ("/a\r\nSet-Cookie: x", "/"),
            ("/\t/evil.example", "/"),
        ] {
            assert_eq!(inside(next), way, "{next:?}");
        }
    }
}
