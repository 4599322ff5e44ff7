//! What comes in and what goes out, before any fault has touched it.

use bytes::Bytes;
use hyper::header::HeaderMap;
use serde::Serialize;
use serde_json::Value;
use url::form_urlencoded;

use super::site::Site;
use crate::world::ObjectId;

/// A request, read whole.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub method: hyper::Method,
    /// The path below the server's base, as it came.
    pub path: String,
    pub query: Vec<(String, String)>,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Request {
    pub fn new(parts: &hyper::http::request::Parts, path: &str, body: Bytes) -> Self {
        let query = parts.uri.query().unwrap_or("");
        Self {
            method: parts.method.clone(),
            path: path.to_owned(),
            query: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            headers: parts.headers.clone(),
            body,
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The first parameter of that name, in any case, as .NET reads it.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// All values of a list, which may be one with commas or come several times.
    pub fn list(&self, name: &str) -> Vec<&str> {
        let values = self.query.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
        values.flat_map(|(_, v)| v.split(',')).filter(|v| !v.is_empty()).collect()
    }

    /// What an equal question has in common with this one.
    pub fn key(&self) -> String {
        let mut query: Vec<_> = self.query.iter().map(|(n, v)| format!("{n}={v}")).collect();
        let headers = ["x-plex-token", "x-plex-container-start", "x-plex-container-size"];
        query.extend(headers.iter().filter_map(|n| Some(format!("{n}={}", self.header(n)?))));
        query.sort_unstable();
        format!("{}?{}", self.path, query.join("&")).to_ascii_lowercase()
    }
}

/// A whole answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub status: u16,
    pub content_type: &'static str,
    pub headers: Vec<(&'static str, String)>,
    pub body: Bytes,
}

impl Answer {
    pub fn text(status: u16, body: impl Into<Bytes>) -> Self {
        let headers = Vec::new();
        Self { status, content_type: "text/plain", headers, body: body.into() }
    }

    pub fn status(status: u16) -> Self {
        Self::text(status, "")
    }

    pub fn json(value: &impl Serialize) -> Self {
        Self::rendered(serde_json::to_vec(value).unwrap_or_default())
    }

    pub fn rendered(body: Vec<u8>) -> Self {
        let content_type = "application/json; charset=utf-8";
        Self { content_type, ..Self::text(200, body) }
    }

    pub fn png(body: Vec<u8>) -> Self {
        Self { content_type: "image/png", ..Self::text(200, body) }
    }

    /// The same with one header more.
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

/// How an answer to a request is made.
pub(crate) enum Reply {
    /// It is there.
    Done(Answer),
    /// It is a page of a list, made when the faults have decided what is on it.
    Page(Page),
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        Self::Done(answer)
    }
}

/// A page that was asked for.
pub(crate) struct Page {
    /// The whole list.
    pub all: std::sync::Arc<[ObjectId]>,
    pub start: usize,
    pub limit: Option<usize>,
    pub render: Render,
}

/// Writes what is on a page.
pub(crate) type Render = Box<dyn Fn(&Window, &Site) -> Vec<u8> + Send>;

/// What is on a page.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Window {
    pub objects: Vec<ObjectId>,
    pub start: usize,
    pub total: i64,
    /// The place of an object that is shown with values of other types.
    pub garbled: Option<usize>,
}

/// The same value with other types: numbers for texts, texts for numbers, objects for lists. The
/// id stays readable, as it does when a server is a version ahead.
pub(crate) fn garbled(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let garble = |(name, value): (String, Value)| match name.as_str() {
                "Id" | "id" | "ratingKey" => (name, value),
                _ => (name, garbled(value)),
            };
            Value::Object(fields.into_iter().map(garble).collect())
        }
        Value::String(text) => Value::from(text.len()),
        Value::Number(n) => Value::from(format!("{n} or so")),
        Value::Array(_) => Value::Object(serde_json::Map::new()),
        Value::Bool(yes) => Value::from(if yes { "yes" } else { "no" }),
        Value::Null => Value::Null,
    }
}
