//! `shelfread event`

use chrono::{DateTime, Local, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use serde_json::Value;
use shelfread_app::AppError;
use shelfread_app::events::EventPage;
use shelfread_store::{Event, EventFilter};

use crate::cli::{EventCommand, EventListArgs};
use crate::output;
use crate::session::{Failure, Outcome, Session};
use shelfread_domain::length;

/// How often the database is asked for what is new: another process may write it.
const AGAIN: std::time::Duration = std::time::Duration::from_millis(500);

pub async fn run(session: &Session, verb: &EventCommand) -> Outcome {
    let EventCommand::List(args) = verb;
    let mut filter = filter(args)?;
    let page = session.app.events(&filter, args.limit).await?;
    if !args.follow {
        return finish(&page, args);
    }
    let events = page.events;
    // What came before is not shown again, also when nothing of it fitted.
    filter.after = Some(match events.last() {
        Some(last) => last.seq,
        None => session.app.store().last_event().await?,
    });
    print(&events, args.format.json)?;
    follow(session, filter, args.format.json).await
}

fn filter(args: &EventListArgs) -> Result<EventFilter, Failure> {
    let item = args
        .item
        .as_ref()
        .map(|id| id.parse().map_err(|_| Failure::from(AppError::not_found("item", id))));
    Ok(EventFilter {
        kind: args.kind.clone(),
        item: item.transpose()?,
        source: args.source.clone(),
        client: args.client.clone(),
        since: args.since.as_deref().map(moment).transpose()?,
        before: args.before,
        ..EventFilter::default()
    })
}

/// A moment: `2h` ago, a day, a local time or an exact one.
fn moment(text: &str) -> Result<DateTime<Utc>, Failure> {
    let ago = length::parse(text).and_then(|ago| TimeDelta::from_std(ago).ok());
    if let Some(ago) = ago {
        return Ok(Utc::now() - ago);
    }
    if let Ok(exact) = DateTime::parse_from_rfc3339(text) {
        return Ok(exact.to_utc());
    }
    let forms = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M"];
    let time = forms.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    let day = || text.parse::<NaiveDate>().ok()?.and_hms_opt(0, 0, 0);
    let local = time.or_else(day).and_then(|t| t.and_local_timezone(Local).earliest());
    local.map(|t| t.to_utc()).ok_or_else(|| {
        Failure::usage(format!("'{text}' is no time; give 2h, 2026-11-21 or 2026-11-21 17:00"))
    })
}

fn finish(page: &EventPage, args: &EventListArgs) -> Outcome {
    if args.format.json {
        output::json(page)?;
        return Ok(0);
    }
    let EventPage { events, next } = page;
    if events.is_empty() {
        output::line("nothing happened");
    }
    print(events, false)?;
    if let Some(next) = next {
        output::line(format!("… earlier ones: `shelfread event list --before {next}`"));
    }
    Ok(0)
}

/// Prints events as lines; as JSON, one value in a line.
pub fn print(events: &[Event], as_json: bool) -> Result<(), Failure> {
    for event in events {
        match as_json {
            true => output::json(event)?,
            false => output::line(line(event)),
        }
    }
    Ok(())
}

fn line(event: &Event) -> String {
    let e = &event.event;
    let style = match e.severity.as_str() {
        "error" => output::BAD,
        "warning" => output::WARN,
        _ => anstyle::Style::new(),
    };
    let text = |key: &str| e.data[key].as_str();
    let title = text("title").or_else(|| text("label")).unwrap_or_default();
    let place = text("client").or_else(|| text("source")).filter(|place| *place != title);
    let change = match (text("from"), text("to")) {
        (Some(from), Some(to)) => format!(" {from} → {to}"),
        (None, Some(to)) => format!(" {to}"),
        _ => String::new(),
    };
    let more = [place.map(|p| format!(" [{p}]")), text("reason").map(|r| format!(" ({r})"))];
    let more: String = more.into_iter().flatten().collect();
    let told = output::plain(&format!("{title}{change}{more}{}", counts(&e.data)));
    format!("{}  {style}{:<24}{style:#} {told}", output::local(e.at), e.kind)
}

/// What a run did, where an event says so.
fn counts(data: &Value) -> String {
    let Some(counts) = data["counts"].as_object() else { return String::new() };
    let some = counts.iter().filter(|(_, n)| n.as_u64().is_some_and(|n| n > 0));
    let some: Vec<_> = some.map(|(what, n)| format!("{n} {what}")).collect();
    format!(" {}", some.join(", "))
}

async fn follow(session: &Session, mut filter: EventFilter, as_json: bool) -> Outcome {
    loop {
        tokio::select! {
            () = tokio::time::sleep(AGAIN) => {}
            () = super::stopped() => return Ok(0),
        }
        // The oldest of what is new comes first, however much there is.
        loop {
            let seq = filter.after.unwrap_or(0);
            let newest = session.app.store().last_event().await?;
            if newest == seq {
                break;
            }
            let until = newest.min(seq + 1_000);
            let some = EventFilter { before: Some(until + 1), ..filter.clone() };
            print(&session.app.store().events(&some, 1_000).await?, as_json)?;
            filter.after = Some(until);
        }
    }
}
