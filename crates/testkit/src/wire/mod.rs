//! A raw HTTP/1.1 server for canned answers, as badly behaved as a test wants: bodies that are cut
//! off, drip, stall or never end, lengths that lie, connections that close at once.
//!
//! It knows bytes and deliberately no wire format of any media server; that is what the simulator
//! is for. It answers what the test says and writes down what it was asked.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! use shelfread_testkit::wire::{Reply, Wire};
//!
//! let wire = Wire::start(|request| match request.path.as_str() {
//!     "/ping" => Reply::json(r#"{"status":"OK"}"#),
//!     "/items" => Reply::json(r#"{"Items":[1,2,3]}"#).gzip().cut(12),
//!     _ => Reply::status(404),
//! })
//! .await;
//! // … let a client loose on wire.url(), then look at wire.requests()
//! # });
//! ```

mod forward;
mod reply;
mod request;
mod server;

pub use forward::forward;
pub use reply::Reply;
pub use request::Request;
pub use server::Wire;
