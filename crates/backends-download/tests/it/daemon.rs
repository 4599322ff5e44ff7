//! Real programs, each with a folder of its own and free ports of 127.0.0.1. They die with the
//! test, however it ends. Nothing they are told to do leaves the machine.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use shelfread_backends_download::{ClientConfig, connect};
use shelfread_backends_http::{Retries, Timeouts};
use shelfread_domain::download::{ClientKind, DownloadClient};
use shelfread_testkit::until;
use tempfile::TempDir;

/// How long a program may take for anything.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// The account that every program is set up with.
pub const USER: &str = "admin";
pub const PASSWORD: &str = "adminadmin1";

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

/// A program that runs.
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
}

impl Process {
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

pub fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// A download client that runs, or ran.
pub struct Daemon {
    pub kind: ClientKind,
    /// Holds its configuration, its log and what it downloads.
    pub folder: TempDir,
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

    /// Where it puts what it downloads.
    pub fn downloads(&self) -> PathBuf {
        self.folder.path().join("dl")
    }

    pub async fn stop(&mut self) {
        for process in self.processes.drain(..) {
            process.stop().await;
        }
    }

    /// Stops the last of its processes and leaves the others.
    pub async fn stop_last(&mut self) {
        self.processes.pop().unwrap().stop().await;
    }

    pub fn start_again(&mut self) {
        self.processes = (self.launch)(self.folder.path());
    }

    /// A client of it with short patience.
    pub fn client(&self, password: &str) -> Arc<dyn DownloadClient> {
        connect(self.kind, &self.config(password)).unwrap()
    }

    pub fn config(&self, password: &str) -> ClientConfig {
        let url = format!("http://127.0.0.1:{}", self.port).parse().unwrap();
        let mut config = ClientConfig::new(url);
        config.username = Some(USER.into());
        config.password = Some(password.into());
        config.timeouts = Timeouts {
            connect: Duration::from_secs(2),
            idle: Duration::from_secs(10),
            total: Duration::from_secs(20),
        };
        config.retries = Retries { count: 0, ..Retries::default() };
        config
    }

    /// A client of it, once it answers.
    pub async fn ready(&self) -> Arc<dyn DownloadClient> {
        let client = self.client(PASSWORD);
        self.answers(&*client).await;
        client
    }

    /// Waits until it answers; says what it logged when it does not.
    pub async fn answers(&self, client: &dyn DownloadClient) {
        let end = tokio::time::Instant::now() + PATIENCE;
        while let Err(error) = client.list().await {
            if tokio::time::Instant::now() > end {
                let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
                panic!("{:?} does not answer: {error}\n{log}", self.kind);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
