//! The heart of Shelfread: match, plan, guard, resolve. Pure, synchronous and deterministic: the
//! same catalogue and the same observations give the same plan, in whatever order they came.
//!
//! This crate deliberately knows no database, no network, no clock and no randomness: what the
//! catalogue has comes in as [`Known`](shelfread_domain::Known), fresh ids from the caller, and a
//! plan leaves no choice to the one who applies it.

pub mod correct;
pub mod downloads;
pub mod everywhere;
pub mod guard;
pub mod matching;
pub mod plan;
pub mod play;
pub mod removal;
pub mod resolve;

mod count;
mod draft;
mod restate;
mod settle;

pub use plan::{Context, Planned, plan};
