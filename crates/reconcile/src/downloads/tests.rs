//! The rules of the queue as small texts: on the left what we have, remember and are told, below
//! it what becomes of that. Then the same as properties over any queue and any answer.

use std::collections::BTreeSet;
use std::fmt::Write;

use expect_test::{Expect, expect};
use proptest::prelude::*;
use shelfread_domain::download::{Added, ClientKind, Pending, Progress};
use shelfread_domain::id::ClientId;
use uuid::Uuid;

use super::*;

/// Everything that a plan is made of, as text:
///
/// ```text
/// past heat imported@50                history remembers it
/// row heat downloading 10%             one of our rows; words after the progress as in `row`
/// away unreachable@60                  the client did not answer last time
/// says heat seeding 100%               what the client has now
/// refused | unreachable | disabled     or why that is not known; `empty` for nothing
/// ```
/// Moments are seconds; now is 1000, rows were made at 500, we look since 100.
#[derive(Clone, Debug)]
struct World {
    client: ClientRecord,
    rows: Vec<DownloadRecord>,
    past: HashMap<TransferId, Past>,
    answer: ClientAnswer,
}

const NOW: i64 = 1000;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

/// The seconds behind `key@` among the words.
fn moment(words: &[&str], key: &str) -> Option<DateTime<Utc>> {
    let value = words.iter().find_map(|w| w.strip_prefix(key)?.strip_prefix('@'));
    value.map(|v| at(v.parse().unwrap()))
}

fn download_id(n: u128) -> DownloadId {
    DownloadId(Uuid::from_u128(n))
}

fn world(text: &str) -> World {
    let mut world = World {
        client: ClientRecord {
            id: ClientId(Uuid::from_u128(7)),
            name: "box".into(),
            kind: ClientKind::Transmission,
            watched_since: at(100),
            away: None,
        },
        rows: Vec::new(),
        past: HashMap::new(),
        answer: ClientAnswer::Answered(Vec::new()),
    };
    for line in text.lines().map(str::trim).filter(|l| !l.is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        world.read(words[0], &words[1..]);
    }
    world
}

impl World {
    fn read(&mut self, verb: &str, words: &[&str]) {
        match verb {
            "past" => {
                let past = Past {
                    completed_at: moment(words, "completed"),
                    imported_at: moment(words, "imported"),
                };
                self.past.insert(TransferId::new(words[0]).unwrap(), past);
            }
            "row" => self.rows.push(row(self.rows.len() as u128 + 1, words)),
            "away" => {
                let (kind, since) = words[0].split_once('@').unwrap();
                self.client.away = Some(Away {
                    since: at(since.parse().unwrap()),
                    kind: AwayKind::parse(kind).unwrap(),
                    reason: "as before".into(),
                });
            }
            "says" => {
                let ClientAnswer::Answered(list) = &mut self.answer else { panic!("{words:?}") };
                list.push(says(words));
            }
            "empty" => {}
            "unreachable" => self.answer = ClientAnswer::Unreachable("no answer".into()),
            "refused" => self.answer = ClientAnswer::Refused("wrong password".into()),
            "disabled" => self.answer = ClientAnswer::Disabled,
            _ => panic!("what is {verb}?"),
        }
    }

    fn plan(&self, now: i64) -> DownloadPlan {
        let mut next = 100 + self.rows.iter().map(|r| r.id.0.as_u128()).max().unwrap_or(0);
        let queue = Queue { client: &self.client, rows: &self.rows, past: &self.past };
        plan(queue, &self.answer, at(now), &mut || {
            next += 1;
            download_id(next)
        })
    }

    /// What the store does with a plan.
    fn apply(&mut self, plan: &DownloadPlan) {
        for change in &plan.changes {
            if let Some(before) = &change.before {
                let i = self.rows.iter().position(|row| row == before).expect("a stale change");
                self.rows.remove(i);
            }
            if let Some(after) = &change.after {
                let twin = self.rows.iter().find(|row| row.transfer_id == after.transfer_id);
                assert_eq!(twin, None, "two rows of one transfer");
                self.rows.push(after.clone());
            }
        }
        if let Some(change) = &plan.client {
            assert_eq!(change.before, self.client.away);
            self.client.away = change.after.clone();
            for row in &mut self.rows {
                row.unreachable_since = change.after.as_ref().map(|away| away.since);
            }
        }
        for event in &plan.events {
            let past = event.transfer_id.clone().map(|id| self.past.entry(id).or_default());
            match (event.kind, past) {
                (Kind::Completed, Some(past)) => past.completed_at = Some(event.at),
                (Kind::Imported, Some(past)) => {
                    past.imported_at = Some(event.at).max(event.added_at);
                }
                _ => {}
            }
        }
    }
}

fn row(n: u128, words: &[&str]) -> DownloadRecord {
    let is = |word: &str| words.contains(&word);
    let named = TransferId::new(words[0]).unwrap();
    let id = download_id(n);
    let pending =
        [("add", PendingOp::Add), ("drop", PendingOp::Remove), ("wipe", PendingOp::RemoveWithData)];
    let pending = pending.into_iter().find_map(|(word, op)| Some((op, moment(words, word)?)));
    let shown = says(words);
    DownloadRecord {
        id,
        client_id: ClientId(Uuid::from_u128(7)),
        transfer_id: if is("unnamed") { TransferId::placeholder(id) } else { named },
        title: shown.name,
        state: shown.state,
        progress: shown.progress,
        size_bytes: None,
        label: None,
        content_path: None,
        error: shown.error,
        content_key: None,
        origin: if pending.is_some() { Origin::Added } else { Origin::Adopted },
        pending: pending.map(|(op, since)| Pending { op, since }),
        created_at: at(500),
        added_at: shown.added_at,
        completed_at: (shown.finished || is("done")).then_some(at(150)),
        absent_since: is("absent").then_some(at(900)),
        absent_count: u32::from(is("absent")),
        unreachable_since: moment(words, "unreachable"),
    }
}

fn says(words: &[&str]) -> Transfer {
    let state = TransferState::parse(words.get(1).copied().unwrap_or("queued"));
    let percent = words.iter().find_map(|w| w.strip_suffix('%')?.parse().ok()).unwrap_or(0.0);
    let mut transfer = Transfer::new(TransferId::new(words[0]).unwrap(), words[0], state);
    if let Some(name) = words.iter().find_map(|w| w.strip_prefix("name=")) {
        name.clone_into(&mut transfer.name);
    }
    transfer.progress = Progress::from(percent / 100.0);
    transfer.finished = transfer.progress == Progress::ALL;
    transfer.place = if words.contains(&"history") { Place::History } else { Place::Queue };
    transfer.added_at = moment(words, "added");
    transfer.completed_at = moment(words, "completed");
    transfer.error = words.iter().find_map(|w| w.strip_prefix("error=")).map(str::to_owned);
    transfer
}

fn show(plan: &DownloadPlan) -> String {
    let mut out = String::new();
    for change in &plan.changes {
        let line = match (&change.before, &change.after) {
            (Some(before), None) => format!("- {}", show_row(before)),
            (None, Some(after)) => format!("+ {}", show_row(after)),
            (_, Some(after)) => format!("~ {}", show_row(after)),
            (None, None) => "?".into(),
        };
        writeln!(out, "{line}").unwrap();
    }
    if let Some(change) = &plan.client {
        let away = change.after.as_ref().map(|a| format!("{} {}", a.kind, a.since.timestamp()));
        writeln!(out, "client {}", away.unwrap_or_else(|| "here".into())).unwrap();
    }
    for event in &plan.events {
        let id = event.transfer_id.as_ref().map_or("", TransferId::as_str);
        write!(out, "! {} {id}", event.kind).unwrap();
        let text = |s: &Option<TransferState>| s.as_ref().map_or("-".into(), ToString::to_string);
        if event.from.is_some() || event.to.is_some() {
            write!(out, " {} > {}", text(&event.from), text(&event.to)).unwrap();
        }
        let reason = event.reason.as_ref().map(|r| format!(" ({r})")).unwrap_or_default();
        writeln!(out, "{reason}").unwrap();
    }
    for repeat in &plan.repeats {
        let data = if repeat.with_data { " with data" } else { "" };
        writeln!(out, "again: drop {}{data}", repeat.transfer_id).unwrap();
    }
    out
}

fn show_row(row: &DownloadRecord) -> String {
    let mut out = format!("{} {} {}%", row.transfer_id, row.state, row.progress.fraction() * 100.0);
    if let Some(pending) = row.pending {
        write!(out, " pending {}", pending.op).unwrap();
    }
    if let Some(moment) = row.completed_at {
        write!(out, " completed@{}", moment.timestamp()).unwrap();
    }
    if row.absent_count > 0 {
        write!(out, " absent {}", row.absent_count).unwrap();
    }
    if let Some(moment) = row.unreachable_since {
        write!(out, " unreachable@{}", moment.timestamp()).unwrap();
    }
    out
}

/// Plans, compares, applies, and checks that the same answer then changes nothing more but the
/// count of answers that lack a transfer.
#[allow(clippy::needless_pass_by_value, reason = "an expectation is written where it is used")]
fn check(text: &str, expected: Expect) {
    let mut world = world(text);
    let plan = world.plan(NOW);
    expected.assert_eq(&show(&plan));
    world.apply(&plan);
    let again = world.plan(NOW + 1);
    let is_count = |c: &DownloadChange| c.before.as_ref().is_some_and(|row| row.absent_count > 0);
    assert!(again.changes.iter().all(is_count), "planned again: {}", show(&again));
}

#[test]
fn what_someone_added_in_the_client_is_adopted() {
    check(
        "says heat downloading 10%
         says ran seeding 100% completed@500",
        expect![[r#"
            + heat downloading 10%
            + ran seeding 100% completed@500
            ! download.adopted heat - > downloading
            ! download.adopted ran - > seeding
        "#]],
    );
}

#[test]
fn progress_changes_the_row_and_is_no_history() {
    check(
        "row heat downloading 10%
         row same downloading 10%
         says heat downloading 20%
         says same downloading 10%",
        expect![[r#"
            ~ heat downloading 20%
        "#]],
    );
}

#[test]
fn states_are_history_but_the_flow_of_data_is_not() {
    check(
        "row a downloading 10%
         row b downloading 10%
         row c queued 0%
         says a stalled 10%
         says b paused 10%
         says c quantum 0%",
        expect![[r#"
            ~ a stalled 10%
            ~ b paused 10%
            ~ c unknown:quantum 0%
            ! download.state_changed b downloading > paused
            ! download.state_changed c queued > unknown:quantum
        "#]],
    );
}

#[test]
fn finished_and_failed_are_told_once() {
    check(
        "row done downloading 90%
         row told seeding 100%
         row bad downloading 90%
         row still failed 90%
         says done seeding 100% completed@990
         says told completed 100%
         says bad failed 90% error=disk-full
         says still failed 90%",
        expect![[r#"
            ~ bad failed 90%
            ~ done seeding 100% completed@150
            ~ told completed 100% completed@150
            ! download.failed bad downloading > failed (disk-full)
            ! download.state_changed done downloading > seeding
            ! download.state_changed told seeding > completed
        "#]],
    );
}

#[test]
fn a_finished_transfer_that_is_checked_again_was_finished_once() {
    check(
        "row heat checking 40% done
         says heat seeding 100%",
        expect![[r#"
            ~ heat seeding 100% completed@150
            ! download.state_changed heat checking > seeding
        "#]],
    );
    check(
        "past heat completed@150
         says heat checking 40%",
        expect![[r#"
            + heat checking 40% completed@150
            ! download.adopted heat - > checking
        "#]],
    );
}

#[test]
fn a_row_goes_after_the_second_answer_that_lacks_it() {
    check(
        "row heat downloading 10%
         row ran downloading 10% absent
         empty",
        expect![[r#"
            - ran downloading 10% absent 1
            ~ heat downloading 10% absent 1
            ! download.removed ran downloading > - (the client no longer has it)
        "#]],
    );
    check(
        "row back downloading 10% absent
         says back downloading 10%",
        expect![[r#"
            ~ back downloading 10%
        "#]],
    );
}

#[test]
fn no_answer_removes_nothing_and_starts_the_count_anew() {
    for (answer, expected) in [
        (
            "unreachable",
            expect![[r#"
                ~ heat downloading 10% unreachable@1000
                client unreachable 1000
                ! client.unreachable  (unreachable: no answer)
            "#]],
        ),
        (
            "refused",
            expect![[r#"
                ~ heat downloading 10% unreachable@1000
                client refused 1000
                ! client.unreachable  (refused: wrong password)
            "#]],
        ),
        (
            "disabled",
            expect![[r#"
                ~ heat downloading 10% unreachable@1000
                client disabled 1000
            "#]],
        ),
    ] {
        check(
            &format!("row heat downloading 10% absent\nrow ran seeding 100%\n{answer}"),
            expected,
        );
    }
}

#[test]
fn a_client_is_told_away_once_and_back_once() {
    check(
        "away unreachable@60\nrow heat downloading 10% unreachable@60\nunreachable",
        expect![[r#""#]],
    );
    check(
        "away unreachable@60\nrefused",
        expect![[r#"
        client refused 60
    "#]],
    );
    check(
        "away disabled@60\nunreachable",
        expect![[r#"
        client unreachable 60
        ! client.unreachable  (unreachable: no answer)
    "#]],
    );
    check(
        "away disabled@60\nempty",
        expect![[r#"
        client here
    "#]],
    );
    check(
        "away refused@60
         row heat downloading 10% unreachable@60
         row ran downloading 10% unreachable@60
         says heat downloading 10%",
        expect![[r#"
            ~ ran downloading 10% absent 1
            client here
            ! client.recovered 
        "#]],
    );
}

#[test]
fn a_row_that_missed_the_mark_gets_it() {
    check(
        "away unreachable@60\nrow heat downloading 10%\nunreachable",
        expect![[r#"
            ~ heat downloading 10% unreachable@60
        "#]],
    );
    check(
        "row heat downloading 10% unreachable@60\nsays heat downloading 10%",
        expect![[r#"
            ~ heat downloading 10%
        "#]],
    );
}

#[test]
fn what_was_imported_is_not_adopted_while_it_seeds() {
    check("past heat imported@500\nsays heat seeding 100% added@200", expect![[r#""#]]);
    check("past heat imported@500\nsays heat seeding 100%", expect![[r#""#]]);
    check(
        "past heat imported@500\nsays heat downloading 0% added@600",
        expect![[r#"
            + heat downloading 0%
            ! download.adopted heat - > downloading
        "#]],
    );
}

#[test]
fn history_of_before_we_looked_is_not_adopted() {
    check(
        "says old completed 100% history completed@50
         says undated completed 100% history
         says new completed 100% history completed@500
         row mine downloading 40%
         says mine completed 100% history completed@50",
        expect![[r#"
            ~ mine completed 100% completed@50
            + new completed 100% completed@500
            ! download.completed mine downloading > completed
            ! download.adopted new - > completed
        "#]],
    );
}

#[test]
fn an_add_is_seen_by_its_id() {
    check(
        "row heat queued 0% add@990
         row fast queued 0% add@990
         row had queued 0% add@990
         says heat downloading 5%
         says fast seeding 100% completed@995
         says had seeding 100% completed@50",
        expect![[r#"
            ~ fast seeding 100% completed@995
            ~ had seeding 100% completed@50
            ~ heat downloading 5%
            ! download.added fast queued > seeding
            ! download.completed fast queued > seeding
            ! download.added had queued > seeding
            ! download.added heat queued > downloading
        "#]],
    );
}

#[test]
fn an_add_whose_id_the_client_makes_is_seen_by_its_name() {
    check(
        "row Heat.1995 queued 0% add@990 unnamed
         says nzo_1 queued 0% name=Heat.1995 added@100
         says nzo_2 queued 0% name=Heat.1995 added@991",
        expect![[r#"
            + nzo_1 queued 0%
            ~ nzo_2 queued 0%
            ! download.adopted nzo_1 - > queued
            ! download.added nzo_2 queued > queued
        "#]],
    );
    check(
        "row heat queued 0% add@990 name=Heat
         says other queued 0% name=Heat",
        expect![[r#"
            + other queued 0%
            ! download.adopted other - > queued
        "#]],
    );
}

#[test]
fn an_add_that_the_client_never_got_fails_after_the_grace() {
    check("row heat queued 0% add@990\nempty", expect![[r#""#]]);
    check(
        "row heat queued 0% add@800\nempty",
        expect![[r#"
            ~ heat queued 0% pending add absent 1
        "#]],
    );
    check(
        "row heat queued 0% add@800 absent\nempty",
        expect![[r#"
            - heat queued 0% pending add absent 1
            ! download.failed heat queued > - (the client never got it)
        "#]],
    );
}

#[test]
fn a_removal_that_was_cut_short_is_asked_again() {
    check("row heat queued 0% wipe@990\nsays heat queued 0%", expect![[r#""#]]);
    check(
        "row heat queued 0% wipe@800
         row ran queued 0% drop@800
         row gone queued 0% drop@800 absent
         says heat queued 0%
         says ran queued 0%",
        expect![[r#"
            - gone queued 0% pending remove absent 1
            ! download.cancelled gone queued > -
            again: drop heat with data
            again: drop ran
        "#]],
    );
}

#[test]
fn a_job_on_its_way_to_the_history_counts_once() {
    check(
        "row job processing 99%
         says job failed 90% history error=par
         says job processing 90%",
        expect![[r#"
            ~ job failed 90%
            ! download.failed job processing > failed (par)
        "#]],
    );
}

#[test]
fn an_operation_and_the_answer_may_come_in_any_order() {
    let world = world("row heat queued 0% add@990\nsays heat downloading 5%");
    let row = &world.rows[0];
    let added = Added { id: row.transfer_id.clone(), already_there: false };
    let confirmed = confirm_add(row, &added, None, at(NOW));
    expect![[r#"
        ~ heat queued 0%
        ! download.added heat
    "#]]
    .assert_eq(&show(&confirmed));
    let seen = world.plan(NOW).changes.remove(0).after.unwrap();
    assert_eq!(confirm_add(&seen, &added, Some(&seen), at(NOW)), DownloadPlan::default());
}

#[test]
fn operations_say_what_they_did() {
    let world = world("row heat failed 10% error=par\nrow ran queued 0% add@990");
    let [heat, ran] = [&world.rows[0], &world.rows[1]];
    let had = Added { id: heat.transfer_id.clone(), already_there: true };
    let new_id = TransferId::new("heat2").unwrap();
    for (plan, expected) in [
        (
            confirm_add(ran, &had, Some(heat), at(NOW)),
            expect![[r#"
            - ran queued 0% pending add
        "#]],
        ),
        (
            give_up_add(ran, "no space", at(NOW)),
            expect![[r#"
            - ran queued 0% pending add
            ! download.failed ran (no space)
        "#]],
        ),
        (
            begin_remove(heat, true, at(NOW)),
            expect![[r#"
            ~ heat failed 10% pending remove_with_data
        "#]],
        ),
        (
            confirm_remove(heat, at(NOW)),
            expect![[r#"
            - heat failed 10%
            ! download.cancelled heat
        "#]],
        ),
        (
            imported(heat, at(NOW)),
            expect![[r#"
            - heat failed 10%
            ! download.imported heat
        "#]],
        ),
        (
            retried(heat, new_id, at(NOW)),
            expect![[r#"
            ~ heat2 queued 10%
            ! download.state_changed heat2 failed > queued (tried again)
        "#]],
        ),
    ] {
        expected.assert_eq(&show(&plan));
    }
}

/// Worlds in which everything meets everything: few ids, all states, all that may be pending.
fn worlds() -> impl Strategy<Value = World> {
    let id = prop::sample::select(vec!["a", "b", "c", "d", "e"]);
    let state = prop::sample::select(vec!["queued", "downloading", "stalled", "seeding", "failed"]);
    let amount = prop::sample::select(vec!["0%", "50%", "100%"]);
    let extra = prop::sample::select(vec![
        "",
        "add@990",
        "add@100",
        "drop@100",
        "wipe@990",
        "absent",
        "add@100 unnamed",
        "unreachable@60",
        "history",
        "completed@300",
        "added@700",
        "name=a",
    ]);
    let verb = prop::sample::select(vec!["row", "says", "says", "past"]);
    let line = (verb, id, state, amount, extra.clone(), extra).prop_map(
        |(verb, id, state, amount, x, y)| match verb {
            "past" => format!("past {id} imported@600"),
            _ => format!("{verb} {id} {state} {amount} {x} {y}"),
        },
    );
    let away = prop::sample::select(vec!["", "away unreachable@60", "away disabled@60"]);
    (prop::collection::vec(line, 0..14), away).prop_map(|(lines, away)| {
        let mut known = BTreeSet::new();
        let lines = lines.into_iter().filter(|line| {
            let words: Vec<_> = line.split(' ').collect();
            words[0] != "row" || known.insert(words[1].to_owned())
        });
        world(&format!("{away}\n{}", lines.collect::<Vec<_>>().join("\n")))
    })
}

fn away_answers() -> impl Strategy<Value = ClientAnswer> {
    prop::sample::select(vec![
        ClientAnswer::Unreachable("down".into()),
        ClientAnswer::Refused("no".into()),
        ClientAnswer::Disabled,
    ])
}

proptest! {
    #[test]
    fn the_same_answer_comes_to_rest(mut world in worlds()) {
        let first = world.plan(NOW);
        world.apply(&first);
        let second = world.plan(NOW);
        let gone = [Kind::Removed, Kind::Cancelled, Kind::Failed];
        prop_assert!(second.events.iter().all(|e| gone.contains(&e.kind)), "{}", show(&second));
        prop_assert!(second.client.is_none());
        world.apply(&second);
        let third = world.plan(NOW);
        prop_assert!(third.is_empty(), "{}", show(&third));
    }

    #[test]
    fn every_live_transfer_has_one_row(mut world in worlds()) {
        let first = world.plan(NOW);
        world.apply(&first);
        let ClientAnswer::Answered(transfers) = &world.answer else { unreachable!() };
        let over = |id: &TransferId| transfers.iter().any(|t| t.id == *id && t.place == Place::History);
        for t in transfers.iter().filter(|t| !over(&t.id)) {
            let rows = world.rows.iter().filter(|row| row.transfer_id == t.id).count();
            let imported = world.past.get(&t.id).is_some_and(|past| past.imported_at.is_some());
            prop_assert!(rows == 1 || rows == 0 && imported, "{}: {rows}", t.id);
        }
    }

    #[test]
    fn the_order_of_an_answer_does_not_matter(
        (world, shuffled) in worlds().prop_flat_map(|world| {
            let ClientAnswer::Answered(list) = world.answer.clone() else { unreachable!() };
            (Just(world), Just(list).prop_shuffle())
        })
    ) {
        let mut turned = world.clone();
        turned.answer = ClientAnswer::Answered(shuffled);
        turned.rows.reverse();
        prop_assert_eq!(world.plan(NOW), turned.plan(NOW));
    }

    #[test]
    fn no_answer_removes_nothing(mut world in worlds(), answers in prop::collection::vec(away_answers(), 1..4)) {
        let rows: BTreeSet<_> = world.rows.iter().map(|row| row.id).collect();
        for answer in answers {
            world.answer = answer;
            let plan = world.plan(NOW);
            prop_assert!(plan.changes.iter().all(|c| c.before.is_some() && c.after.is_some()));
            world.apply(&plan);
            prop_assert!(world.plan(NOW).is_empty());
            prop_assert!(world.rows.iter().all(|row| row.absent_count == 0));
        }
        prop_assert_eq!(rows, world.rows.iter().map(|row| row.id).collect());
    }
}
