//! Folders as they are on real disks.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::needless_pass_by_value,
    reason = "a panic is how a test fails, and expectations are written in place"
)]

mod films;
mod hostile;
mod links;
mod moves;
mod remove;
mod scope;
mod shows;
mod tree;
