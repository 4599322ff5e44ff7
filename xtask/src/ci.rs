//! `cargo xtask ci`: everything that must hold before a change is accepted, in one command.
//!
//! Knows which checks there are and runs them one after the other; what they say goes straight
//! through to the terminal. A failed check does not keep the others from running, so one round
//! shows all. It deliberately knows nothing of the service that runs it: no cache, no network but
//! for packages and crates, and the target folder is cargo's business.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::{api, deny, packages, tidy, workspace};

/// A check: its name, and what it does.
type Step = (&'static str, Action);

enum Action {
    /// Runs cargo with these arguments.
    Cargo(&'static str),
    /// Calls a chore of this program.
    Chore(fn() -> Result<()>),
}

/// Without this the others cannot run.
const SET_UP: Step = ("set-up", Action::Chore(packages::install_missing));

const CHECKS: &[Step] = &[
    ("format", Action::Cargo("fmt --all --check")),
    ("tidy", Action::Chore(tidy::run)),
    ("dependencies", Action::Chore(deny::run)),
    (
        "lints",
        Action::Cargo("clippy --locked --workspace --all-features --all-targets -- -D warnings"),
    ),
    ("documentation", Action::Cargo("doc --locked --workspace --all-features --no-deps")),
    ("tests", Action::Cargo(TESTS)),
    ("simulation", Action::Cargo(SIMULATION)),
    ("api", Action::Chore(api::fuzz)),
    ("doc tests", Action::Cargo("test --locked --workspace --all-features --no-fail-fast --doc")),
];

/// All targets but benches, which prove nothing in the time that they take here.
const TESTS: &str = "test --locked --workspace --all-features --no-fail-fast \
                     --lib --bins --tests --examples -- --skip sim::tests::";

/// The same program as in the step before, so that nothing is built for it.
const SIMULATION: &str = "test --locked --workspace --all-features --no-fail-fast \
                          --bin xtask sim::tests:: -- --nocapture";

/// What became of a step, and how long it took.
struct Outcome {
    name: &'static str,
    result: Result<()>,
    took: Duration,
}

/// Sets up what the tests need, runs all checks and sums up.
///
/// # Errors
/// When the set-up or a check failed.
pub fn run() -> Result<()> {
    let steps = CHECKS.len() + 1;
    let set_up = run_step(&SET_UP, 1, steps);
    set_up.result.context("nothing was checked")?;
    let checks = CHECKS.iter().zip(2..);
    let outcomes: Vec<_> = checks.map(|(step, at)| run_step(step, at, steps)).collect();
    sum_up(&outcomes)
}

fn run_step((name, action): &Step, at: usize, of: usize) -> Outcome {
    let started = Instant::now();
    let result = match action {
        Action::Cargo(arguments) => {
            println!("\n==> {at}/{of} {name}: cargo {arguments}");
            cargo(arguments)
        }
        Action::Chore(chore) => {
            println!("\n==> {at}/{of} {name}");
            chore()
        }
    };
    Outcome { name, result, took: started.elapsed() }
}

/// Runs cargo in the workspace. Warnings of rustdoc are errors, and no proxy stands between the
/// tests and the servers that they start.
fn cargo(arguments: &str) -> Result<()> {
    let status = workspace::cargo()
        .args(arguments.split(' '))
        .current_dir(workspace::root())
        .env("RUSTDOCFLAGS", "-D warnings")
        .env("NO_PROXY", "127.0.0.1,localhost,::1")
        .env("no_proxy", "127.0.0.1,localhost,::1")
        .status()
        .context("starting cargo")?;
    ensure!(status.success(), "cargo {arguments}: {status}");
    Ok(())
}

fn sum_up(outcomes: &[Outcome]) -> Result<()> {
    println!("\n==> summary");
    for Outcome { name, result, took } in outcomes {
        let verdict = if result.is_ok() { "ok" } else { "FAILED" };
        println!("{verdict:>6} {:>7.1} s  {name}", took.as_secs_f64());
    }
    let failed: Vec<_> = outcomes
        .iter()
        .filter_map(|outcome| {
            Some(format!("{}: {:#}", outcome.name, outcome.result.as_ref().err()?))
        })
        .collect();
    if failed.is_empty() {
        println!("all {} checks passed", outcomes.len());
        return Ok(());
    }
    bail!("{} of {} checks failed\n  {}", failed.len(), outcomes.len(), failed.join("\n  "))
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    fn outcome(name: &'static str, result: Result<()>) -> Outcome {
        Outcome { name, result, took: Duration::ZERO }
    }

    #[test]
    fn one_failed_check_fails_the_whole_and_is_named() {
        let outcomes = [outcome("format", Ok(())), outcome("lints", Err(anyhow!("status 1")))];
        let error = sum_up(&outcomes).unwrap_err().to_string();
        assert_eq!(error, "1 of 2 checks failed\n  lints: status 1");
    }

    #[test]
    fn all_is_well_only_when_every_check_passed() {
        assert!(sum_up(&[outcome("format", Ok(())), outcome("lints", Ok(()))]).is_ok());
    }

    #[test]
    fn cargo_that_fails_is_an_error() {
        assert!(cargo("no-such-subcommand").is_err());
    }
}
