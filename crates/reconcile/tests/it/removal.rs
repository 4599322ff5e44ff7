//! What goes when a complete listing does not show it, what stays, and what asks a person first.

use expect_test::expect;

use crate::script::check;

#[test]
fn a_show_goes_with_all_that_hangs_on_it() {
    check(
        r#"
        given den
            show s1 "Dark" tvdb=1
            season s1 1 r1
            episode s1 1x01 e1 "Secrets" played last=2024-01-01
            movie m1 "Heat" 1995
        settings i3
        override i4 title=Corrected
        sync den
            movie m1 "Heat" 1995
        catalogue
        "#,
        &expect![[r#"
            den: 4 seen, 4 added
            den: 1 seen, 1 unchanged, 3 removed
                - listing den:s1
                - listing den:r1
                - settings of i3
                - season i3 Season 1
                - listing den:e1
                - override of i4: title
                - progress of i4: played 2024-01-01
                - episode i4 S01E01 Corrected
                - id tvdb 1 of i1
                - show i1 Dark
            catalogue
            movie i2 Heat (1995)
                den:m1
        "#]],
    );
}

#[test]
fn a_show_that_is_listed_elsewhere_stays_without_the_listings() {
    check(
        r#"
        given den
            show s1 "Dark" tvdb=1 poster=/den/s1
            season s1 1 r1
            episode s1 1x01 e1 "Secrets"
            episode s1 1x02 e2 "Lies"
            movie m1 "Heat" 1995
        given loft
            show t1 "Dark" tvdb=1
            episode t1 1x01 f1 "Geheimnisse"
        sync den
            movie m1 "Heat" 1995
        catalogue
        "#,
        &expect![[r#"
            den: 5 seen, 5 added
            loft: 2 seen, 2 updated
            den: 1 seen, 1 unchanged, 2 removed
                - listing den:s1
                - listing den:r1
                - listing den:e1
                - listing den:e2
                - season i3 Season 1
                - episode i5 S01E02 Lies
                ~ show i1 Dark: poster_url /den/s1 → -
                ~ episode i4 S01E01 Secrets: title Secrets → Geheimnisse, sort_title secrets → geheimnisse
            catalogue
            show i1 Dark: tvdb 1
                loft:t1
            movie i2 Heat (1995)
                den:m1
            episode i4 S01E01 Geheimnisse: of i1
                loft:f1
        "#]],
    );
}

#[test]
fn a_season_goes_and_the_show_stays() {
    check(
        r#"
        given den
            show s1 "Dark" tvdb=1
            season s1 1 r1
            episode s1 1x01 e1
            season s1 2 r2
            episode s1 2x01 e2
        sync den                        # emptied
            show s1 "Dark" tvdb=1
            season s1 1 r1
            episode s1 1x01 e1
            season s1 2 r2
        sync den                        # gone
            show s1 "Dark" tvdb=1
            season s1 1 r1
            episode s1 1x01 e1
        "#,
        &expect![[r#"
            den: 5 seen, 5 added
            den: 4 seen, 4 unchanged, 1 removed
                - listing den:e2
                - episode i5 S02E01 Episode 1
            den: 3 seen, 3 unchanged, 1 removed
                - listing den:r2
                - season i3 Season 2
        "#]],
    );
}

#[test]
fn a_show_whose_episodes_are_seen_is_there() {
    check(
        r#"
        given den
            show s1 "Dark" tvdb=1
            episode s1 1x01 e1
            episode s1 1x02 e2
        sync den
            episode s1 1x01 e1
        sync den
            episode s1 1x01 e1
        sync den
            show s1 "Dark" tvdb=1
            episode s1 1x01 e1
        "#,
        &expect![[r#"
            den: 3 seen, 3 added
            den: 1 seen, 1 unchanged, 1 missing, 1 removed
                - listing den:e2
                - episode i3 S01E02 Episode 2
                ? listing den:s1: is missing
            den: 1 seen, 1 unchanged
            den: 2 seen, 1 updated, 1 unchanged
                ! listing den:s1: is back
        "#]],
    );
}

#[test]
fn a_show_moves_to_another_library() {
    check(
        r#"
        given den/shows
            show s1 "Dark" tvdb=1
            episode s1 1x01 e1 played last=2024-01-01
            show s2 "Bright" tvdb=2
        settings i2
        given den/kids
            show k1 "Dark" tvdb=1
            episode k1 1x01 k2
        sync den/shows
            show s2 "Bright" tvdb=2
        catalogue
        "#,
        &expect![[r#"
            den/shows: 3 seen, 3 added
            den/kids: 2 seen, 2 updated
            den/shows: 1 seen, 1 unchanged
                - listing den/shows:s1
                - listing den/shows:e1
                ~ listing den/kids:k2: played 2024-01-01 (carried)
            catalogue
            show i1 Dark: tvdb 1
                den/kids:k1
            show i2 Bright: tvdb 2
                den/shows:s2
            episode i3 S01E01 Episode 1: of i1
                den/kids:k2
                played 2024-01-01
        "#]],
    );
}

#[test]
fn an_episode_moves_to_another_show() {
    check(
        r#"
        given den
            show s1 "Dark" tvdb=1
            episode s1 1x01 e1 "Secrets" played last=2024-01-01
            show s2 "Dark, the same" tvdb=2
            episode s2 1x01 e2 "Secrets"
            episode s2 1x02 e3 "Lies" played last=2024-01-01
        settings i5
        sync den                        # merged on the server: 1x01 has two versions now
            show s1 "Dark" tvdb=1
            episode s1 1x01 e1 "Secrets" played last=2024-01-01
            episode s1 1x01 e2 "Secrets"
            episode s1 1x02 e3 "Lies" played last=2024-01-01
        sync den
            show s1 "Dark" tvdb=1
            episode s1 1x01 e1 "Secrets" played last=2024-01-01
            episode s1 1x01 e2 "Secrets"
            episode s1 1x02 e3 "Lies" played last=2024-01-01
        catalogue
        "#,
        &expect![[r#"
            den: 5 seen, 5 added
            den: 4 seen, 2 updated, 2 unchanged, 2 removed
                ~ episode i5 S01E02 Lies: show i2 → i1
                ~ listing den:e2: is den:(parked) now
                ~ listing den:e3: in silence
                + listing den:e2 of i3 by natural_key
                - listing den:s2
                - listing den:(parked)
                - episode i4 S01E01 Secrets
                - id tvdb 2 of i2
                - show i2 Dark, the same
            den: 4 seen, 4 unchanged
            catalogue
            show i1 Dark: tvdb 1
                den:s1
            episode i3 S01E01 Secrets: of i1
                den:e1
                den:e2
                played 2024-01-01
            episode i5 S01E02 Lies: of i1
                den:e3
                played 2024-01-01
        "#]],
    );
}

#[test]
fn only_a_complete_listing_proves_anything() {
    check(
        r#"
        given den
            movie m1 "Heat" 1995
            movie m2 "Ronin" 1998
        sync den partial
            movie m1 "Heat" 1995
        sync den quick
        sync den partial rebuilt
        "#,
        &expect![[r#"
            den: 2 seen, 2 added
            den partial: 1 seen, 1 unchanged
            den quick: nothing
            den partial rebuilt: nothing
        "#]],
    );
}

#[test]
fn a_quick_listing_relinks_nothing() {
    check(
        r#"
        given den
            movie old "Heat" 1995 tmdb=949 played last=2024-01-01
        sync den quick
            movie new "Heat" 1995 tmdb=949
        sync den
            movie new "Heat" 1995 tmdb=949
        catalogue
        "#,
        &expect![[r#"
            den: 1 seen, 1 added
            den quick: 1 seen, 1 updated
                + listing den:new of i1 by external_id
            den: 1 seen, 1 unchanged
                - listing den:old
                ~ listing den:new: played 2024-01-01 (carried)
            catalogue
            movie i1 Heat (1995): tmdb 949
                den:new
                played 2024-01-01
        "#]],
    );
}

#[test]
fn more_than_the_guard_allows_is_held_until_a_person_decides() {
    check(
        r#"
        given den
            movie m1 "A" 2001
            movie m2 "B" 2002
            movie m3 "C" 2003
            movie m4 "D" 2004
        configure den max_removals=1
        settings i1
        sync den                        # what is new is applied all the same
            movie m3 "C" 2003
            movie m4 "D, renamed" 2004
            movie m5 "E" 2005
        discard den
        sync den                        # discarded: not asked for again
            movie m3 "C" 2003
            movie m4 "D, renamed" 2004
            movie m5 "E" 2005
        sync den                        # but a new one is; and who comes back is no longer kept
            movie m1 "A" 2001
            movie m4 "D, renamed" 2004
            movie m5 "E" 2005
        sync den
            movie m4 "D, renamed" 2004
            movie m6 "F" 2006
        approve den
        catalogue
        "#,
        &expect![[r#"
            den: 4 seen, 4 added
            den: 3 seen, 1 added, 1 updated, 1 unchanged, 2 held
                ~ movie i4 D (2004): title D → D, renamed, sort_title d → d, renamed
                + movie i5 E (2005)
                ~ listing den:m4: other facts
                + listing den:m5 of i5 by new
                held: 2 of 4 items would go, and 1 are allowed (1)
            den: 3 seen, 3 unchanged
            den: 3 seen, 3 unchanged, 1 removed
                ~ listing den:m1: is listed again
                - listing den:m3
                - movie i3 C (2003)
            den: 2 seen, 1 added, 1 unchanged, 2 held
                + movie i6 F (2006)
                + listing den:m6 of i6 by new
                held: 2 of 4 items would go, and 1 are allowed (1)
            approve den: 2 removed
                - listing den:m1
                - listing den:m5
                - settings of i1
                - movie i1 A (2001)
                - movie i5 E (2005)
            catalogue
            movie i2 B (2002)
                den:m2, kept
            movie i4 D, renamed (2004)
                den:m4
            movie i6 F (2006)
                den:m6
        "#]],
    );
}

#[test]
fn an_empty_or_other_server_is_held() {
    check(
        r#"
        given den
            movie m1 "A" 2001
            movie m2 "B" 2002
        configure den max_removals=100%
        sync den
        sync den rebuilt
            movie x1 "C" 2003
        catalogue
        "#,
        &expect![[r#"
            den: 2 seen, 2 added
            den: 2 held
                held: the listing is empty, but 2 items are known
            den rebuilt: 1 seen, 1 added, 2 held
                + movie i3 C (2003)
                + listing den:x1 of i3 by new
                held: another server answers at the address; 2 items of the old one are not there
            catalogue
            movie i1 A (2001)
                den:m1
            movie i2 B (2002)
                den:m2
            movie i3 C (2003)
                den:x1
        "#]],
    );
}

#[test]
fn kept_is_marked_missing_and_comes_back_as_it_was() {
    check(
        r#"
        configure arr on_missing=keep
        given arr
            show s1 "Dark" tvdb=1
            episode s1 1x01 e1 "Secrets"
            episode s1 1x02 e2 "Lies"
        settings i3
        sync arr
            show s1 "Dark" tvdb=1
            episode s1 1x01 e1 "Secrets"
        sync arr
            show s1 "Dark" tvdb=1
            episode s1 1x01 e1 "Secrets"
        catalogue
        sync arr
            show s1 "Dark" tvdb=1
            episode s1 1x01 e1 "Secrets"
            episode s1 1x02 e2 "Lies"
        "#,
        &expect![[r#"
            arr: 3 seen, 3 added
            arr: 2 seen, 2 unchanged, 1 missing
                ? listing arr:e2: is missing
            arr: 2 seen, 2 unchanged
            catalogue
            show i1 Dark: tvdb 1
                arr:s1
            episode i2 S01E01 Secrets: of i1
                arr:e1
            episode i3 S01E02 Lies: of i1
                arr:e2, missing
            arr: 3 seen, 1 updated, 2 unchanged
                ! listing arr:e2: is back
        "#]],
    );
}

#[test]
fn grace_ends_after_its_days() {
    check(
        r#"
        configure den on_missing=grace:30d
        given den
            show s1 "Dark" tvdb=1
            episode s1 1x01 e1
            episode s1 1x02 e2
            movie m1 "Heat" 1995
        sync den                        # one episode is missing
            show s1 "Dark" tvdb=1
            episode s1 1x01 e1
            movie m1 "Heat" 1995
        wait 20
        sync den                        # and then the show and the other
            movie m1 "Heat" 1995
        wait 10
        sync den                        # 30 days for one, 10 for the others
            movie m1 "Heat" 1995
        wait 20
        sync den
            movie m1 "Heat" 1995
        "#,
        &expect![[r#"
            den: 4 seen, 4 added
            den: 3 seen, 3 unchanged, 1 missing
                ? listing den:e2: is missing
            den: 1 seen, 1 unchanged, 2 missing
                ? listing den:s1: is missing
                ? listing den:e1: is missing
            den: 1 seen, 1 unchanged, 1 removed
                - listing den:e2
                - episode i4 S01E02 Episode 2
            den: 1 seen, 1 unchanged, 2 removed
                - listing den:s1
                - listing den:e1
                - episode i3 S01E01 Episode 1
                - id tvdb 1 of i1
                - show i1 Dark
        "#]],
    );
}

#[test]
fn a_missing_listing_counts_after_all_others() {
    check(
        r#"
        configure den on_missing=keep
        given den
            movie m1 "Heat" 1995 tmdb=949 overview="den's"
            movie m2 "Ronin" 1998
        given loft
            movie a "Hitze" 1995 tmdb=949 overview="loft's"
        sync den
            movie m2 "Ronin" 1998
        catalogue
        "#,
        &expect![[r#"
            den: 2 seen, 2 added
            loft: 1 seen, 1 updated
            den: 1 seen, 1 unchanged, 1 missing
                ~ movie i1 Heat (1995): title Heat → Hitze, sort_title heat → hitze, overview den's → loft's
                ? listing den:m1: is missing
            catalogue
            movie i1 Hitze (1995): tmdb 949, overview loft's
                den:m1, missing
                loft:a
            movie i2 Ronin (1998)
                den:m2
        "#]],
    );
}

#[test]
fn what_a_listing_said_goes_with_it_and_what_none_ever_said_stays() {
    check(
        r#"
        known movie m "Heat" 1995 poster=/mine overview="from before"
        given den
            movie m1 "Heat" 1995 tmdb=949 runtime=60
            movie m2 "Ronin" 1998
        given loft
            movie a "Heat" 1995
        sync den
            movie m2 "Ronin" 1998
        catalogue
        "#,
        &expect![[r#"
            den: 2 seen, 1 added, 1 updated
            loft: 1 seen, 1 updated
            den: 1 seen, 1 unchanged
                - listing den:m1
                ~ movie i1 Heat (1995): runtime_seconds 60 → -
                - id tmdb 949 of i1
            catalogue
            movie i1 Heat (1995): overview from before, poster_url /mine
                loft:a
            movie i2 Ronin (1998)
                den:m2
        "#]],
    );
}

#[test]
fn what_was_played_is_handed_over_when_a_version_goes() {
    check(
        r#"
        given den
            movie hd "Heat" 1995 tmdb=949 file=Heat/hd.mkv:5 position=60 last=2020-01-01
            movie uhd "Heat" 1995 tmdb=949 file=Heat/uhd.mkv:9 played last=2024-01-01
        sync den
            movie hd "Heat" 1995 tmdb=949 file=Heat/hd.mkv:5 position=60 last=2020-01-01
        sync den                        # what is older is not news
            movie hd "Heat!" 1995 tmdb=949 file=Heat/hd.mkv:5 position=60 last=2020-01-01
        sync den                        # what is newer is
            movie hd "Heat!" 1995 tmdb=949 file=Heat/hd.mkv:5 position=90 last=2025-01-01
        "#,
        &expect![[r#"
            den: 2 seen, 1 added
            den: 1 seen, 1 unchanged
                - listing den:uhd
                ~ listing den:hd: played 2024-01-01 (carried)
            den: 1 seen, 1 updated
                ~ movie i1 Heat (1995): title Heat → Heat!, sort_title heat → heat!
                ~ listing den:hd: other facts
            den: 1 seen, 1 updated
                ~ listing den:hd: at 90 s 2025-01-01
                ~ progress of i1: at 90 s 2025-01-01
        "#]],
    );
}

#[test]
fn what_waits_for_a_person_goes_when_it_is_gone() {
    check(
        r#"
        configure loft on_missing=keep
        given den
            movie m1 "Heat" 1995 tmdb=1
            movie m2 "Heat" 1995 tmdb=2
        given loft
            movie a "Heat" 1995
            movie b "Ronin" 1998
        sync loft
            movie b "Ronin" 1998
        "#,
        &expect![[r#"
            den: 2 seen, 2 added
            loft: 2 seen, 1 added, 1 conflicts
            loft: 1 seen, 1 unchanged
                - listing loft:a
        "#]],
    );
}

#[test]
fn an_id_and_a_place_that_become_the_items_are_taken_when_they_are_said_again() {
    check(
        r#"
        given attic                     # the first source, and another opinion
            movie x "Heat" 1995 tmdb=950 file=h/h.mkv:7
            movie y "Alien" 1979
            show z "Dark" tvdb=1
            episode z 2x01 z1 file=d/1.mkv:1
            episode z 2x02 z2 file=d/2.mkv:2
        given loft
            movie a "Heat" 1995 tmdb=949 file=h/h.mkv:7
            show t "Dark" tvdb=1
            episode t 1x01 t1 file=d/1.mkv:1
        catalogue
        sync attic
            movie y "Alien" 1979
            show z "Dark" tvdb=1
            episode z 2x02 z2 file=d/2.mkv:2
        sync loft
            movie a "Heat" 1995 tmdb=949 file=h/h.mkv:7
            show t "Dark" tvdb=1
            episode t 1x01 t1 file=d/1.mkv:1
        sync loft
            movie a "Heat" 1995 tmdb=949 file=h/h.mkv:7
            show t "Dark" tvdb=1
            episode t 1x01 t1 file=d/1.mkv:1
        "#,
        &expect![[r#"
            attic: 5 seen, 5 added
            loft: 3 seen, 3 updated
            catalogue
            movie i1 Heat (1995): tmdb 950
                attic:x
                loft:a
            show i2 Dark: tvdb 1
                attic:z
                loft:t
            movie i3 Alien (1979)
                attic:y
            episode i4 S02E01 Episode 1: of i2
                attic:z1
                loft:t1
            episode i5 S02E02 Episode 2: of i2
                attic:z2
            attic: 3 seen, 3 unchanged
                - listing attic:x
                - listing attic:z1
                ~ listing loft:a: to be looked at again
                ~ listing loft:t1: to be looked at again
                - id tmdb 950 of i1
            loft: 3 seen, 2 updated, 1 unchanged
                ~ listing loft:a: in silence
                + id tmdb 949 of i1
                ~ episode i4 S02E01 Episode 1: 2x1 → 1x1
                ~ listing loft:t1: in silence
            loft: 3 seen, 3 unchanged
        "#]],
    );
}
