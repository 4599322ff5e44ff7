//! Which crates may use the libraries that would pull a layer towards the outside world.

use anyhow::Result;

use super::{Problem, fits, fits_any};
use crate::workspace::Workspace;

/// A library, the crates that may use it, and those whose tests may besides.
struct Fence {
    library: &'static str,
    crates: &'static [&'static str],
    tests: &'static [&'static str],
}

/// xtask stands outside of all fences.
const FENCES: &[Fence] = &[
    Fence { library: "sea-orm*", crates: &["store", "migration"], tests: &[] },
    Fence { library: "sqlx*", crates: &["store", "migration"], tests: &["shelfread"] },
    Fence {
        library: "reqwest",
        crates: &["backends-*"],
        tests: &["simulator", "web", "shelfread"],
    },
    Fence { library: "axum*", crates: &["web", "simulator"], tests: &[] },
    Fence { library: "anyhow", crates: &[], tests: &[] },
];

/// No library is used outside of its fence.
pub fn fences(workspace: &Workspace, problems: &mut Vec<Problem>) -> Result<()> {
    for package in workspace.packages.iter().filter(|package| package.short() != "xtask") {
        for dependency in &package.dependencies {
            let Some(fence) = FENCES.iter().find(|fence| fits(fence.library, &dependency.name))
            else {
                continue;
            };
            let inside = fits_any(fence.crates, package.short())
                || (dependency.is_dev() && fits_any(fence.tests, package.short()));
            if !inside {
                let message = format!("'{}' may not use '{}'", package.short(), dependency.name);
                problems.push(Problem::manifest(package, &dependency.name, message));
            }
        }
    }
    Ok(())
}
