//! `cargo xtask bench`: how long the release binary takes, what it holds and what it writes, beside
//! the floor in the same run.
//!
//! The server, the binary and the floor are processes of their own, so that each one's time and
//! memory is its own. Knows the binary by its command line only.

mod downloads;
pub mod floor;
mod home;
mod measure;
mod programs;
mod report;
mod rows;
mod work;
mod world;

use std::fs;

use anyhow::{Context, Result};
use clap::Args;

use home::Home;
use measure::Usage;
use programs::Programs;
use report::{Figure, Goal};
use work::{WORKS, Work};
use world::World;

use crate::workspace;

/// What to measure.
#[derive(Args)]
pub struct Arguments {
    /// Sizes of the library, in items
    #[arg(long, value_delimiter = ',', default_value = "10000,100000")]
    items: Vec<u64>,
    /// How many transfers a download client has, in the pass over its queue
    #[arg(long, default_value_t = 10_000)]
    transfers: usize,
    /// Measure that pass alone
    #[arg(long, conflicts_with = "write")]
    downloads: bool,
    /// How often everything is measured; the best time counts
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Print the figures as JSON
    #[arg(long)]
    json: bool,
    /// Write the figures to docs/benchmarks.md
    #[arg(long)]
    write: bool,
}

/// What one kind of work took.
struct Done {
    ours: Usage,
    floor: Option<Usage>,
    /// Items that the run saw, seasons counted.
    seen: u64,
    requests: u64,
    rows: u64,
}

/// Measures and prints.
///
/// # Errors
/// When something cannot be built, started or measured, or does not do the work right.
pub fn run(arguments: &Arguments) -> Result<()> {
    let library = if arguments.downloads { Vec::new() } else { libraries(arguments)? };
    let downloads = downloads::run(arguments.transfers, arguments.rounds)?;
    let (table, passes) = (report::table(&library), downloads::table(&downloads));
    if arguments.json {
        let figures = serde_json::json!({ "library": library, "downloads": downloads });
        println!("{}", serde_json::to_string_pretty(&figures)?);
    } else {
        println!("{table}\n\n{passes}");
    }
    if arguments.write {
        write(&table, &passes, arguments.rounds)?;
    }
    Ok(())
}

/// All that is measured on libraries.
fn libraries(arguments: &Arguments) -> Result<Vec<Figure>> {
    let programs = Programs::build()?;
    let mut figures = Vec::new();
    for &items in &arguments.items {
        let mut best = round(&programs, items).with_context(|| format!("with {items} items"))?;
        for _ in 1..arguments.rounds {
            for (best, done) in best.iter_mut().zip(round(&programs, items)?) {
                best.ours = best.ours.best(done.ours);
                best.floor = best.floor.zip(done.floor).map(|(a, b)| a.best(b));
            }
        }
        figures
            .extend(WORKS.iter().zip(&best).map(|(work, done)| figure(items, *work, done, &best)));
    }
    Ok(figures)
}

/// All kinds of work once, one after the other, on one catalogue.
fn round(programs: &Programs, items: u64) -> Result<Vec<Done>> {
    let folder = tempfile::tempdir()?;
    let world = World::start(&programs.simulator, items)?;
    let ours = Home::new(folder.path().join("ours"), &world.address)?;
    ours.migrate(&programs.shelfread)?;
    let floor = ours.copy_to(folder.path().join("floor"))?;
    let works = WORKS.iter();
    works.map(|work| one(*work, programs, items, &world, &ours, &floor)).collect()
}

/// One kind of work: first on a copy, where rows are counted and the server is asked for every
/// page, so that it has them at hand when the floor and the program are timed.
fn one(
    work: Work,
    programs: &Programs,
    items: u64,
    world: &World,
    ours: &Home,
    floor: &Home,
) -> Result<Done> {
    eprintln!("{items} items, {}", work.name());
    if let Some(event) = work.event() {
        world.post(event)?;
    }
    world.post("forget_requests")?;
    let rows = ours.count_rows(&programs.shelfread)?;
    let pages = world.pages()?;
    world.post("warm")?;
    let floor = work.floor().map(|work| floor.run_floor(work, &pages)).transpose()?;
    world.post("forget_requests")?;
    let (report, usage) = ours.sync(&programs.shelfread)?;
    work.verify(items, &report)?;
    Ok(Done { ours: usage, floor, seen: report.seen(), requests: world.requests()?, rows })
}

fn figure(items: u64, work: Work, done: &Done, all: &[Done]) -> Figure {
    let (against, seconds) = match work.compared_with() {
        None => ("floor", done.floor.map_or(f64::NAN, |floor| floor.wall_seconds)),
        Some(other) => (other.name(), all[other as usize].ours.wall_seconds),
    };
    Figure {
        items,
        work: work.name(),
        ours: done.ours,
        floor: done.floor,
        goal: Goal { against, seconds, ratio: work.ratio_goal() },
        peak_goal_mib: work.peak_goal_mib(items),
        requests: done.requests,
        requests_goal: done.seen / 500 + 20,
        rows: done.rows,
        rows_goal: work.rows_goal(),
    }
}

/// A client that goes straight to its server, with the one TLS provider of this workspace.
fn client_builder() -> reqwest::ClientBuilder {
    // A second call finds the provider installed, which is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy()
}

fn write(table: &str, downloads: &str, rounds: u32) -> Result<()> {
    let path = workspace::root().join("docs/benchmarks.md");
    let text = include_str!("bench/benchmarks.md")
        .replace("{table}", table.trim_end())
        .replace("{downloads}", downloads.trim_end())
        .replace("{rounds}", &rounds.to_string());
    fs::write(&path, text).with_context(|| format!("writing {}", path.display()))
}
