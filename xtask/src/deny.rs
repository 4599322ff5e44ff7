//! `cargo xtask deny`: licences, bans and sources of all dependencies, by `deny.toml`.
//!
//! cargo-deny reads the same file and does more (advisories, texts of licences), but no
//! distribution packages it, and to build it takes longer than everything else that CI does. What
//! is here is what must hold on every change: licences as the manifests name them, for this
//! platform with all features, and names and sources of everything in `Cargo.lock`. It needs no
//! network and deliberately knows nothing of advisories.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::workspace::{cargo, read, root};

#[derive(Deserialize)]
struct Rules {
    licenses: Licenses,
    bans: Bans,
    sources: Sources,
}

#[derive(Deserialize)]
struct Licenses {
    allow: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Banned>,
}

#[derive(Deserialize)]
struct Banned {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    allow_registry: Vec<String>,
}

#[derive(Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
    source: Option<String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
}

/// Checks all dependencies.
///
/// # Errors
/// When one has a licence, a name or a source that is not allowed.
pub fn run() -> Result<()> {
    let root = root();
    let rules: Rules = toml::from_str(&read(&root.join("deny.toml"))?).context("deny.toml")?;
    let lock: Lock = toml::from_str(&read(&root.join("Cargo.lock"))?).context("Cargo.lock")?;
    let packages = packages(&root)?;
    let mut problems = licences(&rules, &packages);
    problems.extend(lock.package.iter().filter_map(|locked| objection(&rules, locked)));
    problems.iter().for_each(|problem| println!("{problem}"));
    ensure!(problems.is_empty(), "{} dependencies may not be here", problems.len());
    println!(
        "{} packages, {} of them for this platform, are fine",
        lock.package.len(),
        packages.len()
    );
    Ok(())
}

fn packages(root: &Path) -> Result<Vec<Package>> {
    let platform = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let output = cargo()
        .args(["metadata", "--offline", "--all-features", "--format-version", "1"])
        .args(["--filter-platform", &platform])
        .current_dir(root)
        .output()
        .context("running cargo metadata")?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "cargo metadata failed: {errors}");
    let metadata: Metadata = serde_json::from_slice(&output.stdout)?;
    Ok(metadata.packages)
}

fn licences(rules: &Rules, packages: &[Package]) -> Vec<String> {
    let objection = |p: &Package| {
        let license = p.license.as_deref().unwrap_or_default();
        let fine = allows(license, &rules.licenses.allow);
        (!fine).then(|| format!("{} {} has the licence '{license}'", p.name, p.version))
    };
    packages.iter().filter_map(objection).collect()
}

/// What is wrong with the name or source of a package.
fn objection(rules: &Rules, locked: &Locked) -> Option<String> {
    let Locked { name, version, source } = locked;
    if rules.bans.deny.iter().any(|banned| banned.name == *name) {
        return Some(format!("{name} {version} is banned"));
    }
    let source = source.as_deref()?;
    let registry = source.strip_prefix("registry+");
    let fine = registry.is_some_and(|url| rules.sources.allow_registry.iter().any(|a| a == url));
    (!fine).then(|| format!("{name} {version} comes from {source}"))
}

/// Whether an expression of licences can be met by allowed ones: `OR` (or `/`) needs one side,
/// `AND` both. What cannot be read is not allowed.
fn allows(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    let fine = any(&words, &mut at, allowed);
    fine && at == words.len()
}

fn any(words: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let mut fine = every(words, at, allowed);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        fine |= every(words, at, allowed);
    }
    fine
}

fn every(words: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let mut fine = one(words, at, allowed);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        fine &= one(words, at, allowed);
    }
    fine
}

fn one(words: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let Some(word) = words.get(*at) else { return false };
    *at += 1;
    if *word == "(" {
        let fine = any(words, at, allowed);
        let closed = words.get(*at) == Some(&")");
        *at += 1;
        return fine && closed;
    }
    let mut licence = (*word).to_owned();
    if let [Some(&"WITH"), Some(exception)] = [words.get(*at), words.get(*at + 1)] {
        licence = format!("{licence} WITH {exception}");
        *at += 2;
    }
    allowed.contains(&licence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_read_as_they_are_meant() {
        let allowed = ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned).into();
        for fine in [
            "MIT",
            "MIT OR GPL-3.0",
            "GPL-3.0/MIT",
            "MIT AND ISC",
            "(GPL-3.0 OR MIT) AND ISC",
            "Apache-2.0 WITH LLVM-exception OR GPL-3.0",
        ] {
            assert!(allows(fine, &allowed), "{fine}");
        }
        for wrong in
            ["", "GPL-3.0", "MIT AND GPL-3.0", "Apache-2.0", "(MIT", "MIT ISC", "MIT AND", "OR MIT"]
        {
            assert!(!allows(wrong, &allowed), "{wrong}");
        }
    }

    #[test]
    fn other_sources_and_banned_names_are_refused() {
        let rules = Rules {
            licenses: Licenses { allow: BTreeSet::new() },
            bans: Bans { deny: vec![Banned { name: "bad".to_owned() }] },
            sources: Sources { allow_registry: vec!["https://r".to_owned()] },
        };
        let locked = |name: &str, source: Option<&str>| Locked {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            source: source.map(str::to_owned),
        };
        assert!(objection(&rules, &locked("good", Some("registry+https://r"))).is_none());
        assert!(objection(&rules, &locked("ours", None)).is_none());
        assert!(objection(&rules, &locked("bad", Some("registry+https://r"))).is_some());
        assert!(objection(&rules, &locked("good", Some("git+https://g/x#1"))).is_some());
        assert!(objection(&rules, &locked("good", Some("registry+https://other"))).is_some());
    }
}
