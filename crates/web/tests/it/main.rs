//! The server over HTTP, on real databases.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may just fail")]

mod access;
mod api;
mod boxes;
mod desk;
mod guard;
mod hostile;
mod load;
mod phones;
mod ui;
mod wire;
