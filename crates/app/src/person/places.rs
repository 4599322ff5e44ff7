//! Which listings are one item, as a person decides: merge, split, and the place of a listing that
//! waits for review.

use futures::future::BoxFuture;
use shelfread_domain::{ItemId, Known, ListingId, ListingRecord, RunId, ViewerId};
use shelfread_reconcile::correct::{self, Context, Refusal};
use uuid::Uuid;

use super::{Concerned, Correction, refused};
use crate::App;
use crate::error::Result;

impl App {
    /// Makes two items one: all that the second has goes to the first, and the second goes.
    ///
    /// # Errors
    /// [`AppError::NotFound`](crate::AppError::NotFound);
    /// [`AppError::Usage`](crate::AppError::Usage) when they are the same item or of different
    /// kinds; what the database says. Nothing was changed then.
    pub fn merge_items(&self, keep: ItemId, gone: ItemId) -> BoxFuture<'_, Result<Correction>> {
        Box::pin(async move {
            let plan = |known: &mut _, _| correct::merge(known, keep, gone).map_err(refused);
            let done = self.correct(&Concerned::items(&[keep, gone]), plan).await?;
            Ok(Correction { item: Some(keep), ..done })
        })
    }

    /// Makes one listing of an item an item of its own.
    ///
    /// # Errors
    /// [`AppError::NotFound`](crate::AppError::NotFound);
    /// [`AppError::Usage`](crate::AppError::Usage) when the listing is not one of the item or its
    /// only one; what the database says. Nothing was changed then.
    pub fn split_item(
        &self,
        item: ItemId,
        listing: ListingId,
    ) -> BoxFuture<'_, Result<Correction>> {
        Box::pin(async move {
            if self.store.item(item).await?.is_none() {
                return Err(refused(Refusal::NoItem(item)));
            }
            let record = self.listing(listing).await?;
            if record.item_id != Some(item) {
                return Err(refused(Refusal::NotOfItem(listing)));
            }
            self.own_item(record).await
        })
    }

    /// Decides where a listing that waits for review belongs: to this item, or to one of its own.
    /// One that is alone with its item stays there.
    ///
    /// # Errors
    /// [`AppError::NotFound`](crate::AppError::NotFound);
    /// [`AppError::Usage`](crate::AppError::Usage) when there is no such listing or the item is of
    /// another kind; what the database says. Nothing was changed then.
    pub fn place_listing(
        &self,
        id: ListingId,
        to: Option<ItemId>,
    ) -> BoxFuture<'_, Result<Correction>> {
        Box::pin(async move {
            let listing = self.listing(id).await?;
            let alone = self.alone_with(&listing).await?;
            let Some(to) = to.or(alone) else { return self.own_item(listing).await };
            let viewer = self.viewer_of(&listing).await?;
            let items = listing.item_id.into_iter().chain([to]).collect();
            let concerned = Concerned { items, listing: Some(listing) };
            let plan = |known: &mut Known, run| {
                let context = context(run, viewer.as_ref());
                correct::place(known, id, to, &context, &mut Uuid::now_v7).map_err(refused)
            };
            let done = self.correct(&concerned, plan).await?;
            Ok(Correction { item: Some(to), ..done })
        })
    }

    /// The item that has this listing only.
    async fn alone_with(&self, listing: &ListingRecord) -> Result<Option<ItemId>> {
        let Some(id) = listing.item_id else { return Ok(None) };
        let detail = self.store.item(id).await?;
        Ok(detail.filter(|d| d.listings.len() == 1).map(|_| id))
    }

    async fn own_item(&self, listing: ListingRecord) -> Result<Correction> {
        let id = listing.id;
        let viewer = self.viewer_of(&listing).await?;
        let items = listing.item_id.into_iter().collect();
        let concerned = Concerned { items, listing: Some(listing) };
        let mut item = None;
        let plan = |known: &mut Known, run| {
            let context = context(run, viewer.as_ref());
            let plan = correct::split(known, id, &context, &mut Uuid::now_v7).map_err(refused)?;
            item = known.listing(id).and_then(|l| l.item_id);
            Ok(plan)
        };
        let done = self.correct(&concerned, plan).await?;
        Ok(Correction { item, ..done })
    }

    async fn viewer_of(&self, listing: &ListingRecord) -> Result<Option<(ViewerId, String)>> {
        match self.source_of(listing.library_id).await? {
            Some(source) => Ok(self.store.last_viewer(source).await?),
            None => Ok(None),
        }
    }
}

fn context(run: RunId, viewer: Option<&(ViewerId, String)>) -> Context<'_> {
    Context { run, viewer: viewer.map(|(id, remote_user)| (*id, remote_user.as_str())) }
}
