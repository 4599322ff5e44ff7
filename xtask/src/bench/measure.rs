//! Runs a child and measures it from outside: wall time, processor time and peak memory, as Linux
//! counts them. Knows nothing of what the child does.

use std::fs;
use std::io::{Read, Seek};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Serialize;

use super::report::as_float;

/// What a child used.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Usage {
    /// From start to end.
    pub wall_seconds: f64,
    /// Of all its threads, in its own code and in the kernel.
    pub cpu_seconds: f64,
    /// The most memory that it held at any moment, in KiB.
    pub peak_kib: u64,
}

impl Usage {
    /// The peak in MiB.
    pub fn peak_mib(&self) -> f64 {
        as_float(self.peak_kib) / 1024.0
    }

    /// The better of both, each time by itself, since what disturbs a measurement only adds to it; the
    /// higher peak.
    pub fn best(self, other: Self) -> Self {
        Self {
            wall_seconds: self.wall_seconds.min(other.wall_seconds),
            cpu_seconds: self.cpu_seconds.min(other.cpu_seconds),
            peak_kib: self.peak_kib.max(other.peak_kib),
        }
    }
}

/// How often the memory of the child is looked at. The kernel keeps the peak, so only what is
/// allocated within the last interval before the end can be missed.
const INTERVAL: Duration = Duration::from_millis(2);

/// The kernel counts processor time in hundredths of a second, whatever its own clock does.
const TICKS_PER_SECOND: f64 = 100.0;

/// Runs a command to its end. Gives back what it wrote to its standard output, and what it used.
///
/// # Errors
/// When it cannot be started, or ends with another status than `allowed`.
pub fn run(command: &mut Command, allowed: &[i32]) -> Result<(String, Usage)> {
    let (mut stdout, mut stderr) = (tempfile::tempfile()?, tempfile::tempfile()?);
    command.stdin(Stdio::null()).stdout(stdout.try_clone()?).stderr(stderr.try_clone()?);
    let cpu_before = cpu_of_children()?;
    let started = Instant::now();
    let child = command.spawn().with_context(|| format!("starting {command:?}"))?;
    let (status, peak_kib) = watch(child)?;
    let wall_seconds = started.elapsed().as_secs_f64();
    let cpu_seconds = cpu_of_children()? - cpu_before;
    let output = text(&mut stdout)?;
    if !status.code().is_some_and(|code| allowed.contains(&code)) {
        bail!("{command:?}: {status}\n{output}{}", text(&mut stderr)?);
    }
    Ok((output, Usage { wall_seconds, cpu_seconds, peak_kib }))
}

fn watch(mut child: Child) -> Result<(ExitStatus, u64)> {
    let path = format!("/proc/{}/status", child.id());
    let mut peak_kib = 0;
    loop {
        let status = fs::read_to_string(&path).unwrap_or_default();
        peak_kib = peak_kib.max(high_water_mark(&status).unwrap_or(0));
        if let Some(status) = child.try_wait()? {
            return Ok((status, peak_kib));
        }
        sleep(INTERVAL);
    }
}

/// The peak in a `/proc/<pid>/status`; a process that has ended has none.
fn high_water_mark(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

/// Processor time of all children that have ended, in seconds.
fn cpu_of_children() -> Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let ticks = children_ticks(&stat).context("/proc/self/stat has an unknown form")?;
    Ok(as_float(ticks) / TICKS_PER_SECOND)
}

/// The fields `cutime` and `cstime`. The name of the program is in brackets and may hold anything,
/// so fields are counted from behind it.
fn children_ticks(stat: &str) -> Option<u64> {
    let fields: Vec<_> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let field = |at: usize| fields.get(at)?.parse::<u64>().ok();
    Some(field(13)? + field(14)?)
}

fn text(file: &mut fs::File) -> Result<String> {
    let mut text = String::new();
    file.rewind()?;
    file.read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_that_holds_memory_is_seen_to_hold_it() {
        // dd holds one block in memory.
        let block = |size: &str| {
            let mut dd = Command::new("dd");
            dd.args(["if=/dev/zero", "of=/dev/null", "count=40", &format!("bs={size}")]);
            run(&mut dd, &[0]).unwrap().1.peak_kib
        };
        let (small, large) = (block("1M"), block("65M"));
        assert!(large > small + 60 * 1024, "{small} KiB, {large} KiB");
    }

    #[test]
    fn another_exit_status_than_allowed_is_an_error_that_shows_what_was_said() {
        let mut sh = Command::new("sh");
        sh.args(["-c", "echo out; echo err >&2; exit 3"]);
        assert_eq!(run(&mut sh, &[0, 3]).unwrap().0, "out\n");
        let error = run(&mut sh, &[0]).unwrap_err().to_string();
        assert!(error.contains("out\nerr\n"), "{error}");
    }

    #[test]
    fn fields_are_counted_behind_the_name() {
        let stat = "7 (a ) b) S 1 1 1 0 -1 4194304 1 1 0 0 5 6 70 8 20 0 1 0";
        assert_eq!(children_ticks(stat), Some(78));
    }
}
