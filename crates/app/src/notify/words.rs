//! What happened, in words for people. The event itself goes along for programs.

use serde_json::Value;
use shelfread_domain::notify::Notice;
use shelfread_store::Letter;

/// The notice of an event as the outbox has it.
pub(super) fn notice(letter: &Letter) -> Notice {
    let event = &letter.event;
    let text = |key: &str| event[key].as_str().unwrap_or_default().to_owned();
    let (kind, data) = (text("kind"), &event["data"]);
    let (title, words) = words(&kind, data);
    Notice {
        seq: letter.event_seq,
        at: text("at").parse().unwrap_or(letter.created_at),
        severity: text("severity"),
        kind,
        title,
        text: words,
        data: event.clone(),
    }
}

/// A title and a sentence.
fn words(kind: &str, data: &Value) -> (String, String) {
    let text = |key: &str| data[key].as_str().unwrap_or_default();
    let (source, reason) = (text("source"), text("reason"));
    match kind {
        "run.held" => (
            format!("{source}: removals wait for you"),
            format!(
                "{} items of {} would go: {reason}. Approve or discard this.",
                data["items"].as_u64().unwrap_or(0),
                text("library"),
            ),
        ),
        "source.failed" => (format!("{source} cannot be read"), text("message").to_owned()),
        "source.recovered" => (format!("{source} answers again"), String::from("All is well.")),
        "run.finished" => (format!("{source}: synced"), counts(&data["counts"])),
        "item.removed" => {
            (format!("{} is gone", text("label")), format!("Removed from {source}: {reason}"))
        }
        _ => other(kind, data),
    }
}

/// An event that has no words of its own.
fn other(kind: &str, data: &Value) -> (String, String) {
    let first = |keys: &[&str]| keys.iter().find_map(|key| data[*key].as_str());
    let place = first(&["client", "source"]);
    let title = match first(&["title", "label"]) {
        Some(subject) => format!("{kind}: {subject}"),
        None => kind.to_owned(),
    };
    let change = match (data["from"].as_str(), data["to"].as_str()) {
        (Some(from), Some(to)) => Some(format!("{from} → {to}")),
        (None, Some(to)) => Some(to.to_owned()),
        _ => None,
    };
    let reason = first(&["reason", "message", "error"]).map(str::to_owned);
    let parts = [place.map(|place| format!("[{place}]")), change, reason];
    let words: Vec<_> = parts.into_iter().flatten().collect();
    let words = words.join(" ");
    (title, if words.is_empty() { kind.to_owned() } else { words })
}

fn counts(counts: &Value) -> String {
    let some = counts.as_object().into_iter().flatten();
    let some = some.filter(|(_, n)| n.as_u64().is_some_and(|n| n > 0));
    some.map(|(what, n)| format!("{n} {what}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_event_has_words() {
        let data = json!({"source": "den", "library": "Films", "items": 12, "reason": "too many"});
        let (title, text) = words("run.held", &data);
        assert_eq!(title, "den: removals wait for you");
        assert_eq!(text, "12 items of Films would go: too many. Approve or discard this.");
        let data =
            json!({"client": "box", "title": "Heat", "from": "downloading", "to": "seeding"});
        let (title, text) = words("download.state", &data);
        assert_eq!(
            (title.as_str(), text.as_str()),
            ("download.state: Heat", "[box] downloading → seeding")
        );
        let (title, text) = words("moon.rose", &json!({}));
        assert_eq!((title.as_str(), text.as_str()), ("moon.rose", "moon.rose"));
        let data = json!({"source": "den", "counts": {"added": 2, "seen": 9, "held": 0}});
        assert_eq!(words("run.finished", &data).1, "2 added, 9 seen");
    }
}
