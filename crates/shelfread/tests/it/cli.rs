//! Arguments, configuration, exit codes, and what errors say.

use crate::desk::{Desk, film};

#[test]
fn without_anything_it_says_what_to_do() {
    let desk = Desk::new();
    let answer = desk.fine(&["sync"]);
    assert!(answer.out.contains("there is no source yet"), "{answer:?}");
    assert!(desk.path("data/shelfread.db").exists());
}

#[test]
fn wrong_usage_ends_with_2() {
    let desk = Desk::new();
    for arguments in [
        &["sync", "nobody"][..],
        &["sync", "./not/there"],
        &["sync", "--existing", "sometimes"],
        &["frobnicate"],
        &["run", "show", "x"],
        &["item", "show", "01999999-0000-7000-8000-000000000000"],
        &["item", "list", "--kind", "song"],
        &["source", "test", "nobody"],
        &["source", "add", "den"],
        &["source", "add", "a/b", "--kind", "folder", "--path", "."],
        &["--config", "missing.toml", "sync"],
    ] {
        let answer = desk.run(arguments);
        assert_eq!(answer.code, 2, "{arguments:?}: {answer:?}");
        assert!(answer.err.contains("error:"), "{arguments:?}: {answer:?}");
    }
}

#[test]
fn an_unknown_key_names_the_nearest_known_one() {
    for (text, unknown, nearest) in [
        ("databse_url = 'x'", "databse_url", "database_url"),
        ("[server]\nlisen = '127.0.0.1:1'", "lisen", "listen"),
        ("[[source]]\nname = 'a'\nkind = 'jellyfin'\nulr = 'http://h'", "ulr", "url"),
    ] {
        let answer = Desk::configured(text).run(&["sync"]);
        assert_eq!(answer.code, 2);
        for word in [unknown, nearest, "shelfread.toml"] {
            assert!(answer.err.contains(word), "{word}: {answer:?}");
        }
    }
}

#[test]
fn a_configuration_that_cannot_work_is_refused_by_name() {
    for (text, word) in [
        ("not toml at all", "shelfread.toml"),
        ("[[source]]\nname = 'den'\nkind = 'winamp'", "den"),
        ("[[source]]\nname = 'den'\nkind = 'jellyfin'", "url"),
        ("[[source]]\nname = 'den'\nkind = 'jellyfin'\nurl = 'nonsense'\ntoken = 'x'", "den"),
        ("[[source]]\nname = 'den'\nkind = 'folder'", "path"),
        ("[[source]]\nname = 'd'\nkind = 'folder'\npath = '/x'\nmax_removals = 'all'", "all"),
        ("[[source]]\nname = 'd'\nkind = 'folder'\npath = '/x'\non_missing = 'burn'", "burn"),
        (
            "[[source]]\nname = 'd'\nkind = 'jellyfin'\nurl = 'http://h'\ntoken_env = 'NO_SUCH'",
            "NO_SUCH",
        ),
        (
            "[[source]]\nname = 'd'\nkind = 'folder'\npath = '/x'\n[[source]]\nname = 'd'\nkind = 'folder'\npath = '/y'",
            "twice",
        ),
        ("[[download_client]]\nname = 'b'\nkind = 'wget'\nurl = 'http://h'", "wget"),
        ("database_url = 'mysql://h/x'", "mysql"),
    ] {
        let answer = Desk::configured(text).run(&["sync"]);
        assert!(answer.code == 2 || answer.code == 1, "{text}: {answer:?}");
        assert!(answer.err.contains(word), "{text}: {answer:?}");
    }
}

#[test]
fn the_environment_declares_sources_too() {
    let desk = Desk::new();
    film(&desk.path("films/Heat (1995)/Heat (1995).mkv"));
    let run = |arguments: &[&str]| {
        desk.command(arguments)
            .env("SHELFREAD_SOURCE_DISK_KIND", "folder")
            .env("SHELFREAD_SOURCE_DISK_PATH", "films")
            .env("SHELFREAD_DATA_DIR", "elsewhere")
            .output()
            .unwrap()
    };
    assert!(run(&["sync", "disk"]).status.success());
    assert!(desk.path("elsewhere/shelfread.db").exists());
    let misspelt = desk.command(&["sync"]).env("SHELFREAD_DATABSE_URL", "x").output().unwrap();
    assert_eq!(misspelt.status.code(), Some(2));
    let cluster = [("SHELFREAD_PORT", "tcp://10.0.0.1:80"), ("SHELFREAD_SERVICE_HOST", "10.0.0.1")];
    let in_cluster = desk.command(&["source", "list"]).envs(cluster).output().unwrap();
    assert!(in_cluster.status.success(), "{in_cluster:?}");
}

#[test]
fn the_configuration_may_stand_before_or_after_the_verb() {
    let desk = Desk::new();
    desk.write("my.toml", b"data_dir = 'mine'");
    desk.fine(&["--config", "my.toml", "sync"]);
    desk.fine(&["sync", "--config", "my.toml"]);
    assert!(desk.path("mine/shelfread.db").exists());
    assert!(!desk.path("data").exists());
}

#[test]
fn small_verbs_answer() {
    let desk = Desk::new();
    assert!(desk.fine(&["migrate"]).out.contains("database"));
    for shell in ["bash", "zsh", "fish"] {
        assert!(desk.fine(&["completions", shell]).out.contains("shelfread"));
    }
    desk.fine(&["--version"]);
    assert_eq!(
        desk.fine(&["source", "list", "--json"]).json()["sources"][0],
        serde_json::json!(null)
    );
    assert!(desk.fine(&["doctor", "--json"]).json()["findings"].as_array().unwrap().is_empty());
}
