//! What handlers take out of a request. Whatever does not fit is answered with a problem that says
//! what and why; nothing of axum's own plain texts reaches anybody.
//!
//! No text with a NUL or with broken UTF-8 comes through: no name and no title has one, and not
//! every database could keep it.

use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, OptionalFromRequest, Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::form_urlencoded;
use utoipa::IntoParams;

use super::problems::{bad_request, invalid, no_such, problem};
use crate::problem::Problem;

/// The largest page of any list.
pub const MOST: u64 = 1_000;
/// How similar a name must be to be what somebody meant.
const SIMILAR: f64 = 0.7;

/// The query. A key that there is not is refused, with the name of the nearest one.
pub struct Ask<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + IntoParams> FromRequestParts<S> for Ask<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        let known = T::into_params(|| None);
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            if [&key, &value].iter().any(|text| text.contains(['\0', '\u{FFFD}'])) {
                return Err(bad_request("the query holds what is no text"));
            }
            if !known.iter().any(|parameter| parameter.name == key) {
                return Err(unknown(&key, known.iter().map(|p| p.name.as_str())));
            }
        }
        let read = axum_extra::extract::Query::<T>::from_request_parts(parts, state).await;
        read.map(|query| Self(query.0)).map_err(|error| invalid(error.body_text()))
    }
}

fn unknown<'a>(key: &str, known: impl Iterator<Item = &'a str>) -> Problem {
    let known: Vec<_> = known.collect();
    let nearest = known
        .iter()
        .max_by(|a, b| strsim::jaro_winkler(key, a).total_cmp(&strsim::jaro_winkler(key, b)));
    let hint = match nearest {
        Some(name) if strsim::jaro_winkler(key, name) > SIMILAR => {
            format!("did you mean '{name}'?")
        }
        _ if known.is_empty() => "this address takes no query".to_owned(),
        _ => format!("there are {}", known.join(", ")),
    };
    let detail = format!("there is no parameter '{key}'");
    let title = "The query has a key that there is not";
    Problem {
        hint: Some(hint),
        ..problem(StatusCode::BAD_REQUEST, "unknown-parameter", title, detail)
    }
}

/// What the path names. What cannot be a name or id of anything names nothing.
pub struct Named<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Named<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = parts.uri.path();
        if path.contains("%00") {
            return Err(no_such("nothing has a name with a NUL in it"));
        }
        let read = Path::<T>::from_request_parts(parts, state).await;
        read.map(|path| Self(path.0)).map_err(|error| no_such(error.body_text()))
    }
}

/// A body of JSON.
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            let detail = "send the body as `application/json`";
            let title = "The body is of a kind that is not taken here";
            return Err(problem(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported-media-type",
                title,
                detail,
            ));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|e| unreadable(&e))?;
        read(&bytes).map(Self)
    }
}

impl<S: Send + Sync, T: DeserializeOwned> OptionalFromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, Problem> {
        let is_empty = !request.headers().contains_key(header::CONTENT_TYPE);
        match is_empty {
            true => Ok(None),
            false => <Self as FromRequest<S>>::from_request(request, state).await.map(Some),
        }
    }
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let value: Value =
        serde_json::from_slice(bytes).map_err(|e| bad_request(format!("this is no JSON: {e}")))?;
    if has_nul(&value) {
        return Err(invalid("no text may have a NUL in it"));
    }
    serde_json::from_value(value).map_err(|e| invalid(e.to_string()))
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(all) => all.iter().any(has_nul),
        Value::Object(all) => all.iter().any(|(key, v)| key.contains('\0') || has_nul(v)),
        _ => false,
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind =
        kind.and_then(|kind| kind.split(';').next()).map(|kind| kind.trim().to_ascii_lowercase());
    kind.is_some_and(|k| {
        k == "application/json" || k.starts_with("application/") && k.ends_with("+json")
    })
}

/// A body that did not come whole, or is too large.
pub fn unreadable(error: &BytesRejection) -> Problem {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(),
        _ => bad_request("the body did not come whole"),
    }
}

/// A body that is too large.
pub fn too_large() -> Problem {
    let (title, detail) = ("The body is too large", "nothing that is sent here is that large");
    problem(StatusCode::PAYLOAD_TOO_LARGE, "too-large", title, detail)
}

/// How many of a list are wanted: 100 when nothing is said, and never more than [`MOST`].
pub fn limit(wanted: Option<u64>) -> Result<u64, Problem> {
    match wanted.unwrap_or(100) {
        n @ 1..=MOST => Ok(n),
        n => Err(invalid(format!("the limit is {n}; it must be between 1 and {MOST}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nul_is_found_wherever_it_hides() {
        for text in [r#""a\u0000""#, r#"[["\u0000"]]"#, r#"{"a":{"\u0000":1}}"#] {
            assert_eq!(read::<Value>(text.as_bytes()).unwrap_err().code, "invalid", "{text}");
        }
        assert!(read::<Value>(br#"{"a":["b",1,null]}"#).is_ok());
    }

    #[test]
    fn deep_nesting_is_refused() {
        let deep = "[".repeat(100_000);
        assert_eq!(read::<Value>(deep.as_bytes()).unwrap_err().code, "bad-request");
    }

    #[test]
    fn the_nearest_key_is_named() {
        let hint = |key| unknown(key, ["limit", "after", "kind"].into_iter()).hint.unwrap();
        assert_eq!(hint("limt"), "did you mean 'limit'?");
        assert_eq!(hint("zzz"), "there are limit, after, kind");
    }
}
