//! `cargo xtask sim`: worlds of servers and people, each driven by one number through hundreds of
//! steps with everything that goes wrong, and the promises of the catalogue checked after each.
//!
//! - `script`: what happens, as data; `world` and `edit`: films, shows and servers;
//! - `port`: servers as sources, with faults; `clients`: download clients, with theirs; `desk`: the program under test, its clock, its death;
//! - `tables`: the catalogue, read with queries of its own; `model`: what must be true after each
//!   step; `end`: what must be true when all is well again;
//! - `play`: one script from begin to end, with `syncs`, `people`, `hooks` and `queue`; `shrink`: the few steps that a failure needs.
//!
//! It judges by what the servers told and what people did, and deliberately shares no rule with
//! the program that it judges.

mod clients;
mod desk;
mod edit;
mod end;
mod hooks;
mod model;
mod people;
mod play;
mod port;
mod postgres;
mod queue;
mod random;
mod script;
mod shrink;
mod syncs;
mod tables;
#[cfg(test)]
mod tests;
mod world;

use std::path::PathBuf;
use std::time::{Instant, SystemTime};

use anyhow::{Context, Result, bail};
use clap::Args;

use desk::Desk;
use play::{Failure, play};
use script::{Script, from_seed};

/// What to simulate.
#[derive(Args)]
pub struct Arguments {
    /// How many seeds.
    #[arg(long, default_value_t = 100)]
    seeds: u64,
    /// The first one; a fresh one each time without it.
    #[arg(long)]
    from: Option<u64>,
    /// Steps of the longest ones; most have a third.
    #[arg(long, default_value_t = 200)]
    steps: u32,
    /// Plays a script that failed before.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["seeds", "from"])]
    replay: Option<PathBuf>,
    /// On this empty PostgreSQL database (postgres://…), with several programs at work on it.
    #[arg(long, value_name = "URL")]
    postgres: Option<String>,
    /// How many programs.
    #[arg(long, default_value_t = 2, requires = "postgres")]
    programs: u32,
    /// Goes on after a failure, and does not shrink.
    #[arg(long)]
    survey: bool,
}

/// Simulates.
///
/// # Errors
/// When a promise was broken; the script that shows it is printed.
pub fn run(arguments: &Arguments) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(simulate(arguments))
}

async fn simulate(arguments: &Arguments) -> Result<()> {
    let desk = match &arguments.postgres {
        Some(url) => Desk::postgres(url, arguments.programs).await?,
        None => Desk::sqlite().await?,
    };
    if let Some(file) = &arguments.replay {
        return replay(&desk, file).await;
    }
    let from = arguments.from.unwrap_or_else(fresh);
    let begun = Instant::now();
    let mut failed = Vec::new();
    for seed in from..from + arguments.seeds {
        let script = from_seed(seed, arguments.steps);
        let Err(failure) = play(&desk, &script).await else { continue };
        let step = script.steps.get(failure.step).map(serde_json::to_string).transpose()?;
        let step = step.unwrap_or_else(|| "the end".to_owned());
        println!("seed {seed}, step {}, {step}: {}", failure.step, told(&failure));
        if !arguments.survey {
            return report(&desk, &script, &failure).await;
        }
        failed.push(seed);
    }
    let took = begun.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "for people")]
    let speed = arguments.seeds as f64 / took * 60.0;
    let (seeds, steps) = (arguments.seeds, arguments.steps);
    println!("{seeds} seeds from {from}, up to {steps} steps: {took:.1} s, {speed:.0} a minute");
    if failed.is_empty() {
        return Ok(());
    }
    bail!("{} of {seeds} seeds failed: {failed:?}", failed.len())
}

/// A seed that nobody tried before, most likely.
fn fresh() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.map_or(0, |now| now.as_secs() * 1_000)
}

fn told(failure: &Failure) -> String {
    format!("{} is broken: {}", failure.broken.promise, failure.broken.how)
}

async fn report(desk: &Desk, script: &Script, failure: &Failure) -> Result<()> {
    let (small, last) = shrink::shrink(desk, script, failure).await;
    let text = serde_json::to_string_pretty(&small)?;
    let file = std::env::temp_dir().join(format!("shelfread-sim-{}.json", script.seed));
    std::fs::write(&file, &text).with_context(|| format!("writing {}", file.display()))?;
    println!("{} of {} steps are enough:", small.steps.len(), script.steps.len());
    for (n, step) in small.steps.iter().enumerate() {
        println!("{n:>4} {}", serde_json::to_string(step)?);
    }
    let Script { servers, clients, films, shows, .. } = &small;
    println!("servers {servers:?}, clients {clients:?}, {films} films, {shows} shows");
    println!("{}", told(&last));
    bail!("seed {}; play it again: cargo xtask sim --replay {}", script.seed, file.display())
}

async fn replay(desk: &Desk, file: &std::path::Path) -> Result<()> {
    let text =
        std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    let script: Script = serde_json::from_str(&text).context("reading the script")?;
    match play(desk, &script).await {
        Ok(()) => {
            println!("all {} steps keep the promises", script.steps.len());
            Ok(())
        }
        Err(failure) => bail!("step {}: {}", failure.step, told(&failure)),
    }
}
