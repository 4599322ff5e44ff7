//! The index of a library: what is known of every remote id, small enough for a million of them
//! (41 bytes each). It answers in memory what most observations are: unchanged.

use std::collections::HashSet;

use shelfread_domain::{ListingId, RemoteId};
use twox_hash::XxHash3_128;
use uuid::Uuid;

/// A remote id and part, hashed. Two of a million meet with a chance of 1 in 10^26.
pub(crate) type Key = u128;

/// The key of a remote id and part.
pub(crate) fn key(remote_id: &str, part: u16) -> Key {
    XxHash3_128::oneshot_with_seed(part.into(), remote_id.as_bytes())
}

/// What was known when the run began, and what it saw since.
#[derive(Default)]
pub(crate) struct Index {
    /// Sorted by key.
    entries: Vec<Entry>,
    /// Where the entries begin whose first bits are the place in this list.
    starts: Vec<u32>,
    seen: Bits,
    /// Seen, but not known when the run began.
    fresh: HashSet<Key>,
    /// Known, but marked missing or kept: never unchanged when it is seen.
    absent: HashSet<Key>,
    /// Given up by a listing that now has another remote id.
    vacated: Bits,
    /// The same of remote ids that were not known when the run began.
    passing: HashSet<Key>,
}

/// What is known of a remote id: its key as two halves, which keep an entry at 40 bytes, the
/// fingerprint and the listing.
type Entry = (u64, u64, i64, [u8; 16]);

/// One bit for each entry.
#[derive(Default)]
struct Bits(Vec<u64>);

impl Bits {
    fn none(of: usize) -> Self {
        Self(vec![0; of.div_ceil(64)])
    }

    fn set(&mut self, at: usize) {
        self.0[at / 64] |= 1 << (at % 64);
    }

    fn has(&self, at: usize) -> bool {
        self.0[at / 64] & (1 << (at % 64)) != 0
    }

    fn count(&self) -> u64 {
        self.0.iter().map(|word| u64::from(word.count_ones())).sum()
    }
}

impl Index {
    /// Adds what is known of a remote id. [`Index::sort`] must follow the last one.
    pub(crate) fn add(&mut self, id: ListingId, key: Key, fingerprint: i64, absent: bool) {
        let (high, low) = halves(key);
        self.entries.push((high, low, fingerprint, id.0.into_bytes()));
        if absent {
            self.absent.insert(key);
        }
    }

    /// Makes the index ready for look-ups.
    pub(crate) fn sort(&mut self) {
        self.entries.shrink_to_fit();
        self.entries.sort_unstable();
        self.seen = Bits::none(self.entries.len());
        self.vacated = Bits::none(self.entries.len());
        let buckets = (self.entries.len() / PER_BUCKET).next_power_of_two();
        self.starts = vec![0; buckets + 1];
        for (high, ..) in &self.entries {
            self.starts[bucket(*high, buckets) + 1] += 1;
        }
        for at in 0..buckets {
            self.starts[at + 1] += self.starts[at];
        }
    }

    /// Notes that a remote id was observed, and says whether nothing about it changed.
    pub(crate) fn observe(&mut self, key: Key, fingerprint: i64) -> bool {
        let Some(at) = self.position(key) else {
            self.fresh.insert(key);
            return false;
        };
        self.seen.set(at);
        self.entries[at].2 == fingerprint && !self.absent.contains(&key) && !self.vacated.has(at)
    }

    /// Notes that a remote id exists although nothing could be read of it.
    pub(crate) fn note_exists(&mut self, key: Key) {
        match self.position(key) {
            Some(at) => self.seen.set(at),
            None => {
                self.fresh.insert(key);
            }
        }
    }

    /// Whether a remote id was observed in this run.
    pub(crate) fn is_seen(&self, key: Key) -> bool {
        match self.position(key) {
            Some(at) => self.seen.has(at),
            None => self.fresh.contains(&key),
        }
    }

    /// Notes that a listing gave up a remote id for another one.
    pub(crate) fn vacate(&mut self, key: Key) {
        match self.position(key) {
            Some(at) => self.vacated.set(at),
            None => drop(self.passing.insert(key)),
        }
    }

    /// Whether every listing that was known was observed under its remote id, so that nothing can
    /// have left.
    pub(crate) fn all_seen(&self) -> bool {
        self.gave_up_nothing() && self.seen.count() == self.entries.len() as u64
    }

    fn gave_up_nothing(&self) -> bool {
        self.passing.is_empty() && self.vacated.count() == 0
    }

    /// The listings that can have left: not observed under the remote id that they had. `None` when
    /// there is more to look at than that, or so much that looking at all is less work.
    pub(crate) fn suspects(&self) -> Option<Vec<ListingId>> {
        let unseen = self.entries.len() as u64 - self.seen.count();
        if !self.gave_up_nothing() || self.entries.is_empty() || unseen > MOST_SUSPECTS {
            return None;
        }
        let all = self.entries.iter().enumerate().filter(|(at, _)| !self.seen.has(*at));
        Some(all.map(|(_, entry)| ListingId(Uuid::from_bytes(entry.3))).collect())
    }

    /// How many listings were there, and not missing, when the run began.
    pub(crate) fn present(&self) -> u64 {
        (self.entries.len() - self.absent.len()) as u64
    }

    /// Whether a remote id was known when the run began.
    pub(crate) fn is_known(&self, key: Key) -> bool {
        self.position(key).is_some()
    }

    fn position(&self, key: Key) -> Option<usize> {
        let (high, low) = halves(key);
        let at = bucket(high, self.starts.len().checked_sub(1)?);
        let (from, to) = (self.starts[at] as usize, self.starts[at + 1] as usize);
        let found = self.entries[from..to].iter().position(|(h, l, ..)| (*h, *l) == (high, low));
        found.map(|place| from + place)
    }
}

/// Listings that are looked up by themselves; to find more, all remote ids are read.
const MOST_SUSPECTS: u64 = 5_000;

/// How many entries lie together: few enough that finding one touches little memory.
const PER_BUCKET: usize = 4;

/// Hashes are spread evenly, so their first bits spread them evenly over a power of two of buckets.
#[allow(clippy::cast_possible_truncation)]
const fn bucket(high: u64, buckets: usize) -> usize {
    match buckets.trailing_zeros() {
        0 => 0,
        bits => (high >> (64 - bits)) as usize,
    }
}

#[allow(clippy::cast_possible_truncation)]
const fn halves(key: Key) -> (u64, u64) {
    ((key >> 64) as u64, key as u64)
}

/// Tells planning which remote ids were seen.
pub(crate) fn seen_in(index: &Index) -> impl Fn(&RemoteId, u16) -> bool + Sync {
    |remote_id, part| index.is_seen(key(remote_id.as_str(), part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(at: usize) -> ListingId {
        ListingId(Uuid::from_u128(at as u128))
    }

    fn index(known: &[(&str, i64, bool)]) -> Index {
        let mut index = Index::default();
        for (at, (id, print, absent)) in known.iter().enumerate() {
            index.add(listing(at), key(id, 0), *print, *absent);
        }
        index.sort();
        index
    }

    #[test]
    fn only_what_is_the_same_is_unchanged() {
        let mut index = index(&[("a", 1, false), ("b", 2, false), ("gone", 3, true)]);
        assert!(index.observe(key("a", 0), 1));
        assert!(!index.observe(key("a", 1), 1), "another part is another listing");
        assert!(!index.observe(key("b", 0), 9), "another fingerprint is a change");
        assert!(!index.observe(key("gone", 0), 3), "it is back");
        assert!(!index.observe(key("new", 0), 1));
        assert!(index.is_seen(key("new", 0)) && !index.is_seen(key("c", 0)));
    }

    #[test]
    fn a_vacated_id_is_no_longer_the_known_listing() {
        let mut index = index(&[("a", 1, false)]);
        index.vacate(key("a", 0));
        assert!(!index.observe(key("a", 0), 1));
        assert!(!index.all_seen());
    }

    #[test]
    fn only_what_was_not_seen_can_have_left() {
        let mut index = index(&[("a", 1, false), ("b", 2, false), ("c", 3, false)]);
        index.observe(key("b", 0), 9);
        index.note_exists(key("c", 0));
        assert_eq!(index.suspects(), Some(vec![listing(0)]));
        index.vacate(key("b", 0));
        assert_eq!(index.suspects(), None, "whoever had the id may have left under another one");
        assert_eq!(Index::default().suspects(), None, "nothing is known of what was there");
    }

    #[test]
    fn an_id_that_came_and_went_makes_everybody_suspect() {
        let mut index = index(&[("a", 1, false)]);
        index.observe(key("new", 0), 1);
        assert_eq!(index.suspects(), Some(vec![listing(0)]));
        index.vacate(key("new", 0));
        assert_eq!(index.suspects(), None);
    }

    #[test]
    fn all_seen_needs_all() {
        let mut index = index(&[("a", 1, false), ("b", 2, false)]);
        index.observe(key("a", 0), 1);
        assert!(!index.all_seen());
        index.note_exists(key("b", 0));
        assert!(index.all_seen());
    }
}
