//! When a source is due: a pure question of its timetable, its past and the time.
//!
//! 1. A full sync is due a rhythm after the last one that did not fail; a quick one a rhythm after
//!    the last sync of either kind, since a full one sees all that a quick one would.
//! 2. Sources that were set up alike are spread out: each waits a little longer, always the same
//!    share of its rhythm, which its id decides.
//! 3. What falls into quiet hours waits for their end.
//! 4. A source that fails is tried again after a minute, then after two, up to six hours, whatever
//!    the rhythm. What was due stays due.

use chrono::{DateTime, TimeDelta, Utc};
use shelfread_domain::SourceId;
use shelfread_store::PastRuns;

use super::rhythm::{Quiet, Rhythm, Zone};

/// The first pause after a failure, and the longest one.
const FIRST_PAUSE: TimeDelta = TimeDelta::minutes(1);
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(6);
/// The longest time by which sources are spread out.
const SPREAD: TimeDelta = TimeDelta::minutes(5);

/// How often a source is synced.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Timetable {
    /// Everything, which alone proves what is gone.
    pub full: Rhythm,
    /// Only what changed.
    pub quick: Rhythm,
    /// When nothing is started.
    pub quiet: Option<Quiet>,
    /// By whose clock.
    pub zone: Zone,
}

/// What to do with a source, and when.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Next {
    /// When the next full sync is due.
    pub full: Option<DateTime<Utc>>,
    /// When the next quick one is.
    pub quick: Option<DateTime<Utc>>,
    /// Until when a failing source is left alone.
    pub backing_off: Option<DateTime<Utc>>,
}

/// A sync that is due.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Due {
    /// Everything.
    Full,
    /// Only what changed.
    Quick,
}

impl Next {
    /// When something is to be done.
    pub fn at(&self) -> Option<DateTime<Utc>> {
        self.full.into_iter().chain(self.quick).min()
    }

    /// What is due now. A full sync stands for a quick one.
    pub fn due(&self, now: DateTime<Utc>) -> Option<Due> {
        let is_due = |at: Option<DateTime<Utc>>| at.is_some_and(|at| at <= now);
        match (is_due(self.full), is_due(self.quick)) {
            (true, _) => Some(Due::Full),
            (false, true) => Some(Due::Quick),
            (false, false) => None,
        }
    }
}

/// When a source with this past is due.
pub fn next(source: SourceId, table: &Timetable, past: &PastRuns, now: DateTime<Utc>) -> Next {
    let share = Share::of(source);
    let backing_off = until(past, share).filter(|until| *until > now);
    let settled = |rhythm: &Rhythm, last: Option<DateTime<Utc>>| {
        let due = beat(rhythm, last, table.zone, share, now)?.max(backing_off.unwrap_or(now));
        let longer = share.part(SPREAD);
        let end = table.quiet.and_then(|quiet| quiet.end(due, table.zone, longer));
        Some(end.unwrap_or(due))
    };
    Next {
        full: settled(&table.full, past.last_full),
        quick: settled(&table.quick, past.last_look),
        backing_off,
    }
}

/// What was never done is due at once; by cron too, since nothing is known of the source yet.
fn beat(
    rhythm: &Rhythm,
    last: Option<DateTime<Utc>>,
    zone: Zone,
    share: Share,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let Some(last) = last else { return rhythm.after(now, zone).map(|_| now) };
    let period = rhythm.period(last, zone).unwrap_or(SPREAD);
    Some(rhythm.after(last, zone)? + share.part((period / 10).min(SPREAD)))
}

/// Until when a source is left alone that failed so often.
fn until(past: &PastRuns, share: Share) -> Option<DateTime<Utc>> {
    let failed_at = past.failed_at.filter(|_| past.failures > 0)?;
    let doubled = FIRST_PAUSE * (1 << (past.failures - 1).min(16));
    let pause = doubled.min(LONGEST_PAUSE);
    Some(failed_at + pause + share.part(pause / 10))
}

/// The share of a pause that a source waits longer than others, always the same.
#[derive(Clone, Copy, Debug)]
struct Share(u16);

impl Share {
    /// The last bits of an id are random.
    fn of(source: SourceId) -> Self {
        let [.., high, low] = *source.0.as_bytes();
        Self(u16::from_be_bytes([high, low]))
    }

    fn part(self, whole: TimeDelta) -> TimeDelta {
        let part = i128::from(whole.num_milliseconds()) * i128::from(self.0) / 65_536;
        TimeDelta::milliseconds(i64::try_from(part).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        format!("2026-03-{text}:00Z").parse().unwrap()
    }

    /// The source that waits no longer than the rhythm says.
    const PUNCTUAL: SourceId = SourceId(Uuid::nil());
    /// The one that waits longest.
    const LATE: SourceId = SourceId(Uuid::max());

    fn table(full: &str, quick: &str, quiet: Option<&str>) -> Timetable {
        Timetable {
            full: full.parse().unwrap(),
            quick: quick.parse().unwrap(),
            quiet: quiet.map(|text| text.parse().unwrap()),
            zone: Zone::Utc,
        }
    }

    fn past(full: &str, look: &str) -> PastRuns {
        PastRuns { last_full: Some(at(full)), last_look: Some(at(look)), ..PastRuns::default() }
    }

    #[test]
    fn what_was_never_done_is_due_at_once() {
        let next =
            next(LATE, &table("0 4 * * *", "15m", None), &PastRuns::default(), at("01T12:00"));
        assert_eq!((next.full, next.quick), (Some(at("01T12:00")), Some(at("01T12:00"))));
        assert_eq!(next.due(at("01T12:00")), Some(Due::Full), "which stands for a quick one");
    }

    #[test]
    fn only_what_is_due_is_due() {
        let (table, past) = (table("24h", "15m", None), past("01T10:00", "01T12:00"));
        let next = next(PUNCTUAL, &table, &past, at("01T12:05"));
        assert_eq!((next.full, next.quick), (Some(at("02T10:00")), Some(at("01T12:15"))));
        assert_eq!(next.at(), Some(at("01T12:15")));
        for (now, due) in [
            ("01T12:14", None),
            ("01T12:15", Some(Due::Quick)),
            ("02T09:59", Some(Due::Quick)),
            ("02T10:00", Some(Due::Full)),
        ] {
            assert_eq!(next.due(at(now)), due, "{now}");
        }
    }

    #[test]
    fn sources_are_spread_out_always_alike() {
        let (table, past) = (table("24h", "15m", None), past("01T10:00", "01T10:00"));
        let late = next(LATE, &table, &past, at("01T10:05"));
        assert_eq!(late, next(LATE, &table, &past, at("01T10:06")));
        let (full, quick) = (late.full.unwrap(), late.quick.unwrap());
        assert!(full > at("02T10:04") && full < at("02T10:05"), "{full}");
        assert!(quick > at("01T10:16") && quick < at("01T10:17"), "{quick}");
    }

    #[test]
    fn what_falls_into_quiet_hours_waits_for_their_end() {
        let table = table("24h", "15m", Some("22:00-06:00"));
        let past = past("01T10:00", "01T21:55");
        let next_of = |id, now| next(id, &table, &past, at(now));
        assert_eq!(next_of(PUNCTUAL, "01T21:56").quick, Some(at("02T06:00")));
        assert_eq!(next_of(PUNCTUAL, "02T05:59").due(at("02T05:59")), None);
        assert_eq!(next_of(PUNCTUAL, "02T06:00").due(at("02T06:00")), Some(Due::Quick));
        assert_eq!(next_of(LATE, "02T06:00").due(at("02T06:00")), None, "not all at once");
    }

    #[test]
    fn a_failing_source_is_left_alone_ever_longer() {
        let table = table("24h", "15m", None);
        let failed = |failures| PastRuns {
            failures,
            failed_at: Some(at("01T12:20")),
            ..past("01T10:00", "01T12:00")
        };
        let pause = |failures| {
            let next = next(PUNCTUAL, &table, &failed(failures), at("01T12:20"));
            assert_eq!(next.quick, next.backing_off, "it is due then");
            (next.backing_off.unwrap() - at("01T12:20")).num_minutes()
        };
        assert_eq!([1, 2, 3, 8, 9, 10, 16].map(pause), [1, 2, 4, 128, 256, 360, 360]);
        let over = next(PUNCTUAL, &table, &failed(2), at("01T12:22"));
        assert_eq!((over.backing_off, over.due(at("01T12:22"))), (None, Some(Due::Quick)));
    }

    #[test]
    fn what_is_off_is_never_due() {
        let next_of = |full, quick| {
            next(PUNCTUAL, &table(full, quick, None), &PastRuns::default(), at("01T12:00"))
        };
        assert_eq!(next_of("off", "off"), Next::default());
        assert_eq!(next_of("off", "15m").due(at("01T12:00")), Some(Due::Quick));
    }
}
