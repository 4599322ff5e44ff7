//! A folder with a configuration and a catalogue: where a program does its work.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::floor::FloorWork;
use super::measure::{self, Usage};
use super::rows;
use super::work::RunReport;
use super::world::Address;

/// The folder, and the server that it is about.
pub struct Home {
    folder: PathBuf,
    address: Address,
}

#[derive(Deserialize)]
struct SyncReport {
    runs: Vec<RunReport>,
}

impl Home {
    /// A new one, without a catalogue.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn new(folder: PathBuf, address: &Address) -> Result<Self> {
        fs::create_dir_all(folder.join("data"))?;
        let Address { url, token } = address;
        let data = folder.join("data");
        let config = format!(
            "data_dir = {data:?}\n[[source]]\nname = \"bench\"\nkind = \"jellyfin\"\n\
             url = {url:?}\ntoken = {token:?}\n"
        );
        fs::write(folder.join("shelfread.toml"), config)?;
        Ok(Self { folder, address: address.clone() })
    }

    /// A copy with the same catalogue. Nobody may be at work in this one.
    ///
    /// # Errors
    /// When it cannot be copied.
    pub fn copy_to(&self, folder: PathBuf) -> Result<Self> {
        let copy = Self::new(folder, &self.address)?;
        for entry in fs::read_dir(self.folder.join("data"))? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                let to = copy.folder.join("data").join(entry.file_name());
                fs::copy(entry.path(), &to)?;
                // What the copy left to be written must not be written while something is measured.
                fs::File::open(to)?.sync_all()?;
            }
        }
        Ok(copy)
    }

    fn database(&self) -> PathBuf {
        self.folder.join("data/shelfread.db")
    }

    fn command(&self, program: &Path, verb: &str) -> Command {
        let mut command = Command::new(program);
        command.arg("--config").arg(self.folder.join("shelfread.toml")).arg(verb);
        command.current_dir(&self.folder);
        command
    }

    /// Makes the tables.
    ///
    /// # Errors
    /// When the program fails.
    pub fn migrate(&self, shelfread: &Path) -> Result<()> {
        measure::run(&mut self.command(shelfread, "migrate"), &[0]).map(drop)
    }

    /// Syncs the server.
    ///
    /// # Errors
    /// When the program fails or its report is not what it should be.
    pub fn sync(&self, shelfread: &Path) -> Result<(RunReport, Usage)> {
        let mut command = self.command(shelfread, "sync");
        let (report, usage) = measure::run(command.arg("--json"), &[0])?;
        let report: SyncReport = serde_json::from_str(&report).context("reading the report")?;
        let run = report.runs.into_iter().next().context("the report tells of no run")?;
        Ok((run, usage))
    }

    /// How many rows a sync writes, found out on a copy.
    ///
    /// # Errors
    /// When the program fails or the database cannot count.
    pub fn count_rows(&self, shelfread: &Path) -> Result<u64> {
        let copy = self.copy_to(self.folder.with_extension("counting"))?;
        rows::count_from_now(&copy.database())?;
        copy.sync(shelfread)?;
        let written = rows::written(&copy.database())?;
        fs::remove_dir_all(&copy.folder)?;
        Ok(written)
    }

    /// Lets the straight-line program do its work here, as a process of its own.
    ///
    /// # Errors
    /// When it fails.
    pub fn run_floor(&self, work: FloorWork, pages: &[String]) -> Result<Usage> {
        let list = self.folder.join("pages");
        fs::write(&list, pages.join("\n"))?;
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["floor", work.name(), &self.address.url, &self.address.token]);
        Ok(measure::run(command.arg(self.database()).arg(list), &[0])?.1)
    }
}
