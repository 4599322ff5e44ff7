//! The programs that take part: the binary as people build it, and the simulated server.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::workspace;

/// Where they are.
pub struct Programs {
    /// The binary.
    pub shelfread: PathBuf,
    /// The simulated server.
    pub simulator: PathBuf,
}

impl Programs {
    /// Builds them for release.
    ///
    /// # Errors
    /// When they do not build.
    pub fn build() -> Result<Self> {
        Ok(Self {
            shelfread: build(&["--package", "shelfread", "--bin", "shelfread"])?,
            simulator: build(&["--package", "shelfread-simulator", "--example", "serve"])?,
        })
    }
}

/// A line of what cargo says of a build; only the ones about programs have one.
#[derive(Deserialize)]
struct Message {
    executable: Option<PathBuf>,
}

/// Builds one program. Where it is, cargo says: the target folder may be anywhere.
fn build(target: &[&str]) -> Result<PathBuf> {
    let output = workspace::cargo()
        .args(["build", "--release", "--message-format", "json-render-diagnostics"])
        .args(target)
        .current_dir(workspace::root())
        .stderr(Stdio::inherit())
        .output()
        .context("starting cargo build")?;
    ensure!(output.status.success(), "cargo build {target:?}: {}", output.status);
    executable(&String::from_utf8_lossy(&output.stdout))
        .with_context(|| format!("cargo built no program for {target:?}"))
}

fn executable(messages: &str) -> Option<PathBuf> {
    messages.lines().rev().find_map(|line| serde_json::from_str::<Message>(line).ok()?.executable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_where_cargo_says() {
        let messages = r#"{"reason":"compiler-artifact","executable":null}
{"reason":"compiler-artifact","executable":"/elsewhere/release/shelfread"}
{"reason":"build-finished","success":true}"#;
        assert_eq!(executable(messages), Some("/elsewhere/release/shelfread".into()));
    }
}
