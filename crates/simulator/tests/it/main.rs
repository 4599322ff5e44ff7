//! The simulated servers speak the wire format that they claim, and misbehave exactly as told.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests fail like tests")]

mod client;
mod control;
mod faults;
mod lists;
mod system;
mod user_data;
mod world;
