//! Progress of runs: bars on a terminal, plain lines otherwise, nothing where JSON is printed.

use std::collections::HashMap;
use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use shelfread_app::render::ChangeView;
use shelfread_app::{Observer, Progress};
use shelfread_domain::Change;

use crate::output;

/// Shows how far runs are, and the plan of a dry run.
pub struct Watcher {
    bars: Option<MultiProgress>,
    by_library: Mutex<HashMap<(String, String), ProgressBar>>,
    show_changes: bool,
    lines: bool,
}

impl Watcher {
    /// A watcher for a command. `json` keeps standard output for the answer.
    pub fn new(json: bool, show_changes: bool) -> Self {
        let terminal = std::io::stderr().is_terminal();
        Self {
            bars: terminal.then(MultiProgress::new),
            by_library: Mutex::default(),
            show_changes: show_changes && !json,
            lines: !terminal && !json,
        }
    }

    fn bar(&self, bars: &MultiProgress, progress: Progress<'_>) -> ProgressBar {
        let key = (progress.source.to_owned(), progress.library.to_owned());
        let mut known = self.by_library.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || {
            let style = "{prefix}  {bar:30} {pos}/{len}  {per_sec}  {eta}";
            let bar = bars.add(ProgressBar::new(progress.expected.unwrap_or(0)));
            bar.set_prefix(output::plain(&format!("{}/{}", progress.source, progress.library)));
            bar.with_style(
                ProgressStyle::with_template(style)
                    .unwrap_or_else(|_| ProgressStyle::default_bar()),
            )
        };
        known.entry(key).or_insert_with(make).clone()
    }
}

impl Observer for Watcher {
    fn progress(&self, progress: Progress<'_>) {
        if let Some(bars) = &self.bars {
            let bar = self.bar(bars, progress);
            bar.set_length(progress.expected.unwrap_or(progress.received));
            bar.set_position(progress.received);
        } else if self.lines && progress.expected.is_some_and(|all| all == progress.received) {
            let Progress { source, library, received, .. } = progress;
            eprintln!("{}/{}: {received} read", output::plain(source), output::plain(library));
        }
    }

    fn change(&self, source: &str, change: &Change) {
        if !self.show_changes {
            return;
        }
        let print = || {
            for text in ChangeView::of(change).lines() {
                output::line(format!("{}: {}", output::plain(source), output::plain(&text)));
            }
        };
        match &self.bars {
            Some(bars) => bars.suspend(print),
            None => print(),
        }
    }
}
