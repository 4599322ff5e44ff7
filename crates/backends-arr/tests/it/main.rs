//! The adapter against servers that speak Sonarr and Radarr, well and badly.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test fails")]
#![allow(clippy::print_stdout, reason = "a test that has nothing to read says so")]

mod conformance;
mod fake;
mod faults;
mod hooks;
mod listing;
mod odd;
mod recorded;
mod server;
mod simulated;
