//! The cookie of a session: out of reach of scripts and other sites, and over TLS only where there
//! is TLS.

use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderName};
use axum_extra::extract::CookieJar;
use chrono::TimeDelta;
use secrecy::{ExposeSecret, SecretString};

use super::Peer;

/// A header of an answer.
pub type Header = [(HeaderName, String); 1];

/// Browsers take the first name only over TLS and from this very host.
const fn name(secure: bool) -> &'static str {
    if secure { "__Host-shelfread" } else { "shelfread" }
}

/// What a browser shows, if it shows something.
pub fn shown(headers: &HeaderMap, peer: Peer) -> Option<SecretString> {
    let jar = CookieJar::from_headers(headers);
    jar.get(name(peer.secure)).map(|cookie| cookie.value().to_owned().into())
}

/// Gives a browser what it is to show.
pub fn give(peer: Peer, key: &SecretString, lifetime: TimeDelta) -> Header {
    header(peer, key.expose_secret(), lifetime.num_seconds())
}

/// Takes it back.
pub fn take(peer: Peer) -> Header {
    header(peer, "", 0)
}

/// A key is made of letters that a cookie may have, so nothing needs to be quoted.
fn header(peer: Peer, value: &str, seconds: i64) -> Header {
    let (name, secure) = (name(peer.secure), if peer.secure { "; Secure" } else { "" });
    let text = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    [(SET_COOKIE, text)]
}
