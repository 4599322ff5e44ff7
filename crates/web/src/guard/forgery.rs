//! Requests that another site makes a browser send are refused, by what the browser says of them
//! (`Sec-Fetch-Site`, `Origin`). Programs with a token are past this already, see
//! [`crate::access::gate`]; webhooks bring a secret of their own.

use axum::http::{Method, Uri};
use tower_http::csrf::CsrfLayer;

use crate::state::Web;

pub fn layer(web: &Web) -> CsrfLayer {
    let layer = CsrfLayer::new().with_insecure_bypass(has_own_secret);
    let origin =
        web.access.config.public_url.as_ref().map(|url| url.origin().ascii_serialization());
    let trusted = origin.map(|origin| layer.clone().add_trusted_origin(origin));
    // An origin that a browser never sends needs no trust.
    trusted.and_then(Result::ok).unwrap_or(layer)
}

fn has_own_secret(_: &Method, uri: &Uri) -> bool {
    uri.path().starts_with("/hooks/")
}
