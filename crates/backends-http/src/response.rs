//! One answer, read whole, and what it takes to be a good one.

use std::fmt;

use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde::Deserialize;
use shelfread_domain::port::{Problem, SourceError};

/// One answer, read whole.
#[derive(Clone)]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, unpacked.
    pub body: Vec<u8>,
    pub(crate) what: String,
    pub(crate) product: &'static str,
}

impl Response {
    /// The answer when its status is 2xx.
    ///
    /// # Errors
    /// What the status says: [`Problem::Unauthorized`], [`Problem::Forbidden`],
    /// [`Problem::NotFound`], [`Problem::RateLimited`], otherwise [`Problem::Status`].
    pub fn success(self) -> Result<Self, SourceError> {
        let problem = match self.status {
            status if status.is_success() => return Ok(self),
            StatusCode::UNAUTHORIZED => Problem::Unauthorized,
            StatusCode::FORBIDDEN => Problem::Forbidden,
            StatusCode::NOT_FOUND => Problem::NotFound,
            StatusCode::TOO_MANY_REQUESTS => Problem::RateLimited,
            status => Problem::Status(status.as_u16()),
        };
        Err(self.error(problem))
    }

    /// The body as JSON; nested deeper than 128 levels is refused.
    ///
    /// # Errors
    /// [`Problem::WrongServer`] for a web page, [`Problem::Malformed`] for anything else that is
    /// not the expected JSON.
    pub fn json<'a, T: Deserialize<'a>>(&'a self) -> Result<T, SourceError> {
        if self.is_web_page() {
            return Err(self.error(Problem::WrongServer {
                expected: format!("the API of {}", self.product),
                found: "a web page; the path of the url may be wrong".into(),
            }));
        }
        serde_json::from_slice(&self.body).map_err(|e| self.malformed(&e))
    }

    /// Whether a web page came where an API must be: the answer of a wrong path, of a login form
    /// or of a proxy, most of the time with status 200.
    pub fn is_web_page(&self) -> bool {
        let content_type = self.headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok());
        content_type.is_some_and(|t| t.trim_start().to_ascii_lowercase().starts_with("text/html"))
            || self.body.trim_ascii_start().starts_with(b"<")
    }

    /// An error of this answer: a part of it is not the expected JSON.
    pub fn malformed(&self, error: &serde_json::Error) -> SourceError {
        self.error(Problem::Malformed(without_content(error)))
    }

    /// An error of this answer.
    pub fn error(&self, problem: Problem) -> SourceError {
        SourceError::new(self.what.clone(), problem)
    }
}

/// What is wrong with a JSON text, without what stands in it: that may be long, or a secret.
pub(crate) fn without_content(error: &serde_json::Error) -> String {
    let mut text = error.to_string();
    if let (Some(from), Some(to)) = (text.find('"'), text.rfind('"')) {
        text.replace_range(from..=to, "…");
    }
    text.truncate(text.floor_char_boundary(300));
    text
}

impl fmt::Debug for Response {
    /// Without headers and body: both may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}, {} bytes", self.what, self.status, self.body.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(content_type: &str, body: &[u8]) -> Response {
        Response {
            status: StatusCode::OK,
            headers: [(CONTENT_TYPE, content_type.parse().unwrap())].into_iter().collect(),
            body: body.into(),
            what: "GET http://h/".into(),
            product: "Jellyfin",
        }
    }

    #[test]
    fn a_web_page_is_no_api() {
        for (kind, body) in
            [("text/html; charset=utf-8", "x"), ("application/json", " \n<!doctype html>")]
        {
            let error = response(kind, body.as_bytes()).json::<u8>().unwrap_err();
            assert!(matches!(error.problem, Problem::WrongServer { .. }), "{error}");
        }
        assert_eq!(response("text/plain", b"7").json::<u8>().unwrap(), 7);
    }

    #[test]
    fn what_stands_in_a_bad_answer_is_not_shown() {
        let error = response("application/json", br#""hunter2 \" hunter2""#).json::<u8>();
        let error = error.unwrap_err().to_string();
        assert!(error.contains("expected u8") && !error.contains("hunter2"), "{error}");
    }

    #[test]
    fn depth_is_bounded() {
        let deep = "[".repeat(1_000_000);
        let error = response("application/json", deep.as_bytes()).json::<serde_json::Value>();
        assert!(matches!(error.unwrap_err().problem, Problem::Malformed(_)));
    }
}
