//! `shelfread sync` against simulated Jellyfin and Emby servers, as they really speak.

use shelfread_simulator::{Arr, Effect, Fault, Jellyfin, Plex, Running, Size, World};

use crate::desk::Desk;

fn world() -> World {
    World::generate(7, Size { films: 30, shows: 3, episodes: 60 })
}

fn desk_for(server: &Running, kind: &str, token: &str) -> Desk {
    let url = server.url();
    Desk::configured(&format!(
        "[[source]]\nname = 'den'\nkind = '{kind}'\nurl = '{url}'\ntoken = '{token}'\n"
    ))
}

async fn den() -> (Running, Desk) {
    let server = Jellyfin::new(&world()).start().await.unwrap();
    let desk = desk_for(&server, "jellyfin", server.token());
    (server, desk)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_read_whole_and_twice_the_same() {
    for (server, kind) in [
        (Jellyfin::new(&world()).start().await.unwrap(), "jellyfin"),
        (Jellyfin::emby(&world()).start().await.unwrap(), "emby"),
    ] {
        let desk = desk_for(&server, kind, server.token());
        let first = desk.fine(&["sync", "--json"]).report();
        assert_eq!(first["status"], "succeeded");
        assert_eq!(first["counts"]["added"], first["counts"]["seen"]);
        assert!(first["coverage"].as_array().unwrap().iter().all(|c| c["complete"] == true));
        let second = desk.fine(&["sync", "den", "--json"]).report();
        assert_eq!(second["counts"]["unchanged"], second["counts"]["seen"]);
        desk.fine(&["doctor"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuilt_server_adds_and_removes_nothing() {
    let (server, desk) = den().await;
    desk.fine(&["sync"]);
    let before = desk.items();
    server.rebuild();
    let report = desk.fine(&["sync", "--json"]).report();
    let counts = &report["counts"];
    assert_eq!(
        (counts["added"].as_u64(), counts["removed"].as_u64()),
        (Some(0), Some(0)),
        "{report}"
    );
    assert_eq!(counts["relinked"], counts["seen"]);
    assert_eq!(desk.items(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_wrong_names_source_address_and_remedy() {
    let (server, _) = den().await;
    let address = server.url().port().unwrap().to_string();
    let wrong = desk_for(&server, "jellyfin", "0123456789abcdef0123456789abcdef").run(&["sync"]);
    assert_eq!(wrong.code, 1);
    for word in ["den", &address, "token", "API key"] {
        assert!(wrong.out.contains(word), "{word}: {wrong:?}");
    }
    let other = desk_for(&server, "emby", server.token()).run(&["sync"]);
    assert!(other.out.contains("Jellyfin"), "{other:?}");
    let token = server.token().to_owned();
    server.set_faults([Fault::new(Effect::Status { code: 404, retry_after: None })]);
    let prefixed = desk_for(&server, "jellyfin", &token).run(&["sync"]);
    assert!(prefixed.out.contains("prefix"), "{prefixed:?}");
    server.stop().await;
    let down = desk_for(&server, "jellyfin", &token).run(&["sync"]);
    assert_eq!(down.code, 1);
    assert!(down.out.contains("no answer") && down.out.contains(&address), "{down:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_mixed_up_is_told() {
    let world = world();
    let sonarr = Arr::sonarr(&world).start().await.unwrap();
    let mixed = desk_for(&sonarr, "radarr", sonarr.token()).run(&["sync"]);
    assert_eq!(mixed.code, 1);
    assert!(mixed.out.contains("this is not Radarr, but Sonarr"), "{mixed:?}");
    let tested = desk_for(&sonarr, "radarr", sonarr.token()).run(&["source", "test", "den"]);
    assert_eq!(tested.code, 1);
    assert!(tested.err.contains("check the url and the kind"), "{tested:?}");
    let plex = Plex::new(&world).start().await.unwrap();
    let stranger = desk_for(&plex, "plex", "no-such-token").run(&["sync"]);
    assert!(stranger.out.contains("the token was refused"), "{stranger:?}");
    let library = desk_for(&plex, "jellyfin", plex.token()).run(&["sync"]);
    assert_eq!(library.code, 1, "{library:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn trouble_removes_nothing_and_says_why() {
    let (server, desk) = den().await;
    desk.fine(&["sync"]);
    let before = desk.items();
    for effect in [
        Effect::Empty,
        Effect::Half,
        Effect::Short(3),
        Effect::Total(5),
        Effect::Html,
        Effect::BadJson,
        Effect::CutOff(100),
        Effect::Status { code: 401, retry_after: None },
    ] {
        let fault = Fault::new(effect.clone()).on_path("/Items");
        server.set_faults([fault]);
        let answer = desk.run(&["sync", "--json"]);
        assert!(answer.code == 3 || answer.code == 1, "{effect:?}: {answer:?}");
        let report = answer.report();
        assert_eq!(
            (&report["counts"]["removed"], &report["counts"]["missing"]),
            (&0.into(), &0.into()),
            "{effect:?}"
        );
        assert!(answer.out.contains("reason") || answer.out.contains("message"), "{answer:?}");
        assert_eq!(desk.items(), before, "{effect:?}");
    }
    server.set_faults([] as [Fault; 0]);
    let report = desk.fine(&["sync", "--json"]).report();
    assert_eq!((&report["counts"]["added"], &report["counts"]["removed"]), (&0.into(), &0.into()));
    assert_eq!(desk.items(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_is_never_shown() {
    let (server, desk) = den().await;
    let token = server.token().to_owned();
    let mut seen = String::new();
    for arguments in [
        &["sync", "-vv"][..],
        &["sync", "--json", "-vv"],
        &["source", "list", "--json"],
        &["source", "list"],
        &["source", "test", "den", "--json"],
        &["source", "test", "den"],
        &["run", "list", "--json"],
        &["doctor", "--json"],
    ] {
        let answer = desk.run(arguments);
        seen += &(answer.out + &answer.err);
    }
    server.set_faults([Fault::new(Effect::Status { code: 403, retry_after: None })]);
    let answer = desk.run(&["sync", "-vv"]);
    seen += &(answer.out + &answer.err);
    assert!(!seen.contains(&token));
    for file in ["data/shelfread.db", "data/shelfread.db-wal"] {
        let bytes = std::fs::read(desk.path(file)).unwrap_or_default();
        let hit = bytes.windows(token.len()).any(|w| w == token.as_bytes());
        assert!(!hit, "{file} holds the token in the clear");
    }
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(desk.path("data/shelfread.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_world_on_five_programs_is_one_catalogue() {
    let world = world();
    let servers = [
        ("den", "jellyfin", Jellyfin::new(&world).start().await.unwrap()),
        ("attic", "emby", Jellyfin::emby(&world).start().await.unwrap()),
        ("cellar", "plex", Plex::new(&world).start().await.unwrap()),
        ("series", "sonarr", Arr::sonarr(&world).start().await.unwrap()),
        ("films", "radarr", Arr::radarr(&world).start().await.unwrap()),
    ];
    let declared: String = servers
        .iter()
        .map(|(name, kind, server)| {
            let (url, token) = (server.url(), server.token());
            format!(
                "[[source]]\nname = '{name}'\nkind = '{kind}'\nurl = '{url}'\ntoken = '{token}'\n"
            )
        })
        .collect();
    let desk = Desk::configured(&declared);
    let first = desk.fine(&["sync", "den", "--json"]).report();
    let ids = |desk: &Desk| {
        let mut ids: Vec<_> = desk.items().into_iter().map(|i| i.2).collect();
        ids.sort();
        ids
    };
    let known = ids(&desk);
    assert_eq!(known.len() as u64, first["counts"]["added"].as_u64().unwrap());
    for (name, _, _) in &servers[1..] {
        let report = desk.fine(&["sync", name, "--json"]).report();
        assert_eq!(report["counts"]["removed"], 0, "{report}");
    }
    let films = |desk: &Desk| desk.items().into_iter().filter(|i| i.0 == "movie").count();
    assert_eq!(films(&desk), 30, "a film is one item, whoever lists it");
    for (name, _, _) in &servers {
        let report = desk.fine(&["sync", name, "--json"]).report();
        assert_eq!(report["counts"]["unchanged"], report["counts"]["seen"], "{name}: {report}");
    }
    desk.fine(&["doctor"]);
}
