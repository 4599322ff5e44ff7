//! `cargo xtask mutants`: deliberate faults, put one by one into a copy of the workspace, each of
//! which the tests must catch. One that survives is a bug of the tests.
//!
//! Knows how a fault is put in and taken out and what a test run says; which faults there are is
//! data (`mutants.toml`). The copy shares the target folder, so that only what a fault touches is
//! built again.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use serde::Deserialize;

use crate::workspace::{self, read, root};

const LIST: &str = include_str!("mutants.toml");

/// Which faults.
#[derive(Args)]
pub struct Arguments {
    /// Only those whose name holds this.
    filter: Option<String>,
    /// Only says which there are.
    #[arg(long)]
    list: bool,
}

#[derive(Deserialize)]
struct List {
    mutant: Vec<Mutant>,
}

/// A deliberate fault.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mutant {
    name: String,
    /// Where it is put in.
    file: String,
    find: String,
    replace: String,
    package: String,
    tests: String,
}

/// What the tests make of a fault.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Caught,
    Survived,
    DoesNotCompile,
}

impl Mutant {
    /// The text with the fault in it.
    fn put_into(&self, text: &str) -> Result<String, String> {
        match text.matches(&self.find).count() {
            1 => Ok(text.replacen(&self.find, &self.replace, 1)),
            n => {
                Err(format!("the mutant '{}' finds its place {n} times instead of once", self.name))
            }
        }
    }
}

fn all() -> Result<Vec<Mutant>> {
    let list: List = toml::from_str(LIST).context("reading mutants.toml")?;
    Ok(list.mutant)
}

/// Puts the faults in, one by one, and runs the tests of each.
///
/// # Errors
/// When one survived, does not compile or has no place.
pub fn run(arguments: &Arguments) -> Result<()> {
    let filter = arguments.filter.as_deref().unwrap_or_default();
    let mutants: Vec<_> = all()?.into_iter().filter(|m| m.name.contains(filter)).collect();
    if arguments.list {
        mutants.iter().for_each(|m| println!("{} ({})", m.name, m.file));
        return Ok(());
    }
    let target = root().join("target");
    fs::create_dir_all(&target)?;
    let copy = tempfile::tempdir_in(target)?;
    copy_workspace(&root(), copy.path())?;
    let mut bad = String::new();
    for (n, mutant) in mutants.iter().enumerate() {
        let begun = Instant::now();
        let verdict = try_one(mutant, copy.path())?;
        let (word, took) = (word(verdict), begun.elapsed().as_secs());
        println!("{:>3}/{} {word:>8} {took:>4} s  {}", n + 1, mutants.len(), mutant.name);
        if verdict != Verdict::Caught {
            let _ = write!(bad, "\n  {word}: {}", mutant.name);
        }
    }
    if bad.is_empty() {
        println!("all {} were caught", mutants.len());
        return Ok(());
    }
    bail!("not all were caught{bad}")
}

const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Caught => "caught",
        Verdict::Survived => "SURVIVED",
        Verdict::DoesNotCompile => "BROKEN",
    }
}

fn try_one(mutant: &Mutant, copy: &Path) -> Result<Verdict> {
    let file = copy.join(&mutant.file);
    let text = read(&file)?;
    let faulty = mutant.put_into(&text).map_err(anyhow::Error::msg)?;
    fs::write(&file, faulty)?;
    let verdict = test(mutant, copy);
    fs::write(&file, text)?;
    verdict
}

fn test(mutant: &Mutant, copy: &Path) -> Result<Verdict> {
    let built = cargo_test(mutant, copy, &["--no-run"])?;
    if !built.status.success() {
        eprintln!("{}", String::from_utf8_lossy(&built.stderr));
        return Ok(Verdict::DoesNotCompile);
    }
    let ran = cargo_test(mutant, copy, &[])?;
    let said = String::from_utf8_lossy(&ran.stdout);
    ensure!(
        !said.contains("running 0 tests"),
        "'{}' names no tests: {}",
        mutant.name,
        mutant.tests
    );
    Ok(if ran.status.success() { Verdict::Survived } else { Verdict::Caught })
}

fn cargo_test(mutant: &Mutant, copy: &Path, more: &[&str]) -> Result<Output> {
    let mut command: Command = workspace::cargo();
    command.args(["test", "--quiet", "--offline", "--package", &mutant.package]);
    command.args(more).args(mutant.tests.split(' ')).current_dir(copy);
    command.env("CARGO_TARGET_DIR", root().join("target"));
    command.output().context("running cargo test")
}

/// Copies what belongs to the workspace, as git knows it.
fn copy_workspace(from: &Path, to: &Path) -> Result<()> {
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(from)
        .output()
        .context("running git")?;
    ensure!(listed.status.success(), "git ls-files failed");
    for path in listed.stdout.split(|b| *b == 0).filter(|path| !path.is_empty()) {
        let path = PathBuf::from(String::from_utf8_lossy(path).into_owned());
        let target = to.join(&path);
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder)?;
        }
        if from.join(&path).is_file() {
            fs::copy(from.join(&path), &target)
                .with_context(|| format!("copying {}", path.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_has_its_place() {
        let mutants = all().unwrap();
        assert!(mutants.len() >= 25);
        for mutant in mutants {
            let text = read(&root().join(&mutant.file)).unwrap();
            assert_eq!(mutant.put_into(&text).err(), None, "{}", mutant.file);
        }
    }

    #[test]
    fn a_place_that_is_gone_or_there_twice_is_refused() {
        let mut mutant = all().unwrap().remove(0);
        mutant.find = "a".to_owned();
        assert!(mutant.put_into("b").is_err() && mutant.put_into("aa").is_err());
        assert!(mutant.put_into("ba").is_ok());
    }
}
