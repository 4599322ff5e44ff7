//! The web interface over HTTP, as a browser without any script sees it.

mod catalogue;
mod correct;
mod places;
mod runs;

use std::sync::Arc;

use reqwest::StatusCode;
use shelfread_app::access::Role;
use shelfread_app::{Quiet, RunReport, SyncRequest};
use shelfread_domain::port::LibraryKind;
use shelfread_domain::{ItemId, ItemKind, SourceKind};
use shelfread_store::ItemFilter;
use shelfread_testkit::faults::Faulty;
use shelfread_testkit::fixtures::ScriptedSource;

use crate::desk::{Desk, Said};

/// A browser of an admin.
pub struct Browser {
    pub desk: Desk,
    cookie: String,
}

impl Browser {
    pub async fn new() -> Self {
        let desk = Desk::sqlite().await;
        let cookie = desk.logged_in("anna", Role::Admin).await;
        Self { desk, cookie }
    }

    pub async fn get(&self, path: &str) -> Said {
        self.desk.page(path, Some(&self.cookie)).await
    }

    /// A page that must be there.
    pub async fn page(&self, path: &str) -> String {
        let said = self.get(path).await;
        assert_eq!(said.status, StatusCode::OK, "{path}: {said:?}");
        said.text
    }

    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Said {
        self.desk.form(path, Some(&self.cookie), fields).await
    }

    /// Posts a form and follows where it leads: that page, which says what was done.
    pub async fn done(&self, path: &str, fields: &[(&str, &str)]) -> String {
        let said = self.post(path, fields).await;
        assert_eq!(said.status, StatusCode::SEE_OTHER, "{path}: {said:?}");
        let told = said.header("set-cookie").split(';').next().unwrap().to_owned();
        let both = format!("{}; {told}", self.cookie);
        let page = self.desk.page(said.header("location"), Some(&both)).await;
        assert_eq!(page.status, StatusCode::OK, "{page:?}");
        page.text
    }

    /// A media server `den` that lists this, synced.
    pub async fn den(&self, kind: LibraryKind, shelf: &str) -> Arc<Faulty<ScriptedSource>> {
        let den = self.desk.source("den", SourceKind::Jellyfin).await;
        den.inner().lists("1", kind, shelf);
        self.sync("den").await;
        den
    }

    pub async fn sync(&self, name: &str) -> RunReport {
        let request = SyncRequest { sources: vec![name.to_owned()], ..SyncRequest::default() };
        self.desk.app.sync(&request, Arc::new(Quiet)).await.unwrap().remove(0)
    }

    pub async fn id(&self, kind: ItemKind, title: &str) -> ItemId {
        let filter = ItemFilter { kind: Some(kind), ..ItemFilter::default() };
        let (items, _) = self.desk.app.store().items(&filter, None, 1_000).await.unwrap();
        let found = items.iter().find(|i| i.item.fields.title.as_deref() == Some(title));
        found.unwrap_or_else(|| panic!("no {kind} '{title}'")).item.id
    }
}

pub fn films(n: usize) -> String {
    (1..=n).map(|i| format!("movie m{i} \"Film {i:03}\" 2000 tmdb={i}\n")).collect()
}

pub const DARK: &str = "show s1 \"Dark\" 2017 tvdb=1\nseason s1 1 r1\n\
    episode s1 1x01 e1 \"Secrets\" file=Dark/1.mkv:5\nepisode s1 1x02 e2 \"Lies\" file=Dark/2.mkv:5\n\
    episode s1 0x01 e3 \"Making of\" file=Dark/3.mkv:5\n";
