//! Load: the part of the catalogue that one batch needs, in a fixed number of statements.
//!
//! First every rule of identity names the items it could mean; then those items come with all that
//! hangs on them. It knows which rows planning needs and deliberately decides nothing.

use std::collections::{HashMap, HashSet};

use futures::future::BoxFuture;
use sea_orm::Value;
use shelfread_domain::id::RemoteId;
use shelfread_domain::known::ChildKey;
use shelfread_domain::{
    ItemId, ItemKind, Known, LibraryId, LibraryRef, ListingRecord, Lookup, SourceId, ViewerId,
};
use uuid::Uuid;

use crate::batch::Batch;
use crate::cell::{Cell, external_id};
use crate::error::Result;
use crate::line::Gathered;
use crate::mapping;
use crate::sql::{Column, Rows, Select, Ty, cell};

const ID: [Column; 1] = [("a", Ty::Uuid)];
const TEXT: [Column; 1] = [("a", Ty::Text)];
const BIG: [Column; 1] = [("a", Ty::Big)];

/// What the rules of identity found.
#[derive(Default)]
struct Found {
    items: HashSet<Uuid>,
    /// Listings that have no item.
    listings: HashSet<Uuid>,
}

impl Found {
    /// Takes listings with their items.
    fn listings(&mut self, found: Vec<(Uuid, Option<Uuid>)>) {
        for (listing, item) in found {
            match item {
                Some(item) => self.items.insert(item),
                None => self.listings.insert(listing),
            };
        }
    }
}

/// How much of the catalogue hangs on an item.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    /// What a sync plans with: the progress of its viewer only.
    Sync(Option<ViewerId>),
    /// All that goes with a removed item.
    Everything,
}

impl Batch {
    /// Everything that planning these observations needs: the items that any rule of identity
    /// could mean with all their listings, external ids, overrides and the progress of the viewer,
    /// the shows of `parents`, and the libraries met.
    ///
    /// # Errors
    /// What the database says.
    pub fn load<'a>(
        &'a mut self,
        library: LibraryId,
        viewer: Option<ViewerId>,
        lookup: &'a Lookup,
    ) -> BoxFuture<'a, Result<Known>> {
        Box::pin(async move {
            self.check()?;
            let loaded = self.find_and_load(library, viewer, lookup).await;
            self.guard(loaded)
        })
    }

    /// The items with all that [`Batch::load`] gives of an item.
    ///
    /// # Errors
    /// What the database says.
    pub fn load_items<'a>(
        &'a mut self,
        items: &'a [ItemId],
        viewer: Option<ViewerId>,
    ) -> BoxFuture<'a, Result<Known>> {
        Box::pin(async move {
            self.check()?;
            let found = Found { items: ids(items), ..Found::default() };
            let loaded = self.load_found(found, Depth::Sync(viewer)).await;
            self.guard(loaded)
        })
    }

    /// The items, without their seasons and episodes, with everything that hangs on them: also
    /// settings and the progress of all viewers.
    ///
    /// # Errors
    /// What the database says.
    pub fn load_whole<'a>(&'a mut self, items: &'a [ItemId]) -> BoxFuture<'a, Result<Known>> {
        Box::pin(async move {
            self.check()?;
            let found = Found { items: ids(items), ..Found::default() };
            let loaded = self.load_found(found, Depth::Everything).await;
            self.guard(loaded)
        })
    }

    /// The items and all their seasons and episodes with everything that goes along when they are
    /// removed: also settings and the progress of all viewers.
    ///
    /// # Errors
    /// What the database says.
    pub fn load_tree<'a>(&'a mut self, items: &'a [ItemId]) -> BoxFuture<'a, Result<Known>> {
        Box::pin(async move {
            self.check()?;
            let loaded = self.tree(items).await;
            self.guard(loaded)
        })
    }

    /// The listings that have the same remote object, remote parent or file as one of these, with
    /// their items: whoever removes an object must know who else has a part of it.
    ///
    /// # Errors
    /// What the database says.
    pub fn load_entangled<'a>(
        &'a mut self,
        listings: &'a [&'a ListingRecord],
    ) -> BoxFuture<'a, Result<Known>> {
        Box::pin(async move {
            self.check()?;
            let loaded = self.entangled(listings).await;
            self.guard(loaded)
        })
    }

    async fn entangled(&self, listings: &[&ListingRecord]) -> Result<Known> {
        let object = [("a", Ty::Uuid), ("b", Ty::Text)];
        let mut found = Found::default();
        let mut keys = rows(2);
        for l in listings {
            keys.cells.extend([l.library_id.to_cell(), l.remote_id.to_cell()]);
        }
        let same = self::listings("l.library_id = k.a AND l.remote_id = k.b");
        found.listings(self.session.gather(same, &object, &keys, [], pair).await?);
        let mut parents = rows(2);
        for l in listings.iter().filter(|l| l.kind == ItemKind::Show) {
            parents.cells.extend([l.library_id.to_cell(), l.remote_id.to_cell()]);
        }
        let below = self::listings("l.library_id = k.a AND l.parent_remote_id = k.b");
        found.listings(self.session.gather(below, &object, &parents, [], pair).await?);
        let files = Rows::single(listings.iter().filter_map(|l| l.file_key));
        let same_file = self::listings("l.file_key = k.a");
        found.listings(self.session.gather(same_file, &BIG, &files, [], pair).await?);
        self.load_found(found, Depth::Sync(None)).await
    }

    async fn tree(&self, items: &[ItemId]) -> Result<Known> {
        let mut found = Found { items: ids(items), ..Found::default() };
        let children = Select { columns: "i.id", table: "items i", on: "i.parent_id = k.a" };
        let roots = Rows::single(found.items.iter().copied());
        found.items.extend(self.session.gather(children, &ID, &roots, [], first).await?);
        self.load_found(found, Depth::Everything).await
    }

    async fn find_and_load(
        &self,
        library: LibraryId,
        viewer: Option<ViewerId>,
        lookup: &Lookup,
    ) -> Result<Known> {
        self.plan_afresh(true).await?;
        let mut found = Found::default();
        let shows = self.find_by_remote_id(library, lookup, &mut found).await?;
        self.find_children(&shows, lookup, &mut found).await?;
        self.find_by_external_id(lookup, &mut found).await?;
        self.find_by_file(library, lookup, &mut found).await?;
        self.find_by_title(lookup, &mut found).await?;
        let mut known = self.load_found(found, Depth::Sync(viewer)).await?;
        for (remote_id, item) in shows {
            known.put_show(library, remote_id, item);
        }
        if known.library(library).is_none() {
            self.load_libraries([library.0], &mut known).await?;
        }
        self.plan_afresh(false).await?;
        Ok(known)
    }

    /// Rule 1, and the shows that observations name as their parents.
    async fn find_by_remote_id(
        &self,
        library: LibraryId,
        lookup: &Lookup,
        found: &mut Found,
    ) -> Result<HashMap<RemoteId, ItemId>> {
        let listed = listings("l.remote_id = k.a AND l.library_id = ?");
        let ids = Rows::single(lookup.remote_ids.iter().map(|id| id.as_str()));
        found.listings(self.session.gather(listed, &TEXT, &ids, [library.0.into()], pair).await?);
        let named = Select {
            columns: "l.remote_id, l.item_id",
            table: "listings l",
            on: "l.remote_id = k.a AND l.library_id = ? AND l.kind = 'show'",
        };
        let parents = Rows::single(lookup.parents.iter().map(|id| id.as_str()));
        let mut shows = HashMap::new();
        let show =
            |row: &Gathered<'_>| Ok((cell::<String>(row, 0)?, cell::<Option<Uuid>>(row, 1)?));
        for (remote_id, item) in
            self.session.gather(named, &TEXT, &parents, [library.0.into()], show).await?
        {
            if let Some(item) = item {
                shows.insert(RemoteId(remote_id), ItemId(item));
            }
        }
        Ok(shows)
    }

    /// Rule 2. One query per index, since a partial index serves only who repeats its condition.
    async fn find_children(
        &self,
        shows: &HashMap<RemoteId, ItemId>,
        lookup: &Lookup,
        found: &mut Found,
    ) -> Result<()> {
        let (mut seasons, mut episodes, mut dated) = (rows(2), rows(3), rows(2));
        for key in &lookup.children {
            let Some(show) = shows.get(&key.parent).map(|id| Value::from(id.0)) else { continue };
            match key {
                ChildKey { kind: ItemKind::Season, season: Some(season), .. } => {
                    seasons.cells.extend([show, (*season).into()]);
                }
                ChildKey { season: Some(season), episode: Some(episode), .. } => {
                    episodes.cells.extend([show, (*season).into(), (*episode).into()]);
                }
                ChildKey { episode: None, air_date: Some(date), .. } => {
                    dated.cells.extend([show, (*date).into()]);
                }
                _ => {}
            }
        }
        let season = [("a", Ty::Uuid), ("b", Ty::Int)];
        let on = "i.parent_id = k.a AND i.season_number = k.b AND i.kind = 'season'";
        found.items.extend(self.session.gather(items(on), &season, &seasons, [], first).await?);
        let episode = [("a", Ty::Uuid), ("b", Ty::Int), ("c", Ty::Int)];
        let on = "i.parent_id = k.a AND i.season_number = k.b AND i.episode_number = k.c \
                  AND i.kind = 'episode'";
        found.items.extend(self.session.gather(items(on), &episode, &episodes, [], first).await?);
        let date = [("a", Ty::Uuid), ("b", Ty::Date)];
        let on = "i.parent_id = k.a AND i.air_date = k.b AND i.kind = 'episode' \
                  AND i.episode_number IS NULL";
        found.items.extend(self.session.gather(items(on), &date, &dated, [], first).await?);
        Ok(())
    }

    /// Rule 3.
    async fn find_by_external_id(&self, lookup: &Lookup, found: &mut Found) -> Result<()> {
        let columns = [("a", Ty::Text), ("b", Ty::Text), ("c", Ty::Text)];
        let mut keys = rows(3);
        for (kind, id) in &lookup.external {
            keys.cells.push(kind.to_cell());
            keys.cells.extend(external_id(id));
        }
        let owners = Select {
            columns: "e.item_id",
            table: "external_ids e",
            on: "e.kind = k.a AND e.provider = k.b AND e.value = k.c",
        };
        found.items.extend(self.session.gather(owners, &columns, &keys, [], first).await?);
        Ok(())
    }

    /// Rule 4: the same file anywhere, a moved one in this library.
    async fn find_by_file(
        &self,
        library: LibraryId,
        lookup: &Lookup,
        found: &mut Found,
    ) -> Result<()> {
        let same = listings("l.file_key = k.a");
        let keys = Rows::single(lookup.file_keys.iter().copied());
        found.listings(self.session.gather(same, &BIG, &keys, [], pair).await?);
        let moved = listings("l.moved_key = k.a AND (l.library_id = ?) IS TRUE");
        let keys = Rows::single(lookup.moved_keys.iter().copied());
        found.listings(self.session.gather(moved, &BIG, &keys, [library.0.into()], pair).await?);
        Ok(())
    }

    /// Rule 5.
    async fn find_by_title(&self, lookup: &Lookup, found: &mut Found) -> Result<()> {
        let columns = [("a", Ty::Text), ("b", Ty::Text), ("c", Ty::Int)];
        let mut keys = rows(3);
        for (kind, title, year) in &lookup.titles {
            keys.cells.extend([kind.to_cell(), title.to_cell(), (*year).into()]);
        }
        let on = "i.kind = k.a AND i.title_key = k.b AND i.year = k.c";
        found.items.extend(self.session.gather(items(on), &columns, &keys, [], first).await?);
        Ok(())
    }

    async fn load_found(&self, found: Found, depth: Depth) -> Result<Known> {
        let mut known = Known::default();
        let items = Rows::single(found.items);
        let session = &self.session;
        let of = |columns, table, on| Select { columns, table, on };
        let rows = of(mapping::ITEM, "items i", "i.id = k.a");
        for item in session.gather(rows, &ID, &items, [], |row| mapping::item(row)).await? {
            known.put_item(item);
        }
        let rows = of(mapping::LISTING, "listings l", "l.item_id = k.a");
        let mut listings =
            session.gather(rows, &ID, &items, [], |row| mapping::listing(row)).await?;
        let rows = of(mapping::LISTING, "listings l", "l.id = k.a");
        let orphans = Rows::single(found.listings);
        listings
            .extend(session.gather(rows, &ID, &orphans, [], |row| mapping::listing(row)).await?);
        let libraries: HashSet<_> = listings.iter().map(|l| l.library_id.0).collect();
        for listing in listings {
            known.put_listing(listing);
        }
        let rows = of(mapping::EXTERNAL_ID, "external_ids e", "e.item_id = k.a");
        for id in session.gather(rows, &ID, &items, [], |row| mapping::external_id(row)).await? {
            known.put_external_id(id);
        }
        let rows = of(mapping::OVERRIDE, "overrides o", "o.item_id = k.a");
        for corrected in
            session.gather(rows, &ID, &items, [], |row| mapping::override_(row)).await?
        {
            known.put_override(corrected);
        }
        self.load_personal(&items, depth, &mut known).await?;
        self.load_libraries(libraries, &mut known).await?;
        Ok(known)
    }

    async fn load_personal(&self, items: &Rows, depth: Depth, known: &mut Known) -> Result<()> {
        let progress = |on| Select { columns: mapping::PROGRESS_COLUMNS, table: "progress p", on };
        let rows = match depth {
            Depth::Sync(None) => Vec::new(),
            Depth::Sync(Some(viewer)) => {
                let own = progress("p.item_id = k.a AND p.viewer_id = ?");
                self.session
                    .gather(own, &ID, items, [viewer.0.into()], |row| mapping::progress(row))
                    .await?
            }
            Depth::Everything => {
                let all = progress("p.item_id = k.a");
                self.session.gather(all, &ID, items, [], |row| mapping::progress(row)).await?
            }
        };
        for progress in rows {
            known.put_progress(progress);
        }
        if depth == Depth::Everything {
            let table = "item_settings s";
            let settings = Select { columns: mapping::SETTINGS, table, on: "s.item_id = k.a" };
            for set in
                self.session.gather(settings, &ID, items, [], |row| mapping::settings(row)).await?
            {
                known.put_settings(set);
            }
        }
        Ok(())
    }

    async fn load_libraries(
        &self,
        ids: impl IntoIterator<Item = Uuid>,
        known: &mut Known,
    ) -> Result<()> {
        let sql = "SELECT b.id, b.source_id, s.name, s.priority FROM {k} \
                   JOIN libraries b ON b.id = k.a JOIN sources s ON s.id = b.source_id";
        let ids = Rows::single(ids);
        for row in self.session.query_keys(sql, &ID, &ids, []).await? {
            known.put_library(LibraryRef {
                id: LibraryId(cell(&row, 0)?),
                source_id: SourceId(cell(&row, 1)?),
                source_name: cell(&row, 2)?,
                priority: cell(&row, 3)?,
            });
        }
        Ok(())
    }
}

/// The first column.
fn first(row: &Gathered<'_>) -> Result<Uuid> {
    cell(row, 0)
}

/// A listing and its item.
fn pair(row: &Gathered<'_>) -> Result<(Uuid, Option<Uuid>)> {
    Ok((cell(row, 0)?, cell(row, 1)?))
}

fn ids(items: &[ItemId]) -> HashSet<Uuid> {
    items.iter().map(|id| id.0).collect()
}

fn rows(width: usize) -> Rows {
    Rows::new(width, 0)
}

/// Listings found by a key, with their items.
const fn listings(on: &'static str) -> Select<'static> {
    Select { columns: "l.id, l.item_id", table: "listings l", on }
}

/// Items found by a key.
const fn items(on: &'static str) -> Select<'static> {
    Select { columns: "i.id", table: "items i", on }
}
