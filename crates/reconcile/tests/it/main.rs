//! What the heart of Shelfread does with a catalogue over several runs, told as short scripts, and
//! what holds for every catalogue and every listing. Knows no database, no network and no adapter:
//! [`shelf`] is the engine in memory, and [`script`] the language in which a test talks to it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test fails")]

mod check;
mod identity;
mod modes;
mod person;
mod play;
mod progress;
mod properties;
mod removal;
mod render;
mod renumbering;
mod review;
mod script;
mod shelf;
mod worlds;
