//! A throw-away PostgreSQL for tests: one server per test binary, a database per test.
//!
//! It knows how a server is made, watched and cleaned up, and nothing of any schema. There is no
//! way to skip: without the programs of PostgreSQL a test that asks for it fails and says so.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Makes a cluster, serves it and says so; when its standard input ends, which it does with the
/// test process however that ends, it stops the server and removes every trace.
const SERVE: &str = r#"
    set -e
    base=$(mktemp -d "${TMPDIR:-/tmp}/shelfread-pg.XXXXXX")
    trap 'rm -rf "$base"' EXIT
    initdb -D "$base/data" -U test --auth=trust -E UTF8 --no-locale --no-sync >"$base/log" 2>&1 ||
        { cat "$base/log" >&2; exit 1; }
    postgres -D "$base/data" -k "$base" -c listen_addresses= -c max_connections=200 \
        -c shared_buffers=32MB -c fsync=off -c synchronous_commit=off -c full_page_writes=off \
        >>"$base/log" 2>&1 </dev/null &
    server=$!
    until pg_isready -q -h "$base" -U test; do
        kill -0 $server 2>/dev/null || { cat "$base/log" >&2; exit 1; }
        sleep 0.05
    done
    echo "$base"
    exec >&-
    cat >/dev/null
    kill -QUIT $server
    wait $server || true
"#;

/// A running server.
#[derive(Debug)]
pub struct Postgres {
    folder: String,
    programs: PathBuf,
    databases: AtomicU32,
    /// Its standard input is what keeps the server alive.
    _watcher: Child,
}

/// The server of this test binary, started by whoever asks first.
pub fn postgres() -> &'static Postgres {
    static SERVER: OnceLock<Postgres> = OnceLock::new();
    SERVER.get_or_init(Postgres::start)
}

impl Postgres {
    fn start() -> Self {
        let programs = programs();
        let mut watcher = unprivileged("sh", &programs)
            .args(["-c", SERVE])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Ctrl-C at the terminal is for the tests; the server goes when they are gone.
            .process_group(0)
            .spawn()
            .expect("cannot start the shell that runs PostgreSQL");
        let mut folder = String::new();
        let mut output = watcher.stdout.take().expect("its output is a pipe");
        output.read_to_string(&mut folder).expect("PostgreSQL says where it listens");
        let folder = folder.trim().to_owned();
        assert!(!folder.is_empty(), "PostgreSQL did not start; its messages are above");
        Self { folder, programs, databases: AtomicU32::new(0), _watcher: watcher }
    }

    /// The address of a new, empty database.
    pub fn database(&self) -> String {
        self.create("")
    }

    /// The address of a new database that begins as a copy of `template`, the address of one that
    /// nobody is connected to.
    pub fn copy_of(&self, template: &str) -> String {
        let name = template.split('?').next().and_then(|url| url.rsplit('/').next());
        self.create(&format!("template {} strategy file_copy", name.unwrap_or_default()))
    }

    fn create(&self, how: &str) -> String {
        let name = format!("t{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let mut create = Command::new(self.programs.join("psql"));
        create.args(["-X", "-q", "-h", &self.folder, "-U", "test", "-d", "postgres", "-c"]);
        create.arg(format!("create database {name} {how}"));
        // A connection to the template may still be closing, or another copy of it be made.
        let mut tries = 0..100;
        loop {
            let done = create.output().expect("psql runs");
            if done.status.success() {
                break;
            }
            let message = String::from_utf8_lossy(&done.stderr).into_owned();
            assert!(
                message.contains("being accessed by other users") && tries.next().is_some(),
                "cannot create a database: {message}"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        format!("postgres://test@localhost/{name}?host={}", self.folder)
    }
}

/// The folder with the programs of the newest PostgreSQL on this machine.
fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let version = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let mut found: Vec<_> = versions.map(|entry| entry.path()).collect();
    found.sort_by_key(|path| version(path));
    let installed = found.into_iter().rev().map(|path| path.join("bin"));
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&paths).collect::<Vec<_>>();
    installed
        .chain(on_path)
        .find(|folder| ["initdb", "postgres", "psql"].iter().all(|p| folder.join(p).is_file()))
        .expect(
            "this test needs PostgreSQL and found no initdb, postgres and psql under \
             /usr/lib/postgresql/*/bin or in PATH; install the package `postgresql`",
        )
}

/// A command that does not run as root, because PostgreSQL refuses to.
fn unprivileged(program: &str, programs: &Path) -> Command {
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups", program]);
        command
    } else {
        Command::new(program)
    };
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", programs.display());
    command.env_clear().env("PATH", path).env("LC_ALL", "C.UTF-8").current_dir("/");
    command
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}
