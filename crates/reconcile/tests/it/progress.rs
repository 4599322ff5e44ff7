//! Play state: the newest of what a source says wins, and a server that forgets takes nothing.

use expect_test::expect;

use crate::script::check;

#[test]
fn the_newest_of_two_versions_wins() {
    check(
        r#"
        sync den
            movie hd "Heat" 1995 tmdb=949 file=h/1.mkv:1 position=60 last=2024-01-02
            movie uhd "Heat" 1995 tmdb=949 file=h/2.mkv:2 played last=2024-01-01
        sync den
            movie hd "Heat" 1995 tmdb=949 file=h/1.mkv:1 position=60 last=2024-01-02
            movie uhd "Heat" 1995 tmdb=949 file=h/2.mkv:2 played last=2024-01-03
        "#,
        &expect![[r#"
            den: 2 seen, 1 added
                + movie i1 Heat (1995)
                + listing den:hd of i1 by new
                + listing den:uhd of i1 by external_id
                + id tmdb 949 of i1
                + progress of i1: at 60 s 2024-01-02
            den: 2 seen, 1 updated, 1 unchanged
                ~ listing den:uhd: played 2024-01-03
                ~ progress of i1: played 2024-01-03
        "#]],
    );
}

#[test]
fn un_watching_clears() {
    check(
        r#"
        given den
            movie m1 "Heat" 1995 played last=2024-01-01
        sync den
            movie m1 "Heat" 1995
        sync den
            movie m1 "Heat" 1995 position=10
        sync den
            movie m1 "Heat" 1995
        catalogue
        "#,
        &expect![[r#"
            den: 1 seen, 1 added
            den: 1 seen, 1 updated
                ~ listing den:m1: not played
                ~ progress of i1: not played
            den: 1 seen, 1 updated
                ~ listing den:m1: at 10 s
                ~ progress of i1: at 10 s
            den: 1 seen, 1 updated
                ~ listing den:m1: not played
                ~ progress of i1: not played
            catalogue
            movie i1 Heat (1995)
                den:m1
        "#]],
    );
}

#[test]
fn a_rebuilt_server_forgets_and_nothing_is_lost() {
    check(
        r#"
        given den
            movie m1 "Heat" 1995 tmdb=949 played last=2024-01-01
            movie m2 "Ronin" 1998 tmdb=8195 played last=2024-01-01
            movie m3 "Alien" 1979 tmdb=348 played last=2024-01-01
        sync den rebuilt                # same ids, new ids, an old backup
            movie m1 "Heat" 1995 tmdb=949
            movie n2 "Ronin" 1998 tmdb=8195
            movie n3 "Alien" 1979 tmdb=348 position=60 last=2020-01-01
        sync den                        # carried until the server says something newer
            movie m1 "Heat" 1995 tmdb=949 runtime=60
            movie n2 "Ronin" 1998 tmdb=8195 position=60 last=2025-01-01
            movie n3 "Alien" 1979 tmdb=348 position=60 last=2020-01-01
        sync den                        # and from then on the server's word counts
            movie m1 "Heat" 1995 tmdb=949 runtime=60
            movie n2 "Ronin" 1998 tmdb=8195
            movie n3 "Alien" 1979 tmdb=348 position=60 last=2020-01-01
        catalogue
        "#,
        &expect![[r#"
            den: 3 seen, 3 added
            den rebuilt: 3 seen, 2 relinked, 3 unchanged
                ~ listing den:m1: played 2024-01-01 (carried)
                → listing den:m2: is den:n2 now, by external_id, played 2024-01-01 (carried)
                → listing den:m3: is den:n3 now, by external_id, played 2024-01-01 (carried)
            den: 3 seen, 2 updated, 1 unchanged
                ~ movie i1 Heat (1995): runtime_seconds - → 60
                ~ listing den:m1: other facts
                ~ listing den:n2: at 60 s 2025-01-01
                ~ progress of i2: at 60 s 2025-01-01
            den: 3 seen, 1 updated, 2 unchanged
                ~ listing den:n2: not played
                ~ progress of i2: not played
            catalogue
            movie i1 Heat (1995): tmdb 949, runtime_seconds 60
                den:m1
                played 2024-01-01
            movie i2 Ronin (1998): tmdb 8195
                den:n2
            movie i3 Alien (1979): tmdb 348
                den:n3
                played 2024-01-01
        "#]],
    );
}

#[test]
fn an_episode_that_waited_brings_its_play_state_along() {
    check(
        r#"
        given den
            movie m1 "Heat" 1995 tmdb=1
            movie m2 "Heat" 1995 tmdb=2
        given loft
            movie a "Heat" 1995 played last=2024-01-01
        sync den
            movie m1 "Heat" 1995 tmdb=1
            movie m2 "Ronin" 1998 tmdb=2
        sync loft
            movie a "Heat" 1995 played last=2024-01-01
        catalogue
        "#,
        &expect![[r#"
            den: 2 seen, 2 added
            loft: 1 seen, 1 conflicts
            den: 2 seen, 1 updated, 1 unchanged
                ~ movie i2 Heat (1995): title Heat → Ronin, sort_title heat → ronin, year 1995 → 1998
                ~ listing den:m2: other facts
            loft: 1 seen, 1 updated
                ~ listing loft:a: by title, of i1, nothing to review
                + progress of i1: played 2024-01-01
            catalogue
            movie i1 Heat (1995): tmdb 1
                den:m1
                loft:a
                played 2024-01-01
            movie i2 Ronin (1998): tmdb 2
                den:m2
        "#]],
    );
}
