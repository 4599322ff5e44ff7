//! The tools of the tests are tested themselves.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests fail like tests")]

mod conformance;
mod example;
mod faults;
mod wire;
