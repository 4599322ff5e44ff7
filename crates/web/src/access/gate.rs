//! The gate that every request goes through.

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use shelfread_app::access::{Identity, Via};
use url::form_urlencoded;

use super::Peer;
use super::identify::identify;
use super::rules::{Need, need};
use crate::problem::Problem;
use crate::state::Web;

/// Lets a request in whose sender may do what it wants, with the [`Identity`] beside it.
pub async fn gate(State(web): State<Web>, mut request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let need = need(request.method(), route);
    if need == Need::Nothing {
        return next.run(request).await;
    }
    let headers = request.headers().clone();
    let who = match request.extensions().get::<Peer>() {
        Some(peer) => identify(&web, &headers, *peer).await,
        None => Ok(None),
    };
    let who = match who {
        Ok(who) => who,
        Err(error) => return Problem::from(error).into_response(),
    };
    match (need, &who) {
        (Need::Scope(_), None) => return refuse(&web, request).await,
        (Need::Scope(scope), Some(who)) if who.scope < scope => {
            return Problem::forbidden(scope.as_str()).into_response();
        }
        _ => {}
    }
    if let Some(who) = who {
        prepare(&mut request, who);
    }
    next.run(request).await
}

/// Puts the identity beside the request. What a token is shown with was written by a program: no
/// browser adds it by itself, so the protection against forged requests does not concern it.
fn prepare(request: &mut Request, who: Identity) {
    if matches!(who.via, Via::Token(_)) {
        request.headers_mut().remove(header::ORIGIN);
        request.headers_mut().remove("sec-fetch-site");
    }
    request.extensions_mut().insert(who);
}

/// A person is shown the way in, a program is told.
async fn refuse(web: &Web, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    if !is_page(&parts.headers) || parts.uri.path().starts_with("/api/") {
        return Problem::unknown().into_response();
    }
    let way = match web.app.has_admin().await {
        Ok(false) => "/setup".to_owned(),
        _ => way_back(&parts.uri),
    };
    if parts.headers.contains_key("hx-request") {
        let way = HeaderValue::from_str(&way).unwrap_or(HeaderValue::from_static("/login"));
        return (StatusCode::UNAUTHORIZED, [("hx-redirect", way)]).into_response();
    }
    Redirect::to(&way).into_response()
}

/// The login that leads back to where somebody wanted to go.
fn way_back(wanted: &Uri) -> String {
    let next = wanted.path_and_query().map_or("/", |path| path.as_str());
    match next {
        "/" => "/login".to_owned(),
        next => {
            let query =
                form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
            format!("/login?{query}")
        }
    }
}

/// Whether a person looks at the answer.
fn is_page(headers: &HeaderMap) -> bool {
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    headers.contains_key("hx-request") || accepts.is_some_and(|all| all.contains("text/html"))
}
