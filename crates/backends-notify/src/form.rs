//! What each kind of target is sent: a body of JSON, some headers, and where that differs from the
//! url, a path. Pure; it knows what the five document of themselves, and sends nothing.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use shelfread_domain::notify::Notice;
use url::Url;

use crate::sign::{SIGNATURE, TIMESTAMP, signature};

/// The longest texts that Discord takes are 256 and 4096; others take more.
const MOST_TITLE: usize = 250;
const MOST_TEXT: usize = 2_000;

/// What to send.
pub struct Form {
    /// The path, where it is not that of the url.
    pub path: Option<String>,
    /// Name and value.
    pub headers: Vec<(&'static str, String)>,
    /// JSON.
    pub body: Vec<u8>,
}

impl Form {
    fn new(body: &Value) -> Self {
        Self { path: None, headers: Vec::new(), body: body.to_string().into_bytes() }
    }

    fn with(mut self, name: &'static str, value: Option<String>) -> Self {
        self.headers.extend(value.map(|value| (name, value)));
        self
    }
}

/// JSON for programs: the event whole, signed when there is a key.
pub fn webhook(notice: &Notice, key: Option<&str>, now: DateTime<Utc>) -> Form {
    let form = Form::new(&json!({
        "id": notice.seq,
        "at": notice.at,
        "kind": notice.kind,
        "severity": notice.severity,
        "title": notice.title,
        "text": notice.text,
        "event": notice.data,
    }));
    let signed = key.and_then(|key| signature(key, now, &form.body));
    let at = signed.is_some().then(|| now.timestamp().to_string());
    form.with(TIMESTAMP, at).with(SIGNATURE, signed)
}

/// ntfy's JSON goes to the root of the server; the topic is the last part of the path.
pub fn ntfy(notice: &Notice, token: Option<&str>, url: &Url) -> Form {
    let path = url.path().trim_matches('/');
    let (root, topic) = path.rsplit_once('/').map_or(("", path), |(root, topic)| (root, topic));
    let (priority, tag) = match notice.severity.as_str() {
        "error" => (4, "rotating_light"),
        "warning" => (3, "warning"),
        _ => (2, "books"),
    };
    let form = Form::new(&json!({
        "topic": topic,
        "title": short(&notice.title, MOST_TITLE),
        "message": short(&notice.text, MOST_TEXT),
        "priority": priority,
        "tags": [tag],
    }));
    let path = Some(if root.is_empty() { "/".to_owned() } else { format!("/{root}/") });
    Form { path, ..form }.with("authorization", token.map(|token| format!("Bearer {token}")))
}

/// A message of a Discord channel. Nothing in it is a mention or a link that hides its address.
pub fn discord(notice: &Notice) -> Form {
    let color = match notice.severity.as_str() {
        "error" => 0x00c0_392b,
        "warning" => 0x00e6_7e22,
        _ => 0x0029_80b9,
    };
    Form::new(&json!({
        "username": "Shelfread",
        "allowed_mentions": { "parse": [] },
        "embeds": [{
            "title": short(&plain(&notice.title), MOST_TITLE),
            "description": short(&plain(&notice.text), MOST_TEXT),
            "color": color,
            "timestamp": notice.at,
        }],
    }))
}

/// A message of Gotify; the token may stand in the url as well.
pub fn gotify(notice: &Notice, token: Option<&str>) -> Form {
    let priority = match notice.severity.as_str() {
        "error" => 8,
        "warning" => 5,
        _ => 2,
    };
    let form = Form::new(&json!({
        "title": short(&notice.title, MOST_TITLE),
        "message": short(&notice.text, MOST_TEXT),
        "priority": priority,
    }));
    form.with("x-gotify-key", token.map(str::to_owned))
}

/// A message of an Apprise API, which hands it on to whatever is configured there.
pub fn apprise(notice: &Notice, token: Option<&str>) -> Form {
    let kind = match notice.severity.as_str() {
        "error" => "failure",
        "warning" => "warning",
        _ => "info",
    };
    let form = Form::new(&json!({
        "title": short(&notice.title, MOST_TITLE),
        "body": short(&notice.text, MOST_TEXT),
        "type": kind,
        "format": "text",
    }));
    form.with("authorization", token.map(|token| format!("Bearer {token}")))
}

fn short(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// The text with everything escaped that Discord would make markup of.
fn plain(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut plain, c| {
        if "\\*_~`|>[]()#-<@:".contains(c) {
            plain.push('\\');
        }
        plain.push(c);
        plain
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice() -> Notice {
        Notice {
            seq: 7,
            at: DateTime::UNIX_EPOCH,
            kind: "run.held".to_owned(),
            severity: "warning".to_owned(),
            title: "den: **@everyone**".to_owned(),
            text: "[click](https://evil.example)".to_owned(),
            data: json!({ "seq": 7 }),
        }
    }

    fn body(form: &Form) -> Value {
        serde_json::from_slice(&form.body).unwrap()
    }

    #[test]
    fn a_webhook_is_signed_when_there_is_a_key() {
        let open = webhook(&notice(), None, DateTime::UNIX_EPOCH);
        assert!(open.headers.is_empty());
        assert_eq!((&body(&open)["id"], &body(&open)["event"]["seq"]), (&json!(7), &json!(7)));
        let signed = webhook(&notice(), Some("key"), DateTime::UNIX_EPOCH);
        let expected = signature("key", DateTime::UNIX_EPOCH, &signed.body).unwrap();
        assert_eq!(signed.headers, [(TIMESTAMP, "0".to_owned()), (SIGNATURE, expected)]);
    }

    #[test]
    fn the_topic_of_ntfy_is_the_last_part_of_its_path() {
        for (url, path, topic) in [
            ("https://ntfy.sh/mine", "/", "mine"),
            ("https://h/ntfy/mine/", "/ntfy/", "mine"),
            ("https://h", "/", ""),
        ] {
            let form = ntfy(&notice(), Some("tk"), &url.parse().unwrap());
            assert_eq!(form.path.as_deref(), Some(path), "{url}");
            assert_eq!(body(&form)["topic"], topic, "{url}");
            assert_eq!(form.headers, [("authorization", "Bearer tk".to_owned())]);
        }
    }

    #[test]
    fn nothing_becomes_markup_or_a_mention() {
        let sent = body(&discord(&notice()));
        assert_eq!(sent["embeds"][0]["title"], r"den\: \*\*\@everyone\*\*");
        let link = sent["embeds"][0]["description"].as_str().unwrap();
        assert!(!link.contains("](") && link.starts_with(r"\["), "{link}");
        assert_eq!(sent["allowed_mentions"]["parse"], json!([]));
        assert_eq!(body(&apprise(&notice(), None))["format"], "text");
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let long = Notice { title: "é".repeat(1_000), text: "é".repeat(9_000), ..notice() };
        for form in [discord(&long), gotify(&long, None), apprise(&long, None)] {
            assert!(form.body.len() < 10_000);
        }
    }
}
