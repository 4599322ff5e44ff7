//! Episodes whose numbers change: files, settings and progress stay with the right episode.

use expect_test::expect;

use crate::script::check;

#[test]
fn two_episodes_exchange_their_numbers() {
    check(
        r#"
        given den
            show s1 "Dark" tvdb=1
            episode s1 1x01 e1 "Secrets" played last=2024-01-01
            episode s1 1x02 e2 "Lies"
        settings i2
        sync den
            show s1 "Dark" tvdb=1
            episode s1 1x02 e1 "Secrets" played last=2024-01-01
            episode s1 1x01 e2 "Lies"
        catalogue
        "#,
        &expect![[r#"
            den: 3 seen, 3 added
            den: 3 seen, 2 updated, 1 unchanged
                ~ episode i2 S01E01 Secrets: 1x1 → 1x2
                ~ episode i3 S01E02 Lies: 1x2 → 1x1
                ~ listing den:e1: other facts
                ~ listing den:e2: other facts
            catalogue
            show i1 Dark: tvdb 1
                den:s1
            episode i2 S01E02 Secrets: of i1
                den:e1
                played 2024-01-01
            episode i3 S01E01 Lies: of i1
                den:e2
        "#]],
    );
}

#[test]
fn all_move_up_for_a_new_first_one() {
    check(
        r#"
        given den
            show s1 "Dark" tvdb=1
            episode s1 1x01 e1 "One"
            episode s1 1x02 e2 "Two"
            episode s1 1x03 e3 "Three"
        sync den
            show s1 "Dark" tvdb=1
            episode s1 1x01 e0 "Pilot"
            episode s1 1x02 e1 "One"
            episode s1 1x03 e2 "Two"
            episode s1 1x04 e3 "Three"
        "#,
        &expect![[r#"
            den: 4 seen, 4 added
            den: 5 seen, 1 added, 3 updated, 1 unchanged
                ~ episode i2 S01E01 One: 1x1 → 1x2
                ~ episode i3 S01E02 Two: 1x2 → 1x3
                ~ episode i4 S01E03 Three: 1x3 → 1x4
                + episode i5 S01E01 Pilot
                ~ listing den:e1: other facts
                ~ listing den:e2: other facts
                ~ listing den:e3: other facts
                + listing den:e0 of i5 by new
        "#]],
    );
}

#[test]
fn all_move_down_for_one_that_is_gone() {
    check(
        r#"
        given den
            show s1 "Dark" tvdb=1
            episode s1 1x01 e1 "Pilot"
            episode s1 1x02 e2 "One"
            episode s1 1x03 e3 "Two"
        sync den                        # who is gone makes room
            show s1 "Dark" tvdb=1
            episode s1 1x01 e2 "One"
            episode s1 1x02 e3 "Two"
        sync den
            show s1 "Dark" tvdb=1
            episode s1 1x01 e2 "One"
            episode s1 1x02 e3 "Two"
        "#,
        &expect![[r#"
            den: 4 seen, 4 added
            den: 3 seen, 2 updated, 1 unchanged, 1 removed
                ~ episode i2 S01E01 Pilot: 1x1 → 1x-
                ~ episode i3 S01E02 One: 1x2 → 1x1
                ~ episode i4 S01E03 Two: 1x3 → 1x2
                ~ listing den:e1: to be looked at again
                ~ listing den:e2: other facts
                ~ listing den:e3: other facts
                - listing den:e1
                - episode i2 Pilot
            den: 3 seen, 3 unchanged
        "#]],
    );
}

#[test]
fn who_is_listed_elsewhere_or_later_makes_no_room() {
    check(
        r#"
        given den
            show s1 "Dark" tvdb=1
            episode s1 1x01 e1 "Pilot"
            episode s1 1x02 e2 "One"
        given loft
            show t "Dark" tvdb=1
            episode t 1x01 f1 "Pilot"
        sync den partial                # the other source still says that it is 1x01
            show s1 "Dark" tvdb=1
            episode s1 1x01 e2 "One"
        given attic
            show a "Bright" tvdb=2
            episode a 1x01 a1 "Pilot"
            episode a 1x02 a2 "One"
        sync attic quick                # who is not asked for is not gone
            show a "Bright" tvdb=2
            episode a 1x01 a2 "One"
        sync attic partial              # here it may be gone
            show a "Bright" tvdb=2
            episode a 1x01 a2 "One"
        sync attic                      # and was not: both say that they are 1x01
            show a "Bright" tvdb=2
            episode a 1x01 a1 "Pilot"
            episode a 1x01 a2 "One"
        sync attic
            show a "Bright" tvdb=2
            episode a 1x01 a1 "Pilot"
            episode a 1x01 a2 "One"
        catalogue
        "#,
        &expect![[r#"
            den: 3 seen, 3 added
            loft: 2 seen, 2 updated
            den partial: 2 seen, 1 updated, 1 unchanged, 1 conflicts
                ~ listing den:e2: other facts, claim (i2)
            attic: 3 seen, 3 added
            attic quick: 2 seen, 1 updated, 1 unchanged, 1 conflicts
                ~ listing attic:a2: other facts, claim (i5)
            attic partial: 2 seen, 1 updated, 1 unchanged
                ~ episode i5 S01E01 Pilot: 1x1 → 1x-
                ~ episode i6 S01E02 One: 1x2 → 1x1
                ~ listing attic:a1: to be looked at again
                ~ listing attic:a2: nothing to review
            attic: 3 seen, 3 unchanged, 1 conflicts
                ~ listing attic:a1: claim (i6)
            attic: 3 seen, 3 unchanged
            catalogue
            show i1 Dark: tvdb 1
                den:s1
                loft:t
            episode i2 S01E01 Pilot: of i1
                den:e1
                loft:f1
            episode i3 S01E02 One: of i1
                den:e2, claim (i2)
            show i4 Bright: tvdb 2
                attic:a
            episode i5 Pilot: of i4
                attic:a1, claim (i6)
            episode i6 S01E01 One: of i4
                attic:a2
        "#]],
    );
}

#[test]
fn a_show_that_is_listed_in_two_batches_converges() {
    check(
        r#"
        given den
            show s1 "Dark" tvdb=1
            episode s1 1x01 e1 "One"
            episode s1 1x02 e2 "Two"
        sync den
            show s1 "Dark" tvdb=1
            episode s1 1x02 e1 "One"
            --
            episode s1 1x03 e2 "Two"
        sync den
            show s1 "Dark" tvdb=1
            episode s1 1x02 e1 "One"
            --
            episode s1 1x03 e2 "Two"
        "#,
        &expect![[r#"
            den: 3 seen, 3 added
            den: 3 seen, 2 updated, 1 unchanged
                ~ episode i2 S01E01 One: 1x1 → 1x2
                ~ episode i3 S01E02 Two: 1x2 → 1x-
                ~ listing den:e1: other facts
                ~ listing den:e2: to be looked at again
                ~ episode i3 Two: 1x- → 1x3
                ~ listing den:e2: other facts
            den: 3 seen, 3 unchanged
        "#]],
    );
}

#[test]
fn two_that_want_one_place() {
    check(
        r#"
        given den
            show s1 "Dark" tvdb=1
            episode s1 1x01 e1 "One"
            episode s1 1x02 e2 "Two"
            episode s1 1x03 e3 "Three"
        sync den                        # the second one is for review and stays where it was
            show s1 "Dark" tvdb=1
            episode s1 1x04 e1 "One"
            episode s1 1x04 e2 "Two"
            episode s1 1x02 e3 "Three"
        sync den
            show s1 "Dark" tvdb=1
            episode s1 1x04 e1 "One"
            episode s1 1x04 e2 "Two"
            episode s1 1x02 e3 "Three"
        sync den                        # solved on the server
            show s1 "Dark" tvdb=1
            episode s1 1x04 e1 "One"
            episode s1 1x01 e2 "Two"
            episode s1 1x02 e3 "Three"
        "#,
        &expect![[r#"
            den: 4 seen, 4 added
            den: 4 seen, 3 updated, 1 unchanged, 2 conflicts
                ~ episode i2 S01E01 One: 1x1 → 1x4
                ~ listing den:e1: other facts
                ~ listing den:e2: other facts, claim (i2)
                ~ listing den:e3: other facts, claim (i3)
            den: 4 seen, 4 unchanged
            den: 4 seen, 2 updated, 2 unchanged
                ~ episode i3 S01E02 Two: 1x2 → 1x1
                ~ episode i4 S01E03 Three: 1x3 → 1x2
                ~ listing den:e2: other facts, nothing to review
                ~ listing den:e3: nothing to review
        "#]],
    );
}

#[test]
fn an_unnumbered_one_gets_its_number() {
    check(
        r#"
        given den
            show s1 "Dark" tvdb=1
            episode s1 2017-12-01 e1 "An evening"
            episode s1 - e2 "Unknown"
            season s1 - r1 "Extras"
        sync den
            show s1 "Dark" tvdb=1
            episode s1 1x01 e1 "An evening" date=2017-12-01
            episode s1 1x02 e2 "Known" abs=2
            season s1 0 r1 "Extras"
        "#,
        &expect![[r#"
            den: 4 seen, 4 added
            den: 4 seen, 3 updated, 1 unchanged
                ~ season i2 Extras: -x- → 0x-
                ~ listing den:r1: other facts
                ~ episode i3 2017-12-01 An evening: -x- → 1x1
                ~ episode i4 Unknown: -x- → 1x2 (2), title Unknown → Known, sort_title unknown → known
                ~ listing den:e1: other facts
                ~ listing den:e2: other facts
        "#]],
    );
}

#[test]
fn sources_count_differently() {
    check(
        r#"
        given den
            show s1 "Dark" tvdb=1
            episode s1 1x01 e1 "One" file=d/1.mkv:1
            episode s1 1x02 e2 "Two" file=d/2.mkv:2
        sync loft                       # by file; the first source's numbers hold
            show t "Dark" tvdb=1
            episode t 5x01 f1 "One" file=d/1.mkv:1
            episode t - f2 "Two" abs=2 file=d/2.mkv:2
        configure loft priority=-1
        sync loft
            show t "Dark" tvdb=1
            episode t 5x01 f1 "One!" file=d/1.mkv:1
            episode t - f2 "Two!" abs=2 file=d/2.mkv:2
        catalogue
        "#,
        &expect![[r#"
            den: 3 seen, 3 added
            loft: 3 seen, 3 updated
                + listing loft:t of i1 by external_id
                ~ episode i3 S01E02 Two: 1x2 → 1x2 (2)
                + listing loft:f2 of i3 by file
                + listing loft:f1 of i2 by file
            loft: 3 seen, 2 updated, 1 unchanged
                ~ episode i2 S01E01 One: 1x1 → 5x1, title One → One!, sort_title one → one!
                ~ episode i3 S01E02 Two: title Two → Two!, sort_title two → two!
                ~ listing loft:f2: other facts
                ~ listing loft:f1: other facts
            catalogue
            show i1 Dark: tvdb 1
                den:s1
                loft:t
            episode i2 S05E01 One!: of i1
                den:e1
                loft:f1
            episode i3 S01E02 Two!: of i1
                den:e2
                loft:f2
        "#]],
    );
}

#[test]
fn duplicated_numbers_are_one_episode_with_two_listings() {
    check(
        r#"
        sync den
            show s1 "Dark" tvdb=1
            episode s1 1x01 e1 "One" file=d/1.mkv:1
            episode s1 1x01 e2 "One, too" file=d/2.mkv:2
            season s1 1 r1
            season s1 1 r2
        sync den
            show s1 "Dark" tvdb=1
            episode s1 1x01 e1 "One" file=d/1.mkv:1
            episode s1 1x01 e2 "One, too" file=d/2.mkv:2
            season s1 1 r1
            season s1 1 r2
        "#,
        &expect![[r#"
            den: 5 seen, 3 added
                + show i1 Dark
                + listing den:s1 of i1 by new
                + id tvdb 1 of i1
                + season i2 Season 1
                + listing den:r1 of i2 by new
                + listing den:r2 of i2 by natural_key
                + episode i3 S01E01 One
                + listing den:e1 of i3 by new
                + listing den:e2 of i3 by natural_key
            den: 5 seen, 5 unchanged
        "#]],
    );
}
