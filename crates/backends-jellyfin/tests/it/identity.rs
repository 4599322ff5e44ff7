//! Who answers, and as which user we read.

use shelfread_backends_jellyfin::{Flavour, Jellyfin};
use shelfread_domain::port::{MediaSource, Problem, SourceError};
use shelfread_simulator::{Effect, Fault, User, World};
use shelfread_testkit::wire::{Reply, Wire};

use crate::{config, emby, jellyfin, of};

async fn problem(flavour: Flavour, reply: Reply) -> Problem {
    let wire = Wire::start(move |_| reply.clone()).await;
    let source = Jellyfin::new(config(flavour, wire.url().as_str(), "hunter2")).unwrap();
    let error = source.identify().await.unwrap_err();
    for request in wire.requests() {
        assert!(!format!("{request:?}").contains("hunter2"), "a stranger gets no token");
    }
    assert!(!format!("{error} {error:?} {source:?}").contains("hunter2"));
    error.problem
}

fn found(problem: &Problem) -> &str {
    match problem {
        Problem::WrongServer { found, .. } => found,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_server_says_who_it_is() {
    for (server, source) in [jellyfin(&World::empty()).await, emby(&World::empty()).await] {
        let identity = source.identify().await.unwrap();
        assert_eq!(identity.server_id, server.server_id());
        assert_eq!(identity.name, "den");
        let viewer = identity.viewer.unwrap();
        assert_eq!(
            (viewer.name.as_str(), Some(viewer.remote_user)),
            ("anna", server.user_id("anna"))
        );
    }
    let (_server, source) = jellyfin(&World::empty()).await;
    assert_eq!(source.identify().await.unwrap().version, "Jellyfin 10.11.8");
    let (_server, source) = emby(&World::empty()).await;
    assert_eq!(source.identify().await.unwrap().version, "Emby 4.8.11.0");
}

#[tokio::test]
async fn the_wrong_product_is_named() {
    let (server, _) = emby(&World::empty()).await;
    let error = of(&server, Flavour::Jellyfin).identify().await.unwrap_err();
    assert_eq!(found(&error.problem), "Emby");
    let (server, _) = jellyfin(&World::empty()).await;
    let error = of(&server, Flavour::Emby).identify().await.unwrap_err();
    assert_eq!(found(&error.problem), "Jellyfin");
}

#[tokio::test]
async fn a_stranger_gets_no_token() {
    for flavour in [Flavour::Jellyfin, Flavour::Emby] {
        for (reply, expected) in [
            (Reply::html("<html>router</html>"), "a web page; the path of the url may be wrong"),
            (Reply::json("[]"), "something else"),
            (Reply::json("hello"), "something else"),
            (Reply::json("{}"), "something else"),
            (Reply::json(r#"{"Id":"","Version":"10.11.8"}"#), "something else"),
            (Reply::json(r#"{"Id":"1","Version":"99","ProductName":"Plex"}"#), "'Plex'"),
            (Reply::json(r#"{"Id":"1"}"#), "something else"),
        ] {
            assert_eq!(found(&problem(flavour, reply).await), expected);
        }
        assert_eq!(problem(flavour, Reply::status(404)).await, Problem::NotFound);
        assert_eq!(problem(flavour, Reply::status(500)).await, Problem::Status(500));
    }
}

#[tokio::test]
async fn a_token_that_is_wrong_or_weak_is_told_apart() {
    let (server, _) = jellyfin(&World::empty()).await;
    let with = |token: &str| {
        Jellyfin::new(config(Flavour::Jellyfin, server.url().as_str(), token)).unwrap()
    };
    let error = with("wrong").identify().await.unwrap_err();
    assert_eq!(error.problem, Problem::Unauthorized);
    assert!(error.to_string().contains("/Users"), "{error}");
    let ben = with(&server.user_token("ben").unwrap());
    let identity = ben.identify().await.unwrap();
    assert_eq!(identity.viewer.unwrap().name, "ben", "who cannot see others reads as himself");
    assert_eq!(ben.libraries().await.unwrap().len(), 2);
    server.set_faults(Fault::new(Effect::Status { code: 403, retry_after: None }));
    assert_eq!(with("x").identify().await.unwrap_err().problem, Problem::Forbidden);
}

#[test]
fn what_cannot_be_a_token_is_refused_at_once() {
    for token in ["", "a b", "a\"b", "a\r\nb", "é"] {
        let error = Jellyfin::new(config(Flavour::Jellyfin, "http://h", token)).unwrap_err();
        assert!(matches!(error.problem, Problem::Configuration(_)));
    }
}

#[tokio::test]
async fn a_user_is_chosen_by_name_or_id_or_is_the_first_administrator() {
    let user = |name: &str, admin| User { name: name.to_owned(), admin };
    let server = shelfread_simulator::Jellyfin::new(&World::empty()).users([
        user("ben", false),
        user("anna", true),
        user("eve", true),
    ]);
    let server = server.start().await.unwrap();
    let choose = async |wanted: Option<String>| -> Result<String, SourceError> {
        let mut config = config(Flavour::Jellyfin, server.url().as_str(), server.token());
        config.user = wanted;
        let identity = Jellyfin::new(config)?.identify().await?;
        Ok(identity.viewer.unwrap().name)
    };
    assert_eq!(choose(None).await.unwrap(), "anna");
    assert_eq!(choose(Some("EVE".into())).await.unwrap(), "eve");
    assert_eq!(choose(server.user_id("ben")).await.unwrap(), "ben");
    let error = choose(Some("carl".into())).await.unwrap_err();
    assert!(error.to_string().contains("it has ben, anna, eve"), "{error}");
    assert!(matches!(error.problem, Problem::Configuration(_)));
}

#[tokio::test]
async fn a_library_that_the_user_may_not_see_is_none() {
    let folders = r#"[{"Name":"Films","ItemId":"aa-bb","CollectionType":"movies"},
        {"Name":"Shows","ItemId":"cc","CollectionType":"tvshows"},
        {"Name":"Odd","ItemId":"dd","CollectionType":"holograms"}]"#;
    let libraries = async |enabled: &'static str| {
        let wire = Wire::start(move |request| match request.path.as_str() {
            "/System/Info/Public" => {
                Reply::json(r#"{"Id":"1","Version":"10.9.0","ProductName":"Jellyfin Server"}"#)
            }
            "/Users" => Reply::json(format!(
                r#"[{{"Id":"u","Name":"x","Policy":{{"EnableAllFolders":false,"EnabledFolders":{enabled}}}}}]"#
            )),
            _ => Reply::json(folders),
        })
        .await;
        let source = Jellyfin::new(config(Flavour::Jellyfin, wire.url().as_str(), "t")).unwrap();
        let found = source.libraries().await;
        found.map(|all| all.into_iter().map(|l| l.name).collect::<Vec<_>>())
    };
    assert_eq!(libraries(r#"["AABB","dd"]"#).await.unwrap(), ["Films"]);
    assert_eq!(libraries("[]").await.unwrap_err().problem, Problem::Forbidden);
    assert_eq!(libraries("null").await.unwrap_err().problem, Problem::Forbidden);
}
