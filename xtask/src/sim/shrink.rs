//! Shrinking: which of the steps of a failing script are needed for it to fail in the same way.

use super::desk::Desk;
use super::play::{Failure, play};
use super::script::{Script, Step};

/// The most times that a script is played while it is shrunk.
const MOST: u32 = 1_500;

/// A script with as few steps as can be found that breaks the same promise.
pub async fn shrink(desk: &Desk, script: &Script, failure: &Failure) -> (Script, Failure) {
    let steps = script.steps[..script.steps.len().min(failure.step + 1)].to_vec();
    let mut best = (Script { steps, ..script.clone() }, failure.clone());
    let mut tries = 0;
    let mut size = (best.0.steps.len() / 2).max(1);
    loop {
        let mut at = 0;
        let before = best.0.steps.len();
        while at < best.0.steps.len() && tries < MOST {
            tries += 1;
            let fewer = without(&best.0, at, size);
            match play(desk, &fewer).await {
                Err(again) if again.broken.promise == failure.broken.promise => {
                    best = (fewer, again);
                }
                _ => at += size,
            }
        }
        let stands = best.0.steps.len() == before;
        if tries >= MOST || (size == 1 && stands) {
            return simpler(desk, best).await;
        }
        size = (size / 2).max(1);
    }
}

fn without(script: &Script, at: usize, size: usize) -> Script {
    let steps: Vec<Step> = (script.steps.iter().enumerate())
        .filter(|(n, _)| *n < at || *n >= at + size)
        .map(|(_, step)| step.clone())
        .collect();
    Script { steps, ..script.clone() }
}

/// Fewer films, shows and servers.
async fn simpler(desk: &Desk, mut best: (Script, Failure)) -> (Script, Failure) {
    let mut tries = 0;
    loop {
        let script = &best.0;
        let mut smaller = Vec::new();
        if script.films > 0 {
            smaller.push(Script { films: script.films - 1, ..script.clone() });
        }
        if script.shows > 0 {
            smaller.push(Script { shows: script.shows - 1, ..script.clone() });
        }
        if script.servers.len() > 1 {
            let servers = script.servers[..script.servers.len() - 1].to_vec();
            smaller.push(Script { servers, ..script.clone() });
        }
        let mut found = None;
        for fewer in smaller {
            tries += 1;
            if let Err(again) = play(desk, &fewer).await
                && again.broken.promise == best.1.broken.promise
            {
                found = Some((fewer, again));
                break;
            }
        }
        match found {
            Some(found) if tries < 100 => best = found,
            _ => return best,
        }
    }
}
