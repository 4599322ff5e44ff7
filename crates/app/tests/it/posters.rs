//! Posters come through the server: from sources and allowed hosts only, once, and only pictures.

use chrono::TimeDelta;
use futures::future::join_all;
use shelfread_app::person::Wish;
use shelfread_domain::port::LibraryKind;
use shelfread_domain::{Field, ItemId, ItemKind, SourceKind};

use crate::desk::{Desk, server};

crate::scenarios!(
    a_poster_is_fetched_once,
    what_cannot_be_had_is_left_alone_for_a_while,
    only_pictures_from_known_hosts_are_shown,
    a_person_has_the_last_word,
    episodes_have_the_poster_of_their_show,
);

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n first";
const JPEG: &[u8] = b"\xff\xd8\xff\xe0 second";

/// A film that two servers and an allowed host have a poster of.
async fn heat(desk: &Desk) -> ItemId {
    let shelf = r#"movie 1 "Heat" 1995 tmdb=949 poster=/own.jpg"#;
    desk.den(LibraryKind::Movies, shelf).await;
    let attic = desk.source("attic", SourceKind::Plex).await;
    attic.identifies(Ok(server("attic-1")));
    let shelf = r#"movie 7 "Heat" 1995 tmdb=949 poster=https://art.example/7.jpg"#;
    attic.lists("1", LibraryKind::Movies, shelf);
    desk.synced("attic").await;
    desk.id(ItemKind::Movie, "Heat").await
}

async fn shown(desk: &Desk, id: ItemId) -> Option<Vec<u8>> {
    desk.app.poster(id).await.unwrap().map(|picture| picture.bytes)
}

async fn a_poster_is_fetched_once(desk: Desk) {
    let id = heat(&desk).await;
    desk.pictures.put("/own.jpg", PNG);
    let all = join_all((0..20).map(|_| shown(&desk, id))).await;
    assert!(all.iter().all(|bytes| bytes.as_deref() == Some(PNG)));
    assert_eq!(desk.pictures.asked(), ["den /own.jpg"]);
    desk.clock.advance(TimeDelta::days(31));
    desk.pictures.take_away("/own.jpg");
    assert_eq!(shown(&desk, id).await.as_deref(), Some(PNG), "an old one is better than none");
    assert_eq!(desk.pictures.asked(), ["den /own.jpg"]);
}

async fn what_cannot_be_had_is_left_alone_for_a_while(desk: Desk) {
    let id = heat(&desk).await;
    let places =
        ["den /own.jpg", "attic https://art.example/7.jpg", "outside https://art.example/7.jpg"];
    for _ in 0..3 {
        assert_eq!(shown(&desk, id).await, None);
    }
    assert_eq!(desk.pictures.asked(), places);
    desk.pictures.put("https://art.example/7.jpg", JPEG);
    assert_eq!(shown(&desk, id).await, None);
    assert!(desk.pictures.asked().is_empty());
    desk.clock.advance(TimeDelta::minutes(11));
    let picture = desk.app.poster(id).await.unwrap().unwrap();
    assert_eq!((picture.kind, &*picture.bytes), ("image/jpeg", JPEG));
    assert_eq!(desk.pictures.asked(), &places[..2]);
}

async fn only_pictures_from_known_hosts_are_shown(desk: Desk) {
    let id = heat(&desk).await;
    desk.pictures.put("/own.jpg", b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>");
    desk.pictures.put("https://art.example/7.jpg", b"<!doctype html>");
    assert_eq!(shown(&desk, id).await, None);
    assert_eq!(desk.pictures.asked().len(), 3);
    let elsewhere = r#"movie 1 "Heat" 1995 tmdb=949 poster=http://169.254.169.254/latest"#;
    let odd = desk.source("odd", SourceKind::Jellyfin).await;
    odd.identifies(Ok(server("odd-1")));
    odd.lists("1", LibraryKind::Movies, elsewhere);
    desk.synced("odd").await;
    assert_eq!(shown(&desk, id).await, None);
    assert_eq!(desk.pictures.asked(), ["odd http://169.254.169.254/latest"]);
}

async fn a_person_has_the_last_word(desk: Desk) {
    let id = heat(&desk).await;
    desk.pictures.put("/own.jpg", PNG);
    desk.pictures.put("https://art.example/mine.jpg", JPEG);
    let wish = async |wish| desk.app.correct_fields(id, &[(Field::PosterUrl, wish)]).await.unwrap();
    wish(Wish::Value("https://art.example/mine.jpg".to_owned())).await;
    assert_eq!(shown(&desk, id).await.as_deref(), Some(JPEG));
    wish(Wish::Nothing).await;
    assert_eq!(shown(&desk, id).await, None, "there shall be none");
    wish(Wish::Sources).await;
    assert_eq!(shown(&desk, id).await.as_deref(), Some(PNG));
}

async fn episodes_have_the_poster_of_their_show(desk: Desk) {
    let shelf = r#"show s "Dark" 2017 tvdb=334824 poster=/dark.jpg
                   episode s 1x01 e "Secrets""#;
    desk.den(LibraryKind::Shows, shelf).await;
    desk.pictures.put("/dark.jpg", PNG);
    let id = desk.id(ItemKind::Episode, "Secrets").await;
    assert_eq!(shown(&desk, id).await.as_deref(), Some(PNG));
    assert!(desk.app.poster(ItemId(uuid::Uuid::now_v7())).await.is_err());
}
