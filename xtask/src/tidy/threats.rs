//! That each line of the threat model in docs/security.md names a test, and that the test exists.

use anyhow::Result;

use super::Problem;
use crate::workspace::{Workspace, read};

const PATH: &str = "docs/security.md";

/// Each row of a table ends with the names of the tests that prove it, between backticks.
pub fn tests_of_threats(workspace: &Workspace, problems: &mut Vec<Problem>) -> Result<()> {
    let path = workspace.root.join(PATH);
    let text = if path.exists() { read(&path)? } else { String::new() };
    let lines: Vec<&str> = text.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        let is_head = lines.get(at + 1).is_some_and(|next| next.starts_with("|---"));
        if !line.starts_with('|') || line.starts_with("|---") || is_head {
            continue;
        }
        let last = line.trim_end_matches(['|', ' ']).rsplit('|').next().unwrap_or_default();
        let names: Vec<&str> = last.split('`').skip(1).step_by(2).collect();
        if names.is_empty() {
            problems.push(Problem::new(PATH, at + 1, "no test is named"));
        }
        for name in names.into_iter().filter(|name| !exists(workspace, name)) {
            problems.push(Problem::new(PATH, at + 1, format!("there is no test '{name}'")));
        }
    }
    Ok(())
}

fn exists(workspace: &Workspace, name: &str) -> bool {
    let words = format!("fn {name}");
    let mut sources = workspace.packages.iter().flat_map(|package| &package.sources);
    sources.any(|source| source.lines_with(&words).next().is_some())
}
