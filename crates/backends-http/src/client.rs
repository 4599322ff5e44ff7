//! Sends requests: tries, redirects, and bodies within their bounds.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Client, Method};
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;
use shelfread_domain::port::{Problem, SourceError};
use tokio::time::{Instant, sleep, timeout_at};
use url::Url;

use crate::config::HttpConfig;
use crate::error::Failure;
use crate::redact::redact;
use crate::request::Request;
use crate::response::Response;
use crate::retry::{is_transient, retry_after};
use crate::tls;

/// The most redirects that one request follows.
const MAX_REDIRECTS: usize = 5;

/// A client of one server. Cheap to clone; clones share their connections.
///
/// Dropping the future of a request cancels it.
#[derive(Clone)]
pub struct Http {
    client: Client,
    base: Url,
    credentials: HeaderMap,
    config: Arc<HttpConfig>,
}

impl Http {
    /// Makes a client. Connects to nothing.
    ///
    /// # Errors
    /// [`Problem::Configuration`] for a base URL that is not http(s) or that holds credentials or
    /// a query, and for a token that no header can hold; [`Problem::Tls`] for certificates that
    /// cannot be read.
    pub fn new(config: HttpConfig) -> Result<Self, SourceError> {
        let base = config.checked_base()?;
        let fail = |problem| {
            SourceError::new(format!("setting up {} at {}", config.product, redact(&base)), problem)
        };
        let tls = tls::client_config(&config).map_err(|text| fail(Problem::Tls(text)))?;
        let credentials = credentials(&config).map_err(fail)?;
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .user_agent(&config.user_agent)
            .redirect(Policy::none())
            .no_proxy()
            .connect_timeout(config.timeouts.connect)
            .read_timeout(config.timeouts.idle)
            .tcp_nodelay(true)
            .build()
            .map_err(|e| fail(Failure::of(&e, 0).problem))?;
        Ok(Self { client, base, credentials, config: Arc::new(config) })
    }

    /// The base URL, without anything secret.
    pub const fn base_url(&self) -> &Url {
        &self.base
    }

    /// Sends a request and returns its answer when the status is 2xx.
    ///
    /// # Errors
    /// As [`Http::exchange`] and [`Response::success`].
    pub async fn send(&self, request: &Request) -> Result<Response, SourceError> {
        self.exchange(request).await?.success()
    }

    /// Sends a request and reads its answer as JSON.
    ///
    /// # Errors
    /// As [`Http::send`] and [`Response::json`].
    pub async fn json<T: DeserializeOwned>(&self, request: &Request) -> Result<T, SourceError> {
        self.send(request).await?.json()
    }

    /// Sends a request and returns its answer whatever the status, after the retries that the
    /// request allows.
    ///
    /// # Errors
    /// When no answer came: [`Problem::Unreachable`], [`Problem::Timeout`], [`Problem::Tls`],
    /// [`Problem::Malformed`] (cut off), [`Problem::TooLarge`], [`Problem::Redirected`].
    pub async fn exchange(&self, request: &Request) -> Result<Response, SourceError> {
        let fail = |problem| SourceError::new(request.describe(&self.base), problem);
        let url = request.url(&self.base)?;
        let total = self.config.timeouts.total.min(request.most_time);
        let deadline = Instant::now() + total;
        let mut tries = 0;
        loop {
            let attempt = timeout_at(deadline, self.attempt(request, url.clone())).await;
            let outcome = attempt.map_err(|_| fail(Problem::Timeout(total.as_secs())))?;
            let pause = self.pause(request, tries, &outcome);
            let Some(pause) = pause.filter(|pause| Instant::now() + *pause < deadline) else {
                return outcome.map_err(|failure| fail(failure.problem));
            };
            tracing::debug!(?request, tries, ?pause, "again");
            sleep(pause).await;
            tries += 1;
        }
    }

    /// How long to wait before the next try; `None` when there is none or it is no use.
    fn pause(
        &self,
        request: &Request,
        tries: u32,
        outcome: &Result<Response, Failure>,
    ) -> Option<Duration> {
        let allowed = self.config.retries.count.min(request.most_retries);
        if !request.repeatable || tries >= allowed {
            return None;
        }
        let ours = self.config.retries.pause(tries);
        match outcome {
            Ok(r) if is_transient(r.status) => {
                Some(retry_after(&r.headers).map_or(ours, |theirs| theirs.max(ours)))
            }
            Err(failure) if failure.transient => Some(ours),
            _ => None,
        }
    }

    /// One try, with the redirects that stay at home.
    async fn attempt(&self, request: &Request, mut url: Url) -> Result<Response, Failure> {
        for _ in 0..=MAX_REDIRECTS {
            let answer = self.start(request, url.clone()).await?;
            let Some(target) = redirect(&answer, &url).filter(|_| request.follow) else {
                return self.read(request, answer).await;
            };
            if request.method != Method::GET || target.origin() != self.base.origin() {
                return Err(Failure::lasting(Problem::Redirected(redact(&target))));
            }
            url = target;
        }
        Err(Failure::lasting(Problem::Redirected(redact(&url))))
    }

    async fn start(&self, request: &Request, url: Url) -> Result<reqwest::Response, Failure> {
        let mut builder = self.client.request(request.method.clone(), url);
        if !request.anonymous {
            builder = builder.headers(self.credentials.clone());
            if let Some((user, password)) = &self.config.basic_auth {
                builder = builder.basic_auth(user, Some(password.expose_secret()));
            }
        }
        builder = builder.headers(request.headers.clone());
        if let Some(body) = &request.body {
            builder = builder.header(CONTENT_TYPE, &body.content_type).body(body.bytes.clone());
        }
        builder.send().await.map_err(|e| self.failure(&e))
    }

    /// Reads the body by chunks as they are unpacked, so that the limit holds for what a small
    /// packed body grows into.
    async fn read(
        &self,
        request: &Request,
        mut answer: reqwest::Response,
    ) -> Result<Response, Failure> {
        let limit = self.config.max_body.min(request.most_bytes);
        let too_large = || Failure::lasting(Problem::TooLarge(limit >> 20));
        let length = answer.content_length().unwrap_or(0);
        if length > limit {
            return Err(too_large());
        }
        let mut body = Vec::with_capacity(usize::try_from(length.min(1 << 20)).unwrap_or(0));
        while let Some(chunk) = answer.chunk().await.map_err(|e| self.failure(&e))? {
            if (body.len() + chunk.len()) as u64 > limit {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Response {
            status: answer.status(),
            headers: answer.headers().clone(),
            body,
            what: request.describe(&self.base),
            product: self.config.product,
        })
    }

    fn failure(&self, error: &reqwest::Error) -> Failure {
        let timeouts = self.config.timeouts;
        let waited = if error.is_connect() { timeouts.connect } else { timeouts.idle };
        Failure::of(error, waited.as_secs())
    }
}

/// Where a redirect leads.
fn redirect(answer: &reqwest::Response, url: &Url) -> Option<Url> {
    let moved = matches!(answer.status().as_u16(), 301 | 302 | 303 | 307 | 308);
    let location = answer.headers().get(LOCATION).filter(|_| moved)?;
    url.join(location.to_str().ok()?).ok()
}

/// The configured headers, marked so that no layer below prints them.
fn credentials(config: &HttpConfig) -> Result<HeaderMap, Problem> {
    let mut headers = HeaderMap::new();
    for (name, value) in &config.headers {
        let impossible =
            || Problem::Configuration(format!("the header {name} holds impossible characters"));
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| impossible())?;
        let mut value = HeaderValue::from_str(value.expose_secret()).map_err(|_| impossible())?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.config.fmt(f)
    }
}
