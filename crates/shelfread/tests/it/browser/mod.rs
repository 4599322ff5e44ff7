//! The web interface in a real Chromium, from the real binary, over simulated servers.
//!
//! All tests share one browser, so they take turns; each has a server of its own.

mod driver;
mod first_run;
mod hostile;
mod house;
mod live;
mod look;
mod page;
mod person;
mod queue;
#[cfg(feature = "demo")]
mod tour;
