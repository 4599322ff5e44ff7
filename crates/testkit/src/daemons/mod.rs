//! Real programs, each with a folder of its own and free ports of 127.0.0.1. They die with the
//! test, however it ends. Nothing that they are told to do leaves the machine.
//!
//! It knows how programs are started, watched and stopped, and how Transmission and qBittorrent
//! are set up to find no peers by themselves; it deliberately speaks with none of them.

mod torrent;

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use serde_json::json;
use shelfread_domain::download::ClientKind;
use tempfile::TempDir;

use crate::until;
pub use torrent::Torrent;

/// How long a program may take for anything.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// The account that every program is set up with.
pub const USER: &str = "admin";
/// Its password.
pub const PASSWORD: &str = "adminadmin1";

/// PBKDF2-SHA-512 of the password, 100,000 rounds, as qBittorrent keeps it.
const HASH: &str = "AAECAwQFBgcICQoLDA0ODw==:Pt0kq/4+rM+zXNwJMO4eg1zaEEwcBm3HrBsmGnhA2dk85SOfwB6tEVSpi8uwfaLO6qJ3BPOIS2/y2LrgtJwI5A==";

/// A port that nobody has. Below those that the system gives to outgoing connections, because one
/// of these could take it before the program does, and another one every time.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = std::process::id() as u16 % 100 * 100;
    loop {
        let port = 20_000 + (first + NEXT.fetch_add(1, Ordering::Relaxed)) % 10_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// A folder that goes with the test.
pub fn folder() -> TempDir {
    tempfile::Builder::new().prefix("shelfread-it-").tempdir().unwrap()
}

/// Whether a program can be started.
pub fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// A program that runs.
#[derive(Debug)]
pub struct Process(Child);

impl Process {
    /// Starts a program of the distribution. What it prints goes to `log`.
    pub fn start(package: &str, log: &Path, command: &[&str]) -> Self {
        let program = command[0];
        assert!(is_installed(program), "{program} is missing: install the package {package}");
        let log = fs::File::options().create(true).append(true).open(log).unwrap();
        let child = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "--"])
            .args(command)
            .env("HOME", "/nonexistent")
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .expect("setpriv is missing: install the package util-linux");
        Self(child)
    }

    /// Asks it to end and lets it write down what it must.
    async fn stop(mut self) {
        let pid = self.0.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        until(PATIENCE, async || self.0.try_wait().unwrap().is_some()).await;
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may be gone already; waiting for it is what counts.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A download client that runs, or ran.
#[derive(Debug)]
pub struct Daemon {
    /// Which program it is.
    pub kind: ClientKind,
    /// Holds its configuration, its log and what it downloads.
    pub folder: TempDir,
    /// Where it takes orders.
    pub port: u16,
    processes: Vec<Process>,
    launch: fn(&Path) -> Vec<Process>,
}

impl Daemon {
    /// Starts a program whose configuration lies in `folder`.
    pub fn start(
        kind: ClientKind,
        folder: TempDir,
        port: u16,
        launch: fn(&Path) -> Vec<Process>,
    ) -> Self {
        fs::create_dir_all(folder.path().join("dl")).unwrap();
        let processes = launch(folder.path());
        Self { kind, folder, port, processes, launch }
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Where it puts what it downloads.
    pub fn downloads(&self) -> PathBuf {
        self.folder.path().join("dl")
    }

    /// What it printed.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Stops it, and all that it needs.
    pub async fn stop(&mut self) {
        for process in self.processes.drain(..) {
            process.stop().await;
        }
    }

    /// Stops the last of its processes and leaves the others.
    pub async fn stop_last(&mut self) {
        self.processes.pop().unwrap().stop().await;
    }

    /// Starts it again, as it was.
    pub fn start_again(&mut self) {
        self.processes = (self.launch)(self.folder.path());
    }
}

/// A Transmission that looks for no peers by itself.
pub fn transmission() -> Daemon {
    let (folder, port) = (folder(), free_port());
    let settings = json!({
        "rpc-enabled": true, "rpc-bind-address": "127.0.0.1", "rpc-port": port,
        "rpc-authentication-required": true, "rpc-username": USER, "rpc-password": PASSWORD,
        "bind-address-ipv4": "127.0.0.1", "bind-address-ipv6": "::1", "peer-port": free_port(),
        "dht-enabled": false, "lpd-enabled": false, "pex-enabled": false, "utp-enabled": false,
        "port-forwarding-enabled": false, "incomplete-dir-enabled": false,
        "download-dir": folder.path().join("dl"),
    });
    fs::write(folder.path().join("settings.json"), settings.to_string()).unwrap();
    Daemon::start(ClientKind::Transmission, folder, port, launch_transmission)
}

fn launch_transmission(folder: &Path) -> Vec<Process> {
    let folder_text = folder.to_str().unwrap();
    let command = ["transmission-daemon", "--foreground", "--config-dir", folder_text];
    vec![Process::start("transmission-daemon", &folder.join("log"), &command)]
}

/// A qBittorrent that looks for no peers by itself and receives `limit` KiB per second at most (0
/// for any), and the port on which it takes peers.
pub fn qbittorrent(limit: u32) -> (Daemon, u16) {
    let (folder, port, peers) = (folder(), free_port(), free_port());
    let downloads = folder.path().join("dl");
    let config = format!(
        "[LegalNotice]\nAccepted=true\n\
         [BitTorrent]\nSession\\DHTEnabled=false\nSession\\LSDEnabled=false\n\
         Session\\Interface=lo\nSession\\InterfaceName=lo\nSession\\PeXEnabled=false\nSession\\Port={peers}\nSession\\DefaultSavePath={}\n\
         Session\\RefreshInterval=100\nSession\\QueueingSystemEnabled=false\nSession\\MultiConnectionsPerIp=true\n\
         Session\\GlobalDLSpeedLimit={limit}\n\
         [Network]\nPortForwardingEnabled=false\n\
         [Preferences]\nConnection\\ResolvePeerCountries=false\nWebUI\\Address=127.0.0.1\n\
         WebUI\\Port={port}\nWebUI\\Username={USER}\nWebUI\\UseUPnP=false\n\
         WebUI\\LocalHostAuth=true\nWebUI\\Password_PBKDF2=\"@ByteArray({HASH})\"\n",
        downloads.display(),
    );
    let place = folder.path().join("qBittorrent/config");
    fs::create_dir_all(&place).unwrap();
    fs::write(place.join("qBittorrent.conf"), config).unwrap();
    (Daemon::start(ClientKind::Qbittorrent, folder, port, launch_qbittorrent), peers)
}

fn launch_qbittorrent(folder: &Path) -> Vec<Process> {
    let profile = format!("--profile={}", folder.display());
    let command = ["qbittorrent-nox", &profile];
    vec![Process::start("qbittorrent-nox", &folder.join("log"), &command)]
}

/// Tells a qBittorrent of a peer that has a torrent, as a tracker would.
pub fn introduce(daemon: &Daemon, hash: &str, peer_port: u16) {
    let login = format!("username={USER}&password={PASSWORD}");
    let answer = post(daemon.port, "/api/v2/auth/login", "", &login);
    let cookie = answer.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("set-cookie").then(|| value.split(';').next())?
    });
    let cookie = format!("Cookie: {}\r\n", cookie.expect("a session"));
    let peer = format!("hashes={hash}&peers=127.0.0.1%3A{peer_port}");
    let answer = post(daemon.port, "/api/v2/torrents/addPeers", &cookie, &peer);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

fn post(port: u16, path: &str, header: &str, form: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let length = form.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{header}Connection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{form}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
