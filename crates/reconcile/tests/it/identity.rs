//! Which item an observation is: the six rules of identity, each hit and each near miss, and that
//! no change of remote ids makes another item of it.

use expect_test::expect;

use crate::script::check;

#[test]
fn rule_1_the_listing_is_known() {
    check(
        r#"
        given den
            movie m1 "Heat" 1995 tmdb=949
        sync den                        # other title, other ids, other file: the same object
            movie m1 "Heat: Director's Cut" 1996 tmdb=950 file=Heat/cut.mkv:5
        "#,
        &expect![[r#"
            den: 1 seen, 1 added
            den: 1 seen, 1 updated
                ~ movie i1 Heat (1995): title Heat → Heat: Director's Cut, sort_title heat → heat: director's cut, year 1995 → 1996
                ~ listing den:m1: other facts
                - id tmdb 949 of i1
                + id tmdb 950 of i1
        "#]],
    );
}

#[test]
fn rule_2_the_place_in_the_show() {
    check(
        r#"
        given den
            show s1 "Dark" 2017 tvdb=1
            season s1 1 r1
            episode s1 1x01 e1 "Secrets"
            episode s1 0x01 e2 "A special"
            episode s1 2017-12-01 e3 "An evening"
        sync loft                       # numbers and dates in the same show, whatever the title
            show t1 "Dark (DE)" tvdb=1
            season t1 1 r9
            episode t1 1x01 f1 "Geheimnisse"
            episode t1 0x01 f2
            episode t1 2017-12-01 f3
        sync attic                      # near misses: other season, special, number, date, show
            show u1 "Dark" 2017 tvdb=1
            season u1 2 r1
            episode u1 2x01 f1
            episode u1 0x02 f2
            episode u1 1x02 f3
            episode u1 2017-12-02 f4
            show u2 "Dark Matter" 2015 tvdb=2
            episode u2 1x01 f5
        "#,
        &expect![[r#"
            den: 5 seen, 5 added
            loft: 5 seen, 5 updated
                + listing loft:t1 of i1 by external_id
                + listing loft:r9 of i2 by natural_key
                + listing loft:f3 of i3 by natural_key
                + listing loft:f2 of i4 by natural_key
                + listing loft:f1 of i5 by natural_key
            attic: 8 seen, 7 added, 1 updated
                + show i6 Dark Matter (2015)
                + listing attic:u1 of i1 by external_id
                + listing attic:u2 of i6 by new
                + id tvdb 2 of i6
                + season i7 Season 2
                + listing attic:r1 of i7 by new
                + episode i8 2017-12-02 Untitled
                + episode i9 S00E02 Episode 2
                + episode i10 S01E01 Episode 1
                + episode i11 S01E02 Episode 2
                + episode i12 S02E01 Episode 1
                + listing attic:f4 of i8 by new
                + listing attic:f2 of i9 by new
                + listing attic:f5 of i10 by new
                + listing attic:f3 of i11 by new
                + listing attic:f1 of i12 by new
        "#]],
    );
}

#[test]
fn rule_2_unnumbered_and_undated_episodes_are_only_known_by_their_listing() {
    check(
        r#"
        given den
            show s1 "Dark" tvdb=1
            episode s1 - e1 "Making of"
            episode s1 1x- e2 "Trailer"
            episode s1 - e3 "Making of"
        sync den
            show s1 "Dark" tvdb=1
            episode s1 - e1 "Making of Dark"
            episode s1 1x- e2 "Trailer"
            episode s1 - e3 "Making of"
        catalogue
        "#,
        &expect![[r#"
            den: 4 seen, 4 added
            den: 4 seen, 1 updated, 3 unchanged
                ~ episode i2 Making of: title Making of → Making of Dark, sort_title making of → making of dark
                ~ listing den:e1: other facts
            catalogue
            show i1 Dark: tvdb 1
                den:s1
            episode i2 Making of Dark: of i1
                den:e1
            episode i3 Making of: of i1
                den:e3
            episode i4 Trailer: of i1
                den:e2
        "#]],
    );
}

#[test]
fn rule_3_a_strong_id() {
    check(
        r#"
        given den
            movie m1 "Heat" 1995 tmdb=949 imdb=tt0113277
            show s1 "Dark" 2017 tvdb=334824
        sync loft
            movie a "Hitze" 1996 imdb=tt0113277
            show b "Finster" imdb=tt5753856 tvdb=334824
        "#,
        &expect![[r#"
            den: 2 seen, 2 added
            loft: 2 seen, 2 updated
                + listing loft:a of i1 by external_id
                + listing loft:b of i2 by external_id
                + id imdb tt5753856 of i2
        "#]],
    );
}

#[test]
fn rule_3_a_film_and_a_series_may_have_the_same_number() {
    check(
        r#"
        sync den
            movie m1 "Heat" 1995 tmdb=123
            show s1 "Dark" 2017 tmdb=123
        "#,
        &expect![[r#"
            den: 2 seen, 2 added
                + movie i1 Heat (1995)
                + show i2 Dark (2017)
                + listing den:m1 of i1 by new
                + listing den:s1 of i2 by new
                + id tmdb 123 of i1
                + id tmdb 123 of i2
        "#]],
    );
}

#[test]
fn rule_3_two_films_that_share_a_wrong_id_stay_two() {
    check(
        r#"
        given den
            movie m1 "Heat" 1995 tmdb=949 imdb=tt0113277
        sync loft
            movie a "Ronin" 1998 tmdb=8195 imdb=tt0113277
        catalogue
        "#,
        &expect![[r#"
            den: 1 seen, 1 added
            loft: 1 seen, 1 added, 1 conflicts
                + movie i2 Ronin (1998)
                + listing loft:a of i2 by new, claim imdb tt0113277 (i1)
                + id tmdb 8195 of i2
            catalogue
            movie i1 Heat (1995): tmdb 949, imdb tt0113277
                den:m1
            movie i2 Ronin (1998): tmdb 8195
                loft:a, claim imdb tt0113277 (i1)
        "#]],
    );
}

#[test]
fn rule_4_the_same_file() {
    check(
        r#"
        given den
            movie m1 "Heat" 1995 file="/data/films/Heat (1995)/Heat.mkv":700
            show s1 "Dark" 2017 tvdb=1
            episode s1 1x01 e1 file="/data/Dark/Season 1/s01e01.mkv":500
        sync loft                       # another title and number, the same file
            movie a "Hitze" file="/media/Heat (1995)/heat.MKV":700
            show b "Dark" tvdb=1
            episode b - c file="/media/Dark/Season 1/S01E01.mkv":500
        sync attic                      # near misses: other size, other folder, no size, other part
            movie a "A" file="/x/Heat (1995)/Heat.mkv":701
            movie b "B" file="/x/Heat/Heat.mkv":700
            movie c "C" file="/x/Heat (1995)/Heat.mkv"
            movie d "D" part=1 file="/x/Heat (1995)/Heat.mkv":700
        "#,
        &expect![[r#"
            den: 3 seen, 3 added
            loft: 3 seen, 3 updated
                + listing loft:b of i1 by external_id
                + listing loft:a of i2 by file
                + listing loft:c of i3 by file
            attic: 4 seen, 4 added
                + movie i4 A
                + movie i5 B
                + movie i6 C
                + movie i7 D
                + listing attic:a of i4 by new
                + listing attic:b of i5 by new
                + listing attic:c of i6 by new
                + listing attic:d#1 of i7 by new
        "#]],
    );
}

#[test]
fn rule_4_the_same_file_in_another_show_is_another_episode() {
    check(
        r#"
        given den
            show s1 "Dark" 2017 tvdb=1
            episode s1 1x01 e1 file="Season 1/01.mkv":500
        sync loft
            show t1 "Bright" 2018 tvdb=2
            episode t1 1x01 f1 file="Season 1/01.mkv":500
        "#,
        &expect![[r#"
            den: 2 seen, 2 added
            loft: 2 seen, 2 added
                + show i3 Bright (2018)
                + listing loft:t1 of i3 by new
                + id tvdb 2 of i3
                + episode i4 S01E01 Episode 1
                + listing loft:f1 of i4 by new
        "#]],
    );
}

#[test]
fn rule_4_a_renamed_folder_is_told_by_its_files() {
    check(
        r#"
        given den
            movie "Heat" "Heat" file="Heat/heat.mkv":700@5 anchor="Heat/heat.mkv":700@5
            show "Dark" "Dark" anchor="Dark/1.mkv":500@6
            episode "Dark" 1x01 "Dark/1.mkv" file="Dark/1.mkv":500@6 anchor="Dark/1.mkv":500@6
        sync den
            movie "Heat (1995)" "Heat" 1995 file="Heat (1995)/heat.mkv":700@5 anchor="Heat (1995)/heat.mkv":700@5
            show "Dark (2017)" "Dark" 2017 anchor="Dark (2017)/1.mkv":500@6
            episode "Dark (2017)" 1x01 "Dark (2017)/1.mkv" file="Dark (2017)/1.mkv":500@6 anchor="Dark (2017)/1.mkv":500@6
        "#,
        &expect![[r#"
            den: 3 seen, 3 added
            den: 3 seen, 3 updated, 3 relinked
                ~ show i1 Dark: year - → 2017
                ~ movie i2 Heat: year - → 1995
                → listing den:Dark: is den:Dark (2017) now, by file, other facts
                → listing den:Heat: is den:Heat (1995) now, by file, other facts
                → listing den:Dark/1.mkv: is den:Dark (2017)/1.mkv now, by natural_key, other facts
        "#]],
    );
}

#[test]
fn rule_4_a_copy_in_another_folder_has_not_moved() {
    check(
        r#"
        given den
            movie a "A" 1995 tmdb=1 anchor="A/a.mkv":700@5
        sync den                        # `a` is still there
            movie a "A" 1995 tmdb=1 anchor="A/a.mkv":700@5
            movie b "B" anchor="B/a.mkv":700@5
        sync loft                       # another library knows nothing of it
            movie c "C" anchor="C/a.mkv":700@5
        "#,
        &expect![[r#"
            den: 1 seen, 1 added
            den: 2 seen, 1 added, 1 unchanged
                + movie i2 B
                + listing den:b of i2 by new
            loft: 1 seen, 1 added
                + movie i3 C
                + listing loft:c of i3 by new
        "#]],
    );
}

#[test]
fn rule_5_title_and_year() {
    check(
        r#"
        given den
            movie m1 "The Fast & the Furious" 2001
            movie m2 "Alien" 1979 tmdb=348
        sync loft                       # without ids; with ids where the item has none
            movie a "fast and the furious" 2001 tmdb=9799
            movie b "Alien" 1979
        sync attic                      # near misses: year, no year, other ids, a show
            movie a "Alien" 1980
            movie b "Alien"
            movie c "Alien" 1979 tmdb=1
            show d "Alien" 1979
        "#,
        &expect![[r#"
            den: 2 seen, 2 added
            loft: 2 seen, 2 updated
                + listing loft:a of i2 by title
                + listing loft:b of i1 by title
                + id tmdb 9799 of i2
            attic: 4 seen, 4 added
                + movie i3 Alien (1979)
                + movie i4 Alien (1980)
                + movie i5 Alien
                + show i6 Alien (1979)
                + listing attic:c of i3 by new
                + listing attic:a of i4 by new
                + listing attic:b of i5 by new
                + listing attic:d of i6 by new
                + id tmdb 1 of i3
        "#]],
    );
}

#[test]
fn rule_5_two_films_of_one_title_and_year_need_a_person() {
    check(
        r#"
        given den
            movie m1 "Heat" 1995 tmdb=1
            movie m2 "Heat" 1995 tmdb=2
        sync loft
            movie a "Heat" 1995
        sync loft
            movie a "Heat" 1995
        place loft:a i2
        sync loft
            movie a "Heat" 1995 overview="a heist"
        catalogue
        "#,
        &expect![[r#"
            den: 2 seen, 2 added
            loft: 1 seen, 1 conflicts
                # listing loft:a of nothing by quarantine, ambiguous_title (i1) (i2)
            loft: 1 seen, 1 unchanged
            loft: 1 seen, 1 updated
                ~ movie i2 Heat (1995): overview - → a heist
                ~ listing loft:a: other facts
            catalogue
            movie i1 Heat (1995): tmdb 1
                den:m1
            movie i2 Heat (1995): tmdb 2, overview a heist
                den:m2
                loft:a
        "#]],
    );
}

#[test]
fn placeholders_are_no_ids() {
    check(
        r#"
        given den
            movie m1 "Untitled Project" 2030
        sync den                        # neither has an id, and the titles differ
            movie m1 "Untitled Project" 2030
            movie m2 "Another Project" 2030
        "#,
        &expect![[r#"
            den: 1 seen, 1 added
            den: 2 seen, 1 added, 1 unchanged
                + movie i2 Another Project (2030)
                + listing den:m2 of i2 by new
        "#]],
    );
}

#[test]
fn all_episode_ids_are_new() {
    check(
        r#"
        given den
            show s1 "Dark" 2017 tvdb=1
            season s1 1 r1
            episode s1 1x01 e1 "Secrets" played last=2024-01-01
            episode s1 1x02 e2 "Lies" position=60 last=2024-01-02
            episode s1 1x03 e3 "Past"
        settings i3
        override i4 title=Corrected
        sync den
            show s1 "Dark" 2017 tvdb=1
            season s1 1 r2
            episode s1 1x01 n1 "Secrets" played last=2024-01-01
            episode s1 1x02 n2 "Lies"
            episode s1 1x03 n3 "Past"
        sync den
            show s1 "Dark" 2017 tvdb=1
            season s1 1 r2
            episode s1 1x01 n1 "Secrets" played last=2024-01-01
            episode s1 1x02 n2 "Lies"
            episode s1 1x03 n3 "Past"
        catalogue
        "#,
        &expect![[r#"
            den: 5 seen, 5 added
            den: 5 seen, 4 relinked, 5 unchanged
                → listing den:r1: is den:r2 now, by natural_key
                → listing den:e1: is den:n1 now, by natural_key
                → listing den:e2: is den:n2 now, by natural_key, at 60 s 2024-01-02 (carried)
                → listing den:e3: is den:n3 now, by natural_key
            den: 5 seen, 5 unchanged
            catalogue
            show i1 Dark (2017): tvdb 1
                den:s1
            season i2 Season 1: of i1
                den:r2
            episode i3 S01E01 Secrets: of i1
                den:n1
                played 2024-01-01
            episode i4 S01E02 Corrected: of i1
                den:n2
                at 60 s 2024-01-02
            episode i5 S01E03 Past: of i1
                den:n3
        "#]],
    );
}

#[test]
fn old_and_new_id_coexist_for_one_run() {
    check(
        r#"
        given den
            movie old "Heat" 1995 tmdb=949 file=Heat/h.mkv:7 played last=2024-01-01
        sync den
            movie new "Heat" 1995 tmdb=949 file=Heat/h.mkv:7
            movie old "Heat" 1995 tmdb=949 file=Heat/h.mkv:7 played last=2024-01-01
        sync den
            movie new "Heat" 1995 tmdb=949 file=Heat/h.mkv:7
        catalogue
        "#,
        &expect![[r#"
            den: 1 seen, 1 added
            den: 2 seen, 1 updated, 1 unchanged
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
fn the_old_id_comes_on_a_later_page() {
    check(
        r#"
        given den
            movie old "Heat" 1995 tmdb=949 file=Heat/h.mkv:7
        sync den
            movie new "Heat" 1995 tmdb=949 file=Heat/h.mkv:7
            --
            movie old "Heat" 1995 tmdb=949 file=Heat/h.mkv:7
        sync den
            movie new "Heat" 1995 tmdb=949 file=Heat/h.mkv:7
            --
            movie old "Heat" 1995 tmdb=949 file=Heat/h.mkv:7
        "#,
        &expect![[r#"
            den: 1 seen, 1 added
            den: 2 seen, 1 updated, 1 relinked, 1 unchanged
                → listing den:old: is den:new now, by external_id
                + listing den:old of i1 by external_id
            den: 2 seen, 2 unchanged
        "#]],
    );
}

#[test]
fn the_whole_server_is_rebuilt() {
    check(
        r#"
        given den
            movie m1 "Heat" 1995 tmdb=949 poster=/m1/p
            movie m2 "Home video" file=v/home.mkv:9
            show s1 "Dark" 2017 tvdb=1
            season s1 1 r1
            episode s1 1x01 e1 "Secrets" played last=2024-01-01
            episode s1 1x02-03 e2 "Two in one" file=Dark/2.mkv:5
            episode s1 - e4 "Extra" file=Dark/x.mkv:6
        sync den rebuilt
            movie a1 "Heat" 1995 tmdb=949 poster=/a1/p
            movie a2 "Home video" file=v/home.mkv:9
            show b1 "Dark" 2017 tvdb=1
            season b1 1 c1
            episode b1 1x01 d1 "Secrets"
            episode b1 1x02-03 d2 "Two in one" file=Dark/2.mkv:5
            episode b1 - d4 "Extra" file=Dark/x.mkv:6
        sync den
            movie a1 "Heat" 1995 tmdb=949 poster=/a1/p
            movie a2 "Home video" file=v/home.mkv:9
            show b1 "Dark" 2017 tvdb=1
            season b1 1 c1
            episode b1 1x01 d1 "Secrets"
            episode b1 1x02-03 d2 "Two in one" file=Dark/2.mkv:5
            episode b1 - d4 "Extra" file=Dark/x.mkv:6
        "#,
        &expect![[r#"
            den: 8 seen, 8 added
            den rebuilt: 8 seen, 8 relinked, 8 unchanged
                ~ movie i1 Heat (1995): poster_url /m1/p → /a1/p
                → listing den:m1: is den:a1 now, by external_id, other facts
                → listing den:s1: is den:b1 now, by external_id
                → listing den:m2: is den:a2 now, by file
                → listing den:r1: is den:c1 now, by natural_key
                → listing den:e4: is den:d4 now, by file
                → listing den:e1: is den:d1 now, by natural_key, played 2024-01-01 (carried)
                → listing den:e2: is den:d2 now, by natural_key
                → listing den:e2#1: is den:d2#1 now, by natural_key
            den: 8 seen, 8 unchanged
        "#]],
    );
}

#[test]
fn a_rebuilt_server_gives_old_numbers_to_other_objects() {
    check(
        r#"
        given den
            movie 1 "Heat" 1995 tmdb=949 played last=2024-01-01
            movie 2 "Ronin" 1998 tmdb=8195
            show 3 "Dark" 2017 tvdb=1
            season 3 1 4
            episode 3 1x01 5 "Secrets"
            episode 3 1x02 6 "Lies"
            show 7 "Bright" 2018 tvdb=2
            season 7 1 8
            episode 7 1x01 9 "Light"
        sync den rebuilt
            movie 1 "Ronin" 1998 tmdb=8195
            movie 2 "Heat" 1995 tmdb=949
            show 3 "Bright" 2018 tvdb=2
            season 3 1 4
            episode 3 1x01 6 "Light"
            show 7 "Dark" 2017 tvdb=1
            season 7 1 9
            episode 7 1x02 5 "Lies"
            episode 7 1x01 8 "Secrets"
        catalogue
        "#,
        &expect![[r#"
            den: 9 seen, 9 added
            den rebuilt: 9 seen, 9 relinked, 9 unchanged
                → listing den:1: is den:2 now, by external_id, played 2024-01-01 (carried)
                → listing den:2: is den:1 now, by external_id
                → listing den:3: is den:7 now, by external_id
                → listing den:7: is den:3 now, by external_id
                → listing den:4: is den:9 now, by natural_key
                → listing den:8: is den:4 now, by natural_key
                ~ listing den:9: is den:(parked) now
                → listing den:5: is den:8 now, by natural_key
                → listing den:(parked): is den:6 now, by natural_key
                → listing den:6: is den:5 now, by natural_key
            catalogue
            movie i1 Heat (1995): tmdb 949
                den:2
                played 2024-01-01
            movie i2 Ronin (1998): tmdb 8195
                den:1
            show i3 Dark (2017): tvdb 1
                den:7
            show i4 Bright (2018): tvdb 2
                den:3
            season i5 Season 1: of i3
                den:9
            season i6 Season 1: of i4
                den:4
            episode i7 S01E01 Secrets: of i3
                den:8
            episode i8 S01E01 Light: of i4
                den:6
            episode i9 S01E02 Lies: of i3
                den:5
        "#]],
    );
}

#[test]
fn an_old_number_is_parked_until_its_object_is_seen() {
    check(
        r#"
        given den
            movie 1 "Heat" 1995 tmdb=949
            movie 2 "Ronin" 1998 tmdb=8195
        sync den rebuilt
            movie 1 "Alien" 1979 tmdb=348
            --
            movie 2 "Heat" 1995 tmdb=949
            --
            movie 3 "Ronin" 1998 tmdb=8195
        sync den
            movie 1 "Alien" 1979 tmdb=348
            movie 2 "Heat" 1995 tmdb=949
            movie 3 "Ronin" 1998 tmdb=8195
        "#,
        &expect![[r#"
            den: 2 seen, 2 added
            den rebuilt: 3 seen, 1 added, 2 relinked, 2 unchanged
                + movie i3 Alien (1979)
                ~ listing den:1: is den:(parked) now
                + listing den:1 of i3 by new
                + id tmdb 348 of i3
                → listing den:(parked): is den:2 now, by external_id
                ~ listing den:2: is den:(parked) now
                → listing den:(parked): is den:3 now, by external_id
            den: 3 seen, 3 unchanged
        "#]],
    );
}

#[test]
fn untitled_objects_of_a_rebuilt_server_prove_nothing() {
    check(
        r#"
        given den
            show 1 "Dark" tvdb=1
            episode 1 - 2 "Making of"
            episode 1 - 3
            movie 4 tmdb=949
        sync den partial rebuilt
            show 1 "Dark" tvdb=1
            episode 1 - 2 "Making of"
            episode 1 - 3
            movie 4
        "#,
        &expect![[r#"
            den: 4 seen, 4 added
            den partial rebuilt: 4 seen, 2 added, 2 unchanged
                + movie i5 Untitled
                ~ listing den:4: is den:(parked) now
                + listing den:4 of i5 by new
                + episode i6 Untitled
                ~ listing den:3: is den:(parked) now
                + listing den:3 of i6 by new
        "#]],
    );
}

#[test]
fn two_servers_with_the_same_numbers() {
    check(
        r#"
        sync den
            movie 1 "Heat" 1995 tmdb=949
            show 2 "Dark" 2017 tvdb=1
            episode 2 1x01 3 "Secrets"
        sync loft
            movie 2 "Ronin" 1998 tmdb=8195
            show 1 "Bright" 2018 tvdb=2
            episode 1 1x01 3 "Light"
        catalogue
        "#,
        &expect![[r#"
            den: 3 seen, 3 added
                + movie i1 Heat (1995)
                + show i2 Dark (2017)
                + listing den:1 of i1 by new
                + listing den:2 of i2 by new
                + id tmdb 949 of i1
                + id tvdb 1 of i2
                + episode i3 S01E01 Secrets
                + listing den:3 of i3 by new
            loft: 3 seen, 3 added
                + show i4 Bright (2018)
                + movie i5 Ronin (1998)
                + listing loft:1 of i4 by new
                + listing loft:2 of i5 by new
                + id tvdb 2 of i4
                + id tmdb 8195 of i5
                + episode i6 S01E01 Light
                + listing loft:3 of i6 by new
            catalogue
            movie i1 Heat (1995): tmdb 949
                den:1
            show i2 Dark (2017): tvdb 1
                den:2
            episode i3 S01E01 Secrets: of i2
                den:3
            show i4 Bright (2018): tvdb 2
                loft:1
            movie i5 Ronin (1998): tmdb 8195
                loft:2
            episode i6 S01E01 Light: of i4
                loft:3
        "#]],
    );
}

#[test]
fn one_film_on_four_sources() {
    check(
        r#"
        given plex
            movie 1 "Heat" 1995 tmdb=949 imdb=tt0113277
        given jellyfin
            movie a "Heat" 1995 imdb=tt0113277 file="/media/Heat (1995)/Heat.mkv":700
            movie b "Ronin" 1998
        given folder
            movie "Heat (1995)" "Heat" 1995 file="/mnt/Heat (1995)/Heat.mkv":700
        given radarr
            movie 7 "Heat" 1995 tmdb=949 monitored
        catalogue
        sync jellyfin
            movie b "Ronin" 1998
        catalogue
        "#,
        &expect![[r#"
            plex: 1 seen, 1 added
            jellyfin: 2 seen, 1 added, 1 updated
            folder: 1 seen, 1 updated
            radarr: 1 seen, 1 updated
            catalogue
            movie i1 Heat (1995): tmdb 949, imdb tt0113277
                plex:1
                jellyfin:a
                folder:Heat (1995)
                radarr:7
            movie i2 Ronin (1998)
                jellyfin:b
            jellyfin: 1 seen, 1 unchanged
                - listing jellyfin:a
            catalogue
            movie i1 Heat (1995): tmdb 949, imdb tt0113277
                plex:1
                folder:Heat (1995)
                radarr:7
            movie i2 Ronin (1998)
                jellyfin:b
        "#]],
    );
}

#[test]
fn one_object_in_two_libraries_of_one_server() {
    check(
        r#"
        given den/films
            movie m1 "Heat" 1995 tmdb=949 played last=2024-01-01
            movie m2 "Ronin" 1998 tmdb=8195
        sync den/all
            movie m1 "Heat" 1995 tmdb=949 played last=2024-01-01
        sync den/films
            movie m2 "Ronin" 1998 tmdb=8195
        catalogue
        "#,
        &expect![[r#"
            den/films: 2 seen, 2 added
            den/all: 1 seen, 1 updated
                + listing den/all:m1 of i1 by external_id
            den/films: 1 seen, 1 unchanged
                - listing den/films:m1
            catalogue
            movie i1 Heat (1995): tmdb 949
                den/all:m1
                played 2024-01-01
            movie i2 Ronin (1998): tmdb 8195
                den/films:m2
        "#]],
    );
}

#[test]
fn a_file_with_three_episodes_stays_three() {
    check(
        r#"
        sync den
            show s1 "Dark" tvdb=1
            episode s1 1x04-06 e1 "Three in one" file=Dark/4.mkv:5
        sync den
            show s1 "Dark" tvdb=1
            episode s1 1x04-06 e1 "Three in one, again" file=Dark/4.mkv:5
        sync den
            show s1 "Dark" tvdb=1
            episode s1 1x04-06 n1 "Three in one, again" file=Dark/4.mkv:5
        sync den                        # the file holds two only
            show s1 "Dark" tvdb=1
            episode s1 1x04-05 n1 "Two in one" file=Dark/4.mkv:4
        catalogue
        "#,
        &expect![[r#"
            den: 4 seen, 4 added
                + show i1 Dark
                + listing den:s1 of i1 by new
                + id tvdb 1 of i1
                + episode i2 S01E04 Three in one
                + episode i3 S01E05 Three in one
                + episode i4 S01E06 Three in one
                + listing den:e1 of i2 by new
                + listing den:e1#1 of i3 by new
                + listing den:e1#2 of i4 by new
            den: 4 seen, 3 updated, 1 unchanged
                ~ episode i2 S01E04 Three in one: title Three in one → Three in one, again, sort_title three in one → three in one, again
                ~ episode i3 S01E05 Three in one: title Three in one → Three in one, again, sort_title three in one → three in one, again
                ~ episode i4 S01E06 Three in one: title Three in one → Three in one, again, sort_title three in one → three in one, again
                ~ listing den:e1: other facts
                ~ listing den:e1#1: other facts
                ~ listing den:e1#2: other facts
            den: 4 seen, 3 relinked, 4 unchanged
                → listing den:e1: is den:n1 now, by natural_key
                → listing den:e1#1: is den:n1#1 now, by natural_key
                → listing den:e1#2: is den:n1#2 now, by natural_key
            den: 3 seen, 2 updated, 1 unchanged, 1 removed
                ~ episode i2 S01E04 Three in one, again: title Three in one, again → Two in one, sort_title three in one, again → two in one
                ~ episode i3 S01E05 Three in one, again: title Three in one, again → Two in one, sort_title three in one, again → two in one
                ~ listing den:n1: other facts
                ~ listing den:n1#1: other facts
                - listing den:n1#2
                - episode i4 S01E06 Three in one, again
            catalogue
            show i1 Dark: tvdb 1
                den:s1
            episode i2 S01E04 Two in one: of i1
                den:n1
            episode i3 S01E05 Two in one: of i1
                den:n1#1
        "#]],
    );
}

#[test]
fn two_files_of_one_episode() {
    check(
        r#"
        sync den
            show s1 "Dark" tvdb=1
            episode s1 1x01 hd "Secrets" file=Dark/hd.mkv:5
            episode s1 1x01 uhd "Secrets" file=Dark/uhd.mkv:9
        sync den                        # 4K leaves
            show s1 "Dark" tvdb=1
            episode s1 1x01 hd "Secrets" file=Dark/hd.mkv:5
        "#,
        &expect![[r#"
            den: 3 seen, 2 added
                + show i1 Dark
                + listing den:s1 of i1 by new
                + id tvdb 1 of i1
                + episode i2 S01E01 Secrets
                + listing den:hd of i2 by new
                + listing den:uhd of i2 by natural_key
            den: 2 seen, 2 unchanged
                - listing den:uhd
        "#]],
    );
}

#[test]
fn a_better_file_under_another_id() {
    check(
        r#"
        given den
            movie hd "Heat" 1995 tmdb=949 file=Heat/hd.mkv:5 played last=2024-01-01
        settings i1
        sync den
            movie uhd "Heat" 1995 tmdb=949 file=Heat/uhd.mkv:9
        sync den
            movie uhd "Heat" 1995 tmdb=949 file=Heat/uhd.mkv:9
        catalogue
        "#,
        &expect![[r#"
            den: 1 seen, 1 added
            den: 1 seen, 1 updated, 1 relinked
                + listing den:uhd of i1 by external_id
                → listing den:hd
                ~ listing den:uhd: played 2024-01-01 (carried)
            den: 1 seen, 1 unchanged
            catalogue
            movie i1 Heat (1995): tmdb 949
                den:uhd
                played 2024-01-01
        "#]],
    );
}

#[test]
fn one_object_twice_in_one_listing() {
    check(
        r#"
        sync den
            show s1 "Dark" tvdb=1
            episode s1 1x01 e1 "Secrets"
            episode s1 1x02 e1 "Lies"
            --
            show s1 "Dark" tvdb=1
            episode s1 1x01 e1 "Secrets"
        "#,
        &expect![[r#"
            den: 4 seen, 2 added, 2 unchanged
                + show i1 Dark
                + listing den:s1 of i1 by new
                + id tvdb 1 of i1
                + episode i2 S01E01 Secrets
                + listing den:e1 of i2 by new
        "#]],
    );
}

#[test]
fn an_object_becomes_another_kind() {
    check(
        r#"
        given den
            movie x "Planet Earth" 2006
        sync den
            show x "Planet Earth" 2006
            episode x 1x01 y "From Pole to Pole"
        sync den
            show x "Planet Earth" 2006
            episode x 1x01 y "From Pole to Pole"
        "#,
        &expect![[r#"
            den: 1 seen, 1 added
            den: 2 seen, 2 added, 1 removed
                + show i2 Planet Earth (2006)
                ~ listing den:x: is den:(parked) now
                + listing den:x of i2 by new
                + episode i3 S01E01 From Pole to Pole
                + listing den:y of i3 by new
                - listing den:(parked)
                - movie i1 Planet Earth (2006)
            den: 2 seen, 2 unchanged
        "#]],
    );
}

#[test]
fn paths_that_begin_alike() {
    check(
        r#"
        given den
            movie /a "A" 2001
            movie "/a b" "B" 2002
            movie /a/c "C" 2003
        sync den
            movie "/a b" "B" 2002
            movie /a/c "C" 2003
        "#,
        &expect![[r#"
            den: 3 seen, 3 added
            den: 2 seen, 2 unchanged, 1 removed
                - listing den:/a
                - movie i1 A (2001)
        "#]],
    );
}
