//! That docs/architecture.md speaks of the crates that exist, and stays short enough to be read.

use std::collections::BTreeSet;

use anyhow::Result;

use super::Problem;
use crate::workspace::{Workspace, read};

const PATH: &str = "docs/architecture.md";
const MAX_LINES: usize = 300;

/// A heading of the code map opens with this, then come the folder and a backtick.
const HEADING: &str = "### `";

/// The code map has one heading for each crate, and no other.
pub fn code_map(workspace: &Workspace, problems: &mut Vec<Problem>) -> Result<()> {
    let path = workspace.root.join(PATH);
    let text = if path.exists() { read(&path)? } else { String::new() };
    let mut missing: BTreeSet<&str> =
        workspace.packages.iter().map(|package| package.folder.as_str()).collect();
    for (at, line) in text.lines().enumerate() {
        let Some((folder, _)) = line.strip_prefix(HEADING).and_then(|rest| rest.split_once('`'))
        else {
            continue;
        };
        if !missing.remove(folder) {
            let message = format!("there is no such crate, or it is here twice: '{folder}'");
            problems.push(Problem::new(PATH, at + 1, message));
        }
    }
    for folder in missing {
        problems.push(Problem::new(PATH, 1, format!("the code map does not name '{folder}'")));
    }
    if text.lines().count() > MAX_LINES {
        let message = format!("longer than {MAX_LINES} lines: a map, not a book");
        problems.push(Problem::new(PATH, MAX_LINES + 1, message));
    }
    Ok(())
}
