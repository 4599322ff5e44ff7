//! JSON that is well-formed and makes no sense: other types, missing fields, unknown words, numbers
//! beyond all bounds. An adapter may do with it what it wants, but not panic and not hang.

use serde_json::{Map, Value, json};

use super::laws::Violations;
use super::meddler::{Meddle, When};
use super::reading::Reading;
use super::{Subject, readings};

/// How many kinds of nonsense are tried.
const KINDS: u64 = 40;

/// Reads everything through each kind of nonsense.
pub(crate) async fn survived(
    subject: &Subject<'_>,
    reference: &Reading,
    violations: &mut Violations,
) {
    // Sometimes the first answers are left alone, so that the later ones are reached.
    let cases = (0..KINDS).map(|n| (Meddle::Nonsense(n), When::From((n % 5) as usize)));
    for (case, reading) in readings(subject, cases.collect()).await {
        violations.survived(&case, reference, &reading);
    }
}

/// Adds what a newer server might.
pub(crate) fn add_fields(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(add_fields);
            // A map of names to texts is data and has no fields.
            if fields.is_empty() || !fields.values().all(Value::is_string) {
                fields.insert("SinceTomorrow".into(), json!({ "Deep": [1, "two", null] }));
            }
        }
        Value::Array(values) => values.iter_mut().for_each(add_fields),
        _ => {}
    }
}

/// Puts nonsense into some places, always the same ones for the same seed.
pub(crate) fn garble(value: &mut Value, seed: u64) {
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    garble_with(value, &mut dice, 3 + seed % 17);
}

fn garble_with(value: &mut Value, dice: &mut Dice, rarity: u64) {
    if dice.below(rarity) == 0 {
        *value = nonsense(value, dice);
        return;
    }
    match value {
        Value::Object(fields) => {
            fields.retain(|_, _| dice.below(rarity * 2) != 0);
            fields.values_mut().for_each(|v| garble_with(v, dice, rarity));
        }
        Value::Array(values) => values.iter_mut().for_each(|v| garble_with(v, dice, rarity)),
        _ => {}
    }
}

fn nonsense(value: &Value, dice: &mut Dice) -> Value {
    match dice.below(14) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!(-1),
        3 => json!(0),
        4 => json!(i64::MAX),
        5 => json!(1.5e300),
        6 => json!(""),
        7 => json!("0001-01-01T00:00:00.0000000Z"),
        8 => json!("9999-12-31T23:59:59.9999999+14:00"),
        9 => json!("\u{0}\u{202e}<script>\u{1f3ac}"),
        10 => json!("x".repeat(100_000)),
        11 => json!([value, value]),
        12 => Value::Object(Map::from_iter([("Value".to_owned(), value.clone())])),
        _ => json!(value.to_string()),
    }
}

struct Dice(u64);

impl Dice {
    const fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % n
    }
}
