//! `shelfread item`: what a person corrects, decides and removes, on both databases.

use std::time::{Duration, Instant};

use serde_json::Value;
use shelfread_simulator::{Arr, Effect, Fault, Jellyfin, Plex, Running, World};
use shelfread_testkit::postgres::postgres;

use crate::desk::{Desk, film};

macro_rules! both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name("sqlite://data/shelfread.db").await;
            })+
        }

        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name(&super::postgres().database()).await;
            })+
        }
    };
}

both!(
    fields_are_set_cleared_and_reset,
    settings_are_set,
    items_are_merged_split_and_undone,
    what_waits_is_reviewed_and_decided,
    removed_everywhere,
    killed_in_a_removal_it_goes_on,
);

fn source(name: &str, kind: &str, server: &Running) -> String {
    let (url, token) = (server.url(), server.token());
    format!("[[source]]\nname = '{name}'\nkind = '{kind}'\nurl = '{url}'\ntoken = '{token}'\n")
}

fn desk(database: &str, sources: &[String]) -> Desk {
    Desk::configured(&format!("database_url = '{database}'\n{}", sources.concat()))
}

/// The id of the only item with this title.
#[track_caller]
fn id(desk: &Desk, kind: &str, title: &str) -> String {
    let items = desk.items();
    let mut found = items.iter().filter(|i| (i.0.as_str(), i.1.as_str()) == (kind, title));
    let id = found.next().unwrap_or_else(|| panic!("no {kind} '{title}': {items:?}")).2.clone();
    assert!(found.next().is_none(), "several {kind}s '{title}'");
    id
}

fn shown(desk: &Desk, id: &str) -> Value {
    desk.fine(&["item", "show", id, "--json"]).json()
}

/// The run that a correction was.
fn run_of(answer: &Value) -> String {
    answer["run"].as_str().unwrap_or_else(|| panic!("no run: {answer}")).to_owned()
}

async fn fields_are_set_cleared_and_reset(database: &str) {
    let world = World::empty();
    let heat = world.add_movie("Heat", 1995);
    let server = Jellyfin::new(&world).start().await.unwrap();
    let desk = desk(database, &[source("den", "jellyfin", &server)]);
    desk.fine(&["sync"]);
    let id = id(&desk, "movie", "Heat");
    let told = desk.fine(&["item", "set", &id, "title=Hitze", "year=1996"]);
    for word in ["\"Heat\" → \"Hitze\"", "1995 → 1996", "corrected by a person", "run revert"] {
        assert!(told.out.contains(word), "{word}: {told:?}");
    }
    let again = desk.fine(&["item", "set", &id, "title=Hitze"]);
    assert!(again.out.contains("so already"), "{again:?}");
    let cleared = desk.fine(&["item", "clear", &id, "overview", "--json"]).json();
    world.rename(heat, "Heat (Director's Cut)");
    desk.fine(&["sync"]);
    let view = shown(&desk, &id);
    assert_eq!(view["title"], "Hitze");
    for (field, value, origin) in [
        ("title", Value::from("Hitze"), "a person"),
        ("year", 1996.to_string().into(), "a person"),
        ("overview", Value::Null, "a person"),
    ] {
        let told = &view["fields"][field];
        assert_eq!((&told["value"], told["origin"].as_str()), (&value, Some(origin)), "{field}");
        assert!(told["since"].is_string(), "{field}: {told}");
    }
    let said = &view["listings"][0]["facts"];
    assert_eq!(said["title"], "Heat (Director's Cut)", "what the source says is shown as well");
    let page = desk.fine(&["item", "show", &id]).out;
    for word in ["title: Hitze  (a person, 20", "overview: cleared", "listed by den in"] {
        assert!(page.contains(word), "{word}: {page}");
    }
    desk.fine(&["item", "clear", &id, "title", "--reset"]);
    let view = shown(&desk, &id);
    assert_eq!(
        (&view["title"], &view["fields"]["title"]["origin"]),
        (&"Heat (Director's Cut)".into(), &"den".into())
    );
    desk.fine(&["run", "revert", &run_of(&cleared)]);
    assert!(shown(&desk, &id)["fields"]["overview"]["value"].is_string());
    for wrong in [
        &["item", "set", &id, "rating=5"][..],
        &["item", "set", &id, "year=soon"],
        &["item", "set", &id, "title"],
        &["item", "clear", &id, "title"],
        &["item", "set", "nobody", "title=x"],
    ] {
        let answer = desk.run(wrong);
        assert_eq!(answer.code, 2, "{wrong:?}: {answer:?}");
    }
    desk.fine(&["doctor"]);
}

async fn settings_are_set(database: &str) {
    let world = World::empty();
    let dark = world.add_show("Dark", 2017);
    world.add_episode(dark, 1, 1);
    let server = Jellyfin::new(&world).start().await.unwrap();
    let desk = desk(database, &[source("den", "jellyfin", &server)]);
    desk.fine(&["sync"]);
    let id = id(&desk, "show", "Dark");
    desk.fine(&["item", "settings", &id, "--auto-download", "on", "--status", "looking"]);
    server.rebuild();
    desk.fine(&["sync"]);
    let settings = shown(&desk, &id)["settings"].clone();
    assert_eq!(
        (&settings["auto_download"], &settings["status"]),
        (&true.into(), &"looking".into())
    );
    let page = desk.fine(&["item", "show", &id]).out;
    assert!(page.contains("auto-download on, looking  (a person)"), "{page}");
    let off = desk.fine(&["item", "settings", &id, "--auto-download", "off", "--json"]).json();
    assert_eq!(shown(&desk, &id)["settings"]["auto_download"], false);
    desk.fine(&["run", "revert", &run_of(&off)]);
    assert_eq!(shown(&desk, &id)["settings"]["auto_download"], true);
    assert_eq!(desk.run(&["item", "settings", &id]).code, 2);
}

async fn items_are_merged_split_and_undone(database: &str) {
    let (one, two) = (World::empty(), World::empty());
    one.add_movie("Seven", 1995);
    let other = two.add_movie("Se7en", 1995);
    two.edit(other, |o| o.provider_ids = vec![("Tmdb", "807".to_owned())]);
    let den = Jellyfin::new(&one).start().await.unwrap();
    let attic = Plex::new(&two).start().await.unwrap();
    let desk = desk(database, &[source("den", "jellyfin", &den), source("attic", "plex", &attic)]);
    desk.fine(&["sync"]);
    let before = desk.items();
    let (seven, twin) = (id(&desk, "movie", "Seven"), id(&desk, "movie", "Se7en"));
    let merged = desk.fine(&["item", "merge", &seven, &twin, "--json"]).json();
    desk.fine(&["sync"]);
    assert_eq!(desk.items().len(), 1, "it survives the next sync");
    let listings = shown(&desk, &seven)["listings"].clone();
    let of_attic = |l: &&Value| l["source"] == "attic";
    let listing = listings.as_array().unwrap().iter().find(of_attic).unwrap();
    assert_eq!(listing["match_basis"], "person");
    let listing = listing["id"].as_str().unwrap();
    let split = desk.fine(&["item", "split", &seven, "--listing", listing, "--json"]).json();
    desk.fine(&["sync"]);
    assert_eq!(desk.items().len(), 2, "so does a split");
    desk.fine(&["run", "revert", &run_of(&split)]);
    assert_eq!(desk.items().len(), 1);
    desk.fine(&["run", "revert", &run_of(&merged)]);
    assert_eq!(desk.items(), before, "with the ids of before");
    desk.fine(&["doctor"]);
    for wrong in [
        &["item", "merge", &seven, &seven][..],
        &["item", "split", &seven, "--listing", "nothing"],
        &["item", "split", &seven],
    ] {
        assert_eq!(desk.run(wrong).code, 2, "{wrong:?}");
    }
}

async fn what_waits_is_reviewed_and_decided(database: &str) {
    let (one, two) = (World::empty(), World::empty());
    for (title, tmdb) in [("Heat", "949"), ("Ran", "11645")] {
        let id = one.add_movie(title, 1995);
        one.edit(id, |o| o.provider_ids = vec![("Tmdb", tmdb.to_owned())]);
    }
    let ran = one.add_movie("Rashomon", 1950);
    one.edit(ran, |o| o.provider_ids = vec![("Imdb", "tt0042876".to_owned())]);
    let torn = two.add_movie("Heat or Rashomon", 1995);
    let ids = [("Tmdb", "949"), ("Imdb", "tt0042876")];
    two.edit(torn, |o| o.provider_ids = ids.map(|(p, v)| (p, v.to_owned())).to_vec());
    let den = Jellyfin::new(&one).start().await.unwrap();
    let attic = Plex::new(&two).start().await.unwrap();
    let desk = desk(database, &[source("den", "jellyfin", &den), source("attic", "plex", &attic)]);
    desk.fine(&["sync", "den"]);
    assert!(desk.fine(&["item", "review"]).out.contains("nothing waits"));
    let report = desk.fine(&["sync", "attic", "--json"]).report();
    assert_eq!(
        (&report["counts"]["conflicts"], &report["counts"]["added"]),
        (&1.into(), &0.into())
    );
    let page = desk.fine(&["item", "review"]).out;
    for word in ["Heat or Rashomon", "attic", "949", "tt0042876", "Heat (1995)", "Rashomon (1950)"]
    {
        assert!(page.contains(word), "{word}: {page}");
    }
    let waiting = desk.fine(&["item", "review", "--json"]).json()["listings"][0].clone();
    assert_eq!(
        (&waiting["reason"], waiting["candidates"].as_array().map(Vec::len)),
        (&"conflicting_ids".into(), Some(2))
    );
    let listing = waiting["listing"].as_str().unwrap();
    let heat = id(&desk, "movie", "Heat");
    let decided = desk.fine(&["item", "review", listing, "--to", &heat, "--json"]).json();
    desk.fine(&["sync"]);
    assert_eq!(shown(&desk, &heat)["listings"].as_array().map(Vec::len), Some(2));
    assert!(desk.fine(&["item", "review"]).out.contains("nothing waits"));
    desk.fine(&["run", "revert", &run_of(&decided)]);
    assert!(desk.fine(&["item", "review"]).out.contains(listing));
    desk.fine(&["item", "review", listing, "--new"]);
    assert_eq!(desk.items().len(), 4);
    assert_eq!(desk.run(&["item", "review", listing]).code, 2, "a decision must be said");
    desk.fine(&["doctor"]);
}

/// One film on a folder, a Jellyfin, a Plex and a Radarr. Each server shows a world of its own.
struct Household {
    servers: Vec<(Running, World)>,
    desk: Desk,
}

async fn household(database: &str) -> Household {
    let world = || {
        let world = World::empty();
        for (title, year, tmdb) in [("Heat", 1995, "949"), ("Ran", 1985, "11645")] {
            let id = world.add_movie(title, year);
            world.edit(id, |o| o.provider_ids = vec![("Tmdb", tmdb.to_owned())]);
        }
        world
    };
    let worlds = [world(), world(), world()];
    let den = Jellyfin::new(&worlds[0]).start().await.unwrap();
    let attic = Plex::new(&worlds[1]).start().await.unwrap();
    let films = Arr::radarr(&worlds[2]).start().await.unwrap();
    let sources = [
        source("den", "jellyfin", &den),
        source("attic", "plex", &attic),
        source("films", "radarr", &films),
        "[[source]]\nname = 'disk'\nkind = 'folder'\npath = 'films'\n".to_owned(),
    ];
    let desk = desk(database, &sources);
    film(&desk.path("films/Heat (1995) {tmdb-949}/Heat.mkv"));
    desk.write("films/Heat (1995) {tmdb-949}/Heat.srt", b"1");
    film(&desk.path("films/Ran (1985) {tmdb-11645}/Ran.mkv"));
    desk.fine(&["sync"]);
    assert_eq!(desk.items().len(), 2);
    let servers = [den, attic, films].into_iter().zip(worlds).collect();
    Household { servers, desk }
}

impl Household {
    fn titles(&self) -> Vec<Vec<String>> {
        let titles = |world: &World| {
            let all = world.ids(shelfread_domain::ItemKind::Movie);
            all.into_iter().filter_map(|id| world.get(id)).map(|o| o.title).collect()
        };
        self.servers.iter().map(|(_, world)| titles(world)).collect()
    }
}

/// The states by source.
fn states(report: &Value) -> Vec<(String, String)> {
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let targets = report["targets"].as_array().unwrap();
    let mut all: Vec<_> = targets.iter().map(|t| (text(&t["source"]), text(&t["state"]))).collect();
    all.sort();
    all
}

async fn removed_everywhere(database: &str) {
    let home = household(database).await;
    let desk = &home.desk;
    let heat = id(desk, "movie", "Heat");
    let plain = desk.run(&["item", "remove", &heat]);
    assert_eq!(plain.code, 2);
    assert!(plain.err.contains("attic, den, disk, films") && plain.err.contains("--everywhere"));
    let shown = desk.fine(&["item", "remove", &heat, "--everywhere"]);
    for word in ["den in", "attic in", "films in", "disk in", "its files are deleted", "--yes"] {
        assert!(shown.out.contains(word), "{word}: {shown:?}");
    }
    let dry = desk.fine(&["item", "remove", &heat, "--everywhere", "--json"]).json();
    assert_eq!((&dry["dry_run"], dry["targets"].as_array().map(Vec::len)), (&true.into(), Some(4)));
    assert_eq!(home.titles(), vec![vec!["Heat", "Ran"]; 3]);
    let report = desk.fine(&["item", "remove", &heat, "--everywhere", "--yes", "--json"]).json();
    let done = ["attic", "den", "disk", "films"].map(|s| (s.to_owned(), "done".to_owned()));
    assert_eq!(states(&report), done, "{report}");
    assert_eq!((&report["gone"], &report["status"]), (&true.into(), &"succeeded".into()));
    assert_eq!(home.titles(), vec![vec!["Ran"]; 3]);
    assert!(!desk.path("films/Heat (1995) {tmdb-949}").exists());
    assert!(desk.path("films/Ran (1985) {tmdb-11645}/Ran.mkv").exists());
    assert_eq!(desk.items().len(), 1);
    let run = desk.fine(&["run", "show", report["run"].as_str().unwrap()]).out;
    assert!(run.contains("- movie Heat (1995)") && run.contains("removed by a person"), "{run}");
    desk.fine(&["sync"]);
    assert_eq!(desk.items().len(), 1);
    desk.fine(&["doctor"]);
    let again = desk.fine(&["item", "remove", &heat, "--everywhere"]);
    assert!(again.out.contains("no longer has it"), "{again:?}");
}

async fn killed_in_a_removal_it_goes_on(database: &str) {
    let home = household(database).await;
    let desk = &home.desk;
    let heat = id(desk, "movie", "Heat");
    let (plex, _) = &home.servers[1];
    // Plex deletes, and its answer never comes.
    plex.set_faults([Fault::new(Effect::Stall(0)).on_path("/library/metadata")]);
    let arguments = ["item", "remove", &heat, "--everywhere", "--yes"];
    let mut child = desk.command(&arguments).spawn().unwrap();
    plex.forget_requests();
    let until = Instant::now() + Duration::from_secs(30);
    let stuck = || plex.requests().iter().any(|r| r.path.starts_with("/library/metadata"));
    while !stuck() && Instant::now() < until {
        tokio::task::yield_now().await;
    }
    assert!(child.try_wait().unwrap().is_none(), "it waits for Plex");
    child.kill().unwrap();
    child.wait().unwrap();
    let dry = desk.fine(&["item", "remove", &heat, "--everywhere", "--json"]).json();
    assert!(dry["targets"].as_array().is_some_and(|t| !t.is_empty()), "{dry}");
    plex.set_faults([] as [Fault; 0]);
    let report = desk.fine(&["item", "remove", &heat, "--everywhere", "--yes", "--json"]).json();
    assert_eq!(report["gone"], true, "{report}");
    let settled = |s: &(String, String)| s.1 == "done" || s.1 == "not_needed";
    assert!(states(&report).iter().all(settled), "{report}");
    assert_eq!(home.titles(), vec![vec!["Ran"]; 3]);
    desk.fine(&["doctor"]);
}
