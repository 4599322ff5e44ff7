//! Finding out who asks: by token, by what a trusted proxy says, by session; the first that says
//! something counts, so a wrong token is not made good by a cookie.

use axum::http::{HeaderMap, header};
use secrecy::SecretString;
use shelfread_app::Result;
use shelfread_app::access::Identity;

use super::{Peer, cookie};
use crate::state::Web;

/// Who asks, if that can be told.
pub async fn identify(web: &Web, headers: &HeaderMap, peer: Peer) -> Result<Option<Identity>> {
    if let Some(token) = bearer(headers) {
        return web.app.token(&token).await;
    }
    if let Some(name) = named_by_proxy(web, headers, peer) {
        return web.app.user_of_proxy(name).await;
    }
    match cookie::shown(headers, peer) {
        Some(key) => web.app.session(&key).await,
        None => Ok(None),
    }
}

/// The token of a request.
fn bearer(headers: &HeaderMap) -> Option<SecretString> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned().into())
}

fn named_by_proxy<'h>(web: &Web, headers: &'h HeaderMap, peer: Peer) -> Option<&'h str> {
    let header = web.access.config.auth_header.as_ref().filter(|_| peer.by_proxy)?;
    std::str::from_utf8(headers.get(header)?.as_bytes()).ok().filter(|name| !name.is_empty())
}
