//! Messages of webhooks: JSON objects from outside, in which nothing can be relied on.
//!
//! ```
//! use shelfread_backends_http::hook::{Message, text};
//!
//! let message = Message::read(b"{\"event\": \"media.stop\", \"Metadata\": {\"ratingKey\": 7}}")?;
//! assert_eq!(text(&message.0["Metadata"], "ratingKey").as_deref(), Some("7"));
//! assert!(Message::read(b"<html>").is_err());
//! # Ok::<_, shelfread_domain::hint::Unreadable>(())
//! ```

use serde_json::Value;
use shelfread_domain::hint::Unreadable;

/// The longest text that is taken for an id.
const LONGEST_ID: usize = 64;

/// A message that is a JSON object.
#[derive(Clone, PartialEq, Debug)]
pub struct Message(pub Value);

impl Message {
    /// Reads a message, whatever content type it was sent with.
    ///
    /// # Errors
    /// When it is no JSON object.
    pub fn read(bytes: &[u8]) -> Result<Self, Unreadable> {
        // Templates are files, and some editors begin files with a mark.
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let value: Value = serde_json::from_slice(bytes)
            .map_err(|error| Unreadable(format!("it is no JSON: {error}")))?;
        match value.is_object() {
            true => Ok(Self(value)),
            false => Err(Unreadable("it is no JSON object".to_owned())),
        }
    }
}

/// A member as text, be it a text or a number; `None` when it is empty or something else.
pub fn text(value: &Value, key: &str) -> Option<String> {
    match value.get(key)? {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A member that can be an id: letters, digits and dashes, and not too many. What else stands in
/// an id's place (a template that was not filled in, an attempt at something) names nothing.
pub fn id(value: &Value, key: &str) -> Option<String> {
    let is_plain = |text: &String| {
        text.len() <= LONGEST_ID && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    text(value, key).filter(is_plain)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_id_is_nothing_else() {
        let value = json!({"a": " 7 ", "b": 7, "c": "", "d": "{{ItemId}}", "e": "1,2", "f": null,
                           "g": "9f-A", "h": "x".repeat(65), "i": ["7"]});
        let ids: Vec<_> = "abcdefghij".split("").filter_map(|key| id(&value, key)).collect();
        assert_eq!(ids, ["7", "7", "9f-A"]);
    }

    #[test]
    fn a_message_is_an_object_with_or_without_a_mark() {
        assert!(Message::read(b"\xEF\xBB\xBF{}").is_ok());
        for odd in [&b""[..], b"[]", b"7", b"null", b"{", b"\xFF", b"{\"a\": \"\xFF\"}"] {
            let error = Message::read(odd).unwrap_err().to_string();
            assert!(error.contains("no JSON"), "{error}");
        }
        let deep = [vec![b'['; 100_000], vec![b']'; 100_000]].concat();
        assert!(Message::read(&deep).is_err());
    }
}
