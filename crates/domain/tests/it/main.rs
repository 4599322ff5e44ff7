//! Tests of the domain from outside: tables and properties.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may just fail")]

mod release;
