//! Plans and catalogues as lines that a person can read. Knows how to say it, and decides nothing.
//!
//! `+` a row comes, `-` one goes, `~` one changes, `→` another remote id, `?` missing, `!` back,
//! `#` waits for a person.

use std::fmt::Write;

use shelfread_domain::record::Review;
use shelfread_domain::{
    Change, Counts, Field, ItemId, ItemKind, ItemRecord, ListingRecord, Observation, Op, PlayState,
    ProgressRecord, Row,
};

use crate::shelf::{Shelf, Sync};

/// Gives every item a short name, in the order in which they were made.
#[derive(Default)]
pub struct Names(Vec<ItemId>);

impl Names {
    /// The short name of an item.
    pub fn of(&mut self, id: ItemId) -> String {
        let at = self.0.iter().position(|known| *known == id).unwrap_or_else(|| {
            self.0.push(id);
            self.0.len() - 1
        });
        format!("i{}", at + 1)
    }

    /// The item with a short name.
    #[track_caller]
    pub fn item(&self, name: &str) -> ItemId {
        let number = name.strip_prefix('i').and_then(|n| n.parse::<usize>().ok());
        let item = number.and_then(|n| self.0.get(n - 1));
        *item.unwrap_or_else(|| panic!("'{name}' is no item so far"))
    }
}

/// The counts that are not zero.
pub fn counts(c: &Counts) -> String {
    let all = [
        ("seen", c.seen),
        ("added", c.added),
        ("updated", c.updated),
        ("relinked", c.relinked),
        ("unchanged", c.unchanged),
        ("missing", c.missing),
        ("removed", c.removed),
        ("held", c.held),
        ("conflicts", c.conflicts),
        ("failed", c.failed),
    ];
    let words: Vec<_> =
        all.iter().filter(|(_, n)| *n > 0).map(|(word, n)| format!("{n} {word}")).collect();
    if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
}

/// One change as a line.
pub fn change(shelf: &Shelf, names: &mut Names, c: &Change) -> String {
    let sign = match c.op {
        Op::Add => "+",
        Op::Update => "~",
        Op::Remove => "-",
        Op::Relink => "→",
        Op::Missing => "?",
        Op::Return => "!",
        Op::Quarantine => "#",
    };
    let what = match (&c.before, &c.after) {
        (Some(Row::Item(b)), Some(Row::Item(a))) => {
            let fields = b.fields.differing(&a.fields);
            let values = fields.iter().map(|f| {
                let value = |i: &ItemRecord| i.fields.get(*f).unwrap_or_else(|| "-".into());
                format!("{f} {} → {}", value(b), value(a))
            });
            let show = (b.parent_id != a.parent_id).then(|| {
                let [was, is] = [b, a].map(|i| i.parent_id.map(|id| names.of(id)));
                format!("show {} → {}", was.unwrap_or_default(), is.unwrap_or_default())
            });
            let place = (place(b) != place(a)).then(|| format!("{} → {}", place(b), place(a)));
            let values: Vec<_> = show.into_iter().chain(place).chain(values).collect();
            format!("{}: {}", item(names, b), values.join(", "))
        }
        (_, Some(Row::Item(i))) | (Some(Row::Item(i)), _) => item(names, i),
        (Some(Row::Listing(b)), Some(Row::Listing(a))) => listing_change(shelf, names, b, a),
        (None, Some(Row::Listing(l))) => listing(shelf, names, l),
        (Some(Row::Listing(l)), _) => format!("listing {}", remote(shelf, l)),
        (_, Some(Row::ExternalId(e))) | (Some(Row::ExternalId(e)), _) => {
            format!("id {} of {}", e.id, names.of(e.item_id))
        }
        (_, Some(Row::Progress(p))) | (Some(Row::Progress(p)), _) => progress(names, p),
        (_, Some(Row::Settings(s))) | (Some(Row::Settings(s)), _) => {
            format!("settings of {}", names.of(s.item_id))
        }
        (_, Some(Row::Override(o))) | (Some(Row::Override(o)), _) => {
            format!("override of {}: {}", names.of(o.item_id), o.field)
        }
        (None, None) => String::new(),
    };
    format!("{sign} {what}")
}

fn item(names: &mut Names, i: &ItemRecord) -> String {
    format!("{} {} {}", i.kind, names.of(i.id), label(i))
}

/// The label of an item, and for what has no number what it has instead.
fn label(i: &ItemRecord) -> String {
    match (i.season_number, i.episode_number, i.fields.air_date) {
        (season, None, Some(date)) if i.parent_id.is_some() => {
            let season = season.map(|n| format!("season {n} ")).unwrap_or_default();
            format!("{season}{date} {}", i.label())
        }
        _ => i.label(),
    }
}

fn place(i: &ItemRecord) -> String {
    let number = |n: Option<i32>| n.map_or("-".to_owned(), |n| n.to_string());
    let absolute = i.absolute_number.map(|n| format!(" ({n})")).unwrap_or_default();
    format!("{}x{}{absolute}", number(i.season_number), number(i.episode_number))
}

/// Where a listing is listed.
pub fn remote(shelf: &Shelf, l: &ListingRecord) -> String {
    let part = if l.part == 0 { String::new() } else { format!("#{}", l.part) };
    let remote_id = l.remote_id.as_str();
    let remote_id = if remote_id.starts_with("given away") { "(parked)" } else { remote_id };
    format!("{}:{remote_id}{part}", shelf.name_of(l.library_id))
}

fn listing(shelf: &Shelf, names: &mut Names, l: &ListingRecord) -> String {
    let item = l.item_id.map_or("nothing".to_owned(), |id| names.of(id));
    let review = l.review.as_ref().map(|r| review(names, r)).unwrap_or_default();
    format!("listing {} of {item} by {}{review}", remote(shelf, l), l.match_basis)
}

fn review(names: &mut Names, r: &Review) -> String {
    let mut text = format!(", {}", r.reason);
    for id in &r.claims {
        write!(text, " {id}").unwrap();
    }
    for candidate in &r.candidates {
        write!(text, " ({})", names.of(*candidate)).unwrap();
    }
    text
}

fn listing_change(
    shelf: &Shelf,
    names: &mut Names,
    b: &ListingRecord,
    a: &ListingRecord,
) -> String {
    let mut news: Vec<String> = Vec::new();
    if b.remote_id != a.remote_id {
        news.push(format!("is {} now", remote(shelf, a)));
    }
    if b.match_basis != a.match_basis {
        news.push(format!("by {}", a.match_basis));
    }
    if b.item_id != a.item_id {
        news.push(format!("of {}", a.item_id.map_or("nothing".to_owned(), |id| names.of(id))));
    }
    if b.facts != a.facts {
        news.push("other facts".to_owned());
    }
    if b.play != a.play {
        news.push(a.play.map_or("not played".to_owned(), |p| play(&p)));
    }
    if b.review != a.review {
        let text = a.review.as_ref().map(|r| review(names, r));
        news.push(text.map_or("nothing to review".to_owned(), |t| t[2..].to_owned()));
    }
    if b.missing_since != a.missing_since && a.missing_since.is_some() {
        news.push("is missing".to_owned());
    }
    if b.missing_since.is_some() && a.missing_since.is_none() {
        news.push("is back".to_owned());
    }
    if b.kept_since.is_some() && a.kept_since.is_none() {
        news.push("is listed again".to_owned());
    }
    if news.is_empty() {
        news.push(if a.fingerprint == 0 { "to be looked at again" } else { "in silence" }.into());
    }
    format!("listing {}: {}", remote(shelf, b), news.join(", "))
}

fn progress(names: &mut Names, p: &ProgressRecord) -> String {
    format!("progress of {}: {}", names.of(p.item_id), play(&p.state))
}

/// A play state.
pub fn play(p: &PlayState) -> String {
    let mut words = Vec::new();
    if p.played {
        words.push("played".to_owned());
    }
    if p.position_seconds > 0 {
        words.push(format!("at {} s", p.position_seconds));
    }
    words.extend(p.last_played_at.map(|t| t.format("%Y-%m-%d").to_string()));
    if p.carried {
        words.push("(carried)".to_owned());
    }
    if words.is_empty() { "not played".to_owned() } else { words.join(" ") }
}

/// The whole catalogue: items with what hangs on them.
pub fn catalogue(shelf: &Shelf, names: &mut Names) -> String {
    let known = &shelf.known;
    let mut items: Vec<_> = known.items().collect();
    items.sort_by_key(|i| i.id);
    let mut text = String::new();
    for i in items {
        let ids: Vec<_> = known.external_ids(i.id).map(ToString::to_string).collect();
        let values = [Field::Overview, Field::PosterUrl, Field::RuntimeSeconds]
            .into_iter()
            .filter_map(|f| Some(format!("{f} {}", i.fields.get(f)?)));
        let show = i.parent_id.map(|show| format!("of {}", names.of(show)));
        let more: Vec<_> = show.into_iter().chain(ids).chain(values).collect();
        let more = if more.is_empty() { String::new() } else { format!(": {}", more.join(", ")) };
        writeln!(text, "{}{more}", item(names, i)).unwrap();
        let mut listings: Vec<_> = known.listings_of(i.id).collect();
        listings.sort_by_key(|l| (l.library_id, l.id));
        for l in listings {
            writeln!(text, "    {}{}", remote(shelf, l), state(names, l)).unwrap();
        }
        for p in known.progress_of(i.id).filter(|p| !p.state.is_blank()) {
            writeln!(text, "    {}", play(&p.state)).unwrap();
        }
    }
    let mut waiting: Vec<_> = known.listings().filter(|l| l.item_id.is_none()).collect();
    waiting.sort_by_key(|l| (l.library_id, l.id));
    for l in waiting {
        writeln!(text, "{}{}", remote(shelf, l), state(names, l)).unwrap();
    }
    text
}

fn state(names: &mut Names, l: &ListingRecord) -> String {
    let review = l.review.as_ref().map(|r| review(names, r)).unwrap_or_default();
    let missing = if l.missing_since.is_some() { ", missing" } else { "" };
    let kept = if l.kept_since.is_some() { ", kept" } else { "" };
    format!("{review}{missing}{kept}")
}

/// A sync as a script says it, so that what a property found can become a test.
pub fn sync(s: &Sync) -> String {
    let mut text = format!("\nsync {} {:?} {}", s.library, s.reach, s.existing).to_lowercase();
    if s.rebuilt {
        text.push_str(" rebuilt");
    }
    for (n, page) in s.pages.iter().enumerate() {
        text.push_str(if n > 0 { "\n    --" } else { "" });
        for o in page {
            write!(text, "\n    {}", observation(o)).unwrap();
        }
    }
    text
}

fn observation(o: &Observation) -> String {
    let f = &o.facts;
    let number = |n: Option<i32>| n.map_or("-".to_owned(), |n| n.to_string());
    let place = match (o.kind, f.season_number, f.episode_number) {
        (ItemKind::Movie | ItemKind::Show, ..) => String::new(),
        (ItemKind::Season, season, _) => format!("{} ", number(season)),
        (_, None, episode) => format!("?x{} ", number(episode)),
        (_, Some(season), episode) => format!("{season}x{} ", number(episode)),
    };
    let show = o.parent.as_ref().map(|show| format!("{show} ")).unwrap_or_default();
    let mut text = format!("{} {show}{place}{}", o.kind, o.remote_id);
    let title = f.title.as_ref().map(|t| format!("{t:?}"));
    let words = title.into_iter().chain(f.year.map(|y| y.to_string()));
    let words = words.chain((o.part > 0).then(|| format!("part={}", o.part)));
    let words = words.chain(f.overview.as_ref().map(|t| format!("overview={t}")));
    let words = words.chain(f.poster_url.as_ref().map(|t| format!("poster={t}")));
    let words = words.chain(f.external_ids.iter().map(|e| e.to_string().replace(' ', "=")));
    let words = words.chain(f.absolute_number.map(|n| format!("abs={n}")));
    let words = words.chain(f.air_date.map(|d| format!("date={d}")));
    let files = f.files.iter().map(|f| format!("file={}:{}", f.path, f.size.unwrap_or(0)));
    let anchor = o.anchor.iter().map(|f| format!("anchor={}:7@5", f.path));
    let words = words.chain(files).chain(anchor);
    let play = o.play.iter().flat_map(|p| {
        let last = p.last_played_at.map(|t| format!("last={}", t.format("%Y-%m-%d")));
        let played = p.played.then(|| "played".to_owned());
        let at = (p.position_seconds > 0).then(|| format!("position={}", p.position_seconds));
        played.into_iter().chain(at).chain(last)
    });
    words.chain(play).for_each(|word| write!(text, " {word}").unwrap());
    text
}
