//! Changes that are wanted only of what somebody saw: whoever sends the validator of what they read
//! as `If-Match` changes nothing that is another by now.
//!
//! Validators are weak here and are compared as weak ones, against the letter of RFC 9110: what they
//! stand for is what an answer says, and that is all that whoever decided could see.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use shelfread_app::App;

use super::etag;
use crate::problem::Problem;
use crate::state::Web;

/// The application for whoever asks: with a condition, if the request has one.
pub struct Unchanged(pub App);

impl FromRequestParts<Web> for Unchanged {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Problem> {
        Ok(Self(match seen(&parts.headers) {
            None => web.app.clone(),
            Some(seen) => web.app.provided(move |body| etag::matches(&seen, &etag::tag(body))),
        }))
    }
}

/// The validators that were sent. What cannot be one matches nothing.
fn seen(headers: &HeaderMap) -> Option<String> {
    let mut all = headers.get_all(header::IF_MATCH).iter().peekable();
    all.peek()?;
    let texts: Vec<_> = all.map(|one| one.to_str().unwrap_or_default()).collect();
    Some(texts.join(","))
}
