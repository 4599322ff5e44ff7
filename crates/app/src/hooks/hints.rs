//! What webhooks hinted at and nobody looked at yet, in memory. Several hints within some seconds
//! become one look; a stream of hints delays it for a while, but not for ever.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use shelfread_domain::SourceId;
use shelfread_domain::hint::{Hint, Named};
use twox_hash::XxHash3_64;

/// How long hints are collected after the last one, and after the first one.
const LOOK: Patience = Patience { last: TimeDelta::seconds(2), first: TimeDelta::seconds(15) };
/// The same where something may be gone, which takes a full sync to prove.
const PROOF: Patience = Patience { last: TimeDelta::seconds(8), first: TimeDelta::minutes(2) };
/// Objects that are looked at one by one; more of them are a quick sync.
const MOST_OBJECTS: usize = 500;

#[derive(Clone, Copy)]
struct Patience {
    last: TimeDelta,
    first: TimeDelta,
}

impl Patience {
    /// When to look that was hinted at before since `first`, and now again. Half of the time is
    /// full jitter, so that programs which all heard of the same thing do not all ask at once.
    fn end(self, first: DateTime<Utc>, now: DateTime<Utc>, source: SourceId) -> DateTime<Utc> {
        let time = now.timestamp_micros().to_le_bytes();
        let hash = XxHash3_64::oneshot(&[source.0.as_bytes(), &time[..]].concat());
        let share = i64::try_from(hash % 1_000).unwrap_or(0);
        let jitter = self.last / 2 * i32::try_from(share).unwrap_or(0) / 1_000;
        (now + self.last + jitter).min(first + self.first)
    }
}

/// What is to be looked at.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Wanted {
    /// These objects.
    pub(crate) objects: BTreeSet<Named>,
    /// Whatever changed.
    pub(crate) changed: bool,
    /// Whatever is gone.
    pub(crate) gone: bool,
}

impl Wanted {
    fn is_look(&self) -> bool {
        !self.objects.is_empty() || self.changed
    }

    fn add(&mut self, other: Self) {
        self.objects.extend(other.objects);
        self.changed |= other.changed || self.objects.len() > MOST_OBJECTS;
        self.gone |= other.gone;
        if self.changed && self.objects.len() > MOST_OBJECTS {
            self.objects.clear();
        }
    }
}

impl FromIterator<Hint> for Wanted {
    fn from_iter<I: IntoIterator<Item = Hint>>(hints: I) -> Self {
        let mut wanted = Self::default();
        for hint in hints {
            match hint {
                Hint::Object(named) => drop(wanted.objects.insert(named)),
                Hint::Changed => wanted.changed = true,
                Hint::Gone => wanted.gone = true,
                Hint::Transfers => {}
            }
        }
        wanted
    }
}

#[derive(Debug)]
struct Pending {
    wanted: Wanted,
    /// When the first hint came, and when to look.
    look: Option<(DateTime<Utc>, DateTime<Utc>)>,
    proof: Option<(DateTime<Utc>, DateTime<Utc>)>,
}

/// What was hinted at, of all sources.
#[derive(Debug, Default)]
pub(crate) struct Hints(Mutex<HashMap<SourceId, Pending>>);

impl Hints {
    fn all(&self) -> MutexGuard<'_, HashMap<SourceId, Pending>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what a message hinted at.
    pub(crate) fn note(&self, source: SourceId, wanted: Wanted, now: DateTime<Utc>) {
        let (is_look, gone) = (wanted.is_look(), wanted.gone);
        let mut all = self.all();
        let new = Pending { wanted: Wanted::default(), look: None, proof: None };
        let pending = all.entry(source).or_insert(new);
        pending.wanted.add(wanted);
        for (patience, is_meant, times) in
            [(LOOK, is_look, &mut pending.look), (PROOF, gone, &mut pending.proof)]
        {
            if is_meant {
                let first = times.map_or(now, |(first, _)| first);
                *times = Some((first, patience.end(first, now, source)));
            }
        }
    }

    /// A full sync begins: it sees all of it.
    pub(crate) fn forget(&self, source: SourceId) {
        self.all().remove(&source);
    }

    /// What of a source is to be looked at now; else when there will be something.
    pub(crate) fn take_ready(
        &self,
        source: SourceId,
        now: DateTime<Utc>,
    ) -> Result<Wanted, Option<DateTime<Utc>>> {
        let mut all = self.all();
        let Some(pending) = all.get_mut(&source) else { return Err(None) };
        // What began in the future was hinted at before somebody set the clock back.
        let is_over =
            |times: Option<(_, _)>| times.is_some_and(|(first, end)| end <= now || now < first);
        if is_over(pending.proof) {
            // A full sync sees the rest as well.
            return all.remove(&source).map(|pending| pending.wanted).ok_or(None);
        }
        if is_over(pending.look) {
            pending.look = None;
            let rest = Wanted { gone: pending.wanted.gone, ..Wanted::default() };
            let wanted = std::mem::replace(&mut pending.wanted, rest);
            if pending.proof.is_none() {
                all.remove(&source);
            }
            return Ok(Wanted { gone: false, ..wanted });
        }
        let ends = pending.look.into_iter().chain(pending.proof);
        Err(ends.map(|(_, end)| end).min())
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const DEN: SourceId = SourceId(Uuid::nil());

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    fn ids(wanted: &Wanted) -> Vec<&str> {
        wanted.objects.iter().map(|named| named.id.as_str()).collect()
    }

    #[test]
    fn several_hints_within_seconds_are_one_look() {
        let hints = Hints::default();
        for (id, second) in [("a", 0), ("b", 1), ("a", 1)] {
            hints.note(DEN, [Hint::object(id)].into_iter().collect(), at(second));
        }
        let end = hints.take_ready(DEN, at(2)).unwrap_err().unwrap();
        assert!(end >= at(3) && end <= at(4), "{end}");
        assert_eq!(ids(&hints.take_ready(DEN, at(4)).unwrap()), ["a", "b"]);
        assert_eq!(hints.take_ready(DEN, at(9)), Err(None), "once");
    }

    #[test]
    fn a_stream_of_hints_delays_a_look_only_for_a_while() {
        let hints = Hints::default();
        for second in 0..=20 {
            hints.note(DEN, [Hint::object("a")].into_iter().collect(), at(second));
            if second < 15 {
                assert!(hints.take_ready(DEN, at(second)).is_err(), "{second}");
            }
        }
        assert!(hints.take_ready(DEN, at(20)).is_ok());
    }

    #[test]
    fn what_may_be_gone_waits_longer_and_is_proven_whole() {
        let hints = Hints::default();
        hints.note(DEN, [Hint::Gone, Hint::object("a")].into_iter().collect(), at(0));
        let look = hints.take_ready(DEN, at(4)).unwrap();
        assert!(!look.gone && ids(&look) == ["a"]);
        hints.note(DEN, [Hint::object("b")].into_iter().collect(), at(4));
        let proof = hints.take_ready(DEN, at(13)).unwrap();
        assert!(proof.gone && ids(&proof) == ["b"]);
        assert_eq!(hints.take_ready(DEN, at(99)), Err(None));
    }

    #[test]
    fn a_clock_that_is_set_back_delays_no_look() {
        let hints = Hints::default();
        hints.note(DEN, [Hint::Gone, Hint::object("a")].into_iter().collect(), at(3_600));
        assert_eq!(ids(&hints.take_ready(DEN, at(0)).unwrap()), ["a"]);
        assert_eq!(hints.take_ready(DEN, at(9)), Err(None), "once");
    }

    #[test]
    fn very_many_objects_are_whatever_changed() {
        let hints = Hints::default();
        let many = |from: usize| (from..from + 300).map(|n| Hint::object(n.to_string().as_str()));
        hints.note(DEN, many(0).collect(), at(0));
        hints.note(DEN, many(300).collect(), at(0));
        let wanted = hints.take_ready(DEN, at(9)).unwrap();
        assert!(wanted.changed && wanted.objects.is_empty());
    }
}
