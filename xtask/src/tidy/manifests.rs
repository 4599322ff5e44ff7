//! What each manifest must say.

use anyhow::Result;

use super::Problem;
use crate::workspace::Workspace;

/// Keys of `[package]` that have one value for all crates.
const SHARED: &[&str] = &["version", "edition", "rust-version", "license", "publish"];

/// A package is called `shelfread-` and its folder; only the binary and xtask are not.
pub fn names(workspace: &Workspace, problems: &mut Vec<Problem>) -> Result<()> {
    for package in &workspace.packages {
        let expected = match package.short() {
            name @ ("shelfread" | "xtask") => name.to_owned(),
            folder => format!("shelfread-{folder}"),
        };
        if package.name != expected {
            let message = format!("the package in this folder must be called '{expected}'");
            problems.push(Problem::manifest(package, "name", message));
        }
    }
    Ok(())
}

/// All crates share version, edition and licence, and the workspace's lints.
pub fn inheritance(workspace: &Workspace, problems: &mut Vec<Problem>) -> Result<()> {
    for package in &workspace.packages {
        let table = package.manifest_table()?;
        for key in SHARED {
            if !is_inherited(table.get("package").and_then(|section| section.get(key))) {
                let message = format!("'{key}.workspace = true' is missing");
                problems.push(Problem::manifest(package, key, message));
            }
        }
        if !is_inherited(table.get("lints")) {
            let message = "'[lints] workspace = true' is missing";
            problems.push(Problem::manifest(package, "[lints]", message));
        }
    }
    Ok(())
}

fn is_inherited(value: Option<&toml::Value>) -> bool {
    value.and_then(|value| value.get("workspace")).and_then(toml::Value::as_bool) == Some(true)
}
