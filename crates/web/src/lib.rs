//! The server: REST with its OpenAPI document, the web interface, live events, webhooks in, and who
//! may do what.
//!
//! The only crate (besides the simulator) that knows axum. It turns requests into use cases of
//! `shelfread-app` and their answers into JSON and HTML. It deliberately knows **no** table, no
//! adapter, no configuration file and no rule of the catalogue: what it would have to decide, a use
//! case decides.

mod access;
#[allow(unused_qualifications, reason = "the code that `utoipa::path` writes")]
mod api;
mod connection;
mod guard;
mod hooks;
#[allow(unused_qualifications, reason = "the code that `utoipa::path` writes")]
mod live;
mod metrics;
mod posters;
mod probes;
mod problem;
mod routes;
mod server;
mod state;
mod ui;

pub use access::{AccessConfig, Network, NoNetwork};
pub use api::document as openapi;
pub use connection::Patience;
pub use server::{Server, ServerError, paths};
pub use state::{ServerConfig, Web};
