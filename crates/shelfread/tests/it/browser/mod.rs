//! The web interface in a real Chromium, from the real binary, over simulated servers.
//!
//! All tests share one browser, so they take turns; each has a server of its own.

mod driver;
mod house;
mod live;
mod page;
mod person;
mod queue;
