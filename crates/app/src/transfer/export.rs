//! Export: the catalogue to lines, page by page, as it was at one moment. Listings that wait for
//! review have no item and are left out: the next sync finds them again.

use std::collections::HashMap;
use std::io::Write;

use futures::future::BoxFuture;
use shelfread_domain::{
    Facts, ItemRecord, Known, LibraryId, ListingRecord, ProgressRecord, ViewerId,
};
use shelfread_store::{Level, LibraryRow, SourceRow};
use url::Url;

use super::format::{
    End, FORMAT, Header, ItemLine, LibraryLine, Line, ListingLine, ProgressLine, SettingsLine,
    SourceLine, VERSION, ViewerLine,
};
use crate::App;
use crate::error::{AppError, Result};

/// Items that are in memory at once.
const PAGE: u64 = 500;

/// The settings of a source that are written: those that are known to be no secrets.
const SETTINGS: [&str; 3] = ["media", "path_map", "user"];

/// What was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Exported {
    /// Items.
    pub items: u64,
    /// Lines.
    pub lines: u64,
}

impl App {
    /// Writes the whole catalogue.
    ///
    /// # Errors
    /// When the file cannot be written, or the database not be read: what was written is not whole
    /// then, and says so by having no last line.
    pub fn export<'a>(
        &'a self,
        out: &'a mut (dyn Write + Send),
    ) -> BoxFuture<'a, Result<Exported>> {
        Box::pin(async move {
            let mut snapshot = self.store.snapshot().await?;
            let mut lines = Lines { out, count: 0 };
            let exported_at = self.clock.now();
            let format = FORMAT.to_owned();
            lines.write(&Line::Header(Header { format, version: VERSION, exported_at }))?;
            let places = self.places(&mut lines).await?;
            let mut items = 0;
            for level in Level::ALL {
                let mut after = None;
                loop {
                    let page = snapshot.ids(level, after, PAGE).await?;
                    let Some(last) = page.last() else { break };
                    after = Some(*last);
                    let ids: Vec<_> = page.iter().map(|(_, id)| *id).collect();
                    let known = snapshot.load(&ids).await?;
                    for item in ids.iter().filter_map(|id| known.item(*id)) {
                        lines.write(&Line::Item(Box::new(item_line(&known, item, &places))))?;
                        items += 1;
                    }
                }
            }
            let end = End { lines: lines.count + 1 };
            lines.write(&Line::End(end))?;
            lines.out.flush().map_err(|e| unwritable(&e))?;
            Ok(Exported { items, lines: lines.count })
        })
    }

    /// Writes sources, libraries and viewers, and remembers what they are called.
    async fn places(&self, lines: &mut Lines<'_>) -> Result<Places> {
        let mut places = Places::default();
        let mut libraries = Vec::new();
        let sources = self.store.sources().await?;
        for source in &sources {
            lines.write(&Line::Source(source_line(source)))?;
            let own = self.store.libraries(source.id).await?;
            libraries.extend(own.into_iter().map(|library| (source, library)));
        }
        for (source, LibraryRow { id, remote_id, name, kind, .. }) in libraries {
            let (source, kind) = (source.name.clone(), kind.as_str().to_owned());
            places.libraries.insert(id, (source.clone(), remote_id.clone()));
            lines.write(&Line::Library(LibraryLine { source, remote_id, name, kind }))?;
        }
        for viewer in self.store.viewers().await? {
            let (source, remote_user, name) = (viewer.source, viewer.remote_user, viewer.name);
            places.viewers.insert(viewer.id, (source.clone(), remote_user.clone()));
            lines.write(&Line::Viewer(ViewerLine { source, remote_user, name }))?;
        }
        Ok(places)
    }
}

struct Lines<'a> {
    out: &'a mut (dyn Write + Send),
    count: u64,
}

impl Lines<'_> {
    fn write(&mut self, line: &Line) -> Result<()> {
        let mut text = serde_json::to_vec(line).map_err(|e| unwritable(&e.into()))?;
        text.push(b'\n');
        self.count += 1;
        self.out.write_all(&text).map_err(|e| unwritable(&e))
    }
}

fn unwritable(error: &std::io::Error) -> AppError {
    AppError::Usage(format!("the export cannot be written: {error}"))
}

/// What libraries and viewers are called: the name of the source, and its own name for them.
#[derive(Default)]
struct Places {
    libraries: HashMap<LibraryId, (String, String)>,
    viewers: HashMap<ViewerId, (String, String)>,
}

fn source_line(source: &SourceRow) -> SourceLine {
    let known = SETTINGS.iter().filter_map(|key| {
        let value = source.settings.get(*key).filter(|value| !value.is_null())?;
        Some(((*key).to_owned(), value.clone()))
    });
    SourceLine {
        name: source.name.clone(),
        kind: source.kind.to_string(),
        url: without_secrets(&source.url),
        settings: known.collect(),
        priority: source.priority,
        on_missing: source.on_missing.to_string(),
        max_removals: source.max_removals.to_string(),
    }
}

/// An address without what could be a password or a token in it. The path of a folder stays.
fn without_secrets(url: &str) -> String {
    let Ok(mut parsed) = Url::parse(url) else { return url.to_owned() };
    if !parsed.has_host() {
        return url.to_owned();
    }
    // Fails only for addresses that cannot have them.
    let _ = parsed.set_username("");
    let _ = parsed.set_password(None);
    parsed.set_query(None);
    parsed.set_fragment(None);
    parsed.into()
}

fn item_line(known: &Known, item: &ItemRecord, places: &Places) -> ItemLine {
    let settings = known.settings(item.id).map(|s| SettingsLine {
        auto_download: s.auto_download,
        status: s.status.clone(),
        downloaded_at: s.downloaded_at,
        extra: s.extra.clone(),
    });
    let listings = known.listings_of(item.id).filter_map(|l| listing_line(l, places));
    let progress = known.progress_of(item.id).filter_map(|p| progress_line(p, places));
    let overrides = known.overrides(item.id).iter().map(|o| (o.field, o.value.clone()));
    ItemLine {
        id: item.id,
        kind: item.kind,
        show: item.parent_id,
        season_number: item.season_number,
        episode_number: item.episode_number,
        absolute_number: item.absolute_number,
        fields: item.fields.clone(),
        external_ids: known.external_ids(item.id).cloned().collect(),
        listings: listings.collect(),
        overrides: overrides.collect(),
        settings,
        progress: progress.collect(),
    }
}

fn listing_line(l: &ListingRecord, places: &Places) -> Option<ListingLine> {
    let (source, library) = places.libraries.get(&l.library_id)?.clone();
    Some(ListingLine {
        source,
        library,
        remote_id: l.remote_id.clone(),
        part: l.part,
        parent: l.parent_remote_id.clone(),
        facts: Facts::clone(&l.facts),
        play: l.play,
        basis: l.match_basis,
        fingerprint: l.fingerprint,
        moved_key: l.moved_key,
        missing_since: l.missing_since,
        kept_since: l.kept_since,
    })
}

fn progress_line(p: &ProgressRecord, places: &Places) -> Option<ProgressLine> {
    let (source, remote_user) = places.viewers.get(&p.viewer_id)?.clone();
    Some(ProgressLine { source, remote_user, state: p.state })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_keep_no_secret() {
        for (url, told) in [
            ("http://anna:s3cret@h:8096/jf?api_key=x#y", "http://h:8096/jf"),
            ("/media/films", "/media/films"),
            ("http://h/", "http://h/"),
        ] {
            assert_eq!(without_secrets(url), told);
        }
    }

    #[test]
    fn unknown_settings_stay() {
        let id = shelfread_domain::SourceId(uuid::Uuid::nil());
        let kind = shelfread_domain::SourceKind::Plex;
        let person = shelfread_store::ManagedBy::Person;
        let settings = serde_json::json!({"user": "anna", "hook_secret": "x"});
        let row = SourceRow { settings, ..crate::sources::new_source(id, "den", kind, person) };
        let told = source_line(&row).settings;
        assert_eq!(told.into_iter().collect::<Vec<_>>(), [("user".to_owned(), "anna".into())]);
    }
}
