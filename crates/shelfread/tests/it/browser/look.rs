//! How a page looks: on which display and in which light, whether it fits, what the rules of
//! accessibility find, and as a picture. It knows axe-core and deliberately no single page.

use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::page::Page;

/// The rules, as a script that a page is examined with.
const AXE: &str = include_str!("../../axe/axe.min.js");

/// What is examined: everything that is a rule or good practice, but no experiments.
const RULES: &str = "['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']";
/// What another light can break.
const CONTRAST: &str = "['color-contrast']";

/// Shows what is folded away or pops up, one at a time, where its button is. What is no good of it
/// is handed to `flaw`, and the rules look at it.
const UNFOLD: &str = "
    document.querySelectorAll('details').forEach(details => details.open = true);
    const seen = new Set();
    for (const button of document.querySelectorAll('[popovertarget]')) {
        const part = document.getElementById(button.getAttribute('popovertarget'));
        const name = part.id.replace(/-.*/, '');
        if (seen.has(name) || !button.checkVisibility()) continue;
        seen.add(name);
        button.scrollIntoView({ block: 'center' });
        part.showPopover({ source: button });
        const box = part.getBoundingClientRect();
        const fits = box.left >= 0 && box.top >= 0 && box.right <= innerWidth &&
            box.bottom <= innerHeight;
        if (!fits) flaw(`#${name} does not fit on the display: ${JSON.stringify(box)}`);
        await examine(part);
        part.hidePopover();
    }";

/// A display, by the name of what it belongs to and its size in CSS pixels.
#[derive(Clone, Copy)]
pub struct Display(&'static str, u32, u32);

pub const DESKTOP: Display = Display("desktop", 1280, 800);
pub const PHONE: Display = Display("phone", 390, 844);

/// Where pictures are left, and what they are called.
pub type Pictures<'a> = Option<(&'a Path, &'a str)>;

impl Page {
    /// Puts the browser on this display.
    pub async fn on(&self, display: Display) {
        let Display(name, width, height) = display;
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1,
            "mobile": name == PHONE.0 });
        self.driver.devtools("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// Whether the person likes it dark.
    pub async fn dark(&self, dark: bool) {
        let value = if dark { "dark" } else { "light" };
        let wish = json!({ "features": [{ "name": "prefers-color-scheme", "value": value },
            { "name": "prefers-reduced-motion", "value": "reduce" }] });
        self.driver.devtools("Emulation.setEmulatedMedia", wish).await;
    }

    /// Waits until the page and all pictures in sight are there.
    #[track_caller]
    pub fn settled(&self) -> impl Future<Output = ()> {
        self.until(
            "document.readyState == 'complete' && [...document.images].every(i => i.complete || \
             !i.checkVisibility() || i.getBoundingClientRect().top > innerHeight)",
        )
    }

    /// Opens an address on every display in both lights. Tells what is wrong: a page that is wider
    /// than its display, a barrier, a complaint of the browser.
    pub async fn flaws(&self, address: &str, pictures: Pictures<'_>) -> Vec<String> {
        self.flaws_of(address, async || self.open(address).await, pictures).await
    }

    /// The same of a page that only these steps lead to, each time anew.
    pub async fn flaws_of(
        &self,
        address: &str,
        go: impl AsyncFn(),
        pictures: Pictures<'_>,
    ) -> Vec<String> {
        let mut flaws = Vec::new();
        for (display, first) in [(DESKTOP, false), (PHONE, true)] {
            self.on(display).await;
            self.dark(first).await;
            go().await;
            self.settled().await;
            if self.is_too_wide().await {
                flaws.push("it is wider than the display".to_owned());
            }
            self.picture(display, first, pictures).await;
            self.dark(!first).await;
            self.picture(display, !first, pictures).await;
            flaws.extend(self.barriers(CONTRAST, "").await);
            self.dark(first).await;
            flaws.extend(self.barriers(RULES, UNFOLD).await);
            flaws.extend(self.complaints().await);
            flaws.iter_mut().filter(|flaw| !flaw.starts_with(ON)).for_each(|flaw| {
                flaw.insert_str(0, &format!("{ON}{} {address}: ", display.0));
            });
        }
        flaws
    }

    /// Whether somebody would have to scroll sideways.
    pub async fn is_too_wide(&self) -> bool {
        let wide = "return document.documentElement.scrollWidth > innerWidth";
        self.run(wide).await == true
    }

    /// What these rules find on the page, and on what a script shows of it besides.
    async fn barriers(&self, rules: &str, unfold: &str) -> Vec<String> {
        // By the way of the browser, since the page itself lets no script in.
        let load = format!("if (!window.axe) {{ {AXE} }}");
        self.driver.devtools("Runtime.evaluate", json!({ "expression": load })).await;
        let script = format!(
            "const done = arguments[0], found = [], flaw = text => found.push(text); const examine \
             = async part => {{ const told = await axe.run(part, {{ runOnly: {rules}, resultTypes: \
             ['violations'] }}); for (const v of told.violations) for (const n of \
             v.nodes.slice(0, 3)) flaw(`${{v.id}}: ${{n.target}}: ${{n.failureSummary}}`); }}; \
             (async () => {{ await examine(document); {unfold} }})().then(() => done(found), \
             error => done([`${{error}}`]))"
        );
        let found = json!({ "script": script, "args": [] });
        let found = self.driver.post("execute/async", found).await;
        found.as_array().into_iter().flatten().map(|flaw| flaw.to_string()).collect()
    }

    /// Leaves a picture of what is on the display.
    async fn picture(&self, display: Display, dark: bool, pictures: Pictures<'_>) {
        let Some((folder, name)) = pictures else { return };
        let light = if dark { "dark" } else { "light" };
        let Value::String(picture) = self.driver.get("screenshot").await else { return };
        let picture = BASE64_STANDARD.decode(picture).unwrap();
        std::fs::write(folder.join(format!("{name}-{}-{light}.png", display.0)), picture).unwrap();
    }
}

/// How a flaw begins once it is told where it is.
const ON: &str = "on a ";
