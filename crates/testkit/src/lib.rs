//! What tests of the workspace share: a raw scripted HTTP server, polling with a deadline, a text
//! notation for observations, an in-memory source, fault wrappers for ports and the suite that
//! every adapter must pass.
//!
//! Only ever a dev-dependency. It knows the domain and the simulator and deliberately does **not**
//! know any adapter, the store or the application: they bring themselves in as arguments.
//! Everything here may panic, because a panic is how a test fails.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a panic is how a test fails"
)]

pub mod conformance;
pub mod daemons;
pub mod downloads;
pub mod faults;
pub mod fixtures;
pub mod notation;
mod poll;
pub mod postgres;
pub mod wire;

pub use poll::until;
