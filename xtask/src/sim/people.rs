//! What people do in a script, and that it is done as they said.

use shelfread_app::Quiet;
use shelfread_app::person::{SettingsChange, Wish};
use shelfread_domain::{Field, ItemId, ListingId, RunId};
use shelfread_store::SourceRow;
use uuid::Uuid;

use super::edit::picked;
use super::model::{Verdict, Work, broken};
use super::play::{Outcome, Play, fails};
use super::tables::{Id, Item, Listing, Personal, Tables};

impl Play<'_> {
    /// The item that a number names.
    fn item(&self, pick: u32) -> Option<Id> {
        picked(&self.tables.items.keys().copied().collect::<Vec<_>>(), pick).copied()
    }

    pub(super) async fn wish(&mut self, pick: u32, field: u32, text: Option<u32>) -> Verdict {
        let fields = [Field::Title, Field::Year, Field::Overview];
        let field = fields[field as usize % 3];
        let value = text.map(|n| match field {
            Field::Year => (1900 + n).to_string(),
            _ => format!("Corrected {n}"),
        });
        let wish = value.clone().map_or(Wish::Nothing, Wish::Value);
        self.correct(pick, field, wish, |own| {
            own.overrides.insert(field.to_string(), value);
        })
        .await
    }

    pub(super) async fn reset(&mut self, pick: u32, field: u32) -> Verdict {
        let field = [Field::Title, Field::Year, Field::Overview][field as usize % 3];
        self.correct(pick, field, Wish::Sources, |own| {
            own.overrides.remove(&field.to_string());
        })
        .await
    }

    async fn correct(
        &mut self,
        pick: u32,
        field: Field,
        wish: Wish,
        noted: impl FnOnce(&mut Personal),
    ) -> Verdict {
        let Some(id) = self.item(pick) else { return Ok(()) };
        let item = ItemId(Uuid::from_u128(id));
        let wishes = [(field, wish)];
        let outcome = self.work(async |app| app.correct_fields(item, &wishes).await).await?;
        self.note(id, &outcome, noted)
    }

    pub(super) async fn settings(&mut self, pick: u32, on: bool) -> Verdict {
        let Some(id) = self.item(pick) else { return Ok(()) };
        let change = SettingsChange { auto_download: Some(on), status: None };
        let item = ItemId(Uuid::from_u128(id));
        let outcome = self.work(async |app| app.change_settings(item, &change).await).await?;
        self.note(id, &outcome, |own| own.settings = Some((on, None)))
    }

    /// Notes what a person set, if it was done; a killed program did it whole or not at all.
    fn note<T>(
        &mut self,
        id: Id,
        outcome: &Outcome<T>,
        noted: impl FnOnce(&mut Personal),
    ) -> Verdict {
        let before = self.model.personal.get(&id).cloned().unwrap_or_default();
        let mut wanted = before.clone();
        noted(&mut wanted);
        let is = self.desk.read().map_err(fails)?.personal.get(&id).cloned().unwrap_or_default();
        let done = match &outcome.done {
            None => is == wanted,
            Some(done) => done.is_ok(),
        };
        // To switch off what was never on needs no row.
        let off = wanted.settings == Some((false, None)) && before.settings.is_none();
        let unneeded = done && off && is == before;
        let now = if done && !unneeded { wanted } else { before };
        self.model.personal.insert(id, now);
        self.judge(Work::Person, outcome)
    }

    pub(super) async fn merge(&mut self, keep: u32, gone: u32) -> Verdict {
        let Some(keep) = self.item(keep) else { return Ok(()) };
        let kind = self.tables.items[&keep].kind.clone();
        let alike = |(id, i): (&Id, &Item)| {
            (*id != keep && i.kind == kind && (kind == "movie" || kind == "show")).then_some(*id)
        };
        let alike: Vec<_> = self.tables.items.iter().filter_map(alike).collect();
        let Some(gone) = picked(&alike, gone).copied() else { return Ok(()) };
        let [one, two] = [keep, gone].map(|id| ItemId(Uuid::from_u128(id)));
        let outcome = self.work(async |app| app.merge_items(one, two).await).await?;
        let after = self.desk.read().map_err(fails)?;
        self.nothing_lost(keep, gone, &after)?;
        self.decided(&outcome, &after)
    }

    /// P3: when two items become one, what was set on either stays.
    fn nothing_lost(&self, keep: Id, gone: Id, after: &Tables) -> Verdict {
        if after.items.contains_key(&gone) {
            return Ok(());
        }
        let of = |id| self.tables.personal.get(&id).cloned().unwrap_or_default();
        let (kept, other) = (of(keep), of(gone));
        let is = after.personal.get(&keep).cloned().unwrap_or_default();
        let mut wanted = other.overrides;
        wanted.extend(kept.overrides);
        let settings = kept.settings.or(other.settings);
        if is.overrides != wanted || is.settings != settings {
            return broken("P3", format!("a merge made {is:?} of {wanted:?} {settings:?}"));
        }
        Ok(())
    }

    /// After a decision about several items the model takes over what is set.
    fn decided<T>(&mut self, outcome: &Outcome<T>, after: &Tables) -> Verdict {
        self.model.personal_again(after);
        self.judge(Work::Person, outcome)
    }

    pub(super) async fn split(&mut self, pick: u32) -> Verdict {
        let placed = |(id, l): (&Id, &Listing)| l.item.map(|item| (*id, item));
        let placed: Vec<_> = self.tables.listings.iter().filter_map(placed).collect();
        let Some((listing, item)) = picked(&placed, pick).copied() else { return Ok(()) };
        let (item, listing) = (ItemId(Uuid::from_u128(item)), ListingId(Uuid::from_u128(listing)));
        let outcome = self.work(async |app| app.split_item(item, listing).await).await?;
        let after = self.desk.read().map_err(fails)?;
        self.decided(&outcome, &after)
    }

    pub(super) async fn place(&mut self, pick: u32, own: bool) -> Verdict {
        let waits = |(id, l): (&Id, &Listing)| l.review.then_some(*id);
        let waiting: Vec<_> = self.tables.listings.iter().filter_map(waits).collect();
        let Some(listing) = picked(&waiting, pick).copied() else { return Ok(()) };
        let to = if own { None } else { self.item(pick) };
        let (listing, to) =
            (ListingId(Uuid::from_u128(listing)), to.map(|id| ItemId(Uuid::from_u128(id))));
        let outcome = self.work(async |app| app.place_listing(listing, to).await).await?;
        let after = self.desk.read().map_err(fails)?;
        self.decided(&outcome, &after)
    }

    /// The run of a hold that waits.
    fn held(&self, pick: u32) -> Option<RunId> {
        picked(&self.tables.holds, pick).map(|(_, run)| RunId(Uuid::from_u128(*run)))
    }

    pub(super) async fn approve(&mut self, pick: u32) -> Verdict {
        let Some(run) = self.held(pick) else { return Ok(()) };
        let outcome = self.work(async |app| app.approve(run, &Quiet).await).await?;
        self.judge(Work::Approve, &outcome)
    }

    pub(super) async fn discard(&mut self, pick: u32) -> Verdict {
        let Some(run) = self.held(pick) else { return Ok(()) };
        let before = self.tables.items.len();
        let outcome = self.work(async |app| app.discard(run).await).await?;
        self.judge(Work::Person, &outcome)?;
        match self.tables.items.len() == before {
            true => Ok(()),
            false => broken("P5", "what was discarded went"),
        }
    }

    pub(super) async fn revert(&mut self, back: u32) -> Verdict {
        let mut runs = self.tables.runs.iter().rev().filter(|run| !run.is_dry);
        let Some(run) = runs.nth(back as usize) else { return Ok(()) };
        let run = RunId(Uuid::from_u128(run.id));
        let outcome = self.work(async |app| app.revert(run).await).await?;
        let after = self.desk.read().map_err(fails)?;
        self.model.personal_again(&after);
        self.judge(Work::Undo, &outcome)
    }

    pub(super) async fn priority(&mut self, pick: u32, priority: u32) -> Verdict {
        let name = {
            let state = self.shared.lock();
            let servers = &state.world.servers;
            servers[pick as usize % servers.len()].name.clone()
        };
        let row = self.app.store().source_by_name(&name).await.map_err(fails)?;
        let Some(row) = row else { return broken("works", "a source is gone") };
        let row = SourceRow { priority: i32::try_from(priority).unwrap_or_default(), ..row };
        let outcome = self.work(async |app| app.save_source(&row).await).await?;
        self.judge(Work::Person, &outcome)
    }

    pub(super) async fn remove(&mut self, pick: u32) -> Verdict {
        let Some(id) = self.item(pick) else { return Ok(()) };
        let item = ItemId(Uuid::from_u128(id));
        let is_listed = |l: &Listing| l.item == Some(id) && !l.missing && !l.kept;
        let listed = self.tables.listings.values().any(is_listed);
        let outcome = self.work(async |app| app.remove_item(item).await).await?;
        self.judge(Work::Undo, &outcome)?;
        match listed && !self.tables.items.contains_key(&id) {
            true => broken("P4", "an item that is listed was taken away"),
            false => Ok(()),
        }
    }
}
