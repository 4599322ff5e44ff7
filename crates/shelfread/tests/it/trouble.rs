//! A disk that is full, and a database that another program holds: a clear error, nothing lost, and
//! the next run goes on as if nothing had been.

use std::fs;
use std::process::Command;

use shelfread_simulator::{Jellyfin, Running, Size, World};
use shelfread_store::Store;

use crate::desk::{Answer, Desk};

const DATABASE: &str = "data/shelfread.db";

async fn den() -> (Running, Desk) {
    let world = World::generate(3, Size { films: 300, shows: 10, episodes: 700 });
    let server = Jellyfin::new(&world).start().await.unwrap();
    let desk = Desk::configured(&format!(
        "[[source]]\nname = 'den'\nkind = 'jellyfin'\nurl = '{}'\ntoken = '{}'\n",
        server.url(),
        server.token()
    ));
    (server, desk)
}

/// Syncs where no file may become larger than the database is and a little more: a disk that is
/// full as soon as something is written.
fn sync_on_a_full_disk(desk: &Desk) -> Answer {
    let most = (fs::metadata(desk.path(DATABASE)).unwrap().len() >> 10) + 64;
    let limited = format!("trap '' XFSZ; ulimit -f {most}; exec \"$0\" sync");
    let mut command = Command::new("bash");
    let binary = env!("CARGO_BIN_EXE_shelfread");
    command.args(["-c", &limited, binary]).current_dir(desk.path("")).env_clear();
    Answer::of(&command.output().unwrap())
}

/// All that was said: how far work came decides whether a run tells it, or the program itself.
fn told(answer: &Answer) -> String {
    format!("{}{}", answer.out, answer.err)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_loses_nothing() {
    let (server, desk) = den().await;
    desk.fine(&["migrate"]);
    let answer = sync_on_a_full_disk(&desk);
    assert_eq!(answer.code, 1, "{answer:?}");
    assert!(told(&answer).contains("the database cannot be written"), "{answer:?}");
    desk.fine(&["sync"]);
    let items = desk.items();
    server.rebuild_ids();
    let answer = sync_on_a_full_disk(&desk);
    assert_eq!(answer.code, 1, "{answer:?}");
    assert_eq!(desk.items(), items);
    let report = desk.fine(&["sync", "--json"]).report();
    assert_eq!((&report["counts"]["added"], &report["counts"]["removed"]), (&0.into(), &0.into()));
    assert_eq!(desk.items(), items);
    desk.fine(&["doctor", "--offline"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_held_is_waited_for_but_not_for_ever() {
    let (_server, desk) = den().await;
    desk.fine(&["sync"]);
    let items = desk.items();
    let url = format!("sqlite://{}", desk.path(DATABASE).display());
    let other = Store::open(&url).await.unwrap();
    let held = other.begin(None).await.unwrap();
    assert_eq!(desk.items(), items, "who only reads waits for nobody");
    let answer = desk.run(&["sync"]);
    assert_eq!(answer.code, 1, "{answer:?}");
    assert!(told(&answer).contains("another program"), "{answer:?}");
    held.rollback().await.unwrap();
    other.close().await.unwrap();
    let report = desk.fine(&["sync", "--json"]).report();
    assert_eq!(report["counts"]["unchanged"], report["counts"]["seen"]);
    desk.fine(&["doctor", "--offline"]);
}
