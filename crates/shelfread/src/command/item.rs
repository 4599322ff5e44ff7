//! `shelfread item`

use serde_json::json;
use shelfread_app::AppError;
use shelfread_app::items::{FieldView, ItemDetailView, ItemQuery, ItemShown, ItemView, item_id};
use shelfread_app::person::{Candidate, Correction, ReviewView, SettingsChange, Wish};
use shelfread_app::render::ChangeView;
use shelfread_domain::record::ReviewReason;
use shelfread_domain::{Field, ListingId};

use crate::cli::{Format, ItemCommand, ItemListArgs, ItemReviewArgs, Switch};
use crate::output;
use crate::session::{Outcome, Session};

pub async fn run(session: &Session, verb: &ItemCommand) -> Outcome {
    match verb {
        ItemCommand::List(args) => list(session, args).await,
        ItemCommand::Show { id, format } => show(session, id, format.json).await,
        ItemCommand::Set { id, fields, format } => {
            let wishes = each(fields, assignment)?;
            told(&session.app.correct_fields(item_id(id)?, &wishes).await?, *format)
        }
        ItemCommand::Clear { id, fields, reset, format } => {
            let wish = if *reset { Wish::Sources } else { Wish::Nothing };
            let wishes = each(fields, |name| Ok((field(name)?, wish.clone())))?;
            told(&session.app.correct_fields(item_id(id)?, &wishes).await?, *format)
        }
        ItemCommand::Settings { id, auto_download, status, format } => {
            let auto_download = auto_download.map(|switch| switch == Switch::On);
            let change = SettingsChange { auto_download, status: status.clone() };
            told(&session.app.change_settings(item_id(id)?, &change).await?, *format)
        }
        ItemCommand::Merge { keep, gone, format } => {
            told(&session.app.merge_items(item_id(keep)?, item_id(gone)?).await?, *format)
        }
        ItemCommand::Split { id, listing, format } => {
            told(&session.app.split_item(item_id(id)?, listing_id(listing)?).await?, *format)
        }
        ItemCommand::Review(args) => review(session, args).await,
        ItemCommand::Remove(args) if args.everywhere => super::everywhere::run(session, args).await,
        ItemCommand::Remove(args) => {
            told(&session.app.remove_item(item_id(&args.id)?).await?, args.format)
        }
    }
}

fn listing_id(text: &str) -> Result<ListingId, AppError> {
    let unknown = |_| {
        let message = format!(
            "there is no listing '{text}'; `shelfread item show` and `shelfread item review` \
             name them"
        );
        AppError::Usage(message)
    };
    text.parse().map_err(unknown)
}

fn field(name: &str) -> Result<Field, AppError> {
    Ok(name.parse::<Field>()?)
}

/// A field and what it is to show, as `FIELD=VALUE`.
fn assignment(text: &str) -> Result<(Field, Wish), AppError> {
    let Some((name, value)) = text.split_once('=') else {
        return Err(AppError::Usage(format!("'{text}' is not FIELD=VALUE, such as year=1995")));
    };
    Ok((field(name)?, Wish::Value(value.to_owned())))
}

fn each<T>(
    texts: &[String],
    read: impl Fn(&str) -> Result<T, AppError>,
) -> Result<Vec<T>, AppError> {
    texts.iter().map(|text| read(text)).collect()
}

/// Tells what a correction did.
fn told(done: &Correction, format: Format) -> Outcome {
    if format.json {
        output::json(&done)?;
        return Ok(0);
    }
    let Some(run) = done.run else {
        output::line("it is so already");
        return Ok(0);
    };
    for text in done.changes.iter().flat_map(ChangeView::lines) {
        output::line(output::plain(&text));
    }
    if let Some(item) = done.item {
        output::line(format!("item {item}"));
    }
    output::line(format!("`shelfread run revert {run}` takes it back"));
    Ok(0)
}

async fn review(session: &Session, args: &ItemReviewArgs) -> Outcome {
    if let Some(listing) = &args.listing {
        let to = args.to.as_deref().map(item_id).transpose()?;
        let listing = listing_id(listing)?;
        return told(&session.app.place_listing(listing, to).await?, args.format);
    }
    let waiting = session.app.reviews(args.limit).await?;
    if args.format.json {
        output::json(&json!({ "listings": waiting }))?;
        return Ok(0);
    }
    if waiting.is_empty() {
        output::line("nothing waits for a decision");
    }
    waiting.iter().for_each(print_review);
    Ok(0)
}

fn print_review(waiting: &ReviewView) {
    let title = waiting.title.as_deref().unwrap_or("untitled");
    let year = waiting.year.map(|year| format!(" ({year})")).unwrap_or_default();
    let line = |text: String| output::line(output::plain(&text));
    line(format!("{}  {} {title}{year}", waiting.listing, waiting.kind));
    line(format!("  listed by {} in {} as {}", waiting.source, waiting.library, waiting.remote_id));
    waiting.files.iter().for_each(|path| line(format!("    {path}")));
    let claims = match waiting.claims.is_empty() {
        true => String::new(),
        false => format!(": {}", waiting.claims.join(", ")),
    };
    line(format!("  {}{claims}", why(waiting.reason)));
    let named = |c: &Candidate| format!("{}  {}", c.id, c.label.as_deref().unwrap_or("gone"));
    if let Some(item) = &waiting.item {
        line(format!("  it is now {}", named(item)));
    }
    waiting.candidates.iter().for_each(|c| line(format!("  or is it  {}", named(c))));
}

const fn why(reason: ReviewReason) -> &'static str {
    match reason {
        ReviewReason::ConflictingIds => "its ids belong to different items",
        ReviewReason::AmbiguousTitle => "several items have its title and year",
        ReviewReason::Claim => "it claims what another item has",
    }
}

async fn list(session: &Session, args: &ItemListArgs) -> Outcome {
    let query = ItemQuery {
        kind: args.kind.clone(),
        show: None,
        source: args.source.clone(),
        missing_on: args.missing_on.clone(),
        status: args.status.clone(),
        query: args.query.clone(),
        sort: Some(args.sort.clone()),
    };
    let filter = session.app.item_filter(&query).await?;
    let page = session.app.items(&filter, args.after.as_deref(), args.limit).await?;
    if args.format.json {
        output::json(&page)?;
        return Ok(0);
    }
    let rows = page.items.iter().map(row);
    let header = ["ID", "KIND", "TITLE", "YEAR", "STATUS", "LISTED BY"];
    output::table(&header, rows.collect(), "nothing fits; the catalogue may be empty");
    if let Some(next) = page.next {
        output::line(format!("… more: --after '{next}'"));
    }
    Ok(0)
}

fn row(item: &ItemView) -> Vec<String> {
    let title = match (&item.show, item.season, item.episode) {
        (Some(show), Some(s), Some(e)) => format!("{show} S{s:02}E{e:02} {}", item.title),
        (Some(show), ..) => format!("{show}: {}", item.title),
        _ => item.title.clone(),
    };
    let mut sources: Vec<_> = item.listings.iter().map(|l| l.source.as_str()).collect();
    sources.dedup();
    vec![
        item.id.to_string(),
        item.kind.to_string(),
        title,
        item.year.map(|y| y.to_string()).unwrap_or_default(),
        item.status.to_string(),
        sources.join(", "),
    ]
}

async fn show(session: &Session, id: &str, as_json: bool) -> Outcome {
    let shown = session.app.item(item_id(id)?).await?;
    let view = shown.view();
    if as_json {
        output::json(&view)?;
    } else {
        print(&shown, &view);
    }
    Ok(0)
}

fn print(shown: &ItemShown, view: &ItemDetailView) {
    let detail = &shown.detail;
    let item = &detail.item;
    output::line(output::plain(&format!("{}  {}  {}", item.kind, item.label(), item.id)));
    if let Some(show) = &detail.show {
        output::line(output::plain(&format!("  of {}", show.label())));
    }
    output::line(format!("  {}", detail.status));
    for id in &detail.external_ids {
        output::line(format!("  {id}"));
    }
    for (field, told) in view.fields.iter().filter(|(_, told)| told.origin.is_some()) {
        output::line(output::plain(&format!("  {field}: {}", field_line(told))));
    }
    for (listing, link) in detail.listings.iter().zip(&shown.links) {
        let l = &listing.listing;
        let missing = l.missing_since.map(|at| format!(", missing since {}", output::local(at)));
        output::line(output::plain(&format!(
            "  listed by {} in {} as {}{}  {}",
            listing.source,
            listing.library,
            l.remote_id,
            missing.unwrap_or_default(),
            l.id
        )));
        if let Some(link) = link {
            output::line(output::plain(&format!("    {link}")));
        }
        for file in &l.facts.files {
            output::line(output::plain(&format!("    {}", file.path)));
        }
    }
    if let Some(s) = &detail.settings {
        let switch = if s.auto_download { "on" } else { "off" };
        let status = s.status.as_ref().map(|text| format!(", {text}")).unwrap_or_default();
        output::line(output::plain(&format!("  auto-download {switch}{status}  (a person)")));
    }
    for progress in &detail.progress {
        let s = progress.state;
        output::line(format!("  played {}×, at {} s", s.play_count, s.position_seconds));
    }
    if !detail.children.is_empty() {
        output::line(format!("  {} seasons and episodes", detail.children.len()));
    }
}

/// What a field shows, who says so and since when.
fn field_line(told: &FieldView) -> String {
    let origin = told.origin.as_deref().unwrap_or_default();
    let since = told.since.as_deref().and_then(|text| text.parse().ok()).map(output::local);
    let since = since.map(|at| format!(", {at}")).unwrap_or_default();
    let value = told.value.as_deref().unwrap_or("cleared");
    format!("{value}  ({origin}{since})")
}
