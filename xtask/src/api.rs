//! `cargo xtask openapi` writes docs/openapi.json from the code; the check `api` of `cargo xtask ci`
//! sends a running server what that document allows, and what it does not.
//!
//! Knows which commands do that, and nothing of the document.

use anyhow::{Context, Result, ensure};

use crate::workspace;

/// The test that compares docs/openapi.json with the code writes it when it is told to.
///
/// # Errors
/// When it could not be written.
pub fn write() -> Result<()> {
    let status = workspace::cargo()
        .args(["test", "--quiet", "--package", "shelfread-web", "--test", "it", "api::document"])
        .current_dir(workspace::root())
        .env("UPDATE_EXPECT", "1")
        .status()
        .context("starting cargo")?;
    ensure!(status.success(), "docs/openapi.json could not be written: {status}");
    println!("docs/openapi.json is what the code says");
    Ok(())
}

/// Builds the program and lets scripts/fuzz-api.py at it.
///
/// # Errors
/// When an answer is a server error, or one that the document does not know; and when that could
/// not be tested.
pub fn fuzz() -> Result<()> {
    let build = ["build", "--locked", "--workspace", "--all-features", "--bin", "shelfread"];
    let root = workspace::root();
    let built = workspace::cargo().args(build).current_dir(&root).status();
    ensure!(built.context("starting cargo")?.success(), "shelfread could not be built");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root.join("target"), Into::into);
    let status = std::process::Command::new("python3")
        .arg(root.join("scripts/fuzz-api.py"))
        .arg(target.join("debug/shelfread"))
        .current_dir(&root)
        .status()
        .context("starting python3")?;
    ensure!(status.success(), "the API does not keep to its document: {status}");
    Ok(())
}
