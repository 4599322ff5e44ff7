//! What goes wrong, told to whoever asked: to programs as `application/problem+json`, to people as
//! a page, to a part of a page as a paragraph. So a handler, a layer and axum itself may each fail
//! in their own way, and the answer is one.

use std::any::Any;

use askama::Template;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};

use crate::problem::Problem;

/// The longest explanation that is passed on.
const LONGEST: usize = 2_000;

/// Who asked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Audience {
    Program,
    Person,
    PartOfPage,
}

impl Audience {
    fn of(request: &Request) -> Self {
        let headers = request.headers();
        let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
        match request.uri().path() {
            path if path.starts_with("/api/") => Self::Program,
            _ if headers.contains_key("hx-request") => Self::PartOfPage,
            _ if accepts.is_some_and(|all| all.contains("text/html")) => Self::Person,
            _ => Self::Program,
        }
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct Page<'a> {
    problem: &'a Problem,
}

#[derive(Template)]
#[template(
    ext = "html",
    source = "<p class=\"problem\" role=\"alert\">{{ problem.title }}: {{ problem.detail }}</p>"
)]
struct Part<'a> {
    problem: &'a Problem,
}

pub async fn explain(request: Request, next: Next) -> Response {
    let audience = Audience::of(&request);
    let answer = next.run(request).await;
    let status = answer.status();
    let told = answer.extensions().get::<Problem>().cloned();
    match told {
        Some(problem) if audience != Audience::Program => shown(answer, &problem, audience),
        None if status.is_client_error() && is_plain(answer.headers()) => {
            let (answer, problem) = worded(answer).await;
            shown(answer, &problem, audience)
        }
        _ => answer,
    }
}

/// The answer to a request whose handler panicked; what it said is in the log.
pub fn panic(_: Box<dyn Any + Send + 'static>) -> Response {
    tracing::error!("a request made the server panic");
    Problem::broken("the server could not do it").into_response()
}

/// Whether nobody cared yet how an error is told.
fn is_plain(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_none_or(|kind| kind.starts_with("text/plain"))
}

/// The same headers around a problem with the words of a plain answer.
async fn worded(answer: Response) -> (Response, Problem) {
    let (parts, body) = answer.into_parts();
    let text = to_bytes(body, LONGEST).await.unwrap_or_default();
    let problem = Problem::of_status(parts.status, String::from_utf8_lossy(&text).trim());
    (Response::from_parts(parts, Body::empty()), problem)
}

/// The answer with its headers, and a problem as its body.
fn shown(answer: Response, problem: &Problem, audience: Audience) -> Response {
    let told = match audience {
        Audience::Program => problem.clone().into_response(),
        Audience::Person => page(&Page { problem }),
        Audience::PartOfPage => page(&Part { problem }),
    };
    let (mut parts, _) = answer.into_parts();
    let (told, body) = told.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.extend(told.headers);
    Response::from_parts(parts, body)
}

fn page(template: &impl Template) -> Response {
    match template.render() {
        Ok(text) => Html(text).into_response(),
        Err(error) => {
            tracing::error!("a page could not be made: {error}");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::get;
    use tower::ServiceExt;
    use tower_http::catch_panic::CatchPanicLayer;

    use super::*;

    async fn breaks() -> &'static str {
        panic!("a mistake of ours")
    }

    #[tokio::test]
    async fn a_panic_is_an_answer_that_tells_nothing() {
        let routes = Router::new().route("/", get(breaks));
        let routes: Router = routes.layer(CatchPanicLayer::custom(panic));
        let answer = routes.oneshot(Request::new(Body::empty())).await.unwrap();
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/problem+json");
        let text = to_bytes(answer.into_body(), LONGEST).await.unwrap();
        assert!(!String::from_utf8_lossy(&text).contains("mistake"), "{text:?}");
    }
}
