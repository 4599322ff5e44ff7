//! What waits for a person: listings without a place, or that claim what another item owns.

use serde::Serialize;
use shelfread_domain::record::ReviewReason;
use shelfread_domain::{ExternalId, ItemId, ItemKind, ItemRecord, ListingId};
use shelfread_store::ListingDetail;
use utoipa::ToSchema;

use crate::App;
use crate::error::Result;

/// A listing that waits for a person.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReviewView {
    /// The listing, by which it is decided.
    pub listing: ListingId,
    /// What it is.
    pub kind: ItemKind,
    /// What it says its title is.
    pub title: Option<String>,
    /// And its year.
    pub year: Option<i32>,
    /// The source's name.
    pub source: String,
    /// The library's name.
    pub library: String,
    /// The source's id for it.
    pub remote_id: String,
    /// Its files.
    pub files: Vec<String>,
    /// Why it waits.
    pub reason: ReviewReason,
    /// The ids that are contested, as `provider value`.
    pub claims: Vec<String>,
    /// The item that it has nevertheless.
    pub item: Option<Candidate>,
    /// The items in question.
    pub candidates: Vec<Candidate>,
}

/// An item that a listing may belong to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct Candidate {
    /// Its id.
    pub id: ItemId,
    /// How a person would call it; `None` when it went meanwhile.
    pub label: Option<String>,
}

impl App {
    /// Listings that wait for a person, oldest first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn reviews(&self, limit: u64) -> Result<Vec<ReviewView>> {
        let waiting = self.store.listings_to_review(limit).await?;
        let mut all = Vec::with_capacity(waiting.len());
        for detail in waiting {
            all.extend(self.review(detail).await?);
        }
        Ok(all)
    }

    async fn review(&self, detail: ListingDetail) -> Result<Option<ReviewView>> {
        let ListingDetail { source, library, listing, .. } = detail;
        let Some(review) = listing.review else { return Ok(None) };
        let mut candidates = Vec::with_capacity(review.candidates.len());
        for id in review.candidates {
            candidates.push(self.candidate(id).await?);
        }
        let item = match listing.item_id {
            Some(id) => Some(self.candidate(id).await?),
            None => None,
        };
        Ok(Some(ReviewView {
            listing: listing.id,
            kind: listing.kind,
            title: listing.facts.title.clone(),
            year: listing.facts.year,
            source,
            library,
            remote_id: listing.remote_id.0,
            files: listing.facts.files.iter().map(|f| f.path.clone()).collect(),
            reason: review.reason,
            claims: review.claims.iter().map(ExternalId::to_string).collect(),
            item,
            candidates,
        }))
    }

    async fn candidate(&self, id: ItemId) -> Result<Candidate> {
        let found = self.store.item(id).await?;
        Ok(Candidate { id, label: found.map(|d| ItemRecord::label(&d.item)) })
    }
}
