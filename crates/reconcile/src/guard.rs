//! The guard: whether removals may go ahead without a person (P5). Fails closed: whatever it
//! cannot judge is held.

use shelfread_domain::MaxRemovals;

/// What the guard must know of one library in one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// Items that the library had when the run began, seasons and episodes counted.
    pub had: u64,
    /// Items that it would lose.
    pub losing: u64,
    /// Remote items that the listing showed.
    pub listed: u64,
    /// The server's identity is another one than before.
    pub other_server: bool,
    /// What a person allows.
    pub limit: MaxRemovals,
}

/// What the guard says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Go ahead.
    Apply,
    /// Wait for a person, for this reason.
    Hold(String),
}

/// Judges a loss.
///
/// ```
/// use shelfread_domain::MaxRemovals;
/// use shelfread_reconcile::guard::{Loss, Verdict, judge};
///
/// let loss = |had, losing| Loss {
///     had,
///     losing,
///     listed: had - losing,
///     other_server: false,
///     limit: MaxRemovals::default(),
/// };
/// assert_eq!(judge(&loss(1000, 100)), Verdict::Apply);
/// assert!(matches!(judge(&loss(1000, 101)), Verdict::Hold(_)));
/// ```
pub fn judge(loss: &Loss) -> Verdict {
    let Loss { had, losing, listed, other_server, limit } = *loss;
    if losing == 0 {
        return Verdict::Apply;
    }
    if other_server {
        return Verdict::Hold(format!(
            "another server answers at the address; {losing} items of the old one are not there"
        ));
    }
    if listed == 0 {
        return Verdict::Hold(format!("the listing is empty, but {had} items are known"));
    }
    if losing > had || losing > limit.allowed(had) {
        return Verdict::Hold(format!(
            "{losing} of {had} items would go, and {} are allowed ({limit})",
            limit.allowed(had)
        ));
    }
    Verdict::Apply
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(had: u64, losing: u64, limit: MaxRemovals) -> bool {
        let loss = Loss { had, losing, listed: 1, other_server: false, limit };
        matches!(judge(&loss), Verdict::Hold(_))
    }

    #[test]
    fn the_limit_is_exact() {
        let default = MaxRemovals::default();
        assert!(!held(6, 5, default) && held(6, 6, default));
        assert!(!held(100, 10, default) && held(100, 11, default));
        assert!(held(100, 1, MaxRemovals::Count(0)) && !held(100, 50, MaxRemovals::Count(50)));
        assert!(!held(100, 0, MaxRemovals::Count(0)));
    }

    #[test]
    fn what_makes_no_sense_is_held() {
        assert!(held(1, 5, MaxRemovals::Count(100)));
        let loss = Loss {
            had: 3,
            losing: 3,
            listed: 0,
            other_server: false,
            limit: MaxRemovals::Percent(100),
        };
        assert!(matches!(judge(&loss), Verdict::Hold(_)));
        assert!(matches!(
            judge(&Loss { listed: 9, other_server: true, losing: 1, ..loss }),
            Verdict::Hold(_)
        ));
    }
}
