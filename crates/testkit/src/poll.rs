//! Waiting in tests: a condition is polled until it holds. Nothing in the workspace's tests sleeps
//! for a guessed time.

use std::panic::Location;
use std::time::Duration;

use tokio::time::{Instant, sleep};

const PAUSE: Duration = Duration::from_millis(5);

/// Waits until `condition` holds.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// use std::time::Duration;
///
/// let mut polls = 0;
/// shelfread_testkit::until(Duration::from_secs(5), async || {
///     polls += 1;
///     polls == 3
/// })
/// .await;
/// # });
/// ```
///
/// # Panics
/// When the condition still does not hold after `deadline`; the message names the caller.
#[track_caller]
pub fn until(
    deadline: Duration,
    mut condition: impl AsyncFnMut() -> bool,
) -> impl Future<Output = ()> {
    let caller = Location::caller();
    async move {
        let end = Instant::now() + deadline;
        while !condition().await {
            assert!(Instant::now() < end, "{caller}: the condition did not hold in {deadline:?}");
            sleep(PAUSE).await;
        }
    }
}
