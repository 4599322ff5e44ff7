//! What a person is asked about: listings without a place, and claims to what others own. The
//! rest of the run goes on.

use expect_test::expect;

use crate::script::check;

#[test]
fn two_strong_ids_that_belong_to_two_items() {
    check(
        r#"
        given den
            movie m1 "Heat" 1995 tmdb=949
            movie m2 "Ronin" 1998 imdb=tt0122690
        sync loft
            movie a "Heat" 1995 tmdb=949 imdb=tt0122690
            movie b "Alien" 1979 tmdb=348
        sync loft                       # nothing new
            movie a "Heat" 1995 tmdb=949 imdb=tt0122690
            movie b "Alien" 1979 tmdb=348
        sync loft                       # corrected on the server
            movie a "Heat" 1995 tmdb=949
            movie b "Alien" 1979 tmdb=348
        "#,
        &expect![[r#"
            den: 2 seen, 2 added
            loft: 2 seen, 1 added, 1 conflicts
                + movie i3 Alien (1979)
                # listing loft:a of nothing by quarantine, conflicting_ids tmdb 949 imdb tt0122690 (i1) (i2)
                + listing loft:b of i3 by new
                + id tmdb 348 of i3
            loft: 2 seen, 2 unchanged
            loft: 2 seen, 1 updated, 1 unchanged
                ~ listing loft:a: by external_id, of i1, other facts, nothing to review
        "#]],
    );
}

#[test]
fn a_quarantined_show_waits_with_its_episodes() {
    check(
        r#"
        given den
            show s1 "Dark" 2017 tvdb=1
            show s2 "Bright" 2018 tmdb=2
        sync loft
            show t "Dark" 2017 tvdb=1 tmdb=2
            season t 1 r1
            episode t 1x01 f1 "Secrets"
            movie b "Alien" 1979 tmdb=348
        place loft:t i1
        sync loft
            show t "Dark" 2017 tvdb=1 tmdb=2
            season t 1 r1
            episode t 1x01 f1 "Secrets"
            movie b "Alien" 1979 tmdb=348
        "#,
        &expect![[r#"
            den: 2 seen, 2 added
            loft: 2 seen, 1 added, 1 conflicts
                + movie i3 Alien (1979)
                + listing loft:b of i3 by new
                # listing loft:t of nothing by quarantine, conflicting_ids tmdb 2 tvdb 1 (i1) (i2)
                + id tmdb 348 of i3
                failed: season 1: its show is not in the listing, or waits for review
                failed: S01E01 Secrets: its show is not in the listing, or waits for review
            loft: 4 seen, 2 added, 2 unchanged
                ~ listing loft:t: in silence
                + season i4 Season 1
                + listing loft:r1 of i4 by new
                + episode i5 S01E01 Secrets
                + listing loft:f1 of i5 by new
        "#]],
    );
}

#[test]
fn a_known_listing_that_claims_what_another_item_owns() {
    check(
        r#"
        given den
            movie m1 "Heat" 1995 tmdb=949
            movie m2 "Ronin" 1998 tmdb=8195
        sync den                        # keeps its item
            movie m1 "Heat" 1995 tmdb=949
            movie m2 "Ronin" 1998 tmdb=949
        sync den
            movie m1 "Heat" 1995 tmdb=949
            movie m2 "Ronin" 1998 tmdb=949
        sync den                        # the owner gives it up: the claim is good
            movie m1 "Heat" 1995 tmdb=950
            movie m2 "Ronin" 1998 tmdb=949
        catalogue
        "#,
        &expect![[r#"
            den: 2 seen, 2 added
            den: 2 seen, 1 updated, 1 unchanged, 1 conflicts
                ~ listing den:m2: other facts, claim tmdb 949 (i1)
                - id tmdb 8195 of i2
            den: 2 seen, 2 unchanged
            den: 2 seen, 2 updated
                ~ listing den:m1: other facts
                ~ listing den:m2: nothing to review
                - id tmdb 949 of i1
                + id tmdb 950 of i1
                + id tmdb 949 of i2
            catalogue
            movie i1 Heat (1995): tmdb 950
                den:m1
            movie i2 Ronin (1998): tmdb 949
                den:m2
        "#]],
    );
}

#[test]
fn ids_are_exchanged() {
    check(
        r#"
        given den
            movie m1 "Heat" 1995 tmdb=1
            movie m2 "Ronin" 1998 tmdb=2
        sync den
            movie m1 "Heat" 1995 tmdb=2
            movie m2 "Ronin" 1998 tmdb=1
        "#,
        &expect![[r#"
            den: 2 seen, 2 added
            den: 2 seen, 2 updated
                ~ listing den:m1: other facts
                ~ listing den:m2: other facts
                - id tmdb 1 of i1
                - id tmdb 2 of i2
                + id tmdb 2 of i1
                + id tmdb 1 of i2
        "#]],
    );
}

#[test]
fn two_new_objects_claim_one_secondary_id() {
    check(
        r#"
        sync den
            movie m1 "Heat" 1995 tmdb=949 imdb=tt0113277
            movie m2 "Ronin" 1998 tmdb=8195 imdb=tt0113277
            movie m3 "Alien" 1979 tmdb=348
        sync den
            movie m1 "Heat" 1995 tmdb=949 imdb=tt0113277
            movie m2 "Ronin" 1998 tmdb=8195 imdb=tt0113277
            movie m3 "Alien" 1979 tmdb=348
        sync den                        # the claim is withdrawn
            movie m1 "Heat" 1995 tmdb=949 imdb=tt0113277
            movie m2 "Ronin" 1998 tmdb=8195 imdb=tt0122690
            movie m3 "Alien" 1979 tmdb=348
        "#,
        &expect![[r#"
            den: 3 seen, 3 added, 1 conflicts
                + movie i1 Heat (1995)
                + movie i2 Ronin (1998)
                + movie i3 Alien (1979)
                + listing den:m1 of i1 by new
                + listing den:m2 of i2 by new, claim imdb tt0113277 (i1)
                + listing den:m3 of i3 by new
                + id tmdb 949 of i1
                + id imdb tt0113277 of i1
                + id tmdb 8195 of i2
                + id tmdb 348 of i3
            den: 3 seen, 3 unchanged
            den: 3 seen, 1 updated, 2 unchanged
                ~ listing den:m2: other facts, nothing to review
                + id imdb tt0122690 of i2
        "#]],
    );
}

#[test]
fn an_item_without_ids_gets_them_before_the_next_of_the_batch_is_placed() {
    check(
        r#"
        known movie m "Heat" 1995
        sync den
            movie m1 "Heat" 1995 tmdb=949
            movie m2 "Hitze" 1996 tmdb=949
        "#,
        &expect![[r#"
            den: 2 seen, 1 updated
                ~ movie i1 Heat (1995): sort_title - → heat
                + listing den:m1 of i1 by title
                + listing den:m2 of i1 by external_id
                + id tmdb 949 of i1
        "#]],
    );
}

#[test]
fn an_episode_without_its_show_fails_alone() {
    check(
        r#"
        sync den
            show s1 "Dark" tvdb=1
            episode s1 1x01 e1 "Secrets"
            episode s9 1x01 e9 "Lost"
        "#,
        &expect![[r#"
            den: 2 seen, 2 added
                + show i1 Dark
                + listing den:s1 of i1 by new
                + id tvdb 1 of i1
                + episode i2 S01E01 Secrets
                + listing den:e1 of i2 by new
                failed: S01E01 Lost: its show is not in the listing, or waits for review
        "#]],
    );
}

#[test]
fn what_waited_is_no_relinked_listing_of_another() {
    check(
        r#"
        given den
            movie m1 "Heat" 1995 tmdb=1
            movie m2 "Heat" 1995 tmdb=2
        given loft
            movie a "Heat" 1995
            movie b "Heat" 1995 tmdb=1
        sync loft                       # `b` is gone, and `a` says that it is the same film
            movie a "Heat" 1995 tmdb=1
        catalogue
        "#,
        &expect![[r#"
            den: 2 seen, 2 added
            loft: 2 seen, 1 updated, 1 conflicts
            loft: 1 seen, 1 updated
                ~ listing loft:a: by external_id, of i1, other facts, nothing to review
                - listing loft:b
            catalogue
            movie i1 Heat (1995): tmdb 1
                den:m1
                loft:a
            movie i2 Heat (1995): tmdb 2
                den:m2
        "#]],
    );
}
