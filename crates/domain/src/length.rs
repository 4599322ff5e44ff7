//! Lengths of time as people write them: `500ms`, `5s`, `15m`, `24h`, `30d`.

use std::time::Duration;

/// Reads a length of time; `None` when it is none: a number without its unit, another unit, or more
/// than a [`Duration`] can hold.
pub fn parse(text: &str) -> Option<Duration> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let number: u64 = text[..digits].parse().ok()?;
    let milliseconds = match text[digits..].trim() {
        "ms" => 1,
        "s" => 1_000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.checked_mul(milliseconds).map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_number_needs_its_unit() {
        let seconds = |text| parse(text).map(|d| d.as_secs());
        assert_eq!(seconds("5s"), Some(5));
        assert_eq!(seconds(" 15 m "), Some(900));
        assert_eq!(seconds("30d"), Some(2_592_000));
        assert_eq!(parse("250ms").map(|d| d.as_millis()), Some(250));
        for text in
            ["", "5", "s", "-5s", "5 weeks", "99999999999999999999d", "18446744073709551615d"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
