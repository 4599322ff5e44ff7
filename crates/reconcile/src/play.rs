//! Play states of one person on several servers: which one is right, and who is to be told.
//!
//! 1. The newest state wins; at equal times the further one ([`PlayState::newer`]).
//! 2. What was written to a server is no news when the server says it again, in whatever form: with
//!    its own time, with another count, or not at all. So nothing goes round in circles.
//! 3. Nothing is taken back. A server that forgot cannot be told from a person who marked something
//!    as unseen, so the one that says nothing any more is neither believed nor corrected, until
//!    something newer happens.
//!
//! Pure. It knows no server, no clock and no item: one call is about one item of one person.

use chrono::{DateTime, Utc};
use shelfread_domain::{PlayState, ViewerId};

/// What one server says of the play state of an item.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Heard {
    /// The person as this server knows them.
    pub viewer: ViewerId,
    /// What the server says, and when that was noticed; `None` when it never said anything.
    pub said: Option<(PlayState, DateTime<Utc>)>,
    /// What was written to it last, if that did not fail.
    pub wrote: Option<Wrote>,
}

/// A state that was written to a server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Wrote {
    /// What was written.
    pub state: PlayState,
    /// What the server said of it since; before that, what it said before.
    pub echo: PlayState,
    /// Whether the server was heard after the writing. Before, the first other thing that it says
    /// is the echo.
    pub settled: bool,
}

/// What is to be done for one item.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Planned {
    /// The state that all servers shall have; `None` when nobody played it.
    pub state: Option<PlayState>,
    /// Whose servers are to be told.
    pub tell: Vec<ViewerId>,
    /// Echoes that were heard for the first time.
    pub echoes: Vec<(ViewerId, PlayState)>,
}

/// Plans what to tell the servers of a person.
pub fn plan(heard: &[Heard]) -> Planned {
    let state = right(heard);
    let needs = |h: &&Heard| {
        let known = h.known();
        let took_back = h.said.filter(|_| known.is_blank()).map(|(_, noticed)| noticed);
        state.is_some_and(|state| {
            let is_newer = |at: DateTime<Utc>| state.last_played_at.is_some_and(|t| t > at);
            !same(known, state) && took_back.is_none_or(is_newer)
        })
    };
    Planned {
        tell: heard.iter().filter(needs).map(|h| h.viewer).collect(),
        echoes: heard.iter().filter_map(Heard::new_echo).collect(),
        state,
    }
}

/// Plans to give one server back what is known, because it was rebuilt: whatever it says now, as
/// long as that is not the newest. Gives the state to write.
pub fn restore(heard: &[Heard], to: ViewerId) -> Option<PlayState> {
    let state = right(heard)?;
    let target = heard.iter().find(|h| h.viewer == to);
    // What is carried is known here and not there.
    let has = target.and_then(|h| h.said).map(|(said, _)| said).filter(|said| !said.carried);
    (!same(has.unwrap_or_default(), state)).then_some(state)
}

/// The newest state that any server has of its own.
fn right(heard: &[Heard]) -> Option<PlayState> {
    let states = heard.iter().map(Heard::known).filter(|state| !state.is_blank());
    states.reduce(PlayState::newer)
}

/// Whether two states are the same to a person: servers count and time by themselves.
pub const fn same(a: PlayState, b: PlayState) -> bool {
    a.played == b.played && a.position_seconds == b.position_seconds
}

impl Heard {
    /// What the server says, without what it only repeats.
    fn known(&self) -> PlayState {
        let said = self.bare();
        match self.wrote {
            Some(wrote) if !wrote.settled || said == wrote.echo => wrote.state,
            _ => said,
        }
    }

    fn bare(&self) -> PlayState {
        let said = self.said.map(|(said, _)| said).unwrap_or_default();
        PlayState { carried: false, ..said }
    }

    fn new_echo(&self) -> Option<(ViewerId, PlayState)> {
        let wrote = self.wrote.filter(|wrote| !wrote.settled)?;
        let said = self.bare();
        (said != wrote.echo).then_some((self.viewer, said))
    }
}
