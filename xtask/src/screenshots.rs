//! `cargo xtask screenshots`: the pictures of the README, made anew from the demonstration.
//!
//! A browser test looks at every page of it anyway; told where, it leaves pictures. Those that the
//! README shows are made small and kept. Knows the test by its name, and ffmpeg; which pages there
//! are it deliberately leaves to the test.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::workspace;

/// The test that looks at the demonstration.
const TEST: &str = "browser::tour::every_page_fits_every_display_and_everybody";
/// Where the README has its pictures.
const FOLDER: &str = "docs/images/";
/// What a picture may have, in bytes.
const MOST_BYTES: u64 = 150_000;
/// Fewer colours until a picture is small enough.
const COLOURS: [u32; 4] = [256, 128, 64, 32];

/// What is made.
#[derive(clap::Args)]
pub struct Arguments {
    /// Leave pictures of all pages in this folder, and those of the README as they are.
    folder: Option<PathBuf>,
}

/// Makes them.
///
/// # Errors
/// When the demonstration does not work, or a picture of the README is not among those that it
/// gives, or stays too large.
pub fn run(arguments: &Arguments) -> Result<()> {
    if let Some(folder) = &arguments.folder {
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        return take(&folder.canonicalize()?);
    }
    let folder = tempfile::tempdir()?;
    take(folder.path())?;
    let readme = workspace::read(&workspace::root().join("README.md"))?;
    for name in shown(&readme) {
        let from = folder.path().join(&name);
        shrink(&from, &workspace::root().join(FOLDER).join(&name))?;
        println!("{FOLDER}{name}");
    }
    Ok(())
}

/// Lets the test look at all pages; built as CI builds it.
fn take(folder: &Path) -> Result<()> {
    let status = workspace::cargo()
        .args(["test", "--locked", "--workspace", "--all-features", "--test", "it", "--"])
        .args(["--exact", TEST])
        .env("SHELFREAD_SCREENSHOTS", folder)
        .current_dir(workspace::root())
        .status()
        .context("starting cargo test")?;
    ensure!(status.success(), "the demonstration: {status}");
    Ok(())
}

/// The names of the pictures that a text shows.
fn shown(text: &str) -> BTreeSet<String> {
    let addresses = text.split(FOLDER).skip(1).filter_map(|rest| rest.split(')').next());
    addresses.map(str::to_owned).collect()
}

fn shrink(from: &Path, to: &Path) -> Result<()> {
    for colours in COLOURS {
        repaint(from, to, colours)?;
        if fs::metadata(to)?.len() <= MOST_BYTES {
            return Ok(());
        }
    }
    anyhow::bail!("{} cannot be made smaller than {MOST_BYTES} bytes", to.display())
}

/// The same picture with only so many colours.
fn repaint(from: &Path, to: &Path, colours: u32) -> Result<()> {
    let filter = format!(
        "split[a][b];[a]palettegen=max_colors={colours}:stats_mode=single[p];[b][p]paletteuse=\
         dither=none"
    );
    let status = Command::new("ffmpeg")
        .args(["-v", "error", "-y", "-i"])
        .arg(from)
        .args(["-vf", &filter, "-compression_level", "100"])
        .arg(to)
        .status()
        .context("starting ffmpeg")?;
    ensure!(status.success(), "ffmpeg on {}: {status}", from.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_says_which_pictures_there_are() {
        let text = "![a](docs/images/a.png) and [b](docs/images/b.png)\n![a](docs/images/a.png)";
        assert_eq!(Vec::from_iter(shown(text)), ["a.png", "b.png"]);
        let readme = workspace::read(&workspace::root().join("README.md")).unwrap();
        for name in shown(&readme) {
            assert!(workspace::root().join(FOLDER).join(&name).is_file(), "there is no {name}");
        }
    }
}
