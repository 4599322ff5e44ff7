//! Overview: what needs a person first, then how everything does.

use askama::Template;
use axum::routing::get;
use chrono::{DateTime, Utc};
use shelfread_app::overview::{ClientState, Health, SourceState};
use shelfread_app::rows::{Page, RunRow, WaitingHold};
use shelfread_app::schedule::SourceSchedule;
use shelfread_domain::{ItemKind, ItemStatus};

use super::chart::Trend;
use super::layout::{Seen, Shell, Visit};
use super::{assets, parts, story};
use crate::routes::Routes;

pub fn routes() -> Routes {
    Routes::new().route("/", get(show))
}

/// Days of the trend.
const DAYS: u16 = 30;

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    shell: Shell,
    holds: Vec<WaitingHold>,
    sources: Vec<SourceState>,
    clients: Vec<ClientState>,
    tiles: Vec<Tile>,
    trend: Trend,
    runs: Vec<RunRow>,
    schedule: Vec<SourceSchedule>,
    /// Notifications that could not be delivered.
    dead: u64,
}

/// When a source is synced next, whatever of it.
fn next(times: &SourceSchedule) -> Option<DateTime<Utc>> {
    times.next_full.into_iter().chain(times.next_quick).min()
}

/// A figure that leads to what it counts.
struct Tile {
    href: &'static str,
    count: u64,
    label: &'static str,
}

impl OverviewPage {
    /// Whether nothing waits for a person.
    fn is_calm(&self) -> bool {
        self.shell.waiting.total() == 0
            && self.dead == 0
            && self.sources.iter().all(|s| s.health != Health::Failing)
            && self.clients.iter().all(|c| c.health != Health::Failing)
    }

    /// What is known of the times of a source.
    fn times(&self, source: &str) -> Option<&SourceSchedule> {
        self.schedule.iter().find(|times| times.source == source)
    }

    fn failing_sources(&self) -> impl Iterator<Item = &SourceState> {
        self.sources.iter().filter(|s| s.health == Health::Failing)
    }

    fn failing_clients(&self) -> impl Iterator<Item = &ClientState> {
        self.clients.iter().filter(|c| c.health == Health::Failing)
    }
}

async fn show(visit: Visit) -> Seen {
    let app = &visit.web.app;
    let page = OverviewPage {
        shell: visit.shell.clone(),
        holds: app.held(20).await?,
        sources: app.source_states().await?,
        clients: app.client_states().await?,
        tiles: tiles(&app.tally().await?),
        trend: Trend::of(&app.trend(DAYS).await?),
        schedule: app.schedule().await?,
        dead: app.targets().await?.iter().map(|target| target.dead).sum(),
        runs: app.store().runs(Page { offset: 0, limit: 8 }).await?,
    };
    visit.show(&page)
}

fn tiles(tally: &[(ItemKind, ItemStatus, u64)]) -> Vec<Tile> {
    let sum = |fits: &dyn Fn(ItemKind, ItemStatus) -> bool| {
        tally.iter().filter(|(kind, status, _)| fits(*kind, *status)).map(|(.., n)| n).sum::<u64>()
    };
    let of = |kind| sum(&move |k, _| k == kind);
    let playable = |kind| matches!(kind, ItemKind::Movie | ItemKind::Episode);
    let stands = |status| sum(&move |k, s| playable(k) && s == status);
    vec![
        Tile { href: "/library?kind=movie", count: of(ItemKind::Movie), label: "films" },
        Tile { href: "/library?kind=show", count: of(ItemKind::Show), label: "shows" },
        Tile { href: "/library?kind=episode", count: of(ItemKind::Episode), label: "episodes" },
        Tile {
            href: "/library?status=wanted&kind=any",
            count: stands(ItemStatus::Wanted),
            label: "wanted",
        },
        Tile {
            href: "/library?status=missing&kind=any",
            count: stands(ItemStatus::Missing),
            label: "missing",
        },
    ]
}
