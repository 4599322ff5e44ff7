//! What the checks need besides Rust, and how to get it on Debian and Ubuntu.
//!
//! Nothing is ever skipped because it is missing: it is installed, or the checks fail and say what
//! is missing and how to get it; [`contrib`] is the exception. Knows apt-get and rustup; deliberately nothing of other systems,
//! where a person installs what is listed.

mod contrib;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::workspace;

/// Something that a check needs.
struct Need {
    probe: Probe,
    /// The package that brings it.
    package: &'static str,
    /// The check that needs it.
    check: &'static str,
}

/// How to see that it is there.
#[derive(Clone, Copy)]
enum Probe {
    /// A program on the path.
    Program(&'static str),
    /// A file.
    File(&'static str),
    /// A program of PostgreSQL, of at least this version where Debian keeps it, or on the path.
    Postgres(&'static str, u32),
}

const NEEDS: &[Need] = &[
    Need {
        probe: Probe::Postgres("initdb", 15),
        package: "postgresql",
        check: "store tests on PostgreSQL",
    },
    Need {
        probe: Probe::Program("setpriv"),
        package: "util-linux",
        check: "PostgreSQL in tests that run as root",
    },
    Need {
        probe: Probe::Program("ffmpeg"),
        package: "ffmpeg",
        check: "media files of folder tests",
    },
    Need {
        probe: Probe::Program("chromium"),
        package: "chromium",
        check: "tests of the web interface",
    },
    Need {
        probe: Probe::Program("chromedriver"),
        package: "chromium-driver",
        check: "tests of the web interface",
    },
    Need {
        probe: Probe::File("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"),
        package: "fonts-dejavu-core",
        check: "tests of the web interface",
    },
    Need {
        probe: Probe::Program("transmission-daemon"),
        package: "transmission-daemon",
        check: "download tests on real daemons",
    },
    Need {
        probe: Probe::Program("qbittorrent-nox"),
        package: "qbittorrent-nox",
        check: "download tests on real daemons",
    },
    Need {
        probe: Probe::Program("deluged"),
        package: "deluged",
        check: "download tests on real daemons",
    },
    Need {
        probe: Probe::Program("deluge-web"),
        package: "deluge-web",
        check: "download tests on real daemons",
    },
    Need {
        probe: Probe::Program("nzbget"),
        package: "nzbget",
        check: "download tests on real daemons",
    },
    Need {
        probe: Probe::Program("python3"),
        package: "python3-venv",
        check: "requests that the document of the API allows, and others",
    },
];

/// Parts of the toolchain that a minimal installation of Rust leaves out.
const COMPONENTS: &[(&str, &str)] = &[("fmt", "rustfmt"), ("clippy", "clippy")];

/// What we may do on this machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Rights {
    Root,
    Sudo,
    None,
}

/// Installs what is missing, and nothing else.
///
/// # Errors
/// When something is missing that cannot be installed; the error says what, and how to get it.
pub fn install_missing() -> Result<()> {
    install_components()?;
    install_programs()?;
    contrib::install();
    Ok(())
}

fn install_programs() -> Result<()> {
    let missing = missing(NEEDS);
    if missing.is_empty() {
        println!("all {} programs that the tests need are here", NEEDS.len());
        return Ok(());
    }
    let packages = packages(&missing);
    let Some(commands) = install_commands(rights(), "", &packages) else {
        bail!("{}", instructions(&missing));
    };
    for command in &commands {
        run(command)?;
    }
    let still = self::missing(NEEDS);
    ensure!(still.is_empty(), "after their installation, {}", instructions(&still));
    Ok(())
}

fn install_components() -> Result<()> {
    for (subcommand, component) in COMPONENTS {
        let cargo = workspace::cargo()
            .args([subcommand, "--version"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if !cargo.is_ok_and(|status| status.success()) {
            let command = format!("rustup component add {component}");
            run(&command).with_context(|| format!("'cargo {subcommand}' is missing"))?;
        }
    }
    Ok(())
}

fn missing(needs: &[Need]) -> Vec<&Need> {
    needs.iter().filter(|need| find(need.probe).is_none()).collect()
}

/// Where it is.
fn find(probe: Probe) -> Option<PathBuf> {
    let on_path = |name| {
        search_path().into_iter().map(|f| f.join(name)).find(|path: &PathBuf| path.is_file())
    };
    match probe {
        Probe::Program(name) => on_path(name),
        Probe::File(path) => Some(PathBuf::from(path)).filter(|path| path.is_file()),
        Probe::Postgres(name, version) => {
            let installed = postgres(Path::new("/usr/lib/postgresql"), name, version);
            installed.or_else(|| on_path(name))
        }
    }
}

/// The path, and the folders of administration that an ordinary user's path leaves out.
fn search_path() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]).collect()
}

/// Looks below `folder/<version>/bin`.
fn postgres(folder: &Path, name: &str, version: u32) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).ok()?.flatten();
    let fits = |entry: &fs::DirEntry| {
        entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) >= Some(version)
    };
    entries.filter(fits).map(|e| e.path().join("bin").join(name)).find(|path| path.is_file())
}

fn packages(missing: &[&Need]) -> Vec<&'static str> {
    let mut packages: Vec<_> = missing.iter().map(|need| need.package).collect();
    packages.sort_unstable();
    packages.dedup();
    packages
}

fn rights() -> Rights {
    let is_root = fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    let sudo = || Command::new("sudo").args(["-n", "true"]).stderr(Stdio::null()).status();
    match () {
        () if find(Probe::Program("apt-get")).is_none() => Rights::None,
        () if is_root => Rights::Root,
        () if sudo().is_ok_and(|status| status.success()) => Rights::Sudo,
        () => Rights::None,
    }
}

/// The commands that install the packages, if we may; `options` are apt-get's, each with a space
/// behind it.
fn install_commands(rights: Rights, options: &str, packages: &[&str]) -> Option<Vec<String>> {
    let prefix = match rights {
        Rights::Root => "env",
        Rights::Sudo => "sudo -n env",
        Rights::None => return None,
    };
    let apt = format!("{prefix} DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300");
    let install = format!("install -y --no-install-recommends {}", packages.join(" "));
    Some(vec![format!("{apt} {options}update"), format!("{apt} {options}{install}")])
}

fn instructions(missing: &[&Need]) -> String {
    let mut text = String::from("these are missing:");
    for need in missing {
        let (Probe::Program(name) | Probe::File(name) | Probe::Postgres(name, _)) = need.probe;
        text += &format!("\n  {name} of package {} ({})", need.package, need.check);
    }
    let packages = packages(missing).join(" ");
    text + "\ninstall them and start again:"
        + &format!("\n  sudo apt-get install -y --no-install-recommends {packages}")
}

fn run(command: &str) -> Result<()> {
    println!("{command}");
    let mut words = command.split(' ');
    let status = Command::new(words.next().unwrap_or_default())
        .args(words)
        .status()
        .with_context(|| format!("starting {command}"))?;
    ensure!(status.success(), "{command}: {status}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    const ABSENT: Need =
        Need { probe: Probe::Program("no-such-program"), package: "nothing", check: "a test" };

    #[test]
    fn what_is_not_there_is_missing() {
        let needs = [ABSENT, Need { probe: Probe::Program("sh"), package: "dash", check: "none" }];
        assert_eq!(packages(&missing(&needs)), ["nothing"]);
    }

    #[test]
    fn a_postgres_that_is_too_old_is_none() {
        let folder = tempfile::tempdir().unwrap();
        for version in ["9.6", "14"] {
            let bin = folder.path().join(version).join("bin");
            fs::create_dir_all(&bin).unwrap();
            fs::write(bin.join("initdb"), "").unwrap();
        }
        assert!(postgres(folder.path(), "initdb", 14).is_some());
        assert_eq!(postgres(folder.path(), "initdb", 15), None);
    }

    #[test]
    fn without_rights_nothing_is_installed_and_the_person_is_told_how() {
        assert_eq!(install_commands(Rights::None, "", &["nothing"]), None);
        expect![[r#"
            these are missing:
              no-such-program of package nothing (a test)
            install them and start again:
              sudo apt-get install -y --no-install-recommends nothing"#]]
        .assert_eq(&instructions(&[&ABSENT]));
    }

    #[test]
    fn with_rights_only_the_missing_packages_are_installed() {
        let commands = install_commands(Rights::Sudo, "", &["a", "b"]).unwrap();
        expect![[r#"
            sudo -n env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 update
            sudo -n env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends a b"#]]
        .assert_eq(&commands.join("\n"));
    }

    #[test]
    fn a_command_that_fails_is_an_error() {
        assert!(run("false").is_err());
        assert!(run("no-such-program").is_err());
    }
}
