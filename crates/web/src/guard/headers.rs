//! What browsers must not do with our answers. A handler that needs something else says so in its
//! own header, and that stays.

use axum::extract::Request;
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;

use crate::access::Peer;

/// Nothing comes from elsewhere, no script or style stands in a page, nobody frames us.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' \
                      data:; connect-src 'self'; font-src 'self'; manifest-src 'self'; form-action \
                      'self'; base-uri 'none'; frame-ancestors 'none'";

/// The referrer stays here; without any, browsers would not say where a form comes from.
const ALWAYS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// A year over TLS only, once there was TLS; and a window of its own, which browsers give nobody
/// without TLS.
const OVER_TLS: [(HeaderName, &str); 2] = [
    (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

pub async fn protect(request: Request, next: Next) -> Response {
    let secure = request.extensions().get::<Peer>().is_some_and(|peer| peer.secure);
    let mut answer = next.run(request).await;
    let keep = keeping(&answer);
    let headers = answer.headers_mut();
    let mut set = |name: HeaderName, value| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    let over_tls = OVER_TLS.into_iter().filter(|_| secure);
    for (name, value) in ALWAYS.into_iter().chain(over_tls) {
        set(name, value);
    }
    set(header::CACHE_CONTROL, keep);
    answer
}

/// Nobody keeps an answer, but a browser may ask whether the one it has is still right.
fn keeping(answer: &Response) -> &'static str {
    if answer.headers().contains_key(header::ETAG) { "private, no-cache" } else { "no-store" }
}
