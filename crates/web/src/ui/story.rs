//! What happened, in sentences: events, changes of runs and their counts, for the page of events,
//! the timeline of an item and the overview.

use chrono::{DateTime, Utc};
use serde_json::Value;
use shelfread_app::rows::{Event, PastChange};
use shelfread_domain::{Counts, Op};

use super::parts;

/// One line of history.
pub struct Line {
    /// When.
    pub at: DateTime<Utc>,
    /// A drawn sign.
    pub icon: &'static str,
    /// `good`, `warn`, `bad` or none.
    pub tone: &'static str,
    /// What happened, in a few words of ours.
    pub what: String,
    /// To whom or what: a name from outside.
    pub subject: String,
    /// Whatever else there is to say; may hold text from outside.
    pub more: String,
    /// The page that shows it.
    pub link: Option<String>,
}

/// What a run did, in signs that are read at a glance.
pub fn counts(counts: &Counts) -> String {
    let all = [
        ("+", counts.added),
        ("~", counts.updated),
        ("\u{2212}", counts.removed),
        ("? ", counts.missing),
        ("held ", counts.held),
        ("failed ", counts.failed),
    ];
    let some: Vec<_> = all.iter().filter(|(_, n)| *n > 0).collect();
    if some.is_empty() {
        return "no change".to_owned();
    }
    some.iter()
        .map(|(sign, n)| format!("{sign}{}", parts::number(n)))
        .collect::<Vec<_>>()
        .join("  ")
}

/// An event as a line.
pub fn of_event(event: &Event) -> Line {
    let e = &event.event;
    let text = |key: &str| e.data[key].as_str().unwrap_or_default().to_owned();
    let first = |keys: &[&str]| keys.iter().map(|key| text(key)).find(|t| !t.is_empty());
    let (icon, what) = words(&e.kind);
    let link = match (e.run_id, e.item_id) {
        (Some(run), _) => Some(format!("/runs/{run}")),
        (None, Some(item)) if e.kind != "item.removed" => Some(format!("/items/{item}")),
        _ => None,
    };
    Line {
        at: e.at,
        icon,
        tone: tone(&e.severity, &e.kind),
        what: what.map_or_else(|| e.kind.replace(['.', '_'], " "), str::to_owned),
        subject: first(&["title", "label", "source", "client", "name"]).unwrap_or_default(),
        more: more(&e.data),
        link,
    }
}

fn tone(severity: &str, kind: &str) -> &'static str {
    match (severity, kind) {
        ("error", _) => "bad",
        ("warning", _) => "warn",
        (_, kind) if kind.ends_with("recovered") || kind.ends_with("completed") => "good",
        _ => "",
    }
}

fn words(kind: &str) -> (&'static str, Option<&'static str>) {
    match kind {
        "item.removed" => ("remove", Some("Removed")),
        "item.removed_at_source" => ("remove", Some("Removed at its source")),
        "run.finished" => ("runs", Some("Synced")),
        "run.held" => ("wait", Some("Removals are held")),
        "run.discarded" => ("undo", Some("Held removals were discarded")),
        "source.failed" => ("bad", Some("Stopped answering")),
        "source.recovered" => ("good", Some("Answers again")),
        "client.unreachable" => ("bad", Some("Does not answer")),
        "client.recovered" => ("good", Some("Answers again")),
        "download.added" => ("add", Some("Given to the client")),
        "download.adopted" => ("eye", Some("Found in the client")),
        "download.state_changed" => ("downloads", Some("Went on")),
        "download.completed" => ("good", Some("Finished downloading")),
        "download.failed" => ("bad", Some("Download failed")),
        "download.cancelled" => ("off", Some("Cancelled")),
        "download.removed" => ("remove", Some("Gone from the client")),
        "download.imported" => ("library", Some("Arrived in the library")),
        kind if kind.starts_with("download.") => ("downloads", None),
        kind if kind.starts_with("run.") => ("runs", None),
        kind if kind.starts_with("viewer.") => ("user", None),
        _ => ("info", None),
    }
}

/// What the data of an event tells besides its subject.
fn more(data: &Value) -> String {
    let text = |key: &str| data[key].as_str().filter(|t| !t.is_empty());
    let states = match (text("from"), text("to")) {
        (Some(from), Some(to)) => Some(format!("{from} → {to}")),
        (None, Some(to)) => Some(to.to_owned()),
        _ => None,
    };
    let told = serde_json::from_value::<Counts>(data["counts"].clone()).ok();
    let place = text("label").or(text("title")).and(text("client").or(text("source")));
    let items = data["items"].as_u64().filter(|n| *n > 1);
    [
        told.map(|told| counts(&told)),
        states,
        items.map(|n| parts::counted(&n, "item", "items")),
        place.map(str::to_owned),
        text("library").map(str::to_owned),
        text("reason").or(text("message")).map(str::to_owned),
    ]
    .into_iter()
    .flatten()
    .collect::<Vec<_>>()
    .join(" · ")
}

/// A change of an item as a line of its timeline.
pub fn of_change(past: &PastChange) -> Line {
    let change = &past.change;
    let (icon, tone, verb) = match change.op {
        Op::Add => ("add", "good", "Added"),
        Op::Remove => ("remove", "bad", "Removed"),
        Op::Relink => ("split", "", "Relinked"),
        Op::Missing => ("warn", "warn", "Marked missing"),
        Op::Return => ("good", "good", "Listed again"),
        Op::Quarantine => ("review", "warn", "Waits for review"),
        _ => ("edit", "", "Updated"),
    };
    let entity = change.entity.replace('_', " ");
    let what = if entity == "item" { verb.to_owned() } else { format!("{verb}: {entity}") };
    Line {
        at: past.at,
        icon,
        tone,
        what,
        subject: String::new(),
        more: format!("{} · {}", change.reason, past.source),
        link: Some(format!("/runs/{}", past.run)),
    }
}
