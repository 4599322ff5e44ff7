//! The chores of the project: `cargo xtask ci`, `tidy`.
//!
//! This crate knows the workspace from outside, as cargo and the files show it. It deliberately
//! does not know the catalogue: no crate of the workspace depends on it.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "its output is for the terminal")]

mod ci;
mod packages;
mod source;
mod tidy;
mod workspace;

use std::process::ExitCode;

use clap::Parser;

/// The chores of Shelfread.
#[derive(Parser)]
#[command(name = "cargo xtask")]
enum Chore {
    /// Install what the tests need, and run every check.
    Ci,
    /// Check what the compiler cannot: layers, headers, forbidden words, the code map.
    Tidy,
}

fn main() -> ExitCode {
    let outcome = match Chore::parse() {
        Chore::Ci => ci::run(),
        Chore::Tidy => tidy::run(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
