//! The figures of a bench as a table for people and as JSON.
//!
//! Times wander from machine to machine, so every goal is a ratio to something that was measured in
//! the same run. Knows no goal by itself; they come in with the figures.

use serde::Serialize;

use super::measure::Usage;

/// One kind of work, at one size.
#[derive(Debug, Serialize)]
pub struct Figure {
    /// Items in the library.
    pub items: u64,
    /// What was done.
    pub work: &'static str,
    /// What the program used for it.
    pub ours: Usage,
    /// What the straight-line program used for it, where there is one.
    pub floor: Option<Usage>,
    /// What the time is held against.
    pub goal: Goal,
    /// The most memory that the program may hold, in MiB, where there is a goal.
    pub peak_goal_mib: Option<u64>,
    /// Requests that the server answered.
    pub requests: u64,
    /// The most requests that there may be.
    pub requests_goal: u64,
    /// Rows written, beside the run's own record; counted in a pass of its own.
    pub rows: u64,
    /// The most rows that there may be, where that is a promise.
    pub rows_goal: Option<u64>,
}

/// A limit for the wall time.
#[derive(Debug, Serialize)]
pub struct Goal {
    /// What it is held against: the floor, or other work of ours.
    pub against: &'static str,
    /// How long that took, in seconds.
    pub seconds: f64,
    /// The most that the ratio may be.
    pub ratio: f64,
}

impl Figure {
    /// Time of ours to what it is held against.
    pub fn ratio(&self) -> f64 {
        self.ours.wall_seconds / self.goal.seconds
    }

    /// The goals that are missed, in words.
    pub fn missed(&self) -> Vec<String> {
        let limits = [
            ("ratio", self.ratio(), self.goal.ratio),
            ("peak MiB", self.ours.peak_mib(), at_most(self.peak_goal_mib)),
            ("requests", as_float(self.requests), as_float(self.requests_goal)),
            ("rows", as_float(self.rows), at_most(self.rows_goal)),
        ];
        let missed = limits.into_iter().filter(|(_, value, most)| value > most);
        missed.map(|(what, value, most)| format!("{what} {value:.2} > {most}")).collect()
    }

    fn cells(&self) -> [String; 10] {
        [
            grouped(self.items),
            self.work.to_owned(),
            format!("{:.2} s", self.ours.wall_seconds),
            self.floor.map_or_else(String::new, |floor| format!("{:.2} s", floor.wall_seconds)),
            format!("{:.2}", self.ratio()),
            format!("≤ {} × {}", self.goal.ratio, self.goal.against),
            format!("{:.2} s", self.ours.cpu_seconds),
            format!("{:.0}", self.ours.peak_mib()),
            grouped(self.requests),
            grouped(self.rows),
        ]
    }
}

const HEADINGS: [&str; 10] = [
    "items",
    "work",
    "ours",
    "floor",
    "ratio",
    "goal",
    "CPU",
    "peak MiB",
    "requests",
    "rows written",
];

/// The figures as a table of Markdown, and below it the goals that were missed.
pub fn table(figures: &[Figure]) -> String {
    let rows: Vec<_> = figures.iter().map(Figure::cells).collect();
    let widths: Vec<usize> = (0..HEADINGS.len())
        .map(|column| {
            let cells = rows.iter().map(|row| row[column].chars().count());
            cells.chain([HEADINGS[column].len()]).max().unwrap_or(0)
        })
        .collect();
    let mut text = line(&HEADINGS.map(str::to_owned), &widths);
    text += &line(&widths.iter().map(|width| "-".repeat(*width)).collect::<Vec<_>>(), &widths);
    text.extend(rows.iter().map(|row| line(row, &widths)));
    for figure in figures {
        for missed in figure.missed() {
            text +=
                &format!("\nmissed: {} items, {}: {missed}", grouped(figure.items), figure.work);
        }
    }
    text
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let cells = cells.iter().zip(widths).map(|(cell, width)| format!(" {cell:<width$} |"));
    format!("|{}\n", cells.collect::<String>())
}

fn at_most(goal: Option<u64>) -> f64 {
    goal.map_or(f64::INFINITY, as_float)
}

/// A number with its thousands apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}

#[expect(clippy::cast_precision_loss, reason = "figures are far below 2^52")]
pub(super) fn as_float(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    fn usage(wall_seconds: f64, peak_kib: u64) -> Usage {
        Usage { wall_seconds, cpu_seconds: 0.5, peak_kib }
    }

    fn figure(wall_seconds: f64, rows: u64) -> Figure {
        Figure {
            items: 100_000,
            work: "second sync",
            ours: usage(wall_seconds, 40 * 1024),
            floor: Some(usage(1.0, 20 * 1024)),
            goal: Goal { against: "floor", seconds: 1.0, ratio: 1.4 },
            peak_goal_mib: Some(64),
            requests: 104,
            requests_goal: 220,
            rows,
            rows_goal: Some(0),
        }
    }

    #[test]
    fn every_missed_goal_is_named() {
        expect![[r#"
            | items   | work        | ours   | floor  | ratio | goal          | CPU    | peak MiB | requests | rows written |
            | ------- | ----------- | ------ | ------ | ----- | ------------- | ------ | -------- | -------- | ------------ |
            | 100,000 | second sync | 1.30 s | 1.00 s | 1.30  | ≤ 1.4 × floor | 0.50 s | 40       | 104      | 0            |
            | 100,000 | second sync | 1.50 s | 1.00 s | 1.50  | ≤ 1.4 × floor | 0.50 s | 40       | 104      | 7            |

            missed: 100,000 items, second sync: ratio 1.50 > 1.4
            missed: 100,000 items, second sync: rows 7.00 > 0"#]]
        .assert_eq(&table(&[figure(1.3, 0), figure(1.5, 7)]));
    }
}
