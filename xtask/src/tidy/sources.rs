//! What each file must say first, and what no file may say.

use anyhow::Result;

use super::{Problem, fits_any};
use crate::workspace::{Package, Workspace};

/// Sequences of words that have no place in any file, and what to do instead.
const FORBIDDEN: &[(&str, &str)] = &[
    ("todo !", "finish it, or leave it out"),
    ("unimplemented !", "finish it, or leave it out"),
    ("dbg !", "it was for debugging"),
    ("[ ignore", "a test that does not run proves nothing"),
    ("should_panic", "assert on the error"),
];

/// Crates that know no clock and no environment: what they need comes in as an argument.
const PURE: &[&str] = &["domain", "reconcile", "backends-*"];

/// Sequences of words that read the clock or the environment.
const IMPURE: &[&str] = &[
    "Utc : : now",
    "Local : : now",
    "SystemTime : : now",
    "std : : env",
    "env : : var",
    "env : : vars",
    "env : : var_os",
    "env : : args",
    "env : : current_dir",
];

/// Every file opens with `//!`: what it knows and what it deliberately does not.
pub fn headers(workspace: &Workspace, problems: &mut Vec<Problem>) -> Result<()> {
    for source in workspace.packages.iter().flat_map(|package| &package.sources) {
        if !source.is_readable() {
            problems.push(Problem::new(&source.path, 1, "this cannot be read as Rust"));
        }
        if !source.text.starts_with("//!") {
            problems.push(Problem::new(&source.path, 1, "the file must open with '//!'"));
        }
    }
    Ok(())
}

/// Nothing is left unfinished, and every test runs.
pub fn forbidden_words(workspace: &Workspace, problems: &mut Vec<Problem>) -> Result<()> {
    for source in workspace.packages.iter().flat_map(|package| &package.sources) {
        for (sequence, instead) in FORBIDDEN {
            for line in source.lines_with(sequence) {
                let message = format!("'{}': {instead}", joined(sequence));
                problems.push(Problem::new(&source.path, line, message));
            }
        }
    }
    Ok(())
}

/// The crates that are for other programs too read neither clock nor environment.
pub fn purity(workspace: &Workspace, problems: &mut Vec<Problem>) -> Result<()> {
    for package in workspace.packages.iter().filter(|package| fits_any(PURE, package.short())) {
        for source in library_sources(package) {
            for sequence in IMPURE {
                for line in source.lines_with(sequence) {
                    let message = format!("'{}' must come in as an argument", joined(sequence));
                    problems.push(Problem::new(&source.path, line, message));
                }
            }
        }
    }
    Ok(())
}

fn library_sources(package: &Package) -> impl Iterator<Item = &crate::source::Source> {
    let folder = format!("{}/src/", package.folder);
    package.sources.iter().filter(move |source| source.path.starts_with(&folder))
}

fn joined(sequence: &str) -> String {
    sequence.replace(' ', "")
}
