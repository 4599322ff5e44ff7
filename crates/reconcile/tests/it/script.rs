//! Scripts: several runs of several libraries as text, and what they do as lines.
//!
//! ```text
//! sync LIBRARY [full|partial|quick] [update|fill|skip] [rebuilt]
//!     OBSERVATION                     as in testkit::notation; a line `--` begins a new page
//! given LIBRARY …                     the same, and only what it counts is told
//! known OBSERVATION                   an item from before there was a sync, without any listing
//! configure LIBRARY [priority=N] [on_missing=POLICY] [max_removals=LIMIT]
//! override ITEM FIELD=VALUE           or FIELD alone: cleared on purpose
//! settings ITEM                       automatic download on
//! place LISTING ITEM                  a person says whose listing it is; `new` for an item of its own
//! approve LIBRARY | discard LIBRARY   what is held
//! wait DAYS
//! catalogue                           tells all that is there
//! ```
//!
//! A LIBRARY is `den`, or `den/kids` for another one of the same source. Sources count in the order
//! in which they are first named. ITEMs are called `i1`, `i2`, … in the order in which they were
//! made, a LISTING `den:m1`.

use std::fmt::Write;

use expect_test::Expect;
use shelfread_domain::{
    Existing, ExternalIdRecord, Field, Fields, ItemId, ItemRecord, ListingRecord, MatchBasis,
    Observation, OverrideRecord, SettingsRecord,
};
use shelfread_reconcile::resolve::{by_priority, effective, item_title_key, resolve};
use shelfread_testkit::notation::{observation, observations};

use crate::render::{self, Names};
use crate::shelf::{Reach, Report, Shelf, Sync};

/// Runs a script and compares what it tells.
#[track_caller]
pub fn check(script: &str, expected: &Expect) {
    let mut play = Script::default();
    let mut lines = script.lines().filter(|l| !l.trim().is_empty()).peekable();
    while let Some(line) = lines.next() {
        let mut body = String::new();
        while let Some(line) = lines.next_if(|l| is_body(l)) {
            writeln!(body, "{line}").unwrap();
        }
        let line = line.split_once(" #").map_or(line, |(line, _)| line);
        play.run(line.trim(), &body);
    }
    expected.assert_eq(&play.told);
}

fn is_body(line: &str) -> bool {
    let first = line.split_whitespace().next();
    matches!(first, Some("movie" | "show" | "season" | "episode" | "--" | "#"))
}

#[derive(Default)]
struct Script {
    shelf: Shelf,
    names: Names,
    told: String,
}

impl Script {
    #[track_caller]
    fn run(&mut self, line: &str, body: &str) {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match verb {
            "sync" => self.sync(rest, body, true),
            "given" => self.sync(rest, body, false),
            "known" => {
                self.known(&observation(rest));
            }
            "configure" => self.configure(rest),
            "override" => self.correct(rest),
            "settings" => self.settings(rest),
            "place" => self.place(rest),
            "approve" => {
                let report = self.shelf.approve(rest);
                self.tell(&format!("approve {rest}"), &report, true);
            }
            "discard" => self.shelf.discard(rest),
            "wait" => self.shelf.wait(rest.parse().unwrap()),
            "catalogue" => {
                let text = render::catalogue(&self.shelf, &mut self.names);
                write!(self.told, "catalogue\n{text}").unwrap();
            }
            _ => panic!("'{verb}' is no word of a script"),
        }
    }

    #[track_caller]
    fn sync(&mut self, line: &str, body: &str, whole: bool) {
        let mut words = line.split_whitespace();
        let mut sync = Sync {
            library: words.next().unwrap().to_owned(),
            reach: Reach::Full,
            existing: Existing::Update,
            rebuilt: false,
            pages: body.split("--").map(observations).collect(),
        };
        for word in words {
            match word {
                "full" => sync.reach = Reach::Full,
                "partial" => sync.reach = Reach::Partial,
                "quick" => sync.reach = Reach::Quick,
                "rebuilt" => sync.rebuilt = true,
                word => sync.existing = Existing::parse(word).unwrap(),
            }
        }
        let report = self.shelf.sync(&sync);
        self.tell(line, &report, whole);
    }

    fn tell(&mut self, title: &str, report: &Report, whole: bool) {
        writeln!(self.told, "{title}: {}", render::counts(&report.plan.counts)).unwrap();
        for c in &report.plan.changes {
            let line = render::change(&self.shelf, &mut self.names, c);
            if whole {
                writeln!(self.told, "    {line}").unwrap();
            }
        }
        for failure in &report.failures {
            writeln!(self.told, "    failed: {failure}").unwrap();
        }
        if let Some(reason) = &report.held {
            writeln!(self.told, "    held: {reason}").unwrap();
        }
    }

    fn known(&mut self, o: &Observation) -> ItemId {
        let id = ItemId(self.shelf.fresh_id());
        let facts = &o.facts;
        self.shelf.known.put_item(ItemRecord {
            id,
            kind: o.kind,
            parent_id: o.parent.as_ref().map(|show| self.names.item(show.as_str())),
            season_number: facts.season_number,
            episode_number: facts.episode_number,
            absolute_number: facts.absolute_number,
            fields: Fields {
                title: facts.title.clone(),
                sort_title: facts.sort_title.clone(),
                overview: facts.overview.clone(),
                year: facts.year,
                air_date: facts.air_date,
                runtime_seconds: facts.runtime_seconds,
                poster_url: facts.poster_url.clone(),
            },
            title_key: item_title_key(o.kind, facts.title.as_deref()),
            created_run_id: None,
        });
        for external in &facts.external_ids {
            let (item_id, kind, id) = (id, o.kind, external.clone());
            self.shelf.known.put_external_id(ExternalIdRecord { item_id, kind, id });
        }
        self.names.of(id);
        id
    }

    #[track_caller]
    fn configure(&mut self, line: &str) {
        let mut words = line.split_whitespace();
        let name = words.next().unwrap();
        for word in words {
            let (key, value) = word.split_once('=').unwrap();
            self.shelf.configure(name, |library, known| match key {
                "priority" => known.priority = value.parse().unwrap(),
                "on_missing" => library.on_missing = value.parse().unwrap(),
                "max_removals" => library.max_removals = value.parse().unwrap(),
                _ => panic!("'{key}' cannot be configured"),
            });
        }
        let items: Vec<_> = self.shelf.known.items().map(|i| i.id).collect();
        items.into_iter().for_each(|id| self.settle(id));
    }

    #[track_caller]
    fn correct(&mut self, line: &str) {
        let (item, what) = line.split_once(' ').unwrap();
        let (field, value) =
            what.split_once('=').map_or((what, None), |(f, v)| (f, Some(v.to_owned())));
        let (item_id, field) = (self.names.item(item), field.parse::<Field>().unwrap());
        self.shelf.known.put_override(OverrideRecord { item_id, field, value });
        self.settle(item_id);
    }

    #[track_caller]
    fn settings(&mut self, item: &str) {
        self.shelf.known.put_settings(SettingsRecord {
            item_id: self.names.item(item),
            auto_download: true,
            status: None,
            downloaded_at: None,
            extra: None,
        });
    }

    /// What a person decides about a listing. An item that loses its last one by that goes.
    #[track_caller]
    fn place(&mut self, line: &str) {
        let (listing, item) = line.split_once(' ').unwrap();
        let is_it = |l: &&ListingRecord| render::remote(&self.shelf, l) == listing;
        let before = self.shelf.known.listings().find(is_it).cloned();
        let before = before.unwrap_or_else(|| panic!("'{listing}' is not listed"));
        let item = match item {
            "new" => self.known(&Observation::new("new", before.kind)),
            name => self.names.item(name),
        };
        let (item_id, match_basis, review) = (Some(item), MatchBasis::Person, None);
        let old = before.item_id;
        let placed = ListingRecord { item_id, match_basis, review, ..before };
        self.shelf.known.put_listing(placed);
        match old.map(|old| (old, self.shelf.known.listings_of(old).count())) {
            Some((old, 0)) => self.shelf.known.drop_item(old),
            Some((old, _)) => self.settle(old),
            None => {}
        }
        self.settle(item);
    }

    /// What the application does after a person's decision.
    fn settle(&mut self, id: ItemId) {
        let known = &mut self.shelf.known;
        let item = known.item(id).unwrap().clone();
        let said = resolve(item.kind, &by_priority(known, &item));
        let mut base = said.fields;
        for field in Field::ALL.into_iter().filter(|f| *f != Field::SortTitle) {
            if !base.has(field) {
                base.set(field, item.fields.get(field).as_deref()).unwrap();
            }
        }
        let fields = effective(&item, &base, known.overrides(id));
        let title_key = item_title_key(item.kind, base.title.as_deref());
        for id in said.external_ids {
            if known.owner(item.kind, &id).is_none() {
                known.put_external_id(ExternalIdRecord { item_id: item.id, kind: item.kind, id });
            }
        }
        known.put_item(ItemRecord { fields, title_key, ..item });
    }
}
