//! What Prometheus is told. Counters and durations are recorded where things happen; how things
//! are (health, queue) is read from the database when somebody asks, so it is never stale and of a
//! source that is gone nothing is left. Labels are names of routes, sources and states: bounded.

use std::fmt::Write;
use std::sync::OnceLock;
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use shelfread_app::vitals::Vitals;
use tokio_util::sync::CancellationToken;

use crate::problem::Problem;
use crate::routes::Routes;
use crate::state::Web;

/// How often what was recorded is put together; else it grows until somebody asks.
const UPKEEP: Duration = Duration::from_secs(5);
/// Limits of the classes in which requests are counted, in seconds.
const REQUESTS: [f64; 9] = [0.001, 0.005, 0.02, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0];
/// The same for runs.
const RUNS: [f64; 8] = [0.1, 1.0, 5.0, 30.0, 120.0, 600.0, 3_600.0, 14_400.0];

pub fn routes() -> Routes {
    Routes::new().route("/metrics", get(scrape))
}

/// A request was answered.
pub fn request(method: &'static str, route: &str, status: StatusCode, took: Duration) {
    let labels = [
        ("method", method.to_owned()),
        ("route", route.to_owned()),
        ("status", status.as_str().to_owned()),
    ];
    metrics::counter!("shelfread_http_requests_total", &labels).increment(1);
    let labels = [("method", method.to_owned()), ("route", route.to_owned())];
    metrics::histogram!("shelfread_http_request_seconds", &labels).record(took.as_secs_f64());
}

/// What is recorded in this process, from the first call on.
pub fn recorded() -> &'static PrometheusHandle {
    static RECORDED: OnceLock<PrometheusHandle> = OnceLock::new();
    RECORDED.get_or_init(|| {
        // Setting classes fails only where there are none.
        let recorder = classes().unwrap_or_default().build_recorder();
        let handle = recorder.handle();
        // Whoever installed another one has it; ours stays empty.
        let _ = metrics::set_global_recorder(recorder);
        handle
    })
}

fn classes() -> Result<PrometheusBuilder, BuildError> {
    let of = |metric: &str| Matcher::Full(metric.to_owned());
    PrometheusBuilder::new()
        .set_buckets_for_metric(of("shelfread_http_request_seconds"), &REQUESTS)?
        .set_buckets_for_metric(of("shelfread_run_seconds"), &RUNS)
}

/// Puts together what is recorded, until the server stops.
pub async fn keep_up(stop: CancellationToken) {
    let mut tick = tokio::time::interval(UPKEEP);
    while stop.run_until_cancelled(tick.tick()).await.is_some() {
        recorded().run_upkeep();
    }
}

async fn scrape(State(web): State<Web>) -> Result<impl IntoResponse, Problem> {
    let mut text = recorded().render();
    gauges(&mut text, &web.app.vitals().await?);
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text))
}

fn gauges(text: &mut String, vitals: &Vitals) {
    let (sources, clients) = (up(&vitals.sources, "source"), up(&vitals.clients, "client"));
    gauge(text, "shelfread_source_up", "Whether a source answered last", &sources);
    gauge(text, "shelfread_client_up", "Whether a download client answers", &clients);
    let queue = vitals.queue.iter();
    let queue = queue.map(|(client, state, n)| {
        (vec![("client", client.as_str()), ("state", state.as_str())], *n)
    });
    gauge(text, "shelfread_downloads", "Downloads by state", &queue.collect::<Vec<_>>());
    gauge(
        text,
        "shelfread_removals_held",
        "Removals that wait for a person",
        &[(Vec::new(), vitals.held)],
    );
}

/// A value with its labels.
type Sample<'a> = (Vec<(&'static str, &'a str)>, u64);

fn up<'a>(all: &'a [(String, bool)], label: &'static str) -> Vec<Sample<'a>> {
    all.iter().map(|(name, up)| (vec![(label, name.as_str())], u64::from(*up))).collect()
}

/// Writes a gauge in the text format of Prometheus. Writing to a text cannot fail.
fn gauge(text: &mut String, name: &str, help: &str, samples: &[Sample<'_>]) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
    for (labels, value) in samples {
        let labels: Vec<_> =
            labels.iter().map(|(label, text)| format!("{label}=\"{}\"", escaped(text))).collect();
        let labels =
            if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(text, "{name}{labels} {value}");
    }
}

fn escaped(label: &str) -> String {
    label.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_forge_lines() {
        let mut text = String::new();
        let sources = vec![("a\"} 1\nevil 2\\".to_owned(), true)];
        gauges(&mut text, &Vitals { sources, held: 3, ..Vitals::default() });
        assert!(
            text.contains("shelfread_source_up{source=\"a\\\"} 1\\nevil 2\\\\\"} 1\n"),
            "{text}"
        );
        assert!(text.contains("\nshelfread_removals_held 3\n"), "{text}");
        assert!(!text.lines().any(|line| line.starts_with("evil")), "{text}");
    }
}
