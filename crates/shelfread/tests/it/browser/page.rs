//! A page as a person has it in front of them: they read, click, type and wait. Waiting is looking
//! again until it is so.

use std::panic::Location;

use serde_json::{Value, json};
use shelfread_testkit::until;
use tokio::time::timeout;

use super::driver::Driver;
use crate::serve::PATIENCE;

/// How WebDriver calls an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// Keys by name, as WebDriver writes them.
pub const TAB: &str = "\u{e004}";
pub const ENTER: &str = "\u{e007}";
pub const SPACE: &str = " ";

/// The page in front.
pub struct Page {
    pub(super) driver: Driver,
    base: String,
}

impl Page {
    /// The turn with the browser, for pages below this address.
    pub async fn of(base: &str) -> Self {
        Self { driver: Driver::take().await, base: base.to_owned() }
    }

    /// Opens an address below the server's.
    pub async fn open(&self, path: &str) {
        let url = if path.contains(":") { path.into() } else { format!("{}{path}", self.base) };
        self.driver.post("url", json!({ "url": url })).await;
    }

    /// The path of the page.
    pub async fn path(&self) -> String {
        self.run("return location.pathname").await.as_str().unwrap_or_default().to_owned()
    }

    /// What a script in the page gives.
    pub async fn run(&self, script: &str) -> Value {
        self.driver.post("execute/sync", json!({ "script": script, "args": [] })).await
    }

    /// Waits until an expression in the page is true; if it never is, the test fails and tells what
    /// the page says instead.
    #[track_caller]
    pub fn until<'a>(&'a self, expression: &str) -> impl Future<Output = ()> + use<'a> {
        let (caller, expression) = (Location::caller(), expression.to_owned());
        async move {
            let script = format!("return !!({expression})");
            let body = json!({ "script": script, "args": [] });
            let holds = until(PATIENCE * 2, async || {
                // A page that is just going away answers nothing.
                let holds = self.driver.attempt("execute/sync", body.clone()).await;
                holds.is_ok_and(|value| value == true)
            });
            if timeout(PATIENCE, holds).await.is_err() {
                let text = self.run("return location + ' ' + document.body.innerText").await;
                let complaints = self.complaints().await;
                panic!("{caller}: never was {expression}\n{text}\n{complaints:?}");
            }
        }
    }

    /// Waits until the page says this somewhere.
    #[track_caller]
    pub fn says<'a>(&'a self, text: &str) -> impl Future<Output = ()> + use<'a> {
        self.until(&format!("document.body.innerText.includes({})", json!(text)))
    }

    /// Waits until the page no longer says this.
    #[track_caller]
    pub fn is_silent_on<'a>(&'a self, text: &str) -> impl Future<Output = ()> + use<'a> {
        self.until(&format!("!document.body.innerText.includes({})", json!(text)))
    }

    /// Waits until there is such an element, given by a CSS selector.
    #[track_caller]
    pub fn has<'a>(&'a self, selector: &str) -> impl Future<Output = ()> + use<'a> {
        self.until(&format!("document.querySelector({})", json!(selector)))
    }

    /// Clicks the first such element, as soon as it is there, where no bar at an edge covers it.
    pub async fn click(&self, selector: &str) {
        self.has(selector).await;
        let shown = "const it = document.querySelector(arguments[0]); \
                     it.scrollIntoView({ block: 'center', behavior: 'instant' })";
        let shown = json!({ "script": shown, "args": [selector] });
        self.driver.post("execute/sync", shown).await;
        let id = self.find(selector).await;
        self.driver.post(&format!("element/{id}/click"), json!({})).await;
    }

    /// Clicks the first button, link or summary that is called this.
    pub async fn press(&self, name: &str) {
        let mark = format!(
            "(() => {{ const name = {}; const all = [...document.querySelectorAll('button, a, \
             summary, input[type=submit], label')]; const it = all.find(e => (e.innerText || \
             e.value || '').trim() == name && e.checkVisibility()); if (!it) return false; \
             document.querySelectorAll('[data-test-press]').forEach(e => \
             e.removeAttribute('data-test-press')); it.setAttribute('data-test-press', ''); return \
             true }})()",
            json!(name)
        );
        self.until(&mark).await;
        self.click("[data-test-press]").await;
    }

    /// Types into a field instead of what is there.
    pub async fn fill(&self, selector: &str, text: &str) {
        self.has(selector).await;
        let id = self.find(selector).await;
        self.driver.post(&format!("element/{id}/clear"), json!({})).await;
        self.driver.post(&format!("element/{id}/value"), json!({ "text": text })).await;
    }

    /// Chooses an option of a list by its value.
    pub async fn choose(&self, selector: &str, value: &str) {
        self.click(&format!("{selector} option[value={}]", json!(value))).await;
    }

    /// Presses keys, wherever the focus is.
    pub async fn keys(&self, keys: &str) {
        let stroke = |key: char| {
            [json!({ "type": "keyDown", "value": key }), json!({ "type": "keyUp", "value": key })]
        };
        let strokes: Vec<_> = keys.chars().flat_map(stroke).collect();
        let board = json!({ "type": "key", "id": "board", "actions": strokes });
        self.driver.post("actions", json!({ "actions": [board] })).await;
    }

    /// Goes on with Tab until the focus is on an element that fits, as somebody without a mouse.
    pub async fn tab_to(&self, selector: &str) {
        for _ in 0..200 {
            let there = format!("return document.activeElement.matches({})", json!(selector));
            if self.run(&there).await == true {
                return;
            }
            self.keys(TAB).await;
        }
        panic!("no Tab leads to {selector} on {}", self.path().await);
    }

    /// What the browser complained about since the last time.
    pub async fn complaints(&self) -> Vec<String> {
        let log = self.driver.post("se/log", json!({ "type": "browser" })).await;
        let lines = log.as_array().cloned().unwrap_or_default().into_iter();
        let bad = lines.filter(|l| l["level"] == "SEVERE" || l["level"] == "WARNING");
        let told = bad.map(|line| line["message"].to_string());
        // It leaves out an animation between two pages of which one has none: no fault of either.
        told.filter(|message| !message.contains("ViewTransition opt-in disabled")).collect()
    }

    async fn find(&self, selector: &str) -> String {
        let by = json!({ "using": "css selector", "value": selector });
        self.driver.post("element", by).await[ELEMENT].as_str().unwrap_or_default().to_owned()
    }
}
