//! Who holds a lease: this process, told so that another process of the same machine can see that
//! it is gone. A killed sync must not keep its source busy until the lease expires.

use std::path::Path;

use uuid::Uuid;

/// The name under which this process takes leases: machine start, process id and its start time,
/// and something unique. Off Linux only the unique part says anything, and leases just expire.
pub(crate) fn this_process() -> String {
    let boot = boot_id().unwrap_or_default();
    let pid = std::process::id();
    let started = started(pid).unwrap_or_default();
    format!("{boot}/{pid}/{started}/{}", Uuid::now_v7())
}

/// Whether the process that took a lease is certainly gone: it ran on this machine since its last
/// start, and no process with its id and start time is there.
pub(crate) fn is_gone(owner: &str) -> bool {
    let mut parts = owner.split('/');
    let (Some(boot), Some(pid), Some(started_then)) = (parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let Ok(pid) = pid.parse() else { return false };
    if started_then.is_empty() || boot_id().as_deref() != Some(boot) || !own_is_readable() {
        return false;
    }
    started(pid).is_none_or(|now| now != started_then)
}

/// Another process namespace has other ids under the same boot id; the name of our own says which.
fn boot_id() -> Option<String> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let namespace = std::fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{}-{}", boot.trim(), namespace.display()))
}

/// Where processes are hidden from each other nothing can be concluded from absence.
fn own_is_readable() -> bool {
    Path::new("/proc/1/stat").exists() && started(std::process::id()).is_some()
}

/// The start time of a process in ticks since the machine started.
fn started(pid: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, after_name) = stat.rsplit_once(')')?;
    let state = after_name.split_whitespace().next()?;
    // A process that nobody waited for is as gone as it can be.
    let alive = state != "Z" && state != "X";
    alive.then(|| after_name.split_whitespace().nth(19).map(str::to_owned))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_living_process_is_there_and_a_dead_one_is_gone() {
        let me = this_process();
        assert!(!is_gone(&me));
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let other =
            format!("{}/{}/{}/x", boot_id().unwrap(), child.id(), started(child.id()).unwrap());
        assert!(!is_gone(&other));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(is_gone(&other));
    }

    #[test]
    fn nothing_is_concluded_about_another_machine() {
        for owner in ["", "another", "other-boot/1/1/x", "///"] {
            assert!(!is_gone(owner), "{owner}");
        }
    }
}
