//! The floor: a straight-line program that does the least any program must do for the same work.
//!
//! It fetches the same pages from the same simulated server, parses typed structs, and writes the
//! same rows with prepared one-row upserts through the SQLite C library, one transaction per page.
//! For an unchanged server it loads the index of remote ids and fingerprints and compares. It knows
//! no matching, no journal, no events, no errors that it could survive, and only the one server.
//! The bench runs it as a process of its own.

mod fetch;
mod table;
mod wire;

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::{Args, ValueEnum};

use fetch::Server;
use rusqlite::Connection;
use table::Writer;
use wire::{Page, fingerprint};

use crate::workspace::read;

/// What to do, and where.
#[derive(Args)]
pub struct Arguments {
    work: FloorWork,
    /// Address of the server
    url: String,
    /// Its token
    token: String,
    /// A database with tables
    database: PathBuf,
    /// A file with the pages to fetch: path and query, one in each line
    pages: PathBuf,
}

/// The work that a straight-line program can do.
#[derive(Clone, Copy, ValueEnum)]
pub enum FloorWork {
    /// Writes everything.
    First,
    /// Looks for what changed, and fails when anything did.
    Again,
}

impl FloorWork {
    /// As an argument.
    pub const fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Again => "again",
        }
    }
}

/// Does the work.
///
/// # Errors
/// When the server, the database or what they hold is not as expected.
pub fn run(arguments: &Arguments) -> Result<()> {
    let server = Server::new(&arguments.url, &arguments.token)?;
    let pages: Vec<String> = read(&arguments.pages)?.lines().map(str::to_owned).collect();
    let connection = table::open(&arguments.database)?;
    match arguments.work {
        FloorWork::First => write_all(&server, &pages, &connection),
        FloorWork::Again => compare_all(&server, &pages, &connection),
    }
}

fn write_all(server: &Server, pages: &[String], connection: &Connection) -> Result<()> {
    let mut writer = Writer::new(connection)?;
    server.for_each(pages, |body| writer.write_page(&parse(body)?.items))
}

fn compare_all(server: &Server, pages: &[String], connection: &Connection) -> Result<()> {
    let known = table::index(connection)?;
    let mut seen = 0;
    server.for_each(pages, |body| {
        for item in &parse(body)?.items {
            let known = known.get(item.id.as_ref());
            ensure!(known == Some(&fingerprint(item)), "'{}' is new or another one", item.id);
            seen += 1;
        }
        Ok(())
    })?;
    ensure!(seen == known.len(), "{seen} of {} listings are there", known.len());
    Ok(())
}

fn parse(body: &[u8]) -> serde_json::Result<Page<'_>> {
    serde_json::from_slice(body)
}
