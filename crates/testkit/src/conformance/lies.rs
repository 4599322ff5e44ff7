//! Lists that lie. Only a server that knows what its lists are can lie about them, so this takes
//! one of the simulator.

use shelfread_simulator::{Effect, Fault, Running};

use super::Subject;
use super::laws::Violations;
use super::reading::{Reading, read};

/// Checks that no lie about a list is taken for the whole. The world must be larger than a few
/// pages, and hold a film or episode for `subject` to trip over.
///
/// # Panics
/// With all violations of the contract.
pub async fn check_lies(subject: &Subject<'_>, server: &Running) {
    let mut violations = Violations::new(subject);
    let truth = read(&*subject.at(server.url())).await;
    violations.honest("a server of the simulator", &truth);
    for effect in
        [Effect::Short(1), Effect::Total(3), Effect::Total(-1), Effect::Drift, Effect::Overlap(1)]
    {
        let case = format!("{effect:?}");
        server.set_faults(Fault::new(effect));
        let reading = read(&*subject.at(server.url())).await;
        violations.never_a_part(&case, &truth, &reading);
        doubted(&case, &reading, &mut violations);
    }
    server.set_faults(Effect::Shuffle);
    let reading = read(&*subject.at(server.url())).await;
    violations.never_a_part("every page in another order", &truth, &reading);
    one_bad_item(subject, server, &truth, &mut violations).await;
    server.set_faults([]);
    violations.report();
}

/// Where the lie shows, some library is doubted.
fn doubted(case: &str, reading: &Reading, violations: &mut Violations) {
    let doubted = reading.listings().any(|(_, listing)| !listing.is_complete());
    if !doubted && reading.libraries.is_ok() {
        violations.add(case, "nobody saw that the totals do not fit");
    }
}

/// The item that cannot be had is missing alone, and told by name.
async fn one_bad_item(
    subject: &Subject<'_>,
    server: &Running,
    truth: &Reading,
    violations: &mut Violations,
) {
    for (library, listing) in truth.listings() {
        let Some(victim) = listing.observations.iter().rev().find(|o| o.facts.title.is_some())
        else {
            continue;
        };
        let title = victim.facts.title.clone().unwrap_or_default();
        let status = Effect::Status { code: 500, retry_after: None };
        for effect in [status, Effect::WrongTypes] {
            let case = format!("{effect:?} for '{title}' in '{}'", library.name);
            server.set_faults(Fault::new(effect).holding(&title));
            let reading = read(&*subject.at(server.url())).await;
            violations.never_a_part(&case, truth, &reading);
            violations.only_one_lost(&case, library, truth, &reading);
        }
    }
}
