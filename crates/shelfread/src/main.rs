//! `shelfread`: arguments, configuration, wiring. What it does is in `shelfread-app`; this binary
//! knows which adapters there are and how a terminal is spoken to.

#![allow(clippy::print_stdout, clippy::print_stderr)]

mod cli;
mod command;
mod config;
mod output;
mod progress;
mod session;
mod wiring;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let arguments = cli::Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(command::run(arguments)),
        Err(error) => Err(session::Failure::broken(format!("no runtime: {error}"))),
    };
    match done {
        Ok(code) => code.into(),
        Err(failure) => failure.report(),
    }
}
