//! How answers look: tables for people, JSON for programs, dates in the reader's time, colours
//! only where they are wanted (`NO_COLOR` is respected by `anstream`).

use anstyle::{AnsiColor, Style};
use chrono::{DateTime, Local, Utc};
use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;
use shelfread_domain::RunStatus;

use crate::session::Failure;

/// What went wrong.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// What needs a person.
pub const WARN: Style = AnsiColor::Yellow.on_default();
/// What went well.
pub const GOOD: Style = AnsiColor::Green.on_default();

/// Prints a line. Nobody reading any more, as after `| head`, is no failure.
pub fn line(text: impl std::fmt::Display) {
    use std::io::Write;
    let _ = writeln!(anstream::stdout(), "{text}");
}

/// Tells a person something beside the answer.
pub fn note(text: &str) {
    use std::io::Write;
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// Prints a value as JSON.
pub fn json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string(value).map_err(|e| Failure::broken(e.to_string()))?;
    line(text);
    Ok(())
}

/// Prints a table, or a sentence when there is nothing in it.
pub fn table(header: &[&str], rows: Vec<Vec<String>>, nothing: &str) {
    if rows.is_empty() {
        line(nothing);
        return;
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(header.iter().copied());
    for row in rows {
        table.add_row(row.iter().map(|cell| plain(cell)));
    }
    for text in table.to_string().lines() {
        line(text.trim_end());
    }
}

/// Text from outside, without what a terminal would obey.
pub fn plain(text: &str) -> String {
    let harmless = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    text.chars().map(harmless).collect()
}

/// A moment in the reader's time.
pub fn local(at: DateTime<Utc>) -> String {
    at.with_timezone(&Local).format("%Y-%m-%d %H:%M").to_string()
}

/// An amount of bytes with its unit.
pub fn bytes(amount: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if amount < 1_024 {
        return format!("{amount} B");
    }
    let power = amount.ilog2() / 10;
    let unit = UNITS[power as usize - 1];
    format!("{:.1} {unit}", amount as f64 / (1_u64 << (10 * power)) as f64)
}

/// A length of time in its two largest units.
pub fn span(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min {} s", seconds % 60),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

/// The status of a run in its colour.
pub fn status(status: RunStatus) -> String {
    let style = match status {
        RunStatus::Succeeded => GOOD,
        RunStatus::Failed => BAD,
        RunStatus::Partial | RunStatus::Held => WARN,
        RunStatus::Running | RunStatus::Planned => Style::new(),
    };
    format!("{style}{status}{style:#}")
}

#[cfg(test)]
mod tests {
    use super::{bytes, span};

    #[test]
    fn amounts_have_units() {
        for (amount, text) in [
            (0, "0 B"),
            (1_023, "1023 B"),
            (1_024, "1.0 KiB"),
            (1_572_864, "1.5 MiB"),
            (5_368_709_120, "5.0 GiB"),
            (u64::MAX, "16.0 EiB"),
        ] {
            assert_eq!(bytes(amount), text);
        }
        for (seconds, text) in
            [(5, "5 s"), (65, "1 min 5 s"), (3_660, "1 h 1 min"), (90_000, "1 d 1 h")]
        {
            assert_eq!(span(seconds), text);
        }
    }
}
