//! Helpers for what servers write in more than one way: fields, for `#[serde(deserialize_with)]`,
//! and lists with a bad item among good ones.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};
use serde_json::value::RawValue;

use crate::response::without_content;

/// Reads `null` as the default: an empty list, an empty map.
///
/// # Errors
/// When the value is neither `null` nor what is expected.
pub fn null_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Reads a text that may be written as a number; `null` and an empty text are `None`. With
/// `#[serde(default)]` it may also be absent.
///
/// # Errors
/// When it is something else.
pub fn optional_text<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    Ok(match deserializer.deserialize_any(AnyScalar)? {
        Scalar::Text(text) => Some(text).filter(|text| !text.is_empty()),
        Scalar::Whole(number) => Some(number.to_string()),
        Scalar::Fraction(number) => Some(number.to_string()),
        Scalar::Nothing => None,
    })
}

/// Reads a whole number that may be written as a text, with or without a fraction; `null` and a
/// text that is no number are `None`. With `#[serde(default)]` it may also be absent.
///
/// # Errors
/// When it is something else.
pub fn optional_number<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<i64>, D::Error> {
    let whole = |f: f64| (f.abs() < 9e15).then_some(f as i64);
    Ok(match deserializer.deserialize_any(AnyScalar)? {
        Scalar::Text(text) => text.trim().parse().ok(),
        Scalar::Whole(number) => Some(number),
        Scalar::Fraction(number) => whole(number),
        Scalar::Nothing => None,
    })
}

enum Scalar {
    Text(String),
    Whole(i64),
    Fraction(f64),
    Nothing,
}

/// A text, a number, a truth value or `null`.
struct AnyScalar;

impl Visitor<'_> for AnyScalar {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a number")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Scalar, E> {
        Ok(Scalar::Text(text.to_owned()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Scalar, E> {
        Ok(i64::try_from(number).map_or(Scalar::Fraction(number as f64), Scalar::Whole))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Scalar, E> {
        Ok(Scalar::Whole(number))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Scalar, E> {
        Ok(Scalar::Fraction(number))
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<Scalar, E> {
        Ok(Scalar::Whole(i64::from(truth)))
    }

    fn visit_unit<E: Error>(self) -> Result<Scalar, E> {
        Ok(Scalar::Nothing)
    }
}

/// Reads a list of objects so that one that cannot be read does not take the others along: it
/// comes back as its text and what is wrong with it. An absent list or `null` is empty.
///
/// # Errors
/// When it is no list at all.
pub fn each<'a, T: Deserialize<'a>>(
    list: Option<&'a RawValue>,
) -> Result<Vec<Result<T, Unreadable<'a>>>, serde_json::Error> {
    let text = list.map_or("null", RawValue::get);
    if let Ok(all) = serde_json::from_str::<Option<Vec<T>>>(text) {
        return Ok(all.unwrap_or_default().into_iter().map(Ok).collect());
    }
    let items: Vec<&RawValue> = serde_json::from_str(text)?;
    let read = |raw: &'a RawValue| {
        serde_json::from_str(raw.get()).map_err(|error| Unreadable { raw, error })
    };
    Ok(items.into_iter().map(read).collect())
}

/// An object of a list that could not be read.
#[derive(Debug)]
pub struct Unreadable<'a> {
    raw: &'a RawValue,
    error: serde_json::Error,
}

impl Unreadable<'_> {
    /// Its field of that name, when it is a text or a number: the id or the name that tells at
    /// least which one it is.
    pub fn field(&self, name: &str) -> Option<String> {
        let fields: HashMap<Cow<'_, str>, &RawValue> = serde_json::from_str(self.raw.get()).ok()?;
        optional_text(&mut serde_json::Deserializer::from_str(fields.get(name)?.get())).ok()?
    }

    /// What is wrong with it, without what stands in it.
    pub fn message(&self) -> String {
        format!("it is not written as expected ({})", without_content(&self.error))
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize, PartialEq, Debug)]
    struct Item {
        #[serde(default, deserialize_with = "optional_text")]
        id: Option<String>,
        #[serde(default, deserialize_with = "optional_number")]
        size: Option<i64>,
    }

    #[test]
    fn one_value_in_all_its_forms() {
        let read = |text: &str| serde_json::from_str::<Item>(text).map(|i| (i.id, i.size)).ok();
        let item = |id: &str, size| Some((Some(id.to_owned()), size));
        assert_eq!(read(r#"{"id":"22","size":"7"}"#), item("22", Some(7)));
        assert_eq!(read(r#"{"id":22,"size":7.9}"#), item("22", Some(7)));
        assert_eq!(read(r#"{"id":-1,"size":1e300}"#), item("-1", None));
        assert_eq!(read(r#"{"id":18446744073709551615,"size":"x"}"#).unwrap().1, None);
        for nothing in ["{}", r#"{"id":null,"size":null}"#, r#"{"id":"","size":""}"#] {
            assert_eq!(read(nothing), Some((None, None)), "{nothing}");
        }
        assert_eq!(read(r#"{"id":{}}"#), None);
    }

    #[test]
    fn a_bad_item_does_not_take_the_others_along() {
        let text = r#"[{"id":1},{"id":2,"size":{"secret":1}},7,{"id":"3"}]"#;
        let raw: &RawValue = serde_json::from_str(text).unwrap();
        let items = each::<Item>(Some(raw)).unwrap();
        let ids: Vec<_> = items
            .iter()
            .map(|i| i.as_ref().map_or_else(|u| u.field("id"), |i| i.id.clone()))
            .collect();
        assert_eq!(ids, [Some("1".to_owned()), Some("2".to_owned()), None, Some("3".to_owned())]);
        assert!(items[1].as_ref().unwrap_err().message().contains("a text or a number"));
        let whole: &RawValue = serde_json::from_str("{}").unwrap();
        assert!(each::<Item>(Some(whole)).is_err());
        assert!(each::<Item>(None).unwrap().is_empty());
    }
}
