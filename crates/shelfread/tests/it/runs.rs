//! `shelfread run`: what was done, read by people and by programs.

use std::collections::BTreeSet;

use serde_json::Value;
use shelfread_domain::ItemKind;
use shelfread_simulator::{Jellyfin, Running, Size, World};

use crate::desk::Desk;

async fn den(size: Size) -> (World, Running, Desk) {
    let world = World::generate(5, size);
    let server = Jellyfin::new(&world).start().await.unwrap();
    let (url, token) = (server.url(), server.token());
    let desk = Desk::configured(&format!(
        "[[source]]\nname = 'den'\nkind = 'jellyfin'\nurl = '{url}'\ntoken = '{token}'\n"
    ));
    (world, server, desk)
}

fn id(report: &Value) -> &str {
    report["id"].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_shown_as_a_diff_with_totals() {
    let (world, _server, desk) = den(Size { films: 20, shows: 2, episodes: 12 }).await;
    let first = desk.fine(&["sync", "--json"]).report();
    let shown = desk.fine(&["run", "show", id(&first)]).out;
    for word in ["movies: 20 added", "shows: 2 added", "episodes: 12 added", "(den lists it)"] {
        assert!(shown.contains(word), "{word}: {shown}");
    }
    let films = world.ids(ItemKind::Movie);
    let titles: Vec<_> = films.iter().map(|id| world.get(*id).unwrap().title).collect();
    world.rename(films[0], "Another name");
    world.remove(films[1]);
    let second = desk.fine(&["sync", "--json"]).report();
    let shown = desk.fine(&["run", "show", id(&second)]).out;
    for word in [
        "movies: 1 removed, 1 updated",
        &format!("title: \"{}\" → \"Another name\"", titles[0]),
        "(den says so)",
        &format!("- movie {}", titles[1]),
        "no source lists it any more",
    ] {
        assert!(shown.contains(word), "{word}: {shown}");
    }
    let removals = shown.lines().filter(|line| line.starts_with("- movie"));
    assert_eq!(removals.count(), 1, "what goes along is one line with it: {shown}");
    let json = desk.fine(&["run", "show", id(&second), "--json"]).json();
    assert_eq!(json["totals"]["movie"], serde_json::json!({"removed": 1, "updated": 1}));
    let entities: BTreeSet<_> =
        json["changes"].as_array().unwrap().iter().filter_map(|c| c["entity"].as_str()).collect();
    assert!(entities.contains("listing") && entities.contains("external_id"), "{entities:?}");
    let back = desk.fine(&["run", "revert", id(&second), "--json"]).report();
    let shown = desk.fine(&["run", "show", id(&back)]).out;
    assert!(shown.contains("movies: 1 added") && shown.contains("(came back)"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_run_comes_in_pages() {
    let (world, _server, desk) = den(Size { films: 60, shows: 3, episodes: 40 }).await;
    let first = desk.fine(&["sync", "--json"]).report();
    for film in world.ids(ItemKind::Movie).into_iter().take(30) {
        world.rename(film, "The same");
    }
    world.add_movie("Fresh", 2001);
    let second = desk.fine(&["sync", "--json"]).report();
    for (run, expected) in [(&first, "added"), (&second, "updated")] {
        let whole = desk.fine(&["run", "show", id(run), "--json"]).json();
        let all = whole["changes"].as_array().unwrap();
        assert!(all.len() >= usize::try_from(run["counts"][expected].as_u64().unwrap()).unwrap());
        let (mut paged, mut after) = (Vec::new(), "0".to_owned());
        loop {
            let arguments = ["run", "show", id(run), "--json", "--limit", "7", "--after", &after];
            let page = desk.fine(&arguments).json();
            paged.extend(page["changes"].as_array().unwrap().clone());
            match page["next"].as_i64() {
                Some(next) => after = next.to_string(),
                None => break,
            }
        }
        assert_eq!(&paged, all);
    }
    let page = desk.fine(&["run", "show", id(&second), "--limit", "5"]).out;
    assert!(page.contains("… more: `shelfread run show"), "{page}");
    let runs = desk.fine(&["run", "list", "--json", "--limit", "1"]).json();
    assert_eq!(runs["next"], 1);
    let older = desk.fine(&["run", "list", "--json", "--limit", "1", "--offset", "1"]).json();
    assert_eq!(older["runs"][0]["id"], first["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_shown_approved_and_taken_back() {
    let (world, _server, desk) = den(Size { films: 20, shows: 0, episodes: 0 }).await;
    desk.fine(&["sync"]);
    let before = desk.items();
    for film in world.ids(ItemKind::Movie).into_iter().take(10) {
        world.remove(film);
    }
    let held = desk.run(&["sync", "--json"]);
    assert_eq!(held.code, 3, "{held:?}");
    let run = held.report();
    let shown = desk.fine(&["run", "show", id(&run)]).out;
    assert!(shown.contains("movies: 10 held") && shown.contains("[held] - movie"), "{shown}");
    let approved = desk.fine(&["run", "approve", id(&run), "--json"]).report();
    assert_eq!(approved["counts"]["removed"], 10);
    let shown = desk.fine(&["run", "show", id(&run)]).out;
    assert!(shown.contains("movies: 10 approved") && !shown.contains("[held]"), "{shown}");
    assert_eq!(desk.run(&["run", "approve", id(&run)]).code, 2, "once");
    desk.fine(&["run", "revert", id(&approved)]);
    assert_eq!(desk.items(), before);
    assert_eq!(desk.run(&["run", "revert", id(&approved)]).code, 2, "once");
    let again = desk.fine(&["sync", "--json"]).report();
    assert_eq!(again["counts"]["removed"], 0, "what came back is kept");
    assert_eq!(desk.items(), before);
}
