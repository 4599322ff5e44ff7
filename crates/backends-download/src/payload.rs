//! Looks into what a person gave: a magnet link, a torrent or NZB file, or an address that leads to
//! one of these. After that the id is known before any client is asked, the same thing is the same
//! thing whoever brings it, and what is nothing of the kind is refused here, in plain words, and
//! not by a client that says `Fails.`.
//!
//! It deliberately does not trust what it reads: size and depth are bounded, and nothing of an
//! answer that is no payload is shown.

mod bencode;
mod magnet;
mod nzb;
mod torrent;

use async_trait::async_trait;
use secrecy::ExposeSecret;
use shelfread_backends_http::header::{CONTENT_DISPOSITION, LOCATION};
use shelfread_backends_http::{Http, HttpConfig, Request, Response, Timeouts, redact};
use shelfread_domain::download::{Given, Payload, ReadPayload};
use shelfread_domain::port::{Problem, SourceError};
use url::Url;

/// The most addresses that are asked one after the other.
const MAX_HOPS: usize = 5;

/// Reads payloads, and fetches those that are given by their address. Redirects are followed
/// anywhere, also to a magnet: that is how indexers hand them out. No credentials are sent.
#[derive(Clone, Copy, Debug, Default)]
pub struct PayloadReader {
    /// How long to wait for each address.
    pub timeouts: Timeouts,
}

#[async_trait]
impl ReadPayload for PayloadReader {
    async fn read(&self, given: Given) -> Result<Payload, SourceError> {
        match given {
            Given::File { name, bytes } => {
                read_file(&name, bytes).ok_or_else(|| rejected(&name, NO_FILE))
            }
            Given::Link(link) => self.follow(link.expose_secret().trim()).await,
        }
    }
}

const NO_FILE: &str = "this is no torrent and no NZB file, or it is too large";

impl PayloadReader {
    async fn follow(&self, link: &str) -> Result<Payload, SourceError> {
        if magnet::is_magnet(link) {
            return read_magnet(link);
        }
        let mut url = Url::parse(link).ok().filter(is_web).ok_or_else(|| {
            rejected("what was given", "it is no file, no magnet link and no http address")
        })?;
        for _ in 0..=MAX_HOPS {
            let what = format!("GET {}", public(&url));
            let hide = |e: SourceError| SourceError::new(what.clone(), e.problem);
            let answer = self.ask(&url).await.map_err(hide)?;
            let Some(target) = redirect(&answer, &url) else {
                let answer = answer.success().map_err(hide)?;
                let name = file_name(&answer, &url);
                return read_file(&name, answer.body)
                    .ok_or_else(|| rejected(&what, "no torrent, NZB or magnet came"));
            };
            if target.scheme() == "magnet" {
                return read_magnet(target.as_str());
            }
            url = target;
        }
        Err(rejected(&format!("GET {}", public(&url)), "the address leads on and on"))
    }

    async fn ask(&self, url: &Url) -> Result<Response, SourceError> {
        let mut base = url.clone();
        base.set_query(None);
        base.set_fragment(None);
        let mut config = HttpConfig::new(base, "a torrent, NZB or magnet");
        config.timeouts = self.timeouts;
        Http::new(config)?.exchange(&Request::at(url.clone()).without_redirects()).await
    }
}

fn read_magnet(link: &str) -> Result<Payload, SourceError> {
    let problem = "the magnet link has no hash that names a torrent";
    magnet::read(link).ok_or_else(|| rejected("reading a magnet link", problem))
}

/// Reads a file by what it holds; names lie.
fn read_file(name: &str, bytes: Vec<u8>) -> Option<Payload> {
    match bytes.trim_ascii_start().first()? {
        b'd' => torrent::read(bytes),
        b'm' | b'M' => magnet::read(std::str::from_utf8(&bytes).ok()?),
        _ => nzb::read(name, bytes),
    }
}

fn redirect(answer: &Response, url: &Url) -> Option<Url> {
    let location = answer.headers.get(LOCATION).filter(|_| answer.status.is_redirection())?;
    let target = url.join(location.to_str().ok()?).ok()?;
    (is_web(&target) || target.scheme() == "magnet").then_some(target)
}

fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

/// The name that the server gives to the file, or the last part of its address.
fn file_name(answer: &Response, url: &Url) -> String {
    let header = answer.headers.get(CONTENT_DISPOSITION).and_then(|v| v.to_str().ok());
    let named = header.and_then(|text| {
        let name = text.split(';').find_map(|part| part.trim().strip_prefix("filename="))?;
        Some(name.trim().trim_matches('"').to_owned())
    });
    let last = || url.path_segments()?.rfind(|s| !s.is_empty()).map(decoded);
    named.filter(|name| !name.is_empty()).or_else(last).unwrap_or_default()
}

fn decoded(segment: &str) -> String {
    // A plus is itself in a path and a space in a form.
    let form = format!("n={}", segment.replace('+', "%2B").replace('&', "%26"));
    let mut pairs = url::form_urlencoded::parse(form.as_bytes());
    pairs.next().map(|(_, name)| name.into_owned()).unwrap_or_default()
}

/// Where the address leads, without path and query: indexers put keys into both.
fn public(url: &Url) -> String {
    let mut shown = url.clone();
    shown.set_path("");
    shown.set_query(None);
    redact(&shown)
}

fn rejected(what: &str, problem: &str) -> SourceError {
    let what = if what.is_empty() { "the file" } else { what };
    SourceError::new(what, Problem::Unusable(problem.to_owned()))
}
