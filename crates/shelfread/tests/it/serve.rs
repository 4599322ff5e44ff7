//! `shelfread serve` as a process of its own, on a desk, until the test ends.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use shelfread_testkit::until;

/// How long anything may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// A client that goes straight to its server.
pub fn client() -> reqwest::Client {
    // A second call finds the provider installed, which is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().expect("a client")
}

/// A server that runs.
pub struct Serve {
    /// Where it listens.
    pub base: String,
    child: Child,
    said: Arc<Mutex<String>>,
}

impl Serve {
    /// Starts a command that serves.
    pub async fn start(mut command: Command) -> Self {
        let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = spawned.spawn().unwrap();
        let said = Arc::new(Mutex::new(String::new()));
        listen(child.stdout.take().unwrap(), child.stderr.take().unwrap(), &said);
        let mut this = Self { base: String::new(), child, said };
        until(PATIENCE * 4, async || {
            let ended = this.child.try_wait().unwrap();
            assert!(ended.is_none(), "it ended with {ended:?}: {}", this.said());
            this.address().map(|base| this.base = base).is_some()
        })
        .await;
        this
    }

    /// Everything that it printed.
    pub fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// What stands behind these words in what it printed, up to the next space.
    pub fn told(&self, words: &str) -> Option<String> {
        let said = self.said();
        let (_, rest) = said.split_once(words)?;
        let (first, _) = rest.split_once(char::is_whitespace)?;
        Some(first.to_owned())
    }

    fn address(&self) -> Option<String> {
        self.told("listens at ").map(|url| url.trim_end_matches('/').to_owned())
    }

    /// Asks it to end, and waits until it has.
    pub async fn stop(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        let told = Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        assert!(told.success());
        let mut code = None;
        until(PATIENCE, async || {
            code = self.child.try_wait().unwrap();
            code.is_some()
        })
        .await;
        code.and_then(|status| status.code())
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        // It may be gone already; waiting for it is what counts.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads what it prints as long as it lives, so that it never waits for a reader.
fn listen(out: ChildStdout, err: ChildStderr, said: &Arc<Mutex<String>>) {
    let streams: [Box<dyn Read + Send>; 2] = [Box::new(out), Box::new(err)];
    for stream in streams {
        let said = Arc::clone(said);
        thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                said.lock().unwrap().push_str(&(line + "\n"));
            }
        });
    }
}
