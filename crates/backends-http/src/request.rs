//! One request as a value: what is asked, not how it is sent.

use std::fmt;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use shelfread_domain::port::{Problem, SourceError};
use url::Url;

/// One request to a server, relative to its base URL.
#[derive(Clone)]
pub struct Request {
    pub(crate) method: Method,
    address: Option<Url>,
    segments: Vec<String>,
    query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Body>,
    pub(crate) anonymous: bool,
    pub(crate) follow: bool,
    pub(crate) repeatable: bool,
    pub(crate) most_retries: u32,
    pub(crate) most_bytes: u64,
    pub(crate) most_time: Duration,
}

/// The body of a request with its content type.
#[derive(Clone)]
pub(crate) struct Body {
    pub(crate) content_type: String,
    pub(crate) bytes: Vec<u8>,
}

/// One part of a `multipart/form-data` body.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// Name of the field.
    pub name: &'a str,
    /// Name of the file, when the part is one.
    pub file_name: Option<&'a str>,
    /// The content.
    pub bytes: &'a [u8],
}

impl Request {
    /// A request. `segments` are the parts of the path below the base URL; each is
    /// percent-encoded, so an id from outside cannot leave its place.
    pub fn new<S: Into<String>>(method: Method, segments: impl IntoIterator<Item = S>) -> Self {
        Self {
            anonymous: false,
            follow: true,
            address: None,
            repeatable: method.is_idempotent(),
            method,
            segments: segments.into_iter().map(Into::into).collect(),
            query: Vec::new(),
            headers: HeaderMap::new(),
            body: None,
            most_retries: u32::MAX,
            most_bytes: u64::MAX,
            most_time: Duration::MAX,
        }
    }

    /// A GET of this very address, query and all, which someone gave us whole. It must be at the
    /// origin of the base URL.
    pub fn at(address: Url) -> Self {
        Self { address: Some(address), ..Self::get([""; 0]) }
    }

    /// A POST to this very address, like [`Request::at`].
    pub fn post_to(address: Url) -> Self {
        Self { address: Some(address), ..Self::post([""; 0]) }
    }

    /// A GET.
    pub fn get<S: Into<String>>(segments: impl IntoIterator<Item = S>) -> Self {
        Self::new(Method::GET, segments)
    }

    /// A POST; not repeated unless [`Request::repeatable`] says that it may be.
    pub fn post<S: Into<String>>(segments: impl IntoIterator<Item = S>) -> Self {
        Self::new(Method::POST, segments)
    }

    /// A PUT.
    pub fn put<S: Into<String>>(segments: impl IntoIterator<Item = S>) -> Self {
        Self::new(Method::PUT, segments)
    }

    /// A DELETE.
    pub fn delete<S: Into<String>>(segments: impl IntoIterator<Item = S>) -> Self {
        Self::new(Method::DELETE, segments)
    }

    /// Adds a query parameter.
    #[must_use]
    #[allow(clippy::needless_pass_by_value)] // numbers and texts alike, without a & at each call
    pub fn query(mut self, name: &str, value: impl ToString) -> Self {
        self.query.push((name.to_owned(), value.to_string()));
        self
    }

    /// Adds a header to this request only. What no header can hold is left out.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Ok(mut value)) = (name, HeaderValue::from_str(value)) {
            value.set_sensitive(true);
            self.headers.insert(name, value);
        }
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, content_type: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        self.body = Some(Body { content_type: content_type.into(), bytes: bytes.into() });
        self
    }

    /// Sets a JSON body.
    ///
    /// # Errors
    /// When the value has no JSON form (a map with keys that are no text).
    pub fn json(self, value: &impl Serialize) -> Result<Self, serde_json::Error> {
        Ok(self.body("application/json", serde_json::to_vec(value)?))
    }

    /// Sets a form as the body (`application/x-www-form-urlencoded`).
    #[must_use]
    pub fn form(self, pairs: &[(&str, &str)]) -> Self {
        let text =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        self.body("application/x-www-form-urlencoded", text)
    }

    /// Sets a `multipart/form-data` body.
    #[must_use]
    pub fn multipart(self, parts: &[Part<'_>]) -> Self {
        let boundary = boundary(parts);
        let mut bytes = Vec::new();
        for part in parts {
            let file = part.file_name.map(|n| format!("; filename=\"{}\"", quoted(n)));
            let head = format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"{}\r\n\r\n",
                quoted(part.name),
                file.unwrap_or_default(),
            );
            bytes.extend_from_slice(head.as_bytes());
            bytes.extend_from_slice(part.bytes);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        self.body(format!("multipart/form-data; boundary={boundary}"), bytes)
    }

    /// Sends no credentials: for the first question to somebody who may be the wrong one.
    #[must_use]
    pub const fn anonymous(mut self) -> Self {
        self.anonymous = true;
        self
    }

    /// Returns a redirect as the answer that it is, instead of following it within the origin.
    #[must_use]
    pub const fn without_redirects(mut self) -> Self {
        self.follow = false;
        self
    }

    /// Says whether it is safe to send twice. GET, PUT and DELETE are unless said otherwise.
    #[must_use]
    pub const fn repeatable(mut self, repeatable: bool) -> Self {
        self.repeatable = repeatable;
        self
    }

    /// Bounds the retries of this request; the client's own bound holds as well.
    #[must_use]
    pub const fn most_retries(mut self, count: u32) -> Self {
        self.most_retries = count;
        self
    }

    /// Bounds the body of the answer, in bytes after unpacking; the client's own bound holds as
    /// well.
    #[must_use]
    pub const fn most_bytes(mut self, bytes: u64) -> Self {
        self.most_bytes = bytes;
        self
    }

    /// Bounds the time of this request with all its retries; the client's own bound holds as well.
    #[must_use]
    pub const fn most_time(mut self, time: Duration) -> Self {
        self.most_time = time;
        self
    }

    /// The address below `base`.
    pub(crate) fn url(&self, base: &Url) -> Result<Url, SourceError> {
        if let Some(address) = &self.address {
            return self.whole(address, base);
        }
        let mut url = base.clone();
        // An empty or dot segment would make the address that of another object.
        if self.segments.iter().any(|s| matches!(s.as_str(), "" | "." | "..")) {
            let problem = Problem::Malformed("an id that cannot be part of an address".into());
            return Err(SourceError::new(self.describe(base), problem));
        }
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(&self.segments);
        }
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        Ok(url)
    }

    fn whole(&self, address: &Url, base: &Url) -> Result<Url, SourceError> {
        if address.origin() == base.origin() {
            return Ok(address.clone());
        }
        let problem = Problem::Configuration("the address is not on this server".into());
        Err(SourceError::new(self.describe(base), problem))
    }

    /// What is tried, for messages: method and address without the query.
    pub(crate) fn describe(&self, base: &Url) -> String {
        let mut url = self.address.as_ref().unwrap_or(base).clone();
        url.set_query(None);
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(&self.segments);
        }
        format!("{} {}", self.method, crate::redact(&url))
    }
}

/// A text that no part contains.
fn boundary(parts: &[Part<'_>]) -> String {
    let mut boundary = String::from("shelfread");
    while parts.iter().any(|p| contains(p.bytes, boundary.as_bytes())) {
        boundary.push_str("-x");
    }
    boundary
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|w| w == needle)
}

fn quoted(text: &str) -> String {
    text.replace('"', "%22").replace(['\r', '\n'], " ")
}

impl fmt::Debug for Request {
    /// Method and path; a query, a header or a body may hold a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} /{}", self.method, self.segments.join("/"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(base: &str, request: &Request) -> String {
        request.url(&base.parse().unwrap()).unwrap().to_string()
    }

    #[test]
    fn paths_join_below_any_prefix() {
        let request = Request::get(["Items", "1"]).query("limit", 5);
        for (base, expected) in [
            ("http://h", "http://h/Items/1?limit=5"),
            ("http://h/", "http://h/Items/1?limit=5"),
            ("http://h/jelly", "http://h/jelly/Items/1?limit=5"),
            ("http://h/a/b/", "http://h/a/b/Items/1?limit=5"),
        ] {
            assert_eq!(url(base, &request), expected);
        }
    }

    #[test]
    fn an_id_stays_in_its_place() {
        let request = Request::delete(["Items", "../x?y#z/\u{0}é"]);
        assert_eq!(url("http://h", &request), "http://h/Items/..%2Fx%3Fy%23z%2F%00%C3%A9");
        for id in ["", ".", ".."] {
            assert!(Request::delete(["Items", id]).url(&"http://h".parse().unwrap()).is_err());
        }
    }

    #[test]
    fn a_multipart_body_keeps_its_parts_apart() {
        let part = Part { name: "f", file_name: Some("a\".torrent"), bytes: b"--shelfread--" };
        let body = Request::post(["add"]).multipart(&[part]).body.unwrap();
        assert_eq!(body.content_type, "multipart/form-data; boundary=shelfread-x");
        let text = String::from_utf8(body.bytes).unwrap();
        assert_eq!(
            text,
            "--shelfread-x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a%22.torrent\"\
             \r\n\r\n--shelfread--\r\n--shelfread-x--\r\n"
        );
    }

    #[test]
    fn debug_shows_no_secret() {
        let request = Request::post(["login"])
            .query("apikey", "hunter2")
            .header("x-api-key", "hunter2")
            .form(&[("password", "hunter2")]);
        assert_eq!(format!("{request:?}"), "POST /login");
    }
}
