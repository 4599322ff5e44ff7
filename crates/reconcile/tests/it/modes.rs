//! What `update`, `fill` and `skip` may do to items that are known.

use expect_test::expect;

use crate::script::check;

#[test]
fn an_item_from_before_gets_what_it_lacks() {
    check(
        r#"
        known movie m "Heat" 1995 overview="mine"
        known show s "Dark" 2017
        known episode i2 1x01 e "Secrets"
        known movie n "Home video"
        sync den fill
            movie m1 "heat" 1995 tmdb=949 imdb=tt0113277 overview="den's" poster=/p runtime=60
            show s1 "Dark" 2017 tvdb=1 poster=/s
            episode s1 1x01 e1 "Geheimnisse" runtime=50 played last=2024-01-01
            movie m2 "Ronin" 1998
        sync den fill
            movie m1 "heat" 1995 tmdb=949 imdb=tt0113277 overview="den's" poster=/p runtime=60
            show s1 "Dark" 2017 tvdb=1 poster=/s
            episode s1 1x01 e1 "Geheimnisse" runtime=50 played last=2024-01-01
            movie m2 "Ronin" 1998
        catalogue
        "#,
        &expect![[r#"
            den fill: 4 seen, 1 added, 3 updated
                ~ movie i1 Heat (1995): sort_title - → heat, runtime_seconds - → 60, poster_url - → /p
                ~ show i2 Dark (2017): sort_title - → dark, poster_url - → /s
                + movie i5 Ronin (1998)
                + listing den:m1 of i1 by title
                + listing den:s1 of i2 by title
                + listing den:m2 of i5 by new
                + id tmdb 949 of i1
                + id imdb tt0113277 of i1
                + id tvdb 1 of i2
                ~ episode i3 S01E01 Secrets: sort_title - → secrets, runtime_seconds - → 50
                + listing den:e1 of i3 by natural_key
                + progress of i3: played 2024-01-01
            den fill: 4 seen, 4 unchanged
            catalogue
            movie i1 Heat (1995): tmdb 949, imdb tt0113277, overview mine, poster_url /p, runtime_seconds 60
                den:m1
            show i2 Dark (2017): tvdb 1, poster_url /s
                den:s1
            episode i3 S01E01 Secrets: of i2, runtime_seconds 50
                den:e1
                played 2024-01-01
            movie i4 Home video
            movie i5 Ronin (1998)
                den:m2
        "#]],
    );
}

#[test]
fn fill_changes_nothing_that_is_there() {
    check(
        r#"
        given den
            movie m1 "Heat" 1995 tmdb=949
            show s1 "Dark" tvdb=1
            episode s1 1x01 e1 "Secrets" played last=2024-01-01
        sync den fill
            movie m1 "Hitze" 1996 tmdb=950 imdb=tt0113277 overview=new
            show s1 "Dark" tvdb=1
            episode s1 1x02 e1 "Lies" abs=5 position=60 last=2025-01-01
        configure loft priority=-1
        sync loft fill                  # a source that would win does not
            movie a "Feuer" 1995 imdb=tt0113277 tmdb=951 overview=newer runtime=60
        sync loft fill
            movie a "Feuer" 1995 imdb=tt0113277 tmdb=951 overview=newer runtime=60
        catalogue
        sync den                        # an update says it all
            movie m1 "Hitze" 1996 tmdb=950 imdb=tt0113277 overview=new
            show s1 "Dark" tvdb=1
            episode s1 1x02 e1 "Lies" abs=5 position=60 last=2025-01-01
        "#,
        &expect![[r#"
            den: 3 seen, 3 added
            den fill: 3 seen, 2 updated, 1 unchanged
                ~ movie i1 Heat (1995): overview - → new
                ~ listing den:m1: other facts
                + id imdb tt0113277 of i1
                ~ episode i3 S01E01 Secrets: 1x1 → 1x1 (5)
                ~ listing den:e1: other facts
            loft fill: 1 seen, 1 added, 1 conflicts
                + movie i4 Feuer (1995)
                + listing loft:a of i4 by new, claim imdb tt0113277 (i1)
                + id tmdb 951 of i4
            loft fill: 1 seen, 1 unchanged
            catalogue
            movie i1 Heat (1995): tmdb 949, imdb tt0113277, overview new
                den:m1
            show i2 Dark: tvdb 1
                den:s1
            episode i3 S01E01 Secrets: of i2
                den:e1
                played 2024-01-01
            movie i4 Feuer (1995): tmdb 951, overview newer, runtime_seconds 60
                loft:a, claim imdb tt0113277 (i1)
            den: 3 seen, 2 updated, 1 unchanged
                ~ movie i1 Heat (1995): title Heat → Hitze, sort_title heat → hitze, year 1995 → 1996
                ~ listing den:m1: other facts
                - id tmdb 949 of i1
                + id tmdb 950 of i1
                ~ episode i3 S01E01 Secrets: 1x1 (5) → 1x2 (5), title Secrets → Lies, sort_title secrets → lies
                ~ listing den:e1: other facts, at 60 s 2025-01-01
                ~ progress of i3: at 60 s 2025-01-01
        "#]],
    );
}

#[test]
fn fill_links_again_what_is_there_under_another_id() {
    check(
        r#"
        given den
            movie m1 "Heat" 1995 tmdb=949 file=Heat/hd.mkv:5 overview="den's"
            show s1 "Dark" tvdb=1
            episode s1 1x01 e1 file=Dark/hd.mkv:5
        sync den fill
            movie n1 "Hitze" 1995 tmdb=949 file=Heat/uhd.mkv:9 overview="other"
            show n2 "Dark" tvdb=1
            episode n2 1x01 n3 file=Dark/uhd.mkv:9
        sync den fill
            movie n1 "Hitze" 1995 tmdb=949 file=Heat/uhd.mkv:9 overview="other"
            show n2 "Dark" tvdb=1
            episode n2 1x01 n3 file=Dark/uhd.mkv:9
        catalogue
        sync den
            movie n1 "Hitze" 1995 tmdb=949 file=Heat/uhd.mkv:9 overview="other"
            show n2 "Dark" tvdb=1
            episode n2 1x01 n3 file=Dark/uhd.mkv:9
        "#,
        &expect![[r#"
            den: 3 seen, 3 added
            den fill: 3 seen, 3 relinked, 3 unchanged
                → listing den:m1: is den:n1 now, by external_id
                → listing den:s1: is den:n2 now, by external_id
                → listing den:e1: is den:n3 now, by natural_key
            den fill: 3 seen, 3 unchanged
            catalogue
            movie i1 Heat (1995): tmdb 949, overview den's
                den:n1
            show i2 Dark: tvdb 1
                den:n2
            episode i3 S01E01 Episode 1: of i2
                den:n3
            den: 3 seen, 2 updated, 1 unchanged
                ~ movie i1 Heat (1995): title Heat → Hitze, sort_title heat → hitze, overview den's → other
                ~ listing den:n1: other facts
                ~ listing den:n3: other facts
        "#]],
    );
}

#[test]
fn fill_respects_what_a_person_cleared() {
    check(
        r#"
        known movie m "Heat" 1995 overview=spoilers
        override i1 overview
        override i1 poster_url
        sync den fill
            movie m1 "Heat" 1995 overview=more poster=/p
        sync den fill
            movie m1 "Heat" 1995 overview=more poster=/p
        catalogue
        "#,
        &expect![[r#"
            den fill: 1 seen, 1 updated
                + listing den:m1 of i1 by title
            den fill: 1 seen, 1 unchanged
            catalogue
            movie i1 Heat (1995)
                den:m1
        "#]],
    );
}

#[test]
fn skip_only_adds() {
    check(
        r#"
        known movie m "Alien" 1979
        given den
            movie m1 "Heat" 1995 tmdb=949 file=Heat/hd.mkv:5
        sync den skip
            movie m1 "Hitze" 1996 tmdb=950 file=Heat/hd.mkv:5
            movie m2 "Ronin" 1998
            movie m3 "Alien" 1979 tmdb=348
        sync den skip                   # another id is no other item, and absence proves nothing
            movie n1 "Hitze" 1996 tmdb=949 file=Heat/uhd.mkv:9
            movie m2 "Ronin" 1998
            movie m3 "Alien" 1979 tmdb=348
        catalogue
        "#,
        &expect![[r#"
            den: 1 seen, 1 added
            den skip: 3 seen, 1 added, 2 unchanged
                + movie i3 Ronin (1998)
                + listing den:m2 of i3 by new
            den skip: 3 seen, 3 unchanged
            catalogue
            movie i1 Alien (1979)
            movie i2 Heat (1995): tmdb 949
                den:m1
            movie i3 Ronin (1998)
                den:m2
        "#]],
    );
}

#[test]
fn skip_links_a_known_show_for_its_new_episodes() {
    check(
        r#"
        given den
            show s1 "Dark" tvdb=1
            episode s1 1x01 e1 "Secrets"
        configure loft priority=-1
        sync loft skip
            show t "Finster" tvdb=1 tmdb=2 played
            episode t 1x01 f1 "Geheimnisse"
            episode t 1x02 f2 "Lügen"
        sync loft skip
            show t "Finster" tvdb=1 tmdb=2 played
            episode t 1x01 f1 "Geheimnisse"
            episode t 1x02 f2 "Lügen"
        catalogue
        "#,
        &expect![[r#"
            den: 2 seen, 2 added
            loft skip: 3 seen, 1 added, 1 updated, 1 unchanged
                + listing loft:t of i1 by external_id
                + episode i3 S01E02 Lügen
                + listing loft:f2 of i3 by new
            loft skip: 3 seen, 3 unchanged
            catalogue
            show i1 Dark: tvdb 1
                den:s1
                loft:t
            episode i2 S01E01 Secrets: of i1
                den:e1
            episode i3 S01E02 Lügen: of i1
                loft:f2
        "#]],
    );
}

#[test]
fn an_update_completes_an_item_from_before_and_then_rests() {
    check(
        r#"
        known movie m "Heat" 1995 poster=/mine
        sync den
            movie m1 "Heat" 1995 tmdb=949 overview="den's"
        sync den
            movie m1 "Heat" 1995 tmdb=949 overview="den's"
        sync den                        # what a listing took back goes, what none said stays
            movie m1 "Heat" 1995 tmdb=949
        catalogue
        "#,
        &expect![[r#"
            den: 1 seen, 1 updated
                ~ movie i1 Heat (1995): sort_title - → heat, overview - → den's
                + listing den:m1 of i1 by title
                + id tmdb 949 of i1
            den: 1 seen, 1 unchanged
            den: 1 seen, 1 updated
                ~ movie i1 Heat (1995): overview den's → -
                ~ listing den:m1: other facts
            catalogue
            movie i1 Heat (1995): tmdb 949, poster_url /mine
                den:m1
        "#]],
    );
}
