//! `SABnzbd`, which Debian keeps in a component that is off by default. It is installed by a list
//! of sources of its own, so that the system's own lists stay as they are.
//!
//! The one program that may be missing: where it cannot be had, its adapter is tested on recorded
//! and simulated answers alone, and the set-up says so.

use std::fs;

use anyhow::{Context, Result, ensure};

use super::{Probe, Rights, find, install_commands, rights, run};
use crate::workspace;

const PROGRAM: &str = "sabnzbdplus";

/// Installs it if that is possible, and says so if it is not.
pub(super) fn install() {
    if find(Probe::Program(PROGRAM)).is_some() {
        return;
    }
    if let Err(error) = try_to_install(rights()) {
        println!("{PROGRAM} cannot be had here, and is not tested: {error:#}");
    }
}

fn try_to_install(rights: Rights) -> Result<()> {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let options = match sources(&release) {
        Some(sources) => {
            let list = workspace::root().join("target/contrib.list");
            fs::write(&list, sources).with_context(|| format!("writing {}", list.display()))?;
            format!("-o Dir::Etc::sourcelist={} -o APT::Get::List-Cleanup=0 ", list.display())
        }
        None => String::new(),
    };
    let commands = install_commands(rights, &options, &[PROGRAM]);
    for command in commands.context("there are no rights to install it")? {
        run(&command)?;
    }
    ensure!(find(Probe::Program(PROGRAM)).is_some(), "it was installed and is not there");
    Ok(())
}

/// Where Debian has it; `None` for a system whose own lists have it, as Ubuntu's do.
fn sources(release: &str) -> Option<String> {
    let value = |key| {
        let line = release.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        line.map(|value| value.trim_matches('"'))
    };
    let codename = value("VERSION_CODENAME").filter(|_| value("ID") == Some("debian"))?;
    Some(format!("deb http://deb.debian.org/debian {codename} main contrib non-free\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_debian_needs_a_list() {
        let debian = "NAME=\"Debian GNU/Linux\"\nVERSION_CODENAME=bookworm\nID=debian\n";
        let list = "deb http://deb.debian.org/debian bookworm main contrib non-free\n";
        assert_eq!(sources(debian).as_deref(), Some(list));
        assert_eq!(sources("ID=ubuntu\nID_LIKE=debian\nVERSION_CODENAME=noble\n"), None);
        assert_eq!(sources("ID=debian\n"), None);
    }

    #[test]
    fn without_rights_it_stays_away() {
        assert!(try_to_install(Rights::None).is_err());
    }
}
