//! Rhythms: how often something is done, as people write it. `24h`, `15m` and `7d` are pauses,
//! `0 4 * * *` and `@daily` are cron, `off` is never; quiet hours are `23:00-06:30`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Local, NaiveTime, TimeDelta, TimeZone, Utc};
use croner::Cron;
use croner::parser::{CronParser, Seconds};
use shelfread_domain::length;

use crate::error::AppError;

/// The shortest pause: what is asked more often never rests.
const SHORTEST: Duration = Duration::from_secs(1);

/// By whose clock days and hours are told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Zone {
    /// Coordinated universal time.
    #[default]
    Utc,
    /// That of the machine, with its summer time.
    Local,
}

/// How often something is done.
#[derive(Clone, PartialEq, Eq)]
pub struct Rhythm {
    text: String,
    beat: Beat,
}

#[derive(Clone, PartialEq, Eq)]
enum Beat {
    Never,
    Every(TimeDelta),
    Cron(Box<Cron>),
}

impl Rhythm {
    /// Never.
    pub fn never() -> Self {
        Self { text: "off".to_owned(), beat: Beat::Never }
    }

    /// As a person wrote it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The next time after `last`; `None` when there is none.
    pub fn after(&self, last: DateTime<Utc>, zone: Zone) -> Option<DateTime<Utc>> {
        match &self.beat {
            Beat::Never => None,
            Beat::Every(pause) => last.checked_add_signed(*pause),
            Beat::Cron(cron) => occurrence(cron, last, zone),
        }
    }

    /// How far apart two times are, about.
    pub(super) fn period(&self, last: DateTime<Utc>, zone: Zone) -> Option<TimeDelta> {
        let first = self.after(last, zone)?;
        Some(self.after(first, zone)? - first)
    }
}

fn occurrence(cron: &Cron, last: DateTime<Utc>, zone: Zone) -> Option<DateTime<Utc>> {
    let next = match zone {
        Zone::Utc => cron.find_next_occurrence(&last, false).ok()?,
        Zone::Local => cron.find_next_occurrence(&last.with_timezone(&Local), false).ok()?.to_utc(),
    };
    Some(next)
}

impl FromStr for Rhythm {
    type Err = AppError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let beat = match text {
            "off" | "never" => Some(Beat::Never),
            _ => pause(text).or_else(|| cron(text)),
        };
        let beat = beat.ok_or_else(|| {
            AppError::Usage(format!(
                "'{text}' is no rhythm; write 24h, 15m, a cron expression such as '0 4 * * *', or \
                 off"
            ))
        })?;
        Ok(Self { text: text.to_owned(), beat })
    }
}

fn pause(text: &str) -> Option<Beat> {
    let pause = length::parse(text).filter(|pause| *pause >= SHORTEST)?;
    TimeDelta::from_std(pause).ok().map(Beat::Every)
}

/// An expression that has a next time at all: the 30th of February never comes.
fn cron(text: &str) -> Option<Beat> {
    let parser = CronParser::builder().seconds(Seconds::Optional).build();
    let cron = parser.parse(text).ok()?;
    cron.find_next_occurrence(&DateTime::UNIX_EPOCH, false).ok()?;
    Some(Beat::Cron(Box::new(cron)))
}

impl fmt::Debug for Rhythm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for Rhythm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Hours of the day in which the schedule starts nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quiet {
    from: NaiveTime,
    to: NaiveTime,
}

impl Quiet {
    /// When the quiet hours end that this moment is in; `None` when it is in none. They last
    /// `longer` at their end.
    pub(super) fn end(
        self,
        at: DateTime<Utc>,
        zone: Zone,
        longer: TimeDelta,
    ) -> Option<DateTime<Utc>> {
        match zone {
            Zone::Utc => self.end_in(&Utc, at, longer),
            Zone::Local => self.end_in(&Local, at, longer),
        }
    }

    fn end_in<Z: TimeZone>(
        self,
        zone: &Z,
        at: DateTime<Utc>,
        longer: TimeDelta,
    ) -> Option<DateTime<Utc>> {
        let today = at.with_timezone(zone).date_naive();
        let nights = [today.pred_opt(), Some(today)].into_iter().flatten();
        let mut ends = nights.filter_map(|day| {
            let last = if self.from < self.to { day } else { day.succ_opt()? };
            let from = zone.from_local_datetime(&day.and_time(self.from)).earliest()?.to_utc();
            // An hour that the clocks jump over ends when they have jumped.
            let to = last.and_time(self.to);
            let to = zone
                .from_local_datetime(&to)
                .latest()
                .or_else(|| zone.from_local_datetime(&(to + TimeDelta::hours(1))).earliest())?;
            let to = to.to_utc() + longer;
            (from <= at && at < to).then_some(to)
        });
        ends.next()
    }
}

impl FromStr for Quiet {
    type Err = AppError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let time = |text: &str| NaiveTime::parse_from_str(text.trim(), "%H:%M").ok();
        let hours = text.split_once('-').and_then(|(from, to)| {
            let (from, to) = (time(from)?, time(to)?);
            (from != to).then_some(Self { from, to })
        });
        hours.ok_or_else(|| {
            AppError::Usage(format!("'{text}' are no quiet hours; write 23:00-06:30"))
        })
    }
}

impl fmt::Display for Quiet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.from.format("%H:%M"), self.to.format("%H:%M"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        format!("2026-03-{text}:00Z").parse().unwrap()
    }

    fn next(rhythm: &str, last: &str) -> Option<DateTime<Utc>> {
        rhythm.parse::<Rhythm>().unwrap().after(at(last), Zone::Utc)
    }

    #[test]
    fn a_rhythm_has_a_next_time() {
        assert_eq!(next("24h", "01T12:00"), Some(at("02T12:00")));
        assert_eq!(next(" 15m ", "01T12:00"), Some(at("01T12:15")));
        assert_eq!(next("0 4 * * *", "01T04:00"), Some(at("02T04:00")));
        assert_eq!(next("@daily", "01T12:00"), Some(at("02T00:00")));
        assert_eq!(
            next("30 0 4 * * MON", "01T12:00"),
            Some(at("02T04:00") + TimeDelta::seconds(30))
        );
        assert_eq!(next("off", "01T12:00"), None);
    }

    #[test]
    fn what_never_comes_or_never_rests_is_none() {
        for text in ["", "0s", "10ms", "4", "yesterday", "* * *", "61 * * * *", "0 0 30 2 *"] {
            let error = text.parse::<Rhythm>().unwrap_err().to_string();
            assert!(error.contains("no rhythm"), "{text}: {error}");
        }
    }

    #[test]
    fn quiet_hours_may_cross_midnight() {
        let quiet: Quiet = "23:00-06:30".parse().unwrap();
        let end = |text| quiet.end(at(text), Zone::Utc, TimeDelta::zero());
        assert_eq!(end("01T22:59"), None);
        assert_eq!(end("01T23:00"), Some(at("02T06:30")));
        assert_eq!(end("02T03:00"), Some(at("02T06:30")));
        assert_eq!(end("02T06:30"), None);
        let longer = quiet.end(at("02T06:31"), Zone::Utc, TimeDelta::minutes(2));
        assert_eq!(longer, Some(at("02T06:32")));
        let noon: Quiet = "12:00 - 14:00".parse().unwrap();
        assert_eq!(noon.end(at("01T13:00"), Zone::Utc, TimeDelta::zero()), Some(at("01T14:00")));
        assert_eq!(noon.to_string(), "12:00-14:00");
        for text in ["", "23:00", "25:00-06:00", "06:00-06:00", "at night"] {
            assert!(text.parse::<Quiet>().is_err(), "{text}");
        }
    }
}
