//! A pass over the transfers of a download client of which nothing changed: the answer is fetched
//! and read by our adapter, and `reconcile::downloads` finds that there is nothing to do.
//!
//! The floor fetches the same answer and parses it into typed structs that borrow from it, with the
//! same fields. Both run in this process against a server that sends one answer that it made
//! before, so that the server's own work does not hide ours. Knows no database: without a change
//! nothing is written.

mod answer;
mod server;

use std::collections::HashMap;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use chrono::{DateTime, Utc};
use serde::Serialize;
use shelfread_backends_download::{ClientConfig, connect};
use shelfread_domain::download::{
    ClientAnswer, ClientKind, ClientRecord, DownloadClient, DownloadRecord,
};
use shelfread_domain::id::{ClientId, DownloadId};
use shelfread_reconcile::downloads::{Queue, plan};
use tokio::runtime::Runtime;
use uuid::Uuid;

use answer::Answer;
use server::Server;

/// How many times as long as the floor a pass may take.
const GOAL: f64 = 2.0;

/// How often a pass is timed in each round; it takes a moment only.
const PASSES: u32 = 5;

/// A pass over one client's transfers.
#[derive(Debug, Serialize)]
pub struct Figure {
    client: ClientKind,
    transfers: usize,
    ours_seconds: f64,
    floor_seconds: f64,
    goal: f64,
}

impl Figure {
    fn ratio(&self) -> f64 {
        self.ours_seconds / self.floor_seconds
    }
}

/// Measures.
///
/// # Errors
/// When a pass fails, or finds something to do.
pub fn run(transfers: usize, rounds: u32) -> Result<Vec<Figure>> {
    let kinds = [ClientKind::Transmission, ClientKind::Qbittorrent];
    kinds.iter().map(|kind| measure(*kind, transfers, rounds)).collect()
}

fn measure(client: ClientKind, transfers: usize, rounds: u32) -> Result<Figure> {
    eprintln!("{transfers} transfers of {client}");
    let answer = Answer::of(client, transfers);
    let server = Server::start(answer.responses())?;
    let runtime = Runtime::new()?;
    runtime.block_on(async {
        let url = server.url().parse().context("the address of the bench's own server")?;
        let adapter = connect(client, &ClientConfig::new(url))?;
        let (pass, floor) = (Pass::prepare(&*adapter).await?, answer.floor(&server)?);
        let mut figure =
            Figure { client, transfers, ours_seconds: 1e9, floor_seconds: 1e9, goal: GOAL };
        for _ in 0..rounds * PASSES {
            let started = Instant::now();
            let seen = pass.run(&*adapter).await?;
            figure.ours_seconds = figure.ours_seconds.min(started.elapsed().as_secs_f64());
            let started = Instant::now();
            let parsed = floor.run().await?;
            figure.floor_seconds = figure.floor_seconds.min(started.elapsed().as_secs_f64());
            ensure!((seen, parsed) == (transfers, transfers), "not all transfers came");
        }
        Ok(figure)
    })
}

/// What is known when a pass begins.
struct Pass {
    client: ClientRecord,
    rows: Vec<DownloadRecord>,
}

impl Pass {
    /// The rows of a client whose transfers were all seen once.
    async fn prepare(adapter: &dyn DownloadClient) -> Result<Self> {
        let client = ClientRecord {
            id: ClientId(Uuid::now_v7()),
            name: "box".to_owned(),
            kind: adapter.kind(),
            watched_since: DateTime::UNIX_EPOCH,
            away: None,
        };
        let answer = ClientAnswer::from(adapter.list().await);
        let queue = Queue { client: &client, rows: &[], past: &HashMap::new() };
        let plan = plan(queue, &answer, Utc::now(), &mut fresh);
        let rows = plan.changes.into_iter().filter_map(|change| change.after).collect();
        Ok(Self { client, rows })
    }

    /// How many transfers there are, none of them changed.
    async fn run(&self, adapter: &dyn DownloadClient) -> Result<usize> {
        let answer = ClientAnswer::from(adapter.list().await);
        let queue = Queue { client: &self.client, rows: &self.rows, past: &HashMap::new() };
        let plan = plan(queue, &answer, Utc::now(), &mut fresh);
        ensure!(plan.is_empty(), "{} changes where nothing changed", plan.changes.len());
        match answer {
            ClientAnswer::Answered(transfers) => Ok(transfers.len()),
            other => anyhow::bail!("the bench's own server: {other:?}"),
        }
    }
}

fn fresh() -> DownloadId {
    DownloadId(Uuid::now_v7())
}

/// The figures as a table of Markdown, and below it the goals that were missed.
pub fn table(figures: &[Figure]) -> String {
    let mut text = "| transfers | client | ours | floor | ratio | goal |\n".to_owned();
    text += "| --- | --- | --- | --- | --- | --- |\n";
    for figure in figures {
        let Figure { client, transfers, goal, .. } = figure;
        let (ours, floor) = (figure.ours_seconds * 1e3, figure.floor_seconds * 1e3);
        let ratio = figure.ratio();
        text += &format!(
            "| {transfers} | {client} | {ours:.1} ms | {floor:.1} ms | {ratio:.2} | ≤ {goal} × floor |\n"
        );
    }
    for figure in figures.iter().filter(|figure| figure.ratio() > figure.goal) {
        let (client, ratio, goal) = (figure.client, figure.ratio(), figure.goal);
        text += &format!("\nmissed: a pass over {client}: ratio {ratio:.2} > {goal}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_over_what_did_not_change_finds_nothing_to_do() {
        let figures = run(50, 1).unwrap();
        assert_eq!(figures.len(), 2);
        assert!(figures.iter().all(|figure| figure.ours_seconds < 1e9));
    }

    #[test]
    fn a_missed_goal_is_named() {
        let figure = |ours_seconds| Figure {
            client: ClientKind::Transmission,
            transfers: 10,
            ours_seconds,
            floor_seconds: 1.0,
            goal: GOAL,
        };
        assert!(!table(&[figure(1.9)]).contains("missed"));
        assert!(table(&[figure(2.1)]).contains("missed: a pass over transmission: ratio 2.10 > 2"));
    }
}
