//! What all pages share: the frame around them, who looks at them, what was said after the last
//! form, and what a page says when something is wrong. It knows no single page.

use std::convert::Infallible;

use askama::Template;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use shelfread_app::AppError;
use shelfread_app::access::{Identity, Scope, Via};
use shelfread_app::overview::Waiting;
use shelfread_app::rows::StoreError;

use super::parts::encoded;
use crate::problem::Problem;
use crate::state::Web;

/// The cookie with what is said once, after a form.
const SAID: &str = "said";
/// The cookie with light or dark, if a person chose.
pub const THEME: &str = "theme";
/// What is said at most, in characters: it travels in a cookie, where one may take twelve bytes.
const MOST: usize = 300;

/// The result of a handler that shows a page.
pub type Seen<T = Response> = Result<T, Oops>;

/// What happened to a request, as the next page says it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Said {
    /// `good`, `warn` or `bad`.
    pub tone: &'static str,
    /// In a sentence.
    pub text: String,
    /// The page that shows what was done, and takes it back.
    pub link: String,
}

/// What the frame around a page must know.
#[derive(Clone, Debug, Default)]
pub struct Shell {
    /// The address of the page without its query.
    pub path: String,
    /// `light` or `dark`, if a person chose.
    pub theme: Option<&'static str>,
    /// What the last form did.
    pub said: Option<Said>,
    /// What waits for a person.
    pub waiting: Waiting,
    /// Who looks.
    pub who: Option<Identity>,
    /// The newest event that the page may know; what comes behind it is told live.
    pub newest: i64,
}

impl Shell {
    /// Whether who looks may change anything. Who may not is not shown how.
    pub fn can_write(&self) -> bool {
        self.who.as_ref().is_some_and(|who| who.scope >= Scope::Write)
    }

    /// Whether who looks may do everything.
    pub fn is_admin(&self) -> bool {
        self.who.as_ref().is_some_and(Identity::is_admin)
    }

    /// Whether who looks came in by a login, and can leave again.
    pub fn can_leave(&self) -> bool {
        self.who.as_ref().is_some_and(|who| matches!(who.via, Via::Session(_)))
    }

    /// Whether an entry of the navigation leads here.
    pub fn current(&self, entry: &str) -> bool {
        match entry {
            "/" => self.path == "/",
            "/library" => self.path.starts_with("/library") || self.path.starts_with("/items"),
            "/sources" => {
                ["/sources", "/clients", "/add"].iter().any(|start| self.path.starts_with(start))
            }
            _ => self.path.starts_with(entry),
        }
    }
}

/// Every page begins with it.
pub struct Visit {
    pub web: Web,
    pub shell: Shell,
    jar: CookieJar,
}

impl FromRequestParts<Web> for Visit {
    type Rejection = Oops;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Oops> {
        let jar = CookieJar::from_headers(&parts.headers);
        let theme = jar.get(THEME).and_then(|cookie| theme(cookie.value()));
        let said = jar.get(SAID).and_then(|cookie| read_said(cookie.value()));
        // Before the page reads anything: better told twice than never.
        let newest = web.app.store().last_event().await?;
        let waiting = web.app.count_waiting().await?;
        let who = parts.extensions.get().cloned();
        let path = parts.uri.path().to_owned();
        let shell = Shell { path, theme, said, waiting, who, newest };
        Ok(Self { web: web.clone(), shell, jar })
    }
}

impl Visit {
    /// The page; what was said is forgotten with it.
    pub fn show(self, page: &impl Template) -> Seen {
        let html = page.render().map_err(|error| Oops::broken(&error))?;
        let jar = match self.jar.get(SAID) {
            Some(_) => self.jar.remove(Cookie::build((SAID, "")).path("/")),
            None => self.jar,
        };
        Ok((jar, [(header::CACHE_CONTROL, "no-store")], Html(html)).into_response())
    }
}

/// One of the two looks.
pub fn theme(text: &str) -> Option<&'static str> {
    ["light", "dark"].into_iter().find(|known| *known == text)
}

fn read_said(text: &str) -> Option<Said> {
    let (tone, rest) = text.split_once(':')?;
    let tone = ["good", "warn", "bad"].into_iter().find(|known| *known == tone)?;
    let (text, link) = rest.split_once(':')?;
    let plain = |text: &str| {
        url::form_urlencoded::parse(text.as_bytes()).next().map(|(key, _)| key.into_owned())
    };
    let link = plain(link).filter(|link| link.starts_with("/runs/")).unwrap_or_default();
    Some(Said { tone, text: plain(text)?, link })
}

/// A form was done: another page follows and says what happened.
pub struct Done {
    to: String,
    said: Said,
}

impl Done {
    fn new(to: impl Into<String>, tone: &'static str, text: impl Into<String>) -> Self {
        Self { to: to.into(), said: Said { tone, text: text.into(), link: String::new() } }
    }

    /// With a page that shows what was done.
    pub fn with_link(mut self, link: String) -> Self {
        self.said.link = link;
        self
    }

    /// It was done.
    pub fn good(to: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new(to, "good", text)
    }

    /// It was done in part, or nothing was to do.
    pub fn warn(to: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new(to, "warn", text)
    }

    /// It was not done.
    pub fn bad(to: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new(to, "bad", text)
    }

    /// Whatever came out: what went wrong is said on the page where it was asked for.
    pub fn of(to: impl Into<String>, result: Result<String, AppError>) -> Self {
        match result {
            Ok(text) => Self::good(to, text),
            Err(error) => Self::bad(to, advice(&error)),
        }
    }
}

impl IntoResponse for Done {
    fn into_response(self) -> Response {
        let text: String = self.said.text.chars().take(MOST).collect();
        let value = format!("{}:{}:{}", self.said.tone, encoded(&text), encoded(&self.said.link));
        let cookie = Cookie::build((SAID, value)).path("/").http_only(true);
        let jar = CookieJar::new().add(cookie.same_site(SameSite::Strict));
        (jar, Redirect::to(&self.to)).into_response()
    }
}

/// The page that the reader came from, if it is one of ours; otherwise the one that is given.
pub fn back(headers: &HeaderMap, otherwise: &str) -> String {
    let from = headers.get(header::REFERER).and_then(|v| v.to_str().ok());
    let url = from.and_then(|text| url::Url::parse(text).ok());
    let host = headers.get(header::HOST).and_then(|v| v.to_str().ok());
    let ours = url.filter(|url| host.is_some_and(|host| url.authority() == host));
    ours.map_or_else(
        || otherwise.to_owned(),
        |url| url[url::Position::BeforePath..url::Position::AfterQuery].to_owned(),
    )
}

/// What happened and what to do, for someone who looks at a page and has no command line.
pub fn advice(error: &AppError) -> String {
    match error {
        AppError::NotFound { .. } => error.to_string(),
        other => other.advice(),
    }
}

/// A page that cannot be shown, and why. What is around the routes makes a page of it.
#[derive(Debug)]
pub struct Oops(Problem);

impl Oops {
    /// There is no such page or thing.
    pub fn missing(text: impl AsRef<str>) -> Self {
        Self(Problem::of_status(StatusCode::NOT_FOUND, text.as_ref()))
    }

    /// The request makes no sense.
    pub fn unusable(text: impl AsRef<str>) -> Self {
        Self(Problem::of_status(StatusCode::UNPROCESSABLE_ENTITY, text.as_ref()))
    }

    fn broken(error: &dyn std::error::Error) -> Self {
        tracing::error!("a page could not be shown: {error}");
        Self(Problem::broken("the server could not show this page"))
    }
}

impl From<AppError> for Oops {
    /// Without the hint, which speaks of the command line.
    fn from(error: AppError) -> Self {
        match error {
            AppError::Store(store) => Self::broken(&store),
            other => Self(Problem { hint: None, detail: advice(&other), ..other.into() }),
        }
    }
}

impl From<StoreError> for Oops {
    fn from(error: StoreError) -> Self {
        AppError::from(error).into()
    }
}

impl From<Infallible> for Oops {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl IntoResponse for Oops {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}
