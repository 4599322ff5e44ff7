//! Forms that change an item: settings, fields, merge, split, remove.

use shelfread_domain::port::LibraryKind;
use shelfread_domain::{ItemKind, SourceKind};

use super::{Browser, DARK, films};

#[tokio::test]
async fn a_toggle_is_kept_and_can_be_taken_back() {
    let browser = Browser::new().await;
    browser.den(LibraryKind::Shows, DARK).await;
    let episode = browser.id(ItemKind::Episode, "Lies").await;
    let address = format!("/items/{episode}");
    let page = browser.done(&format!("{address}/settings"), &[("auto_download", "on")]).await;
    assert!(page.contains("aria-pressed=\"true\"") && page.contains("Show or take back"), "{page}");
    browser.sync("den").await;
    assert!(browser.page(&address).await.contains("aria-pressed=\"true\""));
    let page = browser.done(&format!("{address}/settings"), &[("auto_download", "on")]).await;
    assert!(page.contains("It was so already"));
    let page = browser.done(&format!("{address}/settings"), &[("auto_download", "off")]).await;
    assert!(page.contains("aria-pressed=\"false\""));
}

#[tokio::test]
async fn fields_are_corrected_and_given_back() {
    let browser = Browser::new().await;
    browser.den(LibraryKind::Movies, "movie m1 \"Heat\" 1995 overview=\"Cops\" tmdb=949\n").await;
    let id = browser.id(ItemKind::Movie, "Heat").await;
    let edit = format!("/items/{id}/edit");
    let form = browser.page(&edit).await;
    assert!(form.contains("value=\"Heat\"") && form.contains("from <bdi>den</bdi>"), "{form}");
    let fields = [("title", "Heat <2>"), ("year", "1995"), ("overview", "")];
    let page = browser.done(&edit, &fields).await;
    assert!(page.contains("<bdi>Heat &#60;2&#62;</bdi>") && page.contains("a person"), "{page}");
    let store = browser.desk.app.store();
    let detail = store.item(id).await.unwrap().unwrap();
    assert_eq!(detail.overrides.len(), 2, "only what differs is set: {:?}", detail.overrides);
    assert_eq!(detail.item.fields.overview, None, "emptied on purpose");
    browser.sync("den").await;
    assert!(browser.page(&edit).await.contains("Heat &#60;2&#62;"));
    let wrong = browser.post(&edit, &[("title", "Heat"), ("year", "soon")]).await;
    assert!(wrong.text.contains("role=\"alert\"") && wrong.text.contains("value=\"soon\""));
    let page = browser.done(&edit, &[("reset", "title")]).await;
    assert!(page.contains("value=\"Heat\""), "{page}");
    let page = browser.done(&edit, &[("title", "Heat")]).await;
    assert!(page.contains("Nothing was changed"));
}

#[tokio::test]
async fn items_are_merged_and_split() {
    let browser = Browser::new().await;
    browser.den(LibraryKind::Movies, "movie m1 \"Heat\" 1995 tmdb=949\n").await;
    let attic = browser.desk.source("attic", SourceKind::Plex).await;
    attic.inner().lists(
        "1",
        LibraryKind::Movies,
        "movie z1 \"Heat (Remastered)\" 1995 imdb=tt0113277\n",
    );
    browser.sync("attic").await;
    let (one, other) = (
        browser.id(ItemKind::Movie, "Heat").await,
        browser.id(ItemKind::Movie, "Heat (Remastered)").await,
    );
    let pick = browser.page(&format!("/items/{one}/merge")).await;
    assert!(pick.contains(&other.to_string()) && !pick.contains(&format!("value=\"{one}\"")));
    let other = other.to_string();
    let page = browser.done(&format!("/items/{one}/merge"), &[("other", &other)]).await;
    assert!(page.contains("They are one item now"), "{page}");
    let detail = browser.desk.app.store().item(one).await.unwrap().unwrap();
    assert_eq!(detail.listings.len(), 2);
    let part = detail.listings[1].listing.id.to_string();
    let page = browser.done(&format!("/items/{one}/split"), &[("listing", &part)]).await;
    assert!(page.contains("an item of its own"), "{page}");
    assert_eq!(browser.desk.app.store().item(one).await.unwrap().unwrap().listings.len(), 1);
}

#[tokio::test]
async fn removing_is_shown_first() {
    let browser = Browser::new().await;
    let den = browser.den(LibraryKind::Movies, &films(2)).await;
    den.inner().removes(shelfread_domain::port::RemovalEffect::Files);
    let id = browser.id(ItemKind::Movie, "Film 001").await;
    let address = format!("/items/{id}/remove");
    let page = browser.page(&address).await;
    assert!(page.contains("its files are deleted"), "{page}");
    assert_eq!(den.inner().removed(), [], "nothing was done yet");
    let page = browser.done(&address, &[]).await;
    assert!(page.contains("is gone"), "{page}");
    assert_eq!(den.inner().removed().len(), 1);
    assert!(!browser.page("/library").await.contains("Film 001</bdi></span>"));
}
