//! What the compiler cannot check: that the layers of docs/architecture.md hold, that each file
//! says what it is, and that a few words stay out of the code.
//!
//! All problems are listed at once. A new rule is one function in [`RULES`] and one broken example
//! in the tests.

mod layers;
mod libraries;
mod manifests;
mod map;
mod person;
mod sources;
#[cfg(test)]
mod tests;
mod threats;

use std::fmt;

use anyhow::{Result, ensure};

use crate::workspace::{Package, Workspace, root};

/// One thing that is wrong.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Problem {
    path: String,
    line: usize,
    message: String,
}

impl Problem {
    fn new(path: impl Into<String>, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.into(), line, message: message.into() }
    }

    /// A problem with the manifest of a package, at the line of `key`.
    fn manifest(package: &Package, key: &str, message: impl Into<String>) -> Self {
        Self::new(package.manifest_path(), package.manifest_line(key), message)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.message)
    }
}

type Rule = fn(&Workspace, &mut Vec<Problem>) -> Result<()>;

const RULES: &[Rule] = &[
    layers::arrows,
    libraries::fences,
    manifests::names,
    manifests::inheritance,
    sources::headers,
    sources::forbidden_words,
    sources::purity,
    person::user_owned_tables,
    map::code_map,
    threats::tests_of_threats,
];

/// Checks the workspace and lists what is wrong with it.
///
/// # Errors
/// When something is wrong, or the workspace cannot be read.
pub fn run() -> Result<()> {
    let workspace = Workspace::read(&root())?;
    let problems = check(&workspace)?;
    for problem in &problems {
        println!("{problem}");
    }
    ensure!(problems.is_empty(), "{} problems", problems.len());
    let files: usize = workspace.packages.iter().map(|package| package.sources.len()).sum();
    println!("{} crates and {files} files are tidy", workspace.packages.len());
    Ok(())
}

fn check(workspace: &Workspace) -> Result<Vec<Problem>> {
    let mut problems = Vec::new();
    for rule in RULES {
        rule(workspace, &mut problems)?;
    }
    problems.sort();
    problems.dedup();
    Ok(problems)
}

/// Whether a name fits a pattern, whose `*` at the end stands for any ending.
fn fits(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => name == pattern,
    }
}

/// Whether a name fits one of the patterns.
fn fits_any(patterns: &[&str], name: &str) -> bool {
    patterns.iter().any(|pattern| fits(pattern, name))
}
