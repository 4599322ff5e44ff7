//! The workspace as cargo and the files show it: packages, what they depend on, their sources.
//!
//! Knows no rule; [`crate::tidy`] has those.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::source::Source;

/// All that tidy looks at.
pub struct Workspace {
    /// Its folder.
    pub root: PathBuf,
    /// Its members, by folder.
    pub packages: Vec<Package>,
}

/// A member.
pub struct Package {
    /// As in its manifest.
    pub name: String,
    /// Relative to the root: `crates/domain`.
    pub folder: String,
    /// The text of its `Cargo.toml`.
    pub manifest: String,
    /// What it names as dependencies, of every kind.
    pub dependencies: Vec<Dependency>,
    /// Its features.
    pub features: BTreeMap<String, Vec<String>>,
    /// All its `.rs` files, by path.
    pub sources: Vec<Source>,
}

/// One entry of a dependency table.
#[derive(Deserialize)]
pub struct Dependency {
    /// The package that is depended on.
    pub name: String,
    kind: Option<String>,
    /// Only there with a feature.
    pub optional: bool,
    /// The folder, if it is a member.
    pub path: Option<PathBuf>,
}

impl Dependency {
    /// Only tests, examples and benches see it.
    pub fn is_dev(&self) -> bool {
        self.kind.as_deref() == Some("dev")
    }
}

impl Package {
    /// The last part of the folder: `domain`.
    pub fn short(&self) -> &str {
        self.folder.rsplit('/').next().unwrap_or(&self.folder)
    }

    /// Its manifest, relative to the root.
    pub fn manifest_path(&self) -> String {
        format!("{}/Cargo.toml", self.folder)
    }

    /// Its manifest as a table.
    pub fn manifest_table(&self) -> Result<toml::Table> {
        toml::from_str(&self.manifest).with_context(|| self.manifest_path())
    }

    /// The line of the manifest whose key is `key`; 1 when there is none.
    pub fn manifest_line(&self, key: &str) -> usize {
        let is_key = |line: &str| {
            let rest = line.trim_start().strip_prefix(key);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', ' ', '=']))
        };
        self.manifest.lines().position(is_key).map_or(1, |at| at + 1)
    }
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<RawPackage>,
    workspace_root: PathBuf,
}

#[derive(Deserialize)]
struct RawPackage {
    name: String,
    manifest_path: PathBuf,
    dependencies: Vec<Dependency>,
    features: BTreeMap<String, Vec<String>>,
}

impl Workspace {
    /// Reads the workspace that `folder` is in.
    ///
    /// # Errors
    /// When cargo cannot read a manifest, or a file cannot be read.
    pub fn read(folder: &Path) -> Result<Self> {
        let metadata = metadata(folder)?;
        let root = metadata.workspace_root;
        let mut packages = metadata
            .packages
            .into_iter()
            .map(|package| Package::read(&root, package))
            .collect::<Result<Vec<_>>>()?;
        packages.sort_by(|a, b| a.folder.cmp(&b.folder));
        Ok(Self { root, packages })
    }
}

impl Package {
    fn read(root: &Path, raw: RawPackage) -> Result<Self> {
        let home = raw.manifest_path.parent().unwrap_or(root);
        let mut files = Vec::new();
        rust_files(home, &mut files)?;
        files.sort();
        let sources = files.iter().map(|path| Source::read(root, path)).collect::<Result<_>>()?;
        Ok(Self {
            name: raw.name,
            folder: relative(root, home),
            manifest: read(&raw.manifest_path)?,
            dependencies: raw.dependencies,
            features: raw.features,
            sources,
        })
    }
}

/// The folder of the workspace that this program was built from.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// The cargo that runs this program. It does not hear of the package that this program is: build
/// scripts that look at such variables would build again what is built, and all that needs it.
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        let of_package =
            |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
        if name.to_str().is_some_and(of_package) {
            command.env_remove(name);
        }
    }
    command
}

/// Reads a text file; the error names it.
pub fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))
}

/// A path below `root`, with `/` between its parts.
pub fn relative(root: &Path, path: &Path) -> String {
    let below = path.strip_prefix(root).unwrap_or(path);
    below.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

fn metadata(folder: &Path) -> Result<Metadata> {
    let output = cargo()
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(folder)
        .output()
        .context("running cargo metadata")?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "cargo metadata failed: {errors}");
    serde_json::from_slice(&output.stdout).context("reading what cargo metadata says")
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            rust_files(&path, found)?;
        } else if path.extension() == Some(OsStr::new("rs")) {
            found.push(path);
        }
    }
    Ok(())
}
