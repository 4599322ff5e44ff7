//! The real binary, as a person or a script runs it: on real folders, on simulated servers, and
//! killed in the middle.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may just fail")]

mod browser;
mod cli;
#[cfg(feature = "demo")]
mod demo;
mod desk;
mod downloads;
mod flow;
mod folders;
mod items;
mod killed;
mod play;
mod runs;
mod secrets;
mod serve;
mod servers;
mod shelf;
mod transfer;
mod trouble;
mod users;
