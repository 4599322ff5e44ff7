//! A small shelf, and what names of transfers mean on it.

use chrono::NaiveDate;
use expect_test::{Expect, expect};
use uuid::Uuid;

use super::*;

/// A shelf, one work or episode in a line: `movie Heat 1995 tmdb=949`, `show Dark 2017`, then
/// `1x02`, `1x` (a season), `1x02 abs=5`, `2024-03-12` below the show before it.
fn shelf() -> (Shelf, Vec<(ItemId, String)>) {
    let text = "movie Heat 1995 tmdb=949
        movie Heat 1986
        movie 2001:_A_Space_Odyssey 1968
        movie Blade_Runner_2049 2017
        movie Amélie 2001
        movie Dune_Part_Two 2024
        movie Nomad -
        show Dark 2017 tvdb=334824
        1x
        1x01
        1x02
        1x03
        2x01
        0x01
        show The_Daily 2010
        2024-03-12
        show One_Piece 1999
        20x1088 abs=1088
        21x01 abs=1089
        show Naruto 2002
        1x01
        1x220
        show Fargo 2014
        show Fargo 2030
        show Empty 2020";
    let (mut shelf, mut names) = (Shelf::default(), Vec::new());
    for (line, n) in text.lines().map(str::trim).zip(1..) {
        let words: Vec<_> = line.split(' ').collect();
        let id = ItemId(Uuid::from_u128(n));
        let option = |key: &str| words.iter().find_map(|w| w.strip_prefix(key)?.strip_prefix('='));
        if let "movie" | "show" = words[0] {
            let title = words[1].replace('_', " ");
            names.push((id, format!("{title} {}", words[2])));
            let providers = ["tmdb", "tvdb"].into_iter();
            shelf.works.push(Work {
                id,
                kind: words[0].parse().unwrap(),
                title_key: Some(title_key(&title)),
                title,
                year: words[2].parse().ok(),
                external_ids: providers.filter_map(|p| ExternalId::parse(p, option(p)?)).collect(),
            });
            continue;
        }
        let date: Option<NaiveDate> = words[0].parse().ok();
        let (season, episode) = words[0].split_once('x').unwrap_or_default();
        let show = shelf.works.last().unwrap();
        names.push((id, words[0].to_owned()));
        shelf.episodes.push(Episode {
            id,
            kind: if episode.is_empty() && date.is_none() {
                ItemKind::Season
            } else {
                ItemKind::Episode
            },
            show: show.id,
            season: season.parse().ok(),
            episode: episode.parse().ok(),
            absolute: option("abs").map(|n| n.parse().unwrap()),
            air_date: date,
        });
    }
    (shelf, names)
}

fn show(name: &str, files: &[&str]) -> String {
    let (shelf, known) = shelf();
    let files: Vec<_> =
        files.iter().map(|f| TransferFile { path: (*f).to_owned(), size_bytes: None }).collect();
    let verdict = Names::read(name, &files).identify(&shelf);
    assert_eq!(verdict.items.is_empty(), verdict.confidence < THRESHOLD, "{name}");
    let items =
        verdict.items.iter().map(|id| known.iter().find(|(k, _)| k == id).unwrap().1.as_str());
    let items = items.collect::<Vec<_>>().join(", ");
    format!("{name} > [{items}] {} ({})\n", verdict.confidence, verdict.reason)
}

#[allow(clippy::needless_pass_by_value, reason = "an expectation is written where it is used")]
fn check(names: &[&str], expected: Expect) {
    expected.assert_eq(&names.iter().map(|name| show(name, &[])).collect::<String>());
}

#[test]
fn films() {
    check(
        &[
            "Heat.1995.1080p.BluRay.x264-GRP",
            "Heat.1996.720p.WEB-DL",
            "Heat.2019.1080p.WEB-DL",
            "Heat.1080p.BluRay.x264-GRP",
            "Whatever {tmdb-949} 1080p",
            "2001.A.Space.Odyssey.1968.2160p.UHD.BluRay",
            "Blade.Runner.2049.2017.1080p.BluRay",
            "Blade.Runner.2049.1080p.BluRay",
            "Le.Fabuleux.Destin.dAmelie.Poulain.2001.1080p",
            "Amelie.2001.MULTi.1080p.BluRay",
            "Dune Part Two (2024) [2160p]",
            "Nomad.2019.1080p.WEB",
            "Unknown.Film.2020.1080p",
            "download",
            "",
        ],
        expect![[r#"
            Heat.1995.1080p.BluRay.x264-GRP > [Heat 1995] 95 (title and year)
            Heat.1996.720p.WEB-DL > [Heat 1995] 75 (title, and a year that is one off)
            Heat.2019.1080p.WEB-DL > [] 30 ('Heat' is known, but not of 2019)
            Heat.1080p.BluRay.x264-GRP > [] 40 (2 are named 'Heat', and it says no year)
            Whatever {tmdb-949} 1080p > [Heat 1995] 100 (tmdb:949 in its name)
            2001.A.Space.Odyssey.1968.2160p.UHD.BluRay > [2001: A Space Odyssey 1968] 95 (title and year)
            Blade.Runner.2049.2017.1080p.BluRay > [Blade Runner 2049 2017] 95 (title and year)
            Blade.Runner.2049.1080p.BluRay > [Blade Runner 2049 2017] 70 (title, without a year)
            Le.Fabuleux.Destin.dAmelie.Poulain.2001.1080p > [] 0 (the catalogue has no movie 'Le Fabuleux Destin dAmelie Poulain')
            Amelie.2001.MULTi.1080p.BluRay > [Amélie 2001] 95 (title and year)
            Dune Part Two (2024) [2160p] > [Dune Part Two 2024] 95 (title and year)
            Nomad.2019.1080p.WEB > [Nomad -] 70 (title; the catalogue has no year)
            Unknown.Film.2020.1080p > [] 0 (the catalogue has no movie 'Unknown Film')
            download > [] 0 (the catalogue has no movie 'download')
             > [] 0 (its name says no title)
        "#]],
    );
}

#[test]
fn shows() {
    check(
        &[
            "Dark.S01E02.1080p.WEB.x264-GRP",
            "Dark.2017.S01E01-E02.1080p",
            "Dark.S01E09.1080p",
            "Dark.S07E01.1080p",
            "Dark.S01.1080p.NF.WEB-DL",
            "Dark.S01-S02.COMPLETE.1080p",
            "Dark.S03.1080p",
            "Dark.S00E01.Special.1080p",
            "Dark.Complete.Series.1080p.BluRay",
            "The.Daily.2024.03.12.720p.WEB",
            "The.Daily.2024.03.13.720p.WEB",
            "[Group] One Piece - 1089 [1080p]",
            "[Group] One Piece - 1088-1089 [1080p]",
            "[Group] Naruto - 220 [480p]",
            "Fargo.S01E01.720p",
            "Fargo.2014.S01E01.720p",
            "Empty.S01E01.720p",
            "Empty.S01.720p",
            "Unknown.Show.S01E01.720p",
        ],
        expect![[r#"
            Dark.S01E02.1080p.WEB.x264-GRP > [1x02] 85 (title; season 1, episode 2)
            Dark.2017.S01E01-E02.1080p > [1x01, 1x02] 95 (title and year; season 1, episode 1 to 2)
            Dark.S01E09.1080p > [1x] 65 (title; season 1, episode 9, which the catalogue does not have yet)
            Dark.S07E01.1080p > [Dark 2017] 65 (title; season 7, episode 1, which the catalogue does not have yet)
            Dark.S01.1080p.NF.WEB-DL > [1x01, 1x02, 1x03] 85 (title; season 1)
            Dark.S01-S02.COMPLETE.1080p > [1x01, 1x02, 1x03, 2x01] 85 (title; seasons 1 to 2)
            Dark.S03.1080p > [Dark 2017] 75 (title; season 3, no episode of it is known)
            Dark.S00E01.Special.1080p > [0x01] 85 (title; season 0, episode 1)
            Dark.Complete.Series.1080p.BluRay > [1x01, 1x02, 1x03, 2x01, 0x01] 75 (title; the whole show)
            The.Daily.2024.03.12.720p.WEB > [2024-03-12] 85 (title; aired 2024-03-12)
            The.Daily.2024.03.13.720p.WEB > [The Daily 2010] 65 (title; aired 2024-03-13, which the catalogue does not have yet)
            [Group] One Piece - 1089 [1080p] > [21x01] 85 (title; number 1089)
            [Group] One Piece - 1088-1089 [1080p] > [20x1088, 21x01] 85 (title; number 1088 to 1089)
            [Group] Naruto - 220 [480p] > [1x220] 75 (title; number 220)
            Fargo.S01E01.720p > [] 40 (2 are named 'Fargo', and it says no year)
            Fargo.2014.S01E01.720p > [Fargo 2014] 75 (title and year; season 1, episode 1, which the catalogue does not have yet)
            Empty.S01E01.720p > [Empty 2020] 65 (title; season 1, episode 1, which the catalogue does not have yet)
            Empty.S01.720p > [Empty 2020] 75 (title; season 1, no episode of it is known)
            Unknown.Show.S01E01.720p > [] 0 (the catalogue has no show 'Unknown Show')
        "#]],
    );
}

#[test]
fn files_say_more_than_the_name() {
    let both = [
        show(
            "Dark.S01.1080p",
            &[
                "Dark.S01.1080p/Dark.S01E01.mkv",
                "Dark.S01.1080p/Dark.S01E03.mkv",
                "Dark.S01.1080p/Sample/sample.mkv",
                "Dark.S01.1080p/x.nfo",
            ],
        ),
        show("download_123", &["download_123/Heat.1995.1080p.mkv"]),
        show("Dark Season 1", &["Dark Season 1/01.mkv", "Dark Season 1/02.mkv"]),
        show("Two films", &["Heat.1995.mkv", "Amelie.2001.mkv"]),
        show("Heat.1995.1080p", &["Heat.1995.1080p/a1b2c3.mkv"]),
    ];
    expect![[r#"
        Dark.S01.1080p > [1x01, 1x03] 85 (title; season 1, episode 1; 2 files)
        download_123 > [Heat 1995] 95 (title and year)
        Dark Season 1 > [1x01, 1x02] 85 (title; season 1, episode 1; 2 files)
        Two films > [] 0 (the catalogue has no movie 'Two films')
        Heat.1995.1080p > [Heat 1995] 95 (title and year)
    "#]]
    .assert_eq(&both.concat());
}

#[test]
fn the_order_of_the_shelf_does_not_matter() {
    let (mut shelf, _) = shelf();
    let names = ["Heat.1995.1080p", "Dark.S01", "Fargo.S01E01", "Whatever {tmdb-949}"];
    let all = |shelf: &Shelf| names.map(|n| Names::read(n, &[]).identify(shelf));
    let before = all(&shelf);
    shelf.works.reverse();
    shelf.episodes.reverse();
    assert_eq!(all(&shelf), before);
}
