//! `shelfread download watch`: the monitor in the foreground, until it is told to stop.

use std::sync::{Arc, Mutex, PoisonError};

use shelfread_app::downloads::{Look, Pace, WatchDownloads};
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use crate::output;
use crate::session::{Outcome, Session};

/// Tells what is worth a line and no event: what stands still.
#[derive(Default)]
struct Teller {
    /// Clients that answered or not, to tell the first look at each.
    met: Mutex<Vec<String>>,
    as_json: bool,
}

impl WatchDownloads for Teller {
    fn looked(&self, look: &Look) {
        if self.as_json {
            return;
        }
        let mut met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        if !met.contains(&look.client) {
            met.push(look.client.clone());
            let has = match (&look.problem, look.transfers) {
                (Some(problem), _) => problem.clone(),
                (None, Some(n)) => format!("{n} transfers"),
                (None, None) => "switched off".to_owned(),
            };
            output::line(format!("{}: {}", output::plain(&look.client), output::plain(&has)));
        }
        for title in &look.stalled {
            let told = output::plain(&format!("{title} [{}]", look.client));
            let (on, off) = (output::WARN, format!("{:#}", output::WARN));
            output::line(format!("{on}stalled{off} {told}: nothing comes for five minutes"));
        }
    }
}

pub async fn run(session: &Session, as_json: bool) -> Outcome {
    let app = &session.app;
    let mut events = app.listen().await?;
    let stop = CancellationToken::new();
    let teller = Arc::new(Teller { as_json, ..Teller::default() });
    let pace = Pace::new(session.settings.poll);
    let keep = session.settings.keep_events;
    let (monitor, token) = (app.clone(), stop.clone());
    let task = tokio::spawn(async move {
        monitor.watch_downloads(pace, keep, teller, token).await;
    });
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Ok(event) => super::event::print(std::slice::from_ref(&*event), as_json)?,
                Err(RecvError::Lagged(n)) => {
                    tracing::warn!("{n} events were too many at once; `event list` has them");
                }
                Err(RecvError::Closed) => break,
            },
            () = super::stopped() => break,
        }
    }
    stop.cancel();
    // It ends by itself; one that broke has told why.
    let _ = task.await;
    Ok(0)
}
