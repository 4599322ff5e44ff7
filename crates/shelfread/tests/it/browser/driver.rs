//! One chromedriver with one Chromium for all tests of this binary, spoken with by plain WebDriver:
//! JSON over HTTP. It knows commands and deliberately nothing of our pages.
//!
//! Programs: the distribution's `chromium` and `chromium-driver`, which fit each other.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use crate::serve::{PATIENCE, client};
use serde_json::{Value, json};
use shelfread_testkit::daemons::free_port;
use tokio::sync::{Mutex, MutexGuard};

/// Runs the driver until standard input ends, which it does with the test process however that
/// ends; then everything of this process group goes, and the folder.
const WATCH: &str = r#"
    set -e
    folder=$(mktemp -d "${TMPDIR:-/tmp}/shelfread-browser.XXXXXX")
    trap 'rm -rf "$folder"' EXIT
    trap '' TERM
    (trap - TERM; HOME=$folder exec chromedriver --port="$1" --log-level=SEVERE \
        >"$folder/log" 2>&1 </dev/null) &
    echo "$folder"
    exec >&-
    cat >/dev/null
    kill -TERM 0
    wait || true
    sleep 0.3
"#;

/// What Chromium is told: run unseen, also as root, and speak with nobody but our servers.
const FLAGS: [&str; 13] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-breakpad",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--lang=en-GB",
];

/// The driver, for whoever has the turn: one browser has one page in front.
static DRIVER: OnceLock<Mutex<Running>> = OnceLock::new();

struct Running {
    base: String,
    session: Option<String>,
    /// Its standard input is what keeps the driver alive.
    _watcher: Child,
}

impl Running {
    fn start() -> Self {
        for (program, package) in [("chromedriver", "chromium-driver"), ("chromium", "chromium")] {
            let is_there = shelfread_testkit::daemons::is_installed(program);
            assert!(is_there, "{program} is missing: install the package {package}");
        }
        let port = free_port();
        let mut watcher = Command::new("sh")
            .args(["-c", WATCH, "sh", &port.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .expect("a shell");
        let mut folder = String::new();
        let output = watcher.stdout.take().expect("its output is a pipe");
        BufReader::new(output).read_line(&mut folder).expect("where it works");
        Self { base: format!("http://127.0.0.1:{port}"), session: None, _watcher: watcher }
    }
}

/// The browser, for one test at a time.
pub struct Driver {
    http: reqwest::Client,
    session: String,
    _turn: MutexGuard<'static, Running>,
}

impl Driver {
    /// Waits for the turn, and for a browser that knows nothing of the tests before.
    pub async fn take() -> Self {
        let http = client();
        let mut turn = DRIVER.get_or_init(|| Mutex::new(Running::start())).lock().await;
        if turn.session.is_none() {
            shelfread_testkit::until(PATIENCE, async || {
                http.get(format!("{}/status", turn.base)).send().await.is_ok()
            })
            .await;
            let flags = json!({ "args": FLAGS, "binary": "/usr/bin/chromium" });
            let wish = json!({ "goog:chromeOptions": flags,
                "goog:loggingPrefs": { "browser": "ALL" } });
            let wish = json!({ "capabilities": { "alwaysMatch": wish } });
            let begun = send(http.post(format!("{}/session", turn.base)).json(&wish)).await;
            let id = begun["sessionId"].as_str().expect("a session");
            turn.session = Some(format!("{}/session/{id}", turn.base));
        }
        let session = turn.session.clone().unwrap_or_default();
        let driver = Self { http, session, _turn: turn };
        driver.forget().await;
        driver
    }

    /// A new tab instead of all others, without cookies, log and pretended devices.
    async fn forget(&self) {
        let old = self.get("window/handles").await;
        let new = self.post("window/new", json!({ "type": "tab" })).await["handle"].clone();
        for handle in old.as_array().into_iter().flatten() {
            self.post("window", json!({ "handle": handle })).await;
            send(self.http.delete(format!("{}/window", self.session))).await;
        }
        self.post("window", json!({ "handle": new })).await;
        self.devtools("Emulation.clearDeviceMetricsOverride", json!({})).await;
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": [] })).await;
        self.devtools("Network.clearBrowserCookies", json!({})).await;
        self.devtools("Network.clearBrowserCache", json!({})).await;
        self.post("se/log", json!({ "type": "browser" })).await;
    }

    pub async fn get(&self, command: &str) -> Value {
        send(self.http.get(format!("{}/{command}", self.session))).await
    }

    pub async fn post(&self, command: &str, body: Value) -> Value {
        send(self.http.post(format!("{}/{command}", self.session)).json(&body)).await
    }

    /// A command, or what went wrong with it.
    pub async fn attempt(&self, command: &str, body: Value) -> Result<Value, String> {
        attempt(self.http.post(format!("{}/{command}", self.session)).json(&body)).await
    }

    /// A command of the DevTools protocol.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.post("goog/cdp/execute", json!({ "cmd": command, "params": parameters })).await
    }
}

#[track_caller]
fn send(request: reqwest::RequestBuilder) -> impl Future<Output = Value> {
    let caller = std::panic::Location::caller();
    async move { attempt(request).await.unwrap_or_else(|e| panic!("{caller}: the browser says: {e}")) }
}

async fn attempt(request: reqwest::RequestBuilder) -> Result<Value, String> {
    let answer =
        request.timeout(Duration::from_secs(60)).send().await.map_err(|e| e.to_string())?;
    let fine = answer.status().is_success();
    let mut body: Value = answer.json().await.map_err(|e| e.to_string())?;
    let value = body["value"].take();
    if fine { Ok(value) } else { Err(value["message"].to_string()) }
}
