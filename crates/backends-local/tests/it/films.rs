//! Films in every layout.

use expect_test::{Expect, expect};
use shelfread_backends_local::{LocalConfig, LocalFolder, detect};
use shelfread_domain::PathMap;
use shelfread_domain::port::{LibraryKind, Scope};

use crate::tree::{Tree, list};

fn check(files: &[&str], expected: Expect) {
    let tree = Tree::new(files);
    for marker in files.iter().filter(|file| file.ends_with("ignore")) {
        tree.file(marker, "");
    }
    let listing = tree.films();
    assert!(listing.is_complete(), "{}", listing.text());
    expected.assert_eq(&listing.text());
}

#[test]
fn a_folder_for_each_film() {
    check(
        &[
            "Heat (1995)/Heat (1995).mkv",
            "Heat (1995)/Heat (1995).srt",
            "Heat (1995)/poster.jpg",
            "2001 A Space Odyssey (1968)/2001.mkv",
            "Blade Runner 2049 (2017) {tmdb-335984}/Blade Runner 2049.mkv",
            "Dune (2021) [imdbid-tt1160419]/Dune (2021) [tmdbid=438631].mkv",
            "The.Matrix.1999.1080p.BluRay.x264-GRP/grp-matrix.mkv",
            "Alien/Alien.1979.1080p.BluRay.x264-GRP.mkv",
            "Brazil/movie.mp4",
        ],
        expect![[r#"
            [2001 A Space Odyssey (1968)] 2001 A Space Odyssey (1968) = 2001.mkv
            [Alien] Alien (1979) = Alien.1979.1080p.BluRay.x264-GRP.mkv
            [Blade Runner 2049 (2017) {tmdb-335984}] Blade Runner 2049 (2017) {tmdb 335984} = Blade Runner 2049.mkv
            [Brazil] Brazil = movie.mp4
            [Dune (2021) [imdbid-tt1160419]] Dune (2021) {tmdb 438631} {imdb tt1160419} = Dune (2021) [tmdbid=438631].mkv
            [Heat (1995)] Heat (1995) = Heat (1995).mkv
            [The.Matrix.1999.1080p.BluRay.x264-GRP] The Matrix (1999) = grp-matrix.mkv
        "#]],
    );
}

#[test]
fn loose_films_and_collections() {
    check(
        &[
            "Heat (1995).mkv",
            "1917.2019.1080p.WEB-DL.x264-GRP.mkv",
            "Solaris (1972) - 1080p.mkv",
            "Solaris (1972) - 4K.mkv",
            "Solaris (2002).mkv",
            "Solaris.mkv",
            "Alien Anthology/Alien (1979).mkv",
            "Alien Anthology/Aliens (1986).mkv",
            "Action/Die Hard (1988).mkv",
            "Action/Speed (1994)/Speed (1994).mkv",
        ],
        expect![[r#"
            [1917.2019.1080p.WEB-DL.x264-GRP.mkv] 1917 (2019) = 1917.2019.1080p.WEB-DL.x264-GRP.mkv
            [Heat (1995).mkv] Heat (1995) = Heat (1995).mkv
            [Solaris (1972) - 1080p.mkv] Solaris (1972) = Solaris (1972) - 1080p.mkv, Solaris (1972) - 4K.mkv
            [Solaris (2002).mkv] Solaris (2002) = Solaris (2002).mkv
            [Solaris.mkv] Solaris = Solaris.mkv
            [Action/Die Hard (1988).mkv] Die Hard (1988) = Die Hard (1988).mkv
            [Action/Speed (1994)] Speed (1994) = Speed (1994).mkv
            [Alien Anthology/Alien (1979).mkv] Alien (1979) = Alien (1979).mkv
            [Alien Anthology/Aliens (1986).mkv] Aliens (1986) = Aliens (1986).mkv
        "#]],
    );
}

#[test]
fn versions_editions_and_parts_are_one_film() {
    check(
        &[
            "Heat (1995)/Heat (1995) - 1080p.mkv",
            "Heat (1995)/Heat (1995) - 4K.mkv",
            "Heat (1995)/Heat (1995) - Director's Cut.mkv",
            "Heat (1995)/Heat (1995) {edition-Final Cut}.mkv",
            "Ran (1985)/Ran (1985)-cd1.avi",
            "Ran (1985)/Ran (1985)-cd2.avi",
            "Jaws (1975)/CD1/a.avi",
            "Jaws (1975)/CD2/b.avi",
            "M (1931)/M (1931).mkv",
            "M (1931)/Restoring M.mkv",
        ],
        expect![[r#"
            [Heat (1995)] Heat (1995) = Heat (1995) - 1080p.mkv, Heat (1995) - 4K.mkv, Heat (1995) - Director's Cut.mkv, Heat (1995) {edition-Final Cut}.mkv
            [Jaws (1975)] Jaws (1975) = a.avi, b.avi
            [M (1931)] M (1931) = M (1931).mkv
            [M (1931)/Restoring M.mkv] Restoring M = Restoring M.mkv
            [Ran (1985)] Ran (1985) = Ran (1985)-cd1.avi, Ran (1985)-cd2.avi
        "#]],
    );
}

#[test]
fn extras_samples_and_hidden_things_are_no_films() {
    check(
        &[
            "Heat (1995)/Heat (1995).mkv",
            "Heat (1995)/Heat (1995)-trailer.mkv",
            "Heat (1995)/Heat (1995)-behindthescenes.mkv",
            "Heat (1995)/trailers/Teaser.mkv",
            "Heat (1995)/Extras/Making of.mkv",
            "Heat (1995)/Other/Speech.mkv",
            "Heat (1995)/Sample/heat-sample.mkv",
            "Heat (1995)/.hidden.mkv",
            "Heat (1995)/._Heat (1995).mkv",
            "Heat (1995)/.actors/a.mkv",
            "Heat (1995)/Subs/en.mkv",
            "@eaDir/Heat (1995).mkv",
            ".Trash-1000/files/Alien (1979).mkv",
            "Heat (1995)/Heat (1995).mkv.part",
            "Old/.nomedia",
            "Old/Alien (1979).mkv",
            "Private/.ignore",
            "Private/Diary (2000).mkv",
            "Mixed/.plexignore",
            "Mixed/Brazil (1985).mkv",
            "Extras/Extras (2005).mkv",
        ],
        expect![[r#"
            [Extras] Extras (2005) = Extras (2005).mkv
            [Heat (1995)] Heat (1995) = Heat (1995).mkv
        "#]],
    );
}

#[test]
fn patterns_set_names_aside() {
    let tree = Tree::new(&["A (2000).avi", "A (2000).mkv", "B (2001)/B.mkv", "Old/C (2002).mkv"]);
    tree.file(".ignore", "# what goes\n*.avi\nOld/\n");
    assert_eq!(tree.films().ids(), ["A (2000).mkv", "B (2001)"]);
}

#[test]
fn discs_are_one_film() {
    check(
        &[
            "Heat (1995)/BDMV/index.bdmv",
            "Heat (1995)/BDMV/STREAM/00001.m2ts",
            "Heat (1995)/BDMV/STREAM/00800 - the long one.m2ts",
            "Heat (1995)/CERTIFICATE/id.bdmv",
            "Ran (1985)/VIDEO_TS/VIDEO_TS.IFO",
            "Ran (1985)/VIDEO_TS/VTS_01_1.VOB",
            "Jaws (1975)/VTS_01_1.VOB",
            "Jaws (1975)/VTS_01_2.VOB",
        ],
        expect![[r#"
            [Heat (1995)] Heat (1995) = 00800 - the long one.m2ts
            [Jaws (1975)] Jaws (1975) = VTS_01_2.VOB
            [Ran (1985)] Ran (1985) = VTS_01_1.VOB
        "#]],
    );
}

#[test]
fn descriptions_say_what_names_cannot() {
    let tree = Tree::new(&[
        "Heat (1995)/heat.mkv",
        "Ran/ran.mkv",
        "Jaws (1975).mkv",
        "Brazil/brazil.mkv",
        "Solaris (1972)/Solaris.mkv",
    ]);
    tree.file(
        "Heat (1995)/movie.nfo",
        "<movie><title>Heat, the film</title><year>1996</year><plot>Cops</plot><runtime>170</runtime>\
         <premiered>1995-12-15</premiered><uniqueid type=\"tmdb\">949</uniqueid></movie>",
    );
    tree.file("Ran/ran.nfo", "https://www.themoviedb.org/movie/11645");
    tree.file(
        "Jaws (1975).nfo",
        "<movie><id>tt0073195</id></movie>\nhttps://www.themoviedb.org/movie/578",
    );
    tree.file("Brazil/grp.nfo", "greetings");
    tree.file(
        "Solaris (1972)/Solaris.nfo",
        "<episodedetails><title>No film</title></episodedetails>",
    );
    expect![[r#"
        [Jaws (1975).mkv] Jaws (1975) {tmdb 578} {imdb tt0073195} = Jaws (1975).mkv
        [Brazil] Brazil = brazil.mkv
        [Heat (1995)] Heat, the film (1996) 1995-12-15 170min "Cops" {tmdb 949} = heat.mkv
        [Ran] Ran {tmdb 11645} = ran.mkv
        [Solaris (1972)] Solaris (1972) = Solaris.mkv
    "#]]
    .assert_eq(&tree.films().text());
}

#[test]
fn files_have_path_size_and_time() {
    let tree = Tree::new(&["Heat (1995)/Heat - 4K.mkv", "Heat (1995)/Heat - 1080p.mkv"]);
    let root = tree.root().canonicalize().unwrap();
    let map = PathMap::new([(root.to_str().unwrap(), "/films")]);
    let config =
        LocalConfig { path_map: map, ..LocalConfig::new(tree.root(), LibraryKind::Movies) };
    let listing = list(&LocalFolder::new(config).unwrap(), Scope::Full);
    let film = listing.get("Heat (1995)");
    let files: Vec<_> = film.facts.files.iter().map(|f| (f.path.as_str(), f.size)).collect();
    let sizes =
        ["Heat (1995)/Heat - 1080p.mkv".len() as u64, "Heat (1995)/Heat - 4K.mkv".len() as u64];
    assert_eq!(
        files,
        [
            ("/films/Heat (1995)/Heat - 1080p.mkv", Some(sizes[0])),
            ("/films/Heat (1995)/Heat - 4K.mkv", Some(sizes[1])),
        ]
    );
    assert_eq!(film.facts.files[0].modified.unwrap().timestamp(), 1_700_000_000);
    assert_eq!(film.anchor.as_ref(), film.facts.files.first());
    assert_eq!(film.facts.added_at, film.facts.files[0].modified);
}

#[test]
fn the_layout_tells_films_from_shows() {
    let kind = |files: &[&str]| detect(&Tree::new(files).root()).ok();
    for films in [
        ["Heat (1995)/Heat.mkv", "Ran (1985).mkv"].as_slice(),
        &["Heat (1995)/Heat.mkv", "Heat (1995)/Extras/S01E01.mkv"],
        &["2012.mkv", "1917.mkv"],
    ] {
        assert_eq!(kind(films), Some(LibraryKind::Movies), "{films:?}");
    }
    for shows in [
        ["The Wire/Season 01/01.mkv", "The Wire/Season 01/02.mkv"].as_slice(),
        &["The Wire/The Wire S01E01.mkv"],
        &["The Wire S01E01.mkv"],
        &["Kids/Bluey/Season 1/a.mkv"],
        &["Show/tvshow.nfo", "Show/a.mkv"],
        &["One Piece/[Group] One Piece - 1089 [1080p].mkv"],
        &["The Daily Show/The Daily Show 2024-03-12.mkv"],
    ] {
        assert_eq!(kind(shows), Some(LibraryKind::Shows), "{shows:?}");
    }
    assert_eq!(kind(&[]), None);
    assert_eq!(kind(&["readme.txt"]), None);
}
