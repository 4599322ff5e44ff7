//! The simulation as a check: seeds that are always tried, on SQLite and by several programs on one
//! PostgreSQL. `cargo xtask ci` runs these as a step of their own.

use shelfread_testkit::postgres::postgres;

use super::{Arguments, run};

fn simulated(from: u64, seeds: u64, programs: Option<u32>) {
    let arguments = Arguments {
        seeds,
        from: Some(from),
        steps: 200,
        replay: None,
        postgres: programs.map(|_| postgres().database()),
        programs: programs.unwrap_or(1),
        survey: false,
    };
    println!(
        "{seeds} seeds from {from} on {}",
        if programs.is_some() { "PostgreSQL" } else { "SQLite" }
    );
    run(&arguments).unwrap();
}

#[test]
fn seeds_that_are_always_tried_keep_the_promises() {
    simulated(1, 40, None);
}

#[test]
fn two_programs_on_one_database_keep_the_promises() {
    simulated(1, 3, Some(2));
}

#[test]
fn four_programs_on_one_database_keep_the_promises() {
    simulated(1, 1, Some(4));
}
