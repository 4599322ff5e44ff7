//! Charts as SVG, drawn here: attributes and classes only, so that they need no script and no
//! inline style. Each has its content in words too.

use askama::Template;
use shelfread_app::overview::Day;

const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 120.0;

/// A bar for what came and one for what went, for each day.
#[derive(Template)]
#[template(path = "chart.html")]
pub struct Trend {
    bars: Vec<Bar>,
    /// All of it in words.
    told: String,
    /// Where nothing is.
    zero: f64,
    /// Whether anything happened.
    pub is_empty: bool,
}

struct Bar {
    class: &'static str,
    x: f64,
    y: f64,
    width: f64,
    height: f64,
    label: String,
}

impl Trend {
    /// The chart of these days.
    pub fn of(days: &[Day]) -> Self {
        let most = days.iter().map(|d| d.added).max().unwrap_or(0);
        let least = days.iter().map(|d| d.removed).max().unwrap_or(0);
        let scale = (HEIGHT - 8.0) / (scaled(most) + scaled(least)).max(1.0);
        let zero = 4.0 + scaled(most) * scale;
        let step = WIDTH / days.len().max(1) as f64;
        let bar = |(place, day): (usize, &Day)| {
            let (x, width) = (place as f64 * step + step * 0.15, step * 0.7);
            let (up, down) = (scaled(day.added) * scale, scaled(day.removed) * scale);
            let label = format!("{}: {} added, {} removed", day.date, day.added, day.removed);
            let added =
                Bar { class: "up", x, y: zero - up, width, height: up, label: label.clone() };
            let removed = Bar { class: "down", x, y: zero, width, height: down, label };
            [added, removed]
        };
        let bars: Vec<_> =
            days.iter().enumerate().flat_map(bar).filter(|b| b.height > 0.0).collect();
        let sum = |of: fn(&Day) -> u64| days.iter().map(of).sum::<u64>();
        let (added, removed) = (sum(|d| d.added), sum(|d| d.removed));
        let told = format!("{} days: {added} items added, {removed} removed", days.len());
        Self { is_empty: bars.is_empty(), bars, told, zero }
    }
}

/// A first sync brings thousands in a day and later days a handful: the root lets both be seen.
fn scaled(n: u64) -> f64 {
    (n as f64).sqrt()
}
