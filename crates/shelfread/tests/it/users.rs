//! Users and tokens from the command line, and a server that does not open itself to strangers.

use std::io::Write;
use std::process::Stdio;

use crate::desk::{Answer, Desk};

/// Runs a command with something on standard input.
fn with_input(desk: &Desk, arguments: &[&str], input: &str) -> Answer {
    let mut command = desk.command(arguments);
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = pipes.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    Answer::of(&child.wait_with_output().unwrap())
}

#[test]
fn users_are_added_listed_and_removed() {
    let desk = Desk::new();
    let add = ["user", "add", "anna", "--admin", "--password-stdin"];
    let added = with_input(&desk, &add, "correct horse\n");
    assert_eq!(added.code, 0, "{added:?}");
    assert_eq!(with_input(&desk, &add, "correct horse\n").code, 2, "the name is taken");
    let short = with_input(&desk, &["user", "add", "bert", "--password-stdin"], "short\n");
    assert_eq!(short.code, 2, "{short:?}");
    assert_eq!(desk.run(&["user", "add", "bert"]).code, 2, "no password");
    desk.fine(&["user", "add", "carl", "--no-password"]);
    let users = desk.fine(&["user", "list", "--json"]).json();
    assert_eq!(users["users"][0]["name"], "anna");
    assert_eq!(users["users"][0]["role"], "admin");
    assert_eq!(users["users"][1]["has_password"], false);
    let all = desk.fine(&["user", "list"]).out;
    assert!(!all.contains("argon2") && !users.to_string().contains("argon2"), "{all}");
    assert_eq!(desk.run(&["user", "remove", "anna"]).code, 2, "the last admin");
    desk.fine(&["user", "role", "carl", "admin"]);
    desk.fine(&["user", "remove", "anna"]);
    let renewed =
        with_input(&desk, &["user", "password", "carl", "--password-stdin"], "battery staple");
    assert_eq!(renewed.code, 0, "{renewed:?}");
    assert_eq!(desk.run(&["user", "role", "carl", "king"]).code, 2);
    assert_eq!(desk.run(&["user", "remove", "nobody"]).code, 2);
}

#[test]
fn tokens_are_shown_once() {
    let desk = Desk::new();
    let made = desk.fine(&["token", "create", "scraper", "--expires", "90d"]);
    let token = made.out.trim();
    assert!(token.starts_with("srd_") && token.len() == 47, "{made:?}");
    let listed = desk.fine(&["token", "list", "--json"]);
    assert!(!listed.out.contains(token), "{listed:?}");
    let first = &listed.json()["tokens"][0];
    assert_eq!((&first["name"], &first["scope"]), (&"scraper".into(), &"read".into()));
    assert!(first["expires_at"].is_string());
    let json = desk.fine(&["token", "create", "robot", "--scope", "write", "--json"]).json();
    assert_eq!(json["made"]["scope"], "write");
    for wrong in [&["create", "scraper"][..], &["create", "x", "--scope", "all"], &["revoke", "x"]]
    {
        assert_eq!(desk.run(&[&["token"], wrong].concat()).code, 2, "{wrong:?}");
    }
    desk.fine(&["token", "revoke", "scraper"]);
    assert_eq!(desk.fine(&["token", "list", "--json"]).json()["tokens"][0]["name"], "robot");
}

#[test]
fn without_an_admin_strangers_find_no_server() {
    let desk = Desk::configured("[server]\nlisten = '0.0.0.0:0'");
    let refused = desk.run(&["serve"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.err.contains("shelfread user add"), "{refused:?}");
}

#[test]
fn what_the_server_is_told_must_make_sense() {
    for (text, word) in [
        ("trusted_proxy = []", "did you mean `trusted_proxies`?"),
        ("trusted_proxies = ['localhost']", "localhost"),
        ("auth_header = 'Remote-User'", "trusted_proxies"),
        ("trusted_proxies = ['::1']\nauth_header = 'no header'", "no header"),
        ("public_url = 'shelf.example'", "public_url"),
        ("public_url = 'https://shelf.example/shelf'", "https://shelf.example/shelf"),
    ] {
        let answer = Desk::configured(&format!("[server]\n{text}")).run(&["serve"]);
        assert_eq!(answer.code, 2, "{text}: {answer:?}");
        assert!(answer.err.contains(word), "{text}: {answer:?}");
    }
    let desk = Desk::new();
    let odd = desk.command(&["sync"]).env("SHELFREAD_LOG_FORMAT", "xml").output().unwrap();
    assert_eq!(odd.status.code(), Some(2));
}
