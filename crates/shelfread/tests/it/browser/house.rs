//! A household for a test: simulated servers, a desk that knows them, a server that runs, and
//! somebody who is logged in.

use shelfread_simulator::{Jellyfin, Running, World};

use super::page::Page;
use crate::desk::Desk;
use crate::serve::Serve;

pub const NAME: &str = "anna";
pub const PASSWORD: &str = "correct horse";

/// A Jellyfin `den`, and a server that knows it.
pub struct House {
    pub world: World,
    pub den: Running,
    pub desk: Desk,
    pub serve: Serve,
}

/// The part of a configuration that every test has: a port of its own, and nothing by itself.
pub const QUIET: &str = "[server]\nlisten = \"127.0.0.1:0\"\n[downloads]\npoll = \"200ms\"\n";

/// A source for the configuration.
pub fn source(name: &str, kind: &str, server: &Running) -> String {
    let (url, token) = (server.url(), server.token());
    format!(
        "[[source]]\nname = \"{name}\"\nkind = \"{kind}\"\nurl = \"{url}\"\ntoken = \"{token}\"\n"
    )
}

impl House {
    /// A house whose catalogue knows the world already. `more` is added to its configuration.
    pub async fn with(world: World, more: &str) -> Self {
        let den = Jellyfin::new(&world).start().await.unwrap();
        let desk = Desk::configured(&format!("{QUIET}{}{more}", source("den", "jellyfin", &den)));
        desk.fine(&["sync", "den"]);
        let serve = Serve::start(desk.command(&["serve"])).await;
        Self { world, den, desk, serve }
    }

    /// The same server, stopped and started again.
    pub async fn restarted(self) -> Self {
        assert_eq!(self.serve.stop().await, Some(0));
        let serve = Serve::start(self.desk.command(&["serve"])).await;
        Self { serve, ..self }
    }

    /// The browser, with the first admin logged in.
    pub async fn entered(&self) -> Page {
        let page = Page::of(&self.serve.base).await;
        page.open("/").await;
        page.set_up(&self.serve).await;
        page
    }

    /// The browser, with the admin logged in who was made before.
    pub async fn come_back(&self, page: Page) -> Page {
        drop(page);
        let page = Page::of(&self.serve.base).await;
        page.open("/login").await;
        page.fill("#name", NAME).await;
        page.fill("#password", PASSWORD).await;
        page.press("Log in").await;
        page.has("main#main").await;
        page
    }

    /// The id of the only item with this title.
    pub fn id(&self, title: &str) -> String {
        let found = self.desk.items().into_iter().find(|(_, t, _)| t == title);
        found.unwrap_or_else(|| panic!("no '{title}'")).2
    }
}

impl Page {
    /// Makes the first admin, with the code that the server printed.
    pub async fn set_up(&self, serve: &Serve) {
        self.has("#code").await;
        self.fill("#code", &serve.told("with the code ").expect("a code")).await;
        self.fill("#name", NAME).await;
        self.fill("#password", PASSWORD).await;
        self.fill("#again", PASSWORD).await;
        self.press("Make the first admin").await;
        self.has("main#main").await;
    }
}
