//! Shows in every layout.

use expect_test::{Expect, expect};

use crate::tree::Tree;

fn check(files: &[&str], expected: Expect) {
    let listing = Tree::new(files).shows();
    assert!(listing.is_complete(), "{}", listing.text());
    expected.assert_eq(&listing.text());
}

#[test]
fn seasons_in_folders() {
    check(
        &[
            "The Wire (2002) {tvdb-79126}/Season 01/The Wire - S01E01 - The Target.mkv",
            "The Wire (2002) {tvdb-79126}/Season 01/The Wire - S01E02-E03 - Two.mkv",
            "The Wire (2002) {tvdb-79126}/Season 02/The Wire - S02E01.mkv",
            "The Wire (2002) {tvdb-79126}/Specials/The Wire - S00E01 - Making of.mkv",
            "The Wire (2002) {tvdb-79126}/Season 01/extras/Interview.mkv",
            "The Wire (2002) {tvdb-79126}/Trailers/Season 1.mkv",
            "Dark/S01/Dark.1x01.mkv",
            "Dark/S01/Dark.1x02.720p.mkv",
            "Dark/S01/Dark.1x02.2160p.mkv",
            "Fargo/Season 1/01 - The Crocodile's Dilemma.mkv",
            "Fargo/Season 1/102.mkv",
        ],
        expect![[r#"
            [Dark] Dark
              [Dark/S01] season 1
              [Dark/S01/Dark.1x01.mkv] S01E01
              [Dark/S01/Dark.1x02.2160p.mkv] S01E02
              [Dark/S01/Dark.1x02.720p.mkv] S01E02
            [Fargo] Fargo
              [Fargo/Season 1] season 1
              [Fargo/Season 1/01 - The Crocodile's Dilemma.mkv] S01E01 The Crocodile's Dilemma
              [Fargo/Season 1/102.mkv] S01E02
            [The Wire (2002) {tvdb-79126}] The Wire (2002) {tvdb 79126}
              [The Wire (2002) {tvdb-79126}/Specials] season 0
              [The Wire (2002) {tvdb-79126}/Season 01] season 1
              [The Wire (2002) {tvdb-79126}/Season 02] season 2
              [The Wire (2002) {tvdb-79126}/Specials/The Wire - S00E01 - Making of.mkv] S00E01 Making of
              [The Wire (2002) {tvdb-79126}/Season 01/The Wire - S01E01 - The Target.mkv] S01E01 The Target
              [The Wire (2002) {tvdb-79126}/Season 01/The Wire - S01E02-E03 - Two.mkv] S01E02 Two
              [The Wire (2002) {tvdb-79126}/Season 01/The Wire - S01E02-E03 - Two.mkv +1] S01E03 Two
              [The Wire (2002) {tvdb-79126}/Season 02/The Wire - S02E01.mkv] S02E01
        "#]],
    );
}

#[test]
fn flat_shows_and_specials() {
    check(
        &[
            "The Wire/The Wire S01E01.mkv",
            "The Wire/The Wire S02E01.mkv",
            "The Wire/The Wire S00E01.mkv",
            "24/24 - S01E01 - 12-00 A.M..mkv",
            "9-1-1 (2018)/9-1-1.S05E03.mkv",
            "S.W.A.T/S.W.A.T.S01E01.mkv",
            "Extras/Extras.S01E01.mkv",
        ],
        expect![[r#"
            [24] 24
              [24#season 1] season 1
              [24/24 - S01E01 - 12-00 A.M..mkv] S01E01 12-00 A.M.
            [9-1-1 (2018)] 9-1-1 (2018)
              [9-1-1 (2018)#season 5] season 5
              [9-1-1 (2018)/9-1-1.S05E03.mkv] S05E03
            [Extras] Extras
              [Extras#season 1] season 1
              [Extras/Extras.S01E01.mkv] S01E01
            [S.W.A.T] S.W.A.T.
              [S.W.A.T#season 1] season 1
              [S.W.A.T/S.W.A.T.S01E01.mkv] S01E01
            [The Wire] The Wire
              [The Wire#season 0] season 0
              [The Wire#season 1] season 1
              [The Wire#season 2] season 2
              [The Wire/The Wire S00E01.mkv] S00E01
              [The Wire/The Wire S01E01.mkv] S01E01
              [The Wire/The Wire S02E01.mkv] S02E01
        "#]],
    );
}

#[test]
fn shows_by_date_and_by_absolute_number() {
    check(
        &[
            "The Daily Show (1996)/Season 2024/The Daily Show - 2024-03-12 - Guest.mkv",
            "Last Week Tonight/Last.Week.Tonight.2024.03.10.mkv",
            "One Piece/[Group] One Piece - 1089 [1080p].mkv",
            "One Piece/One Piece - 1090.mkv",
            "Naruto/Naruto - 220-221.mkv",
            "Bleach/Season 2/Bleach - 05.mkv",
            "Bleach/Bleach OVA.mkv",
        ],
        expect![[r#"
            [Bleach] Bleach
              [Bleach#season 0] season 0
              [Bleach/Season 2] season 2
              [Bleach/Bleach OVA.mkv] S00E? Bleach OVA
              [Bleach/Season 2/Bleach - 05.mkv] S02E05
            [Last Week Tonight] Last Week Tonight
              [Last Week Tonight/Last.Week.Tonight.2024.03.10.mkv] S?E? 2024-03-10
            [Naruto] Naruto
              [Naruto#season 1] season 1
              [Naruto/Naruto - 220-221.mkv] S01E220 #220
              [Naruto/Naruto - 220-221.mkv +1] S01E221 #221
            [One Piece] One Piece
              [One Piece#season 1] season 1
              [One Piece/[Group] One Piece - 1089 [1080p].mkv] S01E1089 #1089
              [One Piece/One Piece - 1090.mkv] S01E1090 #1090
            [The Daily Show (1996)] The Daily Show (1996)
              [The Daily Show (1996)/Season 2024] season 2024
              [The Daily Show (1996)/Season 2024/The Daily Show - 2024-03-12 - Guest.mkv] S2024E? Guest 2024-03-12
        "#]],
    );
}

#[test]
fn unusual_layouts() {
    check(
        &[
            "Kids/Bluey (2018)/Season 01/Bluey S01E01.mkv",
            "Kids/Peppa/Series 2/Peppa 2x01.mkv",
            "One Piece/East Blue/One Piece - 001.mkv",
            "One Piece/Alabasta/One Piece - 093.mkv",
            "The.Wire.S01.1080p.BluRay.x264-GRP/The.Wire.S01E01.mkv",
            "Dark (2017)/Dark.S01E02.1080p-GRP/grp-dark102.mkv",
            "Show/Season 01/Show S02E05.mkv",
            "Show/Season 01/Show S01E01.mkv",
            "Show/Specials/Behind.mkv",
            "Show/Season 04/Disc 1/VIDEO_TS/VTS_01_1.VOB",
            "Show/Clip.mkv",
            "Empty/poster.jpg",
        ],
        expect![[r#"
            [Dark (2017)] Dark (2017)
              [Dark (2017)#season 1] season 1
              [Dark (2017)/Dark.S01E02.1080p-GRP/grp-dark102.mkv] S01E02
            [Kids/Bluey (2018)] Bluey (2018)
              [Kids/Bluey (2018)/Season 01] season 1
              [Kids/Bluey (2018)/Season 01/Bluey S01E01.mkv] S01E01
            [Kids/Peppa] Peppa
              [Kids/Peppa/Series 2] season 2
              [Kids/Peppa/Series 2/Peppa 2x01.mkv] S02E01
            [One Piece] One Piece
              [One Piece#season 1] season 1
              [One Piece/East Blue/One Piece - 001.mkv] S01E01 #1
              [One Piece/Alabasta/One Piece - 093.mkv] S01E93 #93
            [Show] Show
              [Show/Specials] season 0
              [Show/Season 01] season 1
              [Show#season 2] season 2
              [Show/Season 04] season 4
              [Show/Specials/Behind.mkv] S00E? Behind
              [Show/Season 01/Show S01E01.mkv] S01E01
              [Show/Season 01/Show S02E05.mkv] S02E05
              [Show/Season 04/Disc 1/VIDEO_TS/VTS_01_1.VOB] S04E? Disc 1
              [Show/Clip.mkv] S?E? Clip
            [The.Wire.S01.1080p.BluRay.x264-GRP] The Wire
              [The.Wire.S01.1080p.BluRay.x264-GRP#season 1] season 1
              [The.Wire.S01.1080p.BluRay.x264-GRP/The.Wire.S01E01.mkv] S01E01
        "#]],
    );
}

#[test]
fn loose_episodes_join_the_folder_of_their_show() {
    check(
        &[
            "The Wire (2002)/Season 01/The Wire S01E01.mkv",
            "The.Wire.S01E02.1080p.mkv",
            "Dark S01E01.mkv",
            "Dark S01E02.mkv",
            "S03E01.mkv",
        ],
        expect![[r#"
            [The Wire (2002)] The Wire (2002)
              [The Wire (2002)/Season 01] season 1
              [The Wire (2002)/Season 01/The Wire S01E01.mkv] S01E01
              [The.Wire.S01E02.1080p.mkv] S01E02
            [#show dark] Dark
              [#show dark#season 1] season 1
              [Dark S01E01.mkv] S01E01
              [Dark S01E02.mkv] S01E02
            [#show media] Media
              [#show media#season 3] season 3
              [S03E01.mkv] S03E01
        "#]],
    );
}

#[test]
fn a_root_can_be_a_show() {
    check(
        &[
            "Season 01/S01E01.mkv",
            "Season 02/S02E01.mkv",
            "Specials/S00E01.mkv",
            "Pilot S01E00.mkv",
        ],
        expect![[r#"
            [.] Media
              [Specials] season 0
              [Season 01] season 1
              [Season 02] season 2
              [Specials/S00E01.mkv] S00E01
              [Pilot S01E00.mkv] S01E00
              [Season 01/S01E01.mkv] S01E01
              [Season 02/S02E01.mkv] S02E01
        "#]],
    );
}

#[test]
fn descriptions_of_shows_and_episodes() {
    let tree =
        Tree::new(&["Dark/Season 1/a.mkv", "Dark/Season 1/b.mkv", "Dark/Season 1/Dark S01E04.mkv"]);
    tree.file(
        "Dark/tvshow.nfo",
        "<tvshow><title>Dark!</title><year>2017</year><plot>Caves</plot>\
         <uniqueid type=\"tvdb\">334824</uniqueid></tvshow>",
    );
    let episode = |title, number| {
        format!(
            "<episodedetails><title>{title}</title><season>1</season><episode>{number}</episode>\
             <aired>2017-12-01</aired><runtime>51</runtime></episodedetails>"
        )
    };
    tree.file("Dark/Season 1/a.nfo", episode("Secrets", 1));
    tree.file("Dark/Season 1/b.nfo", episode("Lies", 2) + &episode("Past and Present", 3));
    tree.file(
        "Dark/Season 1/Dark S01E04.nfo",
        "<episodedetails><plot>Double</plot></episodedetails>",
    );
    expect![[r#"
        [Dark] Dark! (2017) "Caves" {tvdb 334824}
          [Dark/Season 1] season 1
          [Dark/Season 1/a.mkv] S01E01 Secrets 2017-12-01 51min
          [Dark/Season 1/b.mkv] S01E02 Lies 2017-12-01 51min
          [Dark/Season 1/b.mkv +1] S01E03 Past and Present 2017-12-01 51min
          [Dark/Season 1/Dark S01E04.mkv] S01E04 "Double"
    "#]]
    .assert_eq(&tree.shows().text());
}

#[test]
fn shows_and_seasons_are_anchored_by_their_first_episode() {
    let tree = Tree::new(&[
        "Dark/Season 1/S01E02.mkv",
        "Dark/Season 1/S01E01.mkv",
        "Dark/Season 2/S02E01.mkv",
    ]);
    let listing = tree.shows();
    let anchor = |id| listing.get(id).anchor.as_ref().unwrap().name().to_owned();
    assert_eq!(anchor("Dark"), "S01E01.mkv");
    assert_eq!(anchor("Dark/Season 1"), "S01E01.mkv");
    assert_eq!(anchor("Dark/Season 2"), "S02E01.mkv");
    assert_eq!(anchor("Dark/Season 1/S01E02.mkv"), "S01E02.mkv");
    assert!(listing.get("Dark").facts.files.is_empty());
}
