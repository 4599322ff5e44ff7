//! The arrows between the crates, as docs/architecture.md draws them.

use anyhow::Result;

use super::{Problem, fits, fits_any};
use crate::workspace::{Dependency, Package, Workspace};

/// What each crate may depend on. The first line that fits a crate counts.
const ARROWS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("reconcile", &["domain"]),
    ("migration", &[]),
    ("store", &["domain", "migration"]),
    ("backends-http", &["domain"]),
    ("backends-*", &["domain", "backends-http"]),
    ("app", &["domain", "reconcile", "store"]),
    ("web", &["domain", "app"]),
    ("simulator", &["domain"]),
    ("testkit", &["domain", "simulator"]),
    ("shelfread", &["*"]),
    ("xtask", &["*"]),
];

/// What tests may use besides. `domain` stays free even of these.
const TEST_ARROWS: &[&str] =
    &["testkit", "simulator", "store", "migration", "reconcile", "backends-*"];

/// Every dependency within the workspace follows an arrow.
pub fn arrows(workspace: &Workspace, problems: &mut Vec<Problem>) -> Result<()> {
    for package in &workspace.packages {
        let from = package.short();
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| fits(name, from)) else {
            let message = format!("'{from}' has no place among the layers");
            problems.push(Problem::manifest(package, "name", message));
            continue;
        };
        for dependency in &package.dependencies {
            if let Some(message) = objection(package, allowed, dependency) {
                problems.push(Problem::manifest(package, &dependency.name, message));
            }
        }
    }
    Ok(())
}

fn objection(package: &Package, allowed: &[&str], dependency: &Dependency) -> Option<String> {
    let from = package.short();
    let to = dependency.path.as_deref()?.file_name()?.to_str()?;
    if dependency.is_dev() {
        let fine = fits_any(allowed, to) || (from != "domain" && fits_any(TEST_ARROWS, to));
        return (!fine).then(|| format!("the tests of '{from}' may not depend on '{to}'"));
    }
    if to == "testkit" {
        return Some("'testkit' is for tests: a dev-dependency only".to_owned());
    }
    if (from, to) == ("shelfread", "simulator") && !is_behind_demo(package, dependency) {
        return Some("'simulator' must be optional, behind the default feature 'demo'".to_owned());
    }
    (!fits_any(allowed, to)).then(|| format!("'{from}' may not depend on '{to}'"))
}

fn is_behind_demo(package: &Package, dependency: &Dependency) -> bool {
    let has = |feature: &str, part: &str| {
        package.features.get(feature).is_some_and(|parts| parts.iter().any(|p| p == part))
    };
    dependency.optional
        && has("default", "demo")
        && has("demo", &format!("dep:{}", dependency.name))
}
