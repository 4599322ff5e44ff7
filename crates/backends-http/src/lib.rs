//! The one HTTP client of all adapters: how a request is made, bounded in time, size and number
//! of tries, and how what goes wrong becomes a [`SourceError`] that a person understands.
//!
//! It knows HTTP, TLS and JSON. It deliberately does **not** know any product, path or field; what
//! the answers mean is the adapters' business. It reads no environment (no proxy variables), no
//! wall clock and no global state: the TLS provider is its own, so a program that uses this crate
//! has nothing to set up.
//!
//! Rules that every adapter gets for free:
//! - A token is sent to the origin of the base URL and nowhere else; redirects to another origin
//!   are errors. No token appears in an error, in a log or in `Debug`.
//! - A body over the limit is refused, also when it only grows while it is unpacked.
//! - Silence is bounded by the idle timeout, everything together by the total timeout.
//! - Only requests that are safe to repeat are repeated, with growing pauses, and not before the
//!   server wants them (`Retry-After`).
//!
//! ```no_run
//! # async fn f() -> Result<(), shelfread_domain::port::SourceError> {
//! use shelfread_backends_http::{Http, HttpConfig, Request};
//!
//! let mut config = HttpConfig::parse("http://den:8989/sonarr", "Sonarr")?;
//! config.headers.push(("x-api-key", "secret".into()));
//! let http = Http::new(config)?;
//! let series: Vec<u8> = http.send(&Request::get(["api", "v3", "series"])).await?.body;
//! # Ok(())
//! # }
//! ```
//!
//! [`SourceError`]: shelfread_domain::port::SourceError

mod client;
mod config;
mod error;
pub mod hook;
pub mod lenient;
mod listing;
mod order;
pub mod paging;
mod picture;
mod redact;
mod request;
mod response;
mod retry;
pub mod time;
mod tls;

pub use client::Http;
pub use config::{HttpConfig, Retries, Timeouts};
pub use listing::{Output, Steps, Tally, listing};
pub use order::{Order, Sorted};
pub use picture::picture;
pub use redact::{redact, secret_mark};
pub use request::{Part, Request};
pub use reqwest::{Method, StatusCode, header};
pub use response::Response;
