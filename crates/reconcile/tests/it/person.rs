//! What a person set: no sync writes it, and what they decided stays decided.

use expect_test::expect;

use crate::script::check;

#[test]
fn corrected_and_cleared_fields_stay() {
    check(
        r#"
        given den
            movie m1 "Heet" 1996 tmdb=949 overview=spoilers poster=/old
        override i1 title=Heat
        override i1 year=1995
        override i1 overview
        settings i1
        sync den
            movie m1 "Hete" 1997 tmdb=949 overview="more spoilers" poster=/new
        sync loft
            movie a "Hitze" 1998 tmdb=949 overview="other spoilers" runtime=60
        catalogue
        "#,
        &expect![[r#"
            den: 1 seen, 1 added
            den: 1 seen, 1 updated
                ~ movie i1 Heat (1995): poster_url /old → /new
                ~ listing den:m1: other facts
            loft: 1 seen, 1 updated
                ~ movie i1 Heat (1995): runtime_seconds - → 60
                + listing loft:a of i1 by external_id
            catalogue
            movie i1 Heat (1995): tmdb 949, poster_url /new, runtime_seconds 60
                den:m1
                loft:a
        "#]],
    );
}

#[test]
fn a_corrected_title_is_what_it_is_sorted_by() {
    check(
        r#"
        given den
            movie m1 "Heet" 1995 sort="heet 1"
        override i1 title="The Heat"
        sync den
            movie m1 "Heet" 1995 sort="heet 2" runtime=60
        override i1 sort_title=zzz
        sync den
            movie m1 "Heet" 1995 sort="heet 3" runtime=61
        "#,
        &expect![[r#"
            den: 1 seen, 1 added
            den: 1 seen, 1 updated
                ~ movie i1 "The Heat" (1995): runtime_seconds - → 60
                ~ listing den:m1: other facts
            den: 1 seen, 1 updated
                ~ movie i1 "The Heat" (1995): runtime_seconds 60 → 61
                ~ listing den:m1: other facts
        "#]],
    );
}

#[test]
fn the_first_source_wins_and_a_second_round_writes_nothing() {
    check(
        r#"
        given den
            movie m1 "Heat" 1995 tmdb=949 overview="den's"
        given loft
            movie a "Hitze" 1995 tmdb=949 overview="loft's" runtime=60
        configure loft priority=-1
        sync loft                       # nothing was said anew
            movie a "Hitze" 1995 tmdb=949 overview="loft's" runtime=60
        sync loft
            movie a "Hitze!" 1995 tmdb=949 runtime=60
        sync den
            movie m1 "Heat" 1995 tmdb=949 overview="den's"
        sync loft
            movie a "Hitze!" 1995 tmdb=949 runtime=60
        catalogue
        "#,
        &expect![[r#"
            den: 1 seen, 1 added
            loft: 1 seen, 1 updated
            loft: 1 seen, 1 unchanged
            loft: 1 seen, 1 updated
                ~ movie i1 Hitze (1995): title Hitze → Hitze!, sort_title hitze → hitze!, overview loft's → den's
                ~ listing loft:a: other facts
            den: 1 seen, 1 unchanged
            loft: 1 seen, 1 unchanged
            catalogue
            movie i1 Hitze! (1995): tmdb 949, overview den's, runtime_seconds 60
                den:m1
                loft:a
        "#]],
    );
}

#[test]
fn a_merge_survives_a_rebuilt_server() {
    check(
        r#"
        given den
            movie m1 "Heat" 1995 tmdb=949 file=a/1.mkv:1
            movie m2 "Heat, the cut" 1996 tmdb=950 file=a/2.mkv:2
        place den:m2 i1
        catalogue
        sync den
            movie m1 "Heat" 1995 tmdb=949 file=a/1.mkv:1
            movie m2 "Heat, the longer cut" 1996 tmdb=950 file=a/2.mkv:2
        sync den rebuilt
            movie n1 "Heat" 1995 tmdb=949 file=a/1.mkv:1
            movie n2 "Heat, the longer cut" 1996 tmdb=950 file=a/2.mkv:2
        catalogue
        "#,
        &expect![[r#"
            den: 2 seen, 2 added
            catalogue
            movie i1 Heat (1995): tmdb 949, tmdb 950
                den:m1
                den:m2
            den: 2 seen, 1 updated, 1 unchanged
                ~ listing den:m2: other facts
            den rebuilt: 2 seen, 2 relinked, 1 unchanged
                → listing den:m1: is den:n1 now, by external_id
                → listing den:m2: is den:n2 now
            catalogue
            movie i1 Heat (1995): tmdb 949, tmdb 950
                den:n1
                den:n2
        "#]],
    );
}

#[test]
fn a_split_survives_a_rebuilt_server() {
    check(
        r#"
        given den
            movie m1 "Heat" 1995 tmdb=949 file=a/1.mkv:1
            movie m2 "Heat" 1995 tmdb=949 file=a/2.mkv:2
        place den:m2 new
        settings i2
        sync den
            movie m1 "Heat" 1995 tmdb=949 file=a/1.mkv:1
            movie m2 "Heat!" 1995 tmdb=949 file=a/2.mkv:2
        sync den rebuilt
            movie n1 "Heat" 1995 tmdb=949 file=a/1.mkv:1
            movie n2 "Heat!" 1995 tmdb=949 file=a/2.mkv:2
        catalogue
        "#,
        &expect![[r#"
            den: 2 seen, 1 added
            den: 2 seen, 1 updated, 1 unchanged
                ~ movie i2 Heat (1995): title Heat → Heat!, sort_title heat → heat!
                ~ listing den:m2: other facts
            den rebuilt: 2 seen, 2 relinked, 2 unchanged
                → listing den:m1: is den:n1 now, by external_id
                → listing den:m2: is den:n2 now
            catalogue
            movie i1 Heat (1995): tmdb 949
                den:n1
            movie i2 Heat! (1995)
                den:n2
        "#]],
    );
}

#[test]
fn a_split_survives_ids_that_change_one_after_the_other() {
    check(
        r#"
        given den
            movie m1 "Heat" 1995 tmdb=949 file=a/1.mkv:1
            movie m2 "Heat" 1995 tmdb=949 file=a/2.mkv:2
        place den:m2 new
        sync den
            movie m1 "Heat" 1995 tmdb=949 file=a/1.mkv:1
            movie m2 "Heat" 1995 tmdb=949 file=a/2.mkv:2
            movie n2 "Heat" 1995 tmdb=949 file=a/2.mkv:2
        sync den
            movie m1 "Heat" 1995 tmdb=949 file=a/1.mkv:1
            movie n2 "Heat" 1995 tmdb=949 file=a/2.mkv:2
        catalogue
        "#,
        &expect![[r#"
            den: 2 seen, 1 added
            den: 3 seen, 1 updated, 2 unchanged
                + listing den:n2 of i2 by person
            den: 2 seen, 2 unchanged
                - listing den:m2
            catalogue
            movie i1 Heat (1995): tmdb 949
                den:m1
            movie i2 Heat (1995)
                den:n2
        "#]],
    );
}

#[test]
fn an_episode_that_a_person_placed_keeps_its_place() {
    check(
        r#"
        given den
            show s1 "Dark" tvdb=1
            episode s1 1x01 e1 "Secrets" file=d/1.mkv:1
            episode s1 1x02 e2 "Secrets, again" file=d/2.mkv:2
            episode s1 1x03 e3 "Past" file=d/3.mkv:3
        place den:e2 i2
        sync den                        # its own number is not the item's
            show s1 "Dark" tvdb=1
            episode s1 1x01 e1 "Secrets" file=d/1.mkv:1
            episode s1 1x03 e2 "Secrets, again" file=d/2.mkv:2
            episode s1 1x03 e3 "Past" file=d/3.mkv:3
        sync den rebuilt
            show n "Dark" tvdb=1
            episode n 1x01 n1 "Secrets" file=d/1.mkv:1
            episode n 1x03 n2 "Secrets, again" file=d/2.mkv:2
            episode n 1x03 n3 "Past" file=d/3.mkv:3
        catalogue
        "#,
        &expect![[r#"
            den: 4 seen, 4 added
            den: 4 seen, 1 updated, 3 unchanged
                ~ listing den:e2: other facts
            den rebuilt: 4 seen, 4 relinked, 3 unchanged
                → listing den:s1: is den:n now, by external_id
                → listing den:e1: is den:n1 now, by natural_key
                → listing den:e2: is den:n2 now
                → listing den:e3: is den:n3 now, by natural_key
            catalogue
            show i1 Dark: tvdb 1
                den:n
            episode i2 S01E01 Secrets: of i1
                den:n1
                den:n2
            episode i4 S01E03 Past: of i1
                den:n3
        "#]],
    );
}
