//! `shelfread demo`: one command, and gone when it is told to stop.

use crate::desk::Desk;
use crate::serve::{Serve, client};

#[tokio::test(flavor = "multi_thread")]
async fn the_demonstration_leaves_nothing_behind() {
    let desk = Desk::new();
    std::fs::create_dir(desk.path("tmp")).unwrap();
    let mut command = desk.command(&["demo"]);
    // What somebody has configured for their own catalogue is none of its business.
    command.env("TMPDIR", desk.path("tmp")).env("SHELFREAD_DATABASE_URL", "sqlite:///nowhere/x");
    let demo = Serve::start(command).await;
    assert!(demo.base.starts_with("http://127.0.0.1:"), "{}", demo.said());
    let left = || std::fs::read_dir(desk.path("tmp")).unwrap().count();
    assert_eq!(left(), 1, "all of it is in one folder");
    let ready = client().get(format!("{}/readyz", demo.base)).send().await;
    assert!(ready.unwrap().status().is_success());
    assert_eq!(demo.stop().await, Some(0));
    assert_eq!(left(), 0);
    assert!(!desk.path("data").exists());
}
