//! Lists of items: what is in them, in which order, with which values.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::json;
use shelfread_domain::PlayState;
use shelfread_simulator::World;

use crate::client::{Api, SIZE};

const ALL: &str = "includeItemTypes=Movie,Series,Season,Episode&recursive=true";

#[tokio::test]
async fn pages_together_are_the_whole_and_nothing_twice() {
    let world = World::generate(7, SIZE);
    for api in [Api::jellyfin(&world).await, Api::emby(&world).await] {
        let path = format!("/Items?{ALL}&sortBy=DateCreated,SortName&limit=64");
        let total = api.total(&path).await;
        let mut ids = BTreeSet::new();
        for start in (0..total).step_by(64) {
            let page = api.get(&format!("{path}&startIndex={start}")).await;
            assert_eq!(page["TotalRecordCount"], total);
            for item in page["Items"].as_array().unwrap() {
                assert!(ids.insert(item["Id"].as_str().unwrap().to_owned()));
            }
        }
        assert_eq!(ids.len() as u64, total);
        let beyond = api.get(&format!("{path}&startIndex={}", total + 5)).await;
        assert_eq!((&beyond["Items"], &beyond["TotalRecordCount"]), (&json!([]), &json!(total)));
    }
}

#[tokio::test]
async fn a_list_holds_what_was_asked_for() {
    let world = World::generate(7, SIZE);
    let api = Api::jellyfin(&world).await;
    let (films, shows) = (api.server.library_id(0), api.server.library_id(1));
    let count = async |query: String| api.total(&format!("/Items?{query}&limit=0")).await;
    let census = world.census();
    assert_eq!(count(format!("parentId={films}&recursive=true")).await, 40);
    assert_eq!(count(format!("parentId={shows}")).await, 20);
    assert_eq!(count("includeItemTypes=Season&recursive=true".into()).await, census.seasons);
    let episodes = "includeItemTypes=Episode&recursive=true";
    assert_eq!(count(episodes.into()).await, 300);
    assert_eq!(count(format!("{episodes}&isMissing=false")).await, 299);
    assert_eq!(count(format!("{episodes}&excludeLocationTypes=Virtual")).await, 299);
    assert_eq!(count(format!("{episodes}&parentId={}", "0".repeat(32))).await, 0);
    let show = api.names(&format!("/Items?parentId={shows}&limit=1")).await;
    let id = api.server.remote_id(world.find(&show[0]).unwrap()).unwrap();
    assert_eq!(count(format!("parentId={id}")).await, 2);
    assert_eq!(count(format!("parentId={id}&recursive=true")).await, 2 + 15);
    assert_eq!(api.names(&format!("/Items?ids={id},nonsense")).await, show);
    assert_eq!(api.get(&format!("/Items/{id}")).await["Name"], show[0].as_str());
}

#[tokio::test]
async fn values_are_there_only_when_asked_for() {
    let world = World::empty();
    let heat = world.add_movie("Heat", 1995);
    world.edit(heat, |o| o.provider_ids = vec![("Tmdb", "949".into())]);
    let api = Api::jellyfin(&world).await;
    let item = async |query: &str| {
        let list = api.get(&format!("/Items?recursive=true{query}")).await;
        list["Items"][0].clone()
    };
    let plain = item("&enableImages=false").await;
    for name in ["ProviderIds", "Path", "MediaSources", "Overview", "UserData", "ImageTags"] {
        assert!(plain.get(name).is_none(), "{name}");
    }
    assert_eq!((&plain["Type"], &plain["ChannelId"]), (&json!("Movie"), &json!(null)));
    assert!(plain.as_object().unwrap().contains_key("ChannelId"));
    let anna = api.server.user_id("anna").unwrap();
    let full =
        item(&format!("&fields=ProviderIds,Path,MediaSources&fields=Overview&userId={anna}")).await;
    assert_eq!(full["ProviderIds"], json!({ "Tmdb": "949" }));
    assert_eq!(full["Path"], "/data/films/Heat (1995)/Heat (1995).mkv");
    assert_eq!(full["MediaSources"][0]["Path"], full["Path"]);
    assert_eq!(full["UserData"]["Played"], false);
    assert!((300..=500).contains(&full["Overview"].as_str().unwrap().chars().count()));
    assert!(item(&format!("&userId={anna}&enableUserData=false")).await.get("UserData").is_none());
}

#[tokio::test]
async fn an_item_is_as_large_as_a_real_one() {
    let api = Api::jellyfin(&World::generate(7, SIZE)).await;
    let path = format!("/Items?{ALL}&fields=ProviderIds,Path,MediaSources,Overview,DateCreated");
    let user = api.server.user_id("anna").unwrap();
    let list = api.request(Method::GET, &format!("{path}&userId={user}&limit=100")).send().await;
    let size = list.unwrap().text().await.unwrap().len() / 100;
    assert!((1_300..2_000).contains(&size), "{size}");
}

#[tokio::test]
async fn episodes_of_every_form() {
    let world = World::empty();
    let show = world.add_show("Dark", 2017);
    let double = world.add_episode(show, 1, 4);
    let special = world.add_episode(show, 0, 1);
    let dated = world.add_episode(show, 1, 9);
    let missing = world.add_episode(show, 1, 5);
    world.edit(double, |o| o.episode_end = Some(6));
    world.edit(dated, |o| {
        o.episode_number = None;
        o.premiered = chrono::NaiveDate::from_ymd_opt(2016, 3, 1);
    });
    world.edit(missing, |o| o.versions.clear());
    let api = Api::jellyfin(&world).await;
    let of = async |id| {
        let id = api.server.remote_id(id).unwrap();
        api.get(&format!("/Items?ids={id}&fields=Path,MediaSources")).await["Items"][0].clone()
    };
    let double = of(double).await;
    assert_eq!((&double["IndexNumber"], &double["IndexNumberEnd"]), (&json!(4), &json!(6)));
    assert_eq!(double["SeriesId"], api.server.remote_id(show).unwrap());
    assert_eq!(double["SeasonName"], "Season 1");
    assert_eq!(of(special).await["ParentIndexNumber"], 0);
    let dated = of(dated).await;
    assert!(dated.get("IndexNumber").is_none());
    assert_eq!(dated["PremiereDate"], "2016-03-01T00:00:00.0000000Z");
    let missing = of(missing).await;
    assert_eq!(missing["LocationType"], "Virtual");
    assert!(missing.get("Path").is_none());
    assert_eq!(missing["MediaSources"][0]["Type"], "Placeholder");
    assert_eq!(world.census().episodes, 3 + 1 + 1);
}

#[tokio::test]
async fn order_is_as_asked() {
    let world = World::empty();
    for (title, year) in [("The Beach", 2000), ("Alien", 1979), ("Cube", 1997)] {
        world.add_movie(title, year);
    }
    let api = Api::jellyfin(&world).await;
    let by = async |order: &str| api.names(&format!("/Items?recursive=true&{order}")).await;
    assert_eq!(by("sortBy=SortName").await, ["Alien", "The Beach", "Cube"]);
    assert_eq!(by("sortBy=DateCreated").await, ["The Beach", "Alien", "Cube"]);
    let newest = by("sortBy=ProductionYear&sortOrder=Descending").await;
    assert_eq!(newest, ["The Beach", "Cube", "Alien"]);
}

#[tokio::test]
async fn what_is_not_documented_is_refused() {
    let jellyfin = Api::jellyfin(&World::empty()).await;
    for query in ["pageSize=5", "limit=many", "sortBy=Id", "sortBy=Random", "fields=Everything"] {
        assert_eq!(jellyfin.status(&format!("/Items?{query}")).await, 400, "{query}");
    }
    assert_eq!(jellyfin.status("/Items?minDateLastSavedForUser=2024-01-01T00:00:00Z").await, 400);
    let emby = Api::emby(&World::empty()).await;
    assert_eq!(emby.status("/Items?Recursive=true&StartIndex=0&Limit=5").await, 200);
    assert_eq!(emby.status("/Items?enableTotalRecordCount=true").await, 400);
}

#[tokio::test]
async fn changes_are_found_by_their_time() {
    let world = World::generate(7, SIZE);
    let (before, at) = ("2030-01-01T00:00:00Z", "2030-01-01T00:05:00Z".parse().unwrap());
    world.set_clock(Some(at));
    let changed = world.change_some(2, 9);
    assert_eq!(changed.len(), 6);
    for api in [Api::jellyfin(&world).await, Api::emby(&world).await] {
        let since = format!("/Items?{ALL}&minDateLastSaved={before}");
        let ben = api.server.user_id("ben").unwrap();
        let used = format!("/Items?{ALL}&userId={ben}&minDateLastSavedForUser={before}");
        assert_eq!(api.total(&since).await, 6);
        let play = PlayState { played: true, last_played_at: Some(at), ..Default::default() };
        api.server.set_play("ben", changed[0], play);
        // Saving what a user did saves no item; and Jellyfin cannot be asked what it saved.
        assert_eq!(api.total(&since).await, 6);
        assert_eq!(api.total(&used).await, if api.emby { 1 } else { 6 });
        let last = format!("/Items?{ALL}&userId={ben}&sortBy=DatePlayed&sortOrder=Descending");
        assert_eq!(api.names(&last).await[0], world.get(changed[0]).unwrap().title);
    }
}

#[tokio::test]
async fn a_library_shows_what_is_in_it_and_an_object_may_be_in_two() {
    let world = World::empty();
    let heat = world.add_movie("Heat", 1995);
    world.shelve(heat, &[0, 1]);
    let api = Api::jellyfin(&world).await;
    for library in [0, 1] {
        let path = format!("/Items?parentId={}&recursive=true", api.server.library_id(library));
        assert_eq!(api.names(&path).await, ["Heat"]);
    }
}

#[tokio::test]
async fn deleting_takes_the_files() {
    let world = World::empty();
    let show = world.add_show("Dark", 2017);
    world.add_episode(show, 1, 1);
    let api = Api::jellyfin(&world).await;
    let path = format!("/Items/{}", api.server.remote_id(show).unwrap());
    let delete = async || api.request(Method::DELETE, &path).send().await.unwrap().status();
    assert_eq!(
        (delete().await, delete().await),
        (204.try_into().unwrap(), 404.try_into().unwrap())
    );
    assert_eq!(world.census().total(), 0);
}
