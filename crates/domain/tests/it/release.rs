//! The table of names (`release_names.txt`) and the properties of the parser.

use std::fmt::Write;

use expect_test::expect_file;
use proptest::prelude::*;
use shelfread_domain::release::{Certainty, Expect, MAX_NAME, ReleaseName, season_folder};

/// The table holds a name on one line and what is read from it, indented, on the next. `@film`,
/// `@episode`, `@path` and `@any` say how the names below them are read; `#` begins a comment.
/// `UPDATE_EXPECT=1` writes the table anew: read the difference before you keep it.
#[test]
fn the_table_of_names() {
    let table = include_str!("release_names.txt");
    let mut parse: fn(&str) -> ReleaseName = ReleaseName::parse;
    let mut seen = String::new();
    for line in table.lines().filter(|line| !line.starts_with("    ")) {
        writeln!(seen, "{line}").unwrap();
        match line {
            "@film" => parse = |name| ReleaseName::parse_as(name, Expect::Film),
            "@episode" => parse = |name| ReleaseName::parse_as(name, Expect::Episode),
            "@path" => parse = ReleaseName::parse_path,
            "@any" => parse = ReleaseName::parse,
            _ if line.is_empty() || line.starts_with("# ") => {}
            name => writeln!(seen, "    {}", render(&parse(name))).unwrap(),
        }
    }
    expect_file!["release_names.txt"].assert_eq(&seen);
}

#[test]
fn the_documentation_has_the_grammar_of_the_code() {
    let code = include_str!("../../src/release.rs");
    let block = code.split("//! ```text\n").nth(1).and_then(|rest| rest.split("//! ```\n").next());
    let lines = block.unwrap().lines().map(|line| line.trim_start_matches("//!").trim_start());
    let page: Vec<_> = include_str!("../../../../docs/release-names.md").lines().collect();
    for line in lines {
        assert!(page.iter().any(|known| known.trim_start() == line), "{line}");
    }
}

/// Everything that a name says, in one line: `Title (Year) | numbers | the copy`.
fn render(name: &ReleaseName) -> String {
    let mut out = name.title.clone().unwrap_or_else(|| "-".into());
    let mut say = |text: String| out.push_str(&text);
    if let Some(year) = name.year {
        say(format!(" ({year})"));
    }
    say(" |".into());
    if let Some(season) = name.season {
        say(format!(" S{season:02}"));
    }
    if let Some(last) = name.last_season {
        say(format!("-S{last:02}"));
    }
    say(list(" E", &name.episodes));
    say(list(" abs ", &name.absolute));
    if let Some(date) = name.air_date {
        say(format!(" {date}"));
    }
    if name.is_season_pack {
        say(" pack".into());
    }
    if name.special && name.season != Some(0) {
        say(" special".into());
    }
    if let Some(title) = &name.episode_title {
        say(format!(" \"{title}\""));
    }
    say(" |".into());
    for word in [name.resolution.as_deref(), name.source, name.codec].into_iter().flatten() {
        say(format!(" {word}"));
    }
    if let Some(edition) = &name.edition {
        say(format!(" <{edition}>"));
    }
    if let Some(part) = name.part {
        say(format!(" part {part}"));
    }
    if let Some(version) = name.version {
        say(format!(" v{version}"));
    }
    if let Some(extra) = name.extra {
        say(format!(" {extra:?}"));
    }
    if let Some(group) = &name.group {
        say(format!(" -{group}"));
    }
    for id in &name.external_ids {
        say(format!(" {{{id}}}"));
    }
    out
}

/// `[1, 2, 3, 5]` as `1-3,5`.
fn list(label: &str, numbers: &[i32]) -> String {
    let mut runs: Vec<(i32, i32)> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == *number => *last = *number,
            _ => runs.push((*number, *number)),
        }
    }
    let text = |(first, last): &(i32, i32)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    };
    let runs = runs.iter().map(text).collect::<Vec<_>>().join(",");
    if runs.is_empty() { runs } else { format!("{label}{runs}") }
}

#[test]
fn season_folders() {
    let seasons: &[(&str, i32)] = &[
        ("Season 01", 1),
        ("season 1", 1),
        ("Season.02", 2),
        ("Season_3", 3),
        ("S04", 4),
        ("s5", 5),
        ("Specials", 0),
        ("Season 0", 0),
        ("Season 00", 0),
        ("Staffel 2", 2),
        ("Saison 03", 3),
        ("Temporada 1", 1),
        ("Сезон 2", 2),
        ("Series 3", 3),
        ("Season 01 - The Beginning", 1),
        ("Season 1 (2008)", 1),
        ("Breaking Bad - Season 2", 2),
        ("Breaking Bad Season 2", 2),
        ("Breaking.Bad.S03.1080p.BluRay-GRP", 3),
        ("1", 1),
        ("02", 2),
        ("2024", 2024),
        ("Season 2024", 2024),
        ("第2季", 2),
        ("2nd Season", 2),
    ];
    for (name, season) in seasons {
        assert_eq!(season_folder(name), Some(*season), "{name}");
    }
    for name in
        ["Dark", "Extras", "Subs", "100", "Disc 1", "Show S01E02", "S01-S03", "Seasons 1-3", ""]
    {
        assert_eq!(season_folder(name), None, "{name}");
    }
}

#[test]
fn answers_say_how_sure_they_are() {
    let confidence = |name| {
        let c = ReleaseName::parse(name).confidence;
        (c.title, c.year, c.numbers)
    };
    use Certainty::{Absent, Guess, Likely, Sure};
    assert_eq!(confidence("Heat (1995)"), (Sure, Sure, Absent));
    assert_eq!(confidence("Heat.1995.1080p.x264-A"), (Likely, Likely, Absent));
    assert_eq!(confidence("Heat.1080p.x264-A"), (Likely, Absent, Absent));
    assert_eq!(confidence("Heat"), (Guess, Absent, Absent));
    assert_eq!(confidence("Dark.S01E02"), (Sure, Absent, Sure));
    assert_eq!(confidence("Dark - 05"), (Guess, Absent, Guess));
    assert_eq!(confidence("1080p"), (Absent, Absent, Absent));
}

#[test]
fn a_name_of_a_megabyte_costs_no_more_than_its_bound() {
    for part in ["a", "1", "S01E01", "E02-", "(", "[[", "{tmdb-", "1999 ", "x264-", "- 1 ", "é."] {
        let long = part.repeat(1_000_000 / part.len());
        let name = ReleaseName::parse(&long);
        assert!(name.title.is_none_or(|title| title.len() <= MAX_NAME), "{part}");
        assert!(name.episodes.len() <= 2_000 && name.absolute.len() <= 2_000, "{part}");
        ReleaseName::parse_path(&long);
    }
}

/// Pieces of which hostile and real names are made.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-zA-Z]{1,6}",
        "[0-9]{1,5}",
        "\\PC{1,3}",
        "[ ._\\-\\[\\](){}+&~,#]{1,3}",
        "(S|s)[0-9]{1,5}(E|e)?[0-9]{0,5}(-E)?[0-9]{0,4}",
        "(19|20)[0-9]{2}",
        prop::sample::select(vec![
            "1080p",
            "WEB-DL",
            "x264-",
            "Season ",
            "Episode ",
            "第05話",
            "{tmdb-",
            "[tvdbid=",
            "OVA",
            "cd1",
            "Final Cut",
            "Σς",
            "İ",
            "ß"
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn no_name_makes_it_panic(name in pieces(), any in any::<String>()) {
        for name in [name, any] {
            for expect in [Expect::Any, Expect::Film, Expect::Episode] {
                let release = ReleaseName::parse_as(&name, expect);
                prop_assert!(release.episodes.is_sorted() && release.absolute.is_sorted());
                prop_assert!(release.title.is_none_or(|t| t == t.trim() && !t.is_empty()));
            }
            ReleaseName::parse_path(&name);
            season_folder(&name);
        }
    }
}
