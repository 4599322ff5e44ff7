//! Kill -9 in the middle of a sync: the database is consistent and the next run converges.

use std::time::{Duration, Instant};

use shelfread_simulator::{Jellyfin, Size, World};

use crate::desk::Desk;

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_the_next_run_converges() {
    let world = World::generate(3, Size { films: 500, shows: 20, episodes: 2_000 });
    let server = Jellyfin::new(&world).start().await.unwrap();
    let (url, token) = (server.url(), server.token().to_owned());
    let desk = Desk::configured(&format!(
        "[[source]]\nname = 'den'\nkind = 'jellyfin'\nurl = '{url}'\ntoken = '{token}'\n"
    ));
    let whole = {
        let other = Desk::configured(&format!(
            "[[source]]\nname = 'den'\nkind = 'jellyfin'\nurl = '{url}'\ntoken = '{token}'\n"
        ));
        let begun = Instant::now();
        other.fine(&["sync"]);
        begun.elapsed()
    };
    let mut killed = 0;
    for part in 1..=10 {
        if part > 5 {
            server.rebuild_ids();
        }
        let mut child = desk.command(&["sync"]).spawn().unwrap();
        let until = Instant::now() + whole * part / 11;
        while Instant::now() < until && child.try_wait().unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        killed += u32::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
        let found = desk.run(&["doctor", "--offline", "--json"]).json();
        let findings = found["findings"].as_array().unwrap();
        let kinds: Vec<_> = findings.iter().filter_map(|f| f["kind"].as_str()).collect();
        assert!(kinds.iter().all(|k| ["open_run", "lease"].contains(k)), "{findings:?}");
        if part % 3 == 0 {
            let mended = desk.fine(&["doctor", "--offline", "--repair", "--json"]).json();
            let count = mended["mended"].as_array().map_or(0, Vec::len);
            // A run without its lease is found once the lease is given back.
            assert!(count >= kinds.len(), "{mended}");
            assert_eq!(mended["findings"], serde_json::json!([]));
        }
    }
    assert!(killed >= 3, "only {killed} syncs were killed in the middle");
    let report = desk.fine(&["sync", "--json"]).report();
    assert_eq!(report["counts"]["removed"], 0);
    let again = desk.fine(&["sync", "--json"]).report();
    assert_eq!(again["counts"]["unchanged"], again["counts"]["seen"]);
    assert_eq!(desk.items().len() as u64, again["counts"]["seen"].as_u64().unwrap());
}
