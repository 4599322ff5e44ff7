//! `shelfread item`

use serde_json::{Value, json};
use shelfread_app::AppError;
use shelfread_app::items::{self, ItemView};
use shelfread_domain::ItemId;
use shelfread_store::{ItemDetail, ItemFilter};

use crate::cli::{ItemCommand, ItemListArgs};
use crate::output;
use crate::session::{Failure, Outcome, Session};

pub async fn run(session: &Session, verb: &ItemCommand) -> Outcome {
    match verb {
        ItemCommand::List(args) => list(session, args).await,
        ItemCommand::Show { id, format } => show(session, id, format.json).await,
    }
}

async fn list(session: &Session, args: &ItemListArgs) -> Outcome {
    let store = session.app.store();
    let kind = match &args.kind {
        Some(text) => Some(text.parse().map_err(|e| Failure::usage(format!("{e}")))?),
        None => None,
    };
    let source = match &args.source {
        Some(name) => {
            let found = store.source_by_name(name).await?;
            Some(found.ok_or_else(|| AppError::not_found("source", name))?.id)
        }
        None => None,
    };
    let filter = ItemFilter { kind, source, query: args.query.clone(), ..ItemFilter::default() };
    let page = session.app.items(&filter, args.after.as_deref(), args.limit).await?;
    if args.format.json {
        output::json(&json!({ "items": page.items, "next": page.next }))?;
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
    let unknown = || AppError::not_found("item", id);
    let item: ItemId = id.parse().map_err(|_| unknown())?;
    let detail = session.app.store().item(item).await?.ok_or_else(unknown)?;
    let view = items::detail_view(&detail);
    if as_json {
        output::json(&view)?;
    } else {
        print(&detail, &view);
    }
    Ok(0)
}

fn print(detail: &ItemDetail, view: &Value) {
    let item = &detail.item;
    output::line(output::plain(&format!("{}  {}  {}", item.kind, item.label(), item.id)));
    if let Some(show) = &detail.show {
        output::line(output::plain(&format!("  of {}", show.label())));
    }
    for id in &detail.external_ids {
        output::line(format!("  {id}"));
    }
    if let Some(fields) = view["fields"].as_object() {
        for (field, told) in fields.iter().filter(|(_, told)| !told["value"].is_null()) {
            let origin = told["origin"].as_str().unwrap_or_default();
            let value = match &told["value"] {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            output::line(output::plain(&format!("  {field}: {value}  ({origin})")));
        }
    }
    for listing in &detail.listings {
        let l = &listing.listing;
        let missing = l.missing_since.map(|at| format!(", missing since {}", output::local(at)));
        output::line(output::plain(&format!(
            "  listed by {} in {} as {}{}",
            listing.source,
            listing.library,
            l.remote_id,
            missing.unwrap_or_default()
        )));
        for file in &l.facts.files {
            output::line(output::plain(&format!("    {}", file.path)));
        }
    }
    for progress in &detail.progress {
        let s = progress.state;
        output::line(format!("  played {}×, at {} s", s.play_count, s.position_seconds));
    }
    if !detail.children.is_empty() {
        output::line(format!("  {} seasons and episodes", detail.children.len()));
    }
}
