//! `shelfread backup`, `export` and `import` as a person runs them.

use shelfread_simulator::{Jellyfin, Running, Size, World};
use shelfread_testkit::postgres::postgres;

use crate::desk::Desk;

fn configured(database: &str, server: &Running) -> Desk {
    let (url, token) = (server.url(), server.token());
    Desk::configured(&format!(
        "database_url = '{database}'\n[[source]]\nname = 'den'\nkind = 'jellyfin'\n\
         url = '{url}'\ntoken = '{token}'\n"
    ))
}

fn empty(database: &str) -> Desk {
    Desk::configured(&format!("database_url = '{database}'\n"))
}

async fn den() -> Running {
    let world = World::generate(11, Size { films: 40, shows: 4, episodes: 80 });
    Jellyfin::new(&world).start().await.unwrap()
}

const SQLITE: &str = "sqlite://data/shelfread.db";

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_imported_on_either_database() {
    let server = den().await;
    let from_postgres = postgres().database();
    for (from, to) in [(SQLITE, postgres().database()), (&from_postgres, SQLITE.to_owned())] {
        let desk = configured(from, &server);
        desk.fine(&["sync"]);
        let film = desk.items().into_iter().find(|i| i.0 == "movie").unwrap().2;
        desk.fine(&["item", "set", &film, "title=Mine"]);
        desk.fine(&["item", "settings", &film, "--auto-download", "on"]);
        let told = desk.fine(&["export", "export.jsonl"]);
        assert!(told.out.contains("items in"), "{told:?}");
        let text = std::fs::read_to_string(desk.path("export.jsonl")).unwrap();
        assert!(!text.contains(server.token()));
        let shown = desk.fine(&["export"]);
        let lines = |text: &str| text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(lines(&shown.out), lines(&text), "standard output gets the same");
        let other = empty(&to);
        other.write("export.jsonl", text.as_bytes());
        let first = other.fine(&["import", "export.jsonl", "--json"]).json();
        assert_eq!(first["new_sources"], serde_json::json!(["den"]));
        assert_eq!(first["runs"][0]["counts"]["added"], first["runs"][0]["counts"]["seen"]);
        assert_eq!(other.items(), desk.items());
        let again = other.fine(&["import", "export.jsonl", "--json"]).json();
        let counts = &again["runs"][0]["counts"];
        assert_eq!(counts["unchanged"], counts["seen"], "{again}");
        other.fine(&["doctor", "--offline"]);
        let run = first["runs"][0]["id"].as_str().unwrap();
        assert!(other.fine(&["run", "show", run]).out.contains("movies: 40 added"), "it is seen");
        other.fine(&["run", "revert", run]);
        assert!(other.items().is_empty(), "and taken back");
        // Whoever gives the source its token goes on where the other catalogue was.
        other.fine(&["import", "export.jsonl"]);
        other.write("token", server.token().as_bytes());
        other.fine(&["source", "set", "den", "--enabled", "true", "--token-file", "token"]);
        let report = other.fine(&["sync", "den", "--json"]).report();
        assert_eq!(
            (&report["counts"]["added"], &report["counts"]["removed"]),
            (&0.into(), &0.into())
        );
        assert_eq!(report["counts"]["unchanged"], report["counts"]["seen"], "{report}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_private_whole_and_never_written_over() {
    use std::os::unix::fs::PermissionsExt;
    let server = den().await;
    let desk = configured(SQLITE, &server);
    desk.fine(&["sync"]);
    for verb in ["backup", "export"] {
        desk.fine(&[verb, verb]);
        let mode = std::fs::metadata(desk.path(verb)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{verb}");
        let again = desk.run(&[verb, verb]);
        assert_eq!(again.code, 2);
        assert!(again.err.contains("exists already"), "{again:?}");
        let nowhere = desk.run(&[verb, "not/there/file"]);
        assert!(nowhere.code == 2 && nowhere.err.contains("cannot be written"), "{nowhere:?}");
    }
    let left = std::fs::read_dir(desk.path(".")).unwrap().flatten();
    let left: Vec<_> = left.map(|e| e.file_name().into_string().unwrap()).collect();
    assert!(left.iter().all(|name| !name.contains("partial")), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_made_in_the_middle_of_a_sync_is_a_catalogue() {
    let server = den().await;
    let desk = configured(SQLITE, &server);
    desk.fine(&["sync"]);
    let before = desk.items();
    server.rebuild();
    let mut sync = desk.command(&["sync"]).spawn().unwrap();
    desk.fine(&["backup", "copy.db"]);
    sync.wait().unwrap();
    let other = configured(SQLITE, &server);
    std::fs::copy(desk.path("data/shelfread.key"), other.path("data/shelfread.key")).unwrap();
    std::fs::copy(desk.path("copy.db"), other.path("data/shelfread.db")).unwrap();
    assert_eq!(other.items(), before, "ids, and nothing doubled");
    // The sync that was at work is not at work in the copy.
    other.fine(&["doctor", "--offline", "--repair"]);
    let report = other.fine(&["sync", "--json"]).report();
    assert_eq!((&report["counts"]["added"], &report["counts"]["removed"]), (&0.into(), &0.into()));
    let elsewhere = empty(&postgres().database());
    let refused = elsewhere.run(&["backup", "copy.db"]);
    assert_eq!(refused.code, 2);
    assert!(refused.err.contains("pg_dump"), "{refused:?}");
}

#[test]
fn what_is_no_export_is_refused_by_line() {
    let desk = Desk::new();
    desk.write("shopping.txt", b"milk\n");
    let refused = desk.run(&["import", "shopping.txt"]);
    assert_eq!(refused.code, 2);
    assert!(refused.err.contains("shopping.txt, line 1"), "{refused:?}");
    assert_eq!(desk.run(&["import", "nothing"]).code, 2);
}
