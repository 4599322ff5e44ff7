//! The adapter against servers that speak Plex, well and badly.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test fails")]

mod conformance;
mod fake;
mod faults;
mod hooks;
mod listing;
mod odd;
mod recorded;
mod server;
mod simulated;
