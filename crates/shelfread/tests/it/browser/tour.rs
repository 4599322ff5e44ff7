//! A tour through every page of the demonstration: none is wider than its display, none has a
//! barrier, none makes the browser complain. What a link leads to is visited too, so that a new page
//! is on the tour by itself.
//!
//! Told a folder in `SHELFREAD_SCREENSHOTS`, it leaves pictures there: `cargo xtask screenshots`.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::path::PathBuf;

use super::page::Page;
use crate::desk::Desk;
use crate::serve::Serve;

/// Where to go first: an address, the link to follow there if any, and what the pictures are called.
const STOPS: [(&str, &str, &str); 19] = [
    ("/", "", "overview"),
    ("/library", "", "library"),
    ("/library?view=table", "", "table"),
    ("/library?q=no+such+film", "", "nothing"),
    ("/library?kind=movie&status=available", "#items a", "film"),
    ("/library?kind=show", "#items a", "show"),
    ("/library?kind=season", "#items a", "season"),
    ("/library?kind=episode", "#items a", "episode"),
    ("/library?status=wanted", "#items a", "wanted"),
    ("/review", "", "review"),
    ("/runs", "", "runs"),
    ("/runs", "tr:has(.sign.good) a", "run-good"),
    ("/runs", "tr:has(.sign.warn) a", "run-held"),
    ("/runs", "tr:has(.sign.bad) a", "run-failed"),
    ("/downloads", "", "downloads"),
    ("/downloads?client=seedbox", "", "away"),
    ("/events", "", "events"),
    ("/sources", "", "sources"),
    ("/settings", "", "settings"),
];

/// A page that is called alike but for which item, run, source or client it shows has this shape.
const SHAPES: &str = "return [...document.querySelectorAll('a[href]')].filter(a => a.origin == \
    location.origin && !a.pathname.startsWith('/api/')).map(a => [a.pathname, a.pathname\
    .replace(/[0-9a-f-]{36}/, '*').replace(/^\\/(sources|clients)\\/[^/]+/, '/$1/*')])";

struct Tour {
    page: Page,
    pictures: Option<PathBuf>,
    known: BTreeSet<String>,
    /// Addresses with how pictures of them are called.
    ahead: Vec<(String, String)>,
    flaws: Vec<String>,
}

impl Tour {
    /// Looks at a page, and at what it leads to that nobody has seen.
    async fn visit(&mut self, address: &str, name: &str) {
        let pictures = self.pictures.as_deref().map(|folder| (folder, name));
        self.flaws.extend(self.page.flaws(address, pictures).await);
        for link in self.page.run(SHAPES).await.as_array().into_iter().flatten() {
            let [address, shape] = [0, 1].map(|n| link[n].as_str().unwrap_or_default().to_owned());
            let name = shape.trim_matches('/').replace("/*", "").replace('/', "-");
            if self.known.insert(shape) {
                self.ahead.push((address, name));
            }
        }
    }

    /// Looks at the pages that only a form leads to: the key of a token, and of a webhook.
    async fn fill_in(&mut self) {
        let (page, made) = (&self.page, Cell::new(0));
        page.open("/add/source").await;
        page.choose("#kind", "emby").await;
        page.fill("#name", "porch").await;
        page.fill("#url", "http://127.0.0.1:9").await;
        page.fill("#token", "0123456789abcdef0123456789abcdef").await;
        page.press("Add").await;
        page.says("Webhook …").await;
        let token = async || {
            made.set(made.get() + 1);
            page.open("/settings").await;
            page.press("Make a token").await;
            page.fill("#token-name", &format!("tour {}", made.get())).await;
            page.press("Make it").await;
            page.has("[data-copy]").await;
        };
        self.flaws.extend(page.flaws_of("the key of a token", token, None).await);
        let hook = async || {
            page.open("/sources/porch").await;
            page.press("Webhook …").await;
            page.has("[data-copy]").await;
        };
        self.flaws.extend(page.flaws_of("the key of a webhook", hook, None).await);
    }

    /// The address of what this link on this page leads to.
    async fn follow(&self, address: &str, link: &str) -> String {
        self.page.open(address).await;
        self.page.has(link).await;
        let href = format!("return document.querySelector({link:?}).pathname");
        self.page.run(&href).await.as_str().unwrap().to_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_fits_every_display_and_everybody() {
    let desk = Desk::new();
    let demo = Serve::start(desk.command(&["demo"])).await;
    let page = Page::of(&demo.base).await;
    page.open("/login").await;
    page.fill("#name", &demo.told("log in as ").unwrap()).await;
    page.fill("#password", &demo.told("the password ").unwrap()).await;
    page.press("Log in").await;
    page.has("main#main").await;
    let pictures = std::env::var_os("SHELFREAD_SCREENSHOTS").map(PathBuf::from);
    let known = ["/items/*", "/runs/*"].map(str::to_owned).into_iter();
    let known = known.chain(STOPS.iter().map(|(address, ..)| (*address).to_owned())).collect();
    let mut tour = Tour { page, pictures, known, ahead: Vec::new(), flaws: Vec::new() };
    for (address, link, name) in STOPS {
        match link {
            "" => tour.visit(address, name).await,
            link => tour.visit(&tour.follow(address, link).await, name).await,
        }
    }
    while let Some((address, name)) = tour.ahead.pop() {
        tour.visit(&address, &name).await;
    }
    tour.fill_in().await;
    // Swagger UI has barriers of its own; ours to see to is that it works here.
    tour.page.open("/api/docs/").await;
    tour.page.says("/api/v1/items").await;
    tour.flaws.extend(tour.page.complaints().await);
    let mut lost = tour.page.flaws("/sources/nobody", None).await;
    // That this page is not there is what the browser says of it, too.
    lost.retain(|flaw| !flaw.contains("a status of 404"));
    tour.flaws.append(&mut lost);
    assert!(tour.flaws.is_empty(), "{}", tour.flaws.join("\n"));
    assert!(tour.known.len() > 25, "it led to {:?} only", tour.known);
    assert_eq!(demo.stop().await, Some(0));
}
