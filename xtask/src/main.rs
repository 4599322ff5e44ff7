//! The chores of the project: `cargo xtask ci`, `tidy`, `deny`, `bench` and so on.
//!
//! This crate knows the workspace from outside, as cargo and the files show it. It deliberately
//! does not know the catalogue: no crate of the workspace depends on it.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "its output is for the terminal")]

mod api;
#[cfg(feature = "bench")]
mod bench;
mod ci;
mod deny;
mod mutants;
mod packages;
mod screenshots;
#[cfg(feature = "sim")]
mod sim;
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
    /// Check licences, names and sources of all dependencies.
    Deny,
    /// Put deliberate faults into a copy and see whether the tests catch each.
    Mutants(mutants::Arguments),
    /// Write docs/openapi.json from the code.
    Openapi,
    /// Make the pictures of the README anew, from the demonstration.
    Screenshots(screenshots::Arguments),
    /// Check what the compiler cannot: layers, headers, forbidden words, the code map.
    Tidy,
    /// Measure time and memory of the release binary, beside the least that any program needs.
    #[cfg(feature = "bench")]
    Bench(bench::Arguments),
    /// The straight-line program that the bench measures beside the binary.
    #[cfg(feature = "bench")]
    #[command(hide = true)]
    Floor(bench::floor::Arguments),
    /// Measure time and memory of the release binary, beside the least that any program needs.
    #[cfg(not(feature = "bench"))]
    #[command(disable_help_flag = true)]
    Bench {
        /// Those of the bench; `--help` lists them.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Drive simulated worlds through hundreds of steps and check the promises after each.
    #[cfg(feature = "sim")]
    Sim(sim::Arguments),
    /// Drive simulated worlds through hundreds of steps and check the promises after each.
    #[cfg(not(feature = "sim"))]
    #[command(disable_help_flag = true)]
    Sim {
        /// Those of the simulation; `--help` lists them.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

/// Builds this program again, with what only one chore needs, and lets that one do it.
#[cfg(not(all(feature = "bench", feature = "sim")))]
fn with_feature(chore: &str, arguments: &[String]) -> anyhow::Result<()> {
    let status = workspace::cargo()
        .args([
            "run",
            "--quiet",
            "--release",
            "--package",
            "xtask",
            "--features",
            chore,
            "--",
            chore,
        ])
        .args(arguments)
        .status()?;
    anyhow::ensure!(status.success(), "{chore}: {status}");
    Ok(())
}

fn main() -> ExitCode {
    let outcome = match Chore::parse() {
        Chore::Ci => ci::run(),
        Chore::Deny => deny::run(),
        Chore::Mutants(arguments) => mutants::run(&arguments),
        Chore::Openapi => api::write(),
        Chore::Screenshots(arguments) => screenshots::run(&arguments),
        Chore::Tidy => tidy::run(),
        #[cfg(feature = "bench")]
        Chore::Bench(arguments) => bench::run(&arguments),
        #[cfg(feature = "bench")]
        Chore::Floor(arguments) => bench::floor::run(&arguments),
        #[cfg(not(feature = "bench"))]
        Chore::Bench { arguments } => with_feature("bench", &arguments),
        #[cfg(feature = "sim")]
        Chore::Sim(arguments) => sim::run(&arguments),
        #[cfg(not(feature = "sim"))]
        Chore::Sim { arguments } => with_feature("sim", &arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
