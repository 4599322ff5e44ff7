//! Play states on several servers: the rules one by one, and that they never go in circles,
//! whatever the servers make of what they are told.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use shelfread_domain::{PlayState, ViewerId};
use shelfread_reconcile::play::{Heard, Wrote, plan, restore, same};
use uuid::Uuid;

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
}

fn state(played: bool, position_seconds: i64, minute: Option<i64>) -> PlayState {
    PlayState {
        position_seconds,
        played,
        play_count: i32::from(played),
        last_played_at: minute.map(at),
        carried: false,
    }
}

fn heard(n: u128, said: Option<PlayState>) -> Heard {
    let viewer = ViewerId(Uuid::from_u128(n));
    Heard { viewer, said: said.map(|said| (said, at(1_000))), wrote: None }
}

fn told(all: &[Heard]) -> (Option<PlayState>, Vec<u128>) {
    let planned = plan(all);
    (planned.state, planned.tell.iter().map(|v| v.0.as_u128()).collect())
}

#[test]
fn the_newest_wins_and_the_further_one_at_equal_times() {
    let (old, new) = (state(true, 0, Some(1)), state(false, 600, Some(2)));
    assert_eq!(told(&[heard(1, Some(old)), heard(2, Some(new))]), (Some(new), vec![1]));
    let further = state(false, 900, Some(2));
    assert_eq!(told(&[heard(1, Some(further)), heard(2, Some(new))]), (Some(further), vec![2]));
    assert_eq!(told(&[heard(1, Some(new)), heard(2, None)]), (Some(new), vec![2]));
    assert_eq!(told(&[heard(1, None), heard(2, None)]), (None, vec![]));
}

#[test]
fn only_what_a_person_sees_is_a_difference() {
    let (a, b) = (state(true, 0, Some(1)), state(true, 0, Some(9)));
    assert_eq!(told(&[heard(1, Some(a)), heard(2, Some(b))]).1, [0; 0]);
}

#[test]
fn what_was_written_is_no_news() {
    let watched = state(true, 0, Some(1));
    let echo = state(true, 0, Some(50));
    let wrote = Wrote { state: watched, echo, settled: true };
    let mut plex = heard(2, Some(echo));
    plex.wrote = Some(wrote);
    assert_eq!(told(&[heard(1, Some(watched)), plex]).1, [0; 0]);
    // A server that made something else of it is not believed either.
    let mangled = state(false, 0, Some(50));
    let unheard = Wrote { echo: PlayState::default(), settled: false, ..wrote };
    let lossy = Heard { said: Some((mangled, at(51))), wrote: Some(unheard), ..plex };
    let planned = plan(&[heard(1, Some(watched)), lossy]);
    assert_eq!((planned.tell.len(), planned.echoes.clone()), (0, vec![(lossy.viewer, mangled)]));
    // What happens there afterwards is news.
    let again = state(false, 30, Some(90));
    let news = Heard { said: Some((again, at(91))), ..plex };
    assert_eq!(told(&[heard(1, Some(watched)), news]), (Some(again), vec![1]));
}

#[test]
fn nothing_is_taken_back() {
    let watched = state(true, 0, Some(1));
    let unseen = heard(2, Some(PlayState::default()));
    assert_eq!(told(&[heard(1, Some(watched)), unseen]).1, [0; 0], "neither told nor believed");
    let later = state(true, 0, Some(2_000));
    assert_eq!(told(&[heard(1, Some(later)), unseen]).1, [2], "something newer happened");
}

#[test]
fn a_rebuilt_server_gets_back_what_it_forgot() {
    let watched = state(true, 0, Some(1));
    let carried = heard(1, Some(PlayState { carried: true, ..watched }));
    assert_eq!(
        restore(&[carried], carried.viewer),
        Some(watched).map(|s| PlayState { carried: false, ..s })
    );
    let blank = heard(1, Some(PlayState::default()));
    let other = heard(2, Some(watched));
    assert_eq!(restore(&[blank, other], blank.viewer), Some(watched), "asked for by a person");
    assert_eq!(restore(&[other], other.viewer), None);
}

/// What a server makes of a state that is written to it.
#[derive(Clone, Copy, Debug)]
enum Manner {
    Exact,
    OwnTime,
    NoPositions,
    Nothing,
}

struct Server {
    manner: Manner,
    heard: Heard,
}

impl Server {
    fn write(&mut self, state: PlayState, minute: i64, reads_back: bool) {
        let before = self.heard.said.map(|(s, _)| s).unwrap_or_default();
        let after = match self.manner {
            Manner::Exact => state,
            Manner::OwnTime => PlayState { last_played_at: Some(at(minute)), ..state },
            Manner::NoPositions => PlayState { position_seconds: 0, ..state },
            Manner::Nothing => before,
        };
        let echo = if reads_back { after } else { before };
        self.heard.wrote = Some(Wrote { state, echo, settled: reads_back });
        if after != before {
            self.heard.said = Some((after, at(minute)));
        }
    }
}

/// Tells and listens once; how many servers were told.
fn round(servers: &mut [Server], minute: i64, reads_back: bool) -> usize {
    let all: Vec<_> = servers.iter().map(|s| s.heard).collect();
    let planned = plan(&all);
    for (viewer, echo) in &planned.echoes {
        for server in servers.iter_mut().filter(|s| s.heard.viewer == *viewer) {
            if let Some(wrote) = &mut server.heard.wrote {
                (wrote.echo, wrote.settled) = (*echo, true);
            }
        }
    }
    for server in servers.iter_mut().filter(|s| planned.tell.contains(&s.heard.viewer)) {
        server.write(planned.state.unwrap(), minute, reads_back);
    }
    planned.tell.len()
}

fn states() -> impl Strategy<Value = Option<PlayState>> {
    let one = (any::<bool>(), 0_i64..4, proptest::option::of(1_i64..6))
        .prop_map(|(played, position, minute)| state(played, position * 100, minute));
    proptest::option::of(one)
}

fn manners() -> impl Strategy<Value = Manner> {
    prop_oneof![
        Just(Manner::Exact),
        Just(Manner::OwnTime),
        Just(Manner::NoPositions),
        Just(Manner::Nothing)
    ]
}

proptest! {
    /// One round tells everybody, a second one tells nobody, and what a person does afterwards
    /// at one server reaches the others, once.
    #[test]
    fn it_converges_and_never_goes_in_circles(
        start in proptest::collection::vec((manners(), states()), 2..5),
        actor in 0_usize..5,
        action in (any::<bool>(), 0_i64..4),
        reads_back in any::<bool>(),
    ) {
        let mut servers: Vec<_> = (1..).zip(&start)
            .map(|(n, (manner, said))| Server { manner: *manner, heard: heard(n, *said) })
            .collect();
        let first = plan(&servers.iter().map(|s| s.heard).collect::<Vec<_>>()).state;
        round(&mut servers, 10, reads_back);
        for minute in 11..14 {
            prop_assert_eq!(round(&mut servers, minute, reads_back), 0);
        }
        if let Some(first) = first {
            for server in servers.iter().filter(|s| matches!(s.manner, Manner::Exact | Manner::OwnTime)) {
                let says = server.heard.said.map(|(s, _)| s).unwrap_or_default();
                prop_assert!(same(says, first) || says.is_blank());
            }
        }
        let actor = actor % servers.len();
        let done = state(action.0, action.1 * 100, Some(2_000));
        servers[actor].heard.said = Some((done, at(2_001)));
        if let Some(wrote) = &mut servers[actor].heard.wrote {
            wrote.settled = true;
        }
        round(&mut servers, 2_010, reads_back);
        for minute in 2_011..2_014 {
            prop_assert_eq!(round(&mut servers, minute, reads_back), 0);
        }
        for server in servers.iter().filter(|s| matches!(s.manner, Manner::Exact | Manner::OwnTime)) {
            let says = server.heard.said.map(|(s, _)| s).unwrap_or_default();
            prop_assert!(same(says, done), "{:?} {:?}", says, done);
        }
    }
}
