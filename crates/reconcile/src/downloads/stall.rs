//! Transfers that want bytes and get none for a while. A while in which nobody looked says nothing:
//! whatever was not observed starts the count anew.
//!
//! It deliberately does not trust a client's own word `stalled`, which some say after a second and
//! others never.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use shelfread_domain::download::{Transfer, TransferId, TransferState};

/// How long nothing must come before that is called a stall.
pub const STALL_SECONDS: i64 = 300;

/// Looks that are further apart than this do not see what was between them.
pub const GAP_SECONDS: i64 = 180;

/// What was seen of each transfer of one client.
#[derive(Clone, Debug, Default)]
pub struct Stalls {
    seen: HashMap<TransferId, Seen>,
    looked_at: Option<DateTime<Utc>>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    /// How much was there: bytes left, or thousandths where a client does not count bytes.
    amount: Amount,
    /// Since when that much.
    since: DateTime<Utc>,
    stalled: bool,
}

type Amount = (Option<u64>, u64);

fn amount(t: &Transfer) -> Amount {
    (t.left_bytes, (t.progress.fraction() * 1000.0) as u64)
}

const fn wants_bytes(state: &TransferState) -> bool {
    matches!(state, TransferState::Downloading | TransferState::Stalled | TransferState::Metadata)
}

impl Stalls {
    /// Takes in what the client shows now, and gives the transfers that begin to count as stalled.
    pub fn observe(&mut self, transfers: &[Transfer], now: DateTime<Utc>) -> Vec<TransferId> {
        let gap = TimeDelta::seconds(GAP_SECONDS);
        let unseen = self.looked_at.replace(now).is_none_or(|last| now - last > gap || now < last);
        let mut seen = HashMap::new();
        let mut new = Vec::new();
        for t in transfers.iter().filter(|t| wants_bytes(&t.state)) {
            let amount = amount(t);
            let before = self.seen.get(&t.id).filter(|s| !unseen && s.amount == amount);
            let since = before.map_or(now, |s| s.since);
            let stalled = now - since >= TimeDelta::seconds(STALL_SECONDS);
            if stalled && before.is_some_and(|s| !s.stalled) {
                new.push(t.id.clone());
            }
            seen.insert(t.id.clone(), Seen { amount, since, stalled });
        }
        self.seen = seen;
        new.sort_unstable();
        new
    }

    /// Since when nothing comes, for a transfer that counts as stalled.
    pub fn since(&self, id: &TransferId) -> Option<DateTime<Utc>> {
        self.seen.get(id).filter(|seen| seen.stalled).map(|seen| seen.since)
    }
}

#[cfg(test)]
mod tests {
    use shelfread_domain::download::Progress;

    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn heat(left: u64, state: TransferState) -> Transfer {
        let mut t = Transfer::new(TransferId::new("heat").unwrap(), "heat", state);
        (t.left_bytes, t.progress) = (Some(left), Progress::of(1000, left));
        t
    }

    /// Looks every minute; `left` is what is missing at each look.
    fn looks(left: &[u64], step: i64) -> Vec<i64> {
        let mut stalls = Stalls::default();
        let mut named = Vec::new();
        for (left, n) in left.iter().zip(0..) {
            let now = at(n * step);
            if !stalls.observe(&[heat(*left, TransferState::Downloading)], now).is_empty() {
                named.push(n);
            }
        }
        named
    }

    #[test]
    fn a_stall_is_named_once() {
        assert_eq!(looks(&[9; 20], 60), [5]);
        assert_eq!(looks(&[9, 8, 7, 6, 5, 4, 3, 2, 1], 60), Vec::<i64>::new());
        let anew = [[9; 7], [8; 7]].concat();
        assert_eq!(looks(&anew, 60), [5, 12]);
    }

    #[test]
    fn an_observation_gap_is_no_stall() {
        assert_eq!(looks(&[9; 20], GAP_SECONDS + 1), Vec::<i64>::new());
        let mut stalls = Stalls::default();
        let look =
            |stalls: &mut Stalls, n| stalls.observe(&[heat(9, TransferState::Stalled)], at(n));
        for n in [0, 60, 120, 180, 240] {
            assert!(look(&mut stalls, n).is_empty());
        }
        assert!(look(&mut stalls, 10_000).is_empty(), "nobody looked for hours");
        assert!(look(&mut stalls, 10_060).is_empty());
        assert_eq!(stalls.since(&TransferId::new("heat").unwrap()), None);
        assert!(look(&mut stalls, 20).is_empty(), "a clock that was set back is a gap too");
    }

    #[test]
    fn only_what_wants_bytes_stalls() {
        for state in [TransferState::Paused, TransferState::Seeding, TransferState::Queued] {
            let mut stalls = Stalls::default();
            let named =
                (0..20).any(|n| !stalls.observe(&[heat(9, state.clone())], at(n * 60)).is_empty());
            assert!(!named, "{state}");
        }
        let mut stalls = Stalls::default();
        for n in 0..10 {
            stalls.observe(&[heat(9, TransferState::Stalled)], at(n * 60));
        }
        assert_eq!(stalls.since(&TransferId::new("heat").unwrap()), Some(at(0)));
        stalls.observe(&[], at(600));
        assert_eq!(stalls.since(&TransferId::new("heat").unwrap()), None);
    }
}
