//! Who may do what.

use chrono::TimeDelta;
use reqwest::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use shelfread_app::access::{Role, Scope};
use shelfread_testkit::until;
use shelfread_web::AccessConfig;

use crate::desk::{Desk, both, cookie, said};
use crate::wire::PATIENCE;

const PASSWORD: &str = "correct horse";

both!(
    a_browser_logs_in_and_out,
    roles_and_scopes_bound_what_is_done,
    a_token_counts_until_it_ends,
    another_password_ends_all_sessions,
    the_first_admin_is_made_with_the_code,
    the_last_admin_stays,
    a_session_ends_without_use_and_some_day_anyway,
    the_tables_are_as_the_program_knows_them,
);

async fn a_browser_logs_in_and_out(desk: Desk) {
    let cookie = desk.logged_in("anna", Role::Admin).await;
    assert_ne!(desk.page("/nowhere", Some(&cookie)).await.status, StatusCode::SEE_OTHER);
    let wanted = desk.page("/items?q=a b", None).await;
    assert_eq!(wanted.status, StatusCode::SEE_OTHER);
    assert_eq!(wanted.header("location"), "/login?next=%2Fitems%3Fq%3Da%2520b");
    let there = desk.page("/login?next=/runs", Some(&cookie)).await;
    assert_eq!(there.header("location"), "/runs", "who is in need not log in");
    let out = desk.form("/logout", Some(&cookie), &[]).await;
    assert!(out.header("set-cookie").contains("Max-Age=0"), "{out:?}");
    assert_eq!(desk.page("/nowhere", Some(&cookie)).await.status, StatusCode::SEE_OTHER);
}

async fn roles_and_scopes_bound_what_is_done(desk: Desk) {
    let status = async |token: &SecretString, method: Method, path: &str| {
        said(desk.ask(method, path).bearer_auth(token.expose_secret())).await.status
    };
    let token = async |scope: Scope| {
        desk.app.add_token(scope.as_str(), scope, None, None).await.unwrap().key
    };
    let (read, write, admin) =
        (token(Scope::Read).await, token(Scope::Write).await, token(Scope::Admin).await);
    let nobody: SecretString = "srd_nobody".into();
    let allowed = StatusCode::NOT_FOUND;
    for (key, method, path, expected) in [
        (&nobody, Method::GET, "/api/v1/nothing", StatusCode::UNAUTHORIZED),
        (&read, Method::GET, "/api/v1/nothing", allowed),
        (&read, Method::DELETE, "/api/v1/nothing", StatusCode::FORBIDDEN),
        (&write, Method::DELETE, "/api/v1/nothing", allowed),
        (&admin, Method::DELETE, "/api/v1/nothing", allowed),
        (&nobody, Method::GET, "/healthz", StatusCode::OK),
    ] {
        assert_eq!(status(key, method.clone(), path).await, expected, "{method} {path}");
    }
    let reader = desk.logged_in("rita", Role::Reader).await;
    assert_eq!(desk.page("/nothing", Some(&reader)).await.status, allowed);
    assert_eq!(desk.form("/nothing", Some(&reader), &[]).await.status, StatusCode::FORBIDDEN);
    let rita = desk.app.session(&value(&reader)).await.unwrap().unwrap();
    assert!(desk.app.add_token("more", Scope::Admin, None, Some(&rita)).await.is_err());
    let own = desk.app.add_token("own", Scope::Read, None, Some(&rita)).await.unwrap();
    assert_eq!(status(&own.key, Method::GET, "/nothing").await, allowed);
    desk.app.remove_user("rita").await.unwrap();
    assert_eq!(status(&own.key, Method::GET, "/nothing").await, StatusCode::UNAUTHORIZED);
    assert_eq!(desk.page("/nothing", Some(&reader)).await.status, StatusCode::SEE_OTHER);
}

async fn a_token_counts_until_it_ends(desk: Desk) {
    let short = Some(std::time::Duration::ZERO);
    let ended = desk.app.add_token("ended", Scope::Read, short, None).await.unwrap();
    assert!(desk.app.token(&ended.key).await.unwrap().is_none());
    let token = desk.app.add_token("scraper", Scope::Read, None, None).await.unwrap();
    assert!(desk.app.add_token("scraper", Scope::Read, None, None).await.is_err(), "taken");
    assert!(desk.app.token(&token.key).await.unwrap().is_some());
    let shown = format!("{token:?} {:?}", desk.app.tokens().await.unwrap());
    assert!(!shown.contains(token.key.expose_secret()), "{shown}");
    let mut changed = token.key.expose_secret().to_owned();
    changed.replace_range(changed.len() - 1.., "_");
    assert!(desk.app.token(&changed.into()).await.unwrap().is_none());
    desk.app.revoke_token("scraper").await.unwrap();
    assert!(desk.app.token(&token.key).await.unwrap().is_none());
    assert!(desk.app.revoke_token("scraper").await.is_err());
}

async fn another_password_ends_all_sessions(desk: Desk) {
    let (here, password) = (desk.logged_in("anna", Role::Admin).await, PASSWORD.into());
    let there = desk.app.log_in("anna", &password).await.unwrap();
    let who = desk.app.session(&value(&here)).await.unwrap().unwrap();
    let new: SecretString = "battery staple".into();
    assert!(desk.app.change_password(&who, &new, &new).await.is_err(), "the old one is wrong");
    desk.app.change_password(&who, &password, &new).await.unwrap();
    assert!(desk.app.session(&there.key).await.unwrap().is_none());
    assert!(desk.app.session(&value(&here)).await.unwrap().is_some(), "where it was changed");
    assert!(desk.app.log_in("anna", &password).await.is_err());
    desk.app.set_password("anna", &password, None).await.unwrap();
    assert!(desk.app.session(&value(&here)).await.unwrap().is_none());
}

async fn the_first_admin_is_made_with_the_code(desk: Desk) {
    let code = desk.app.setup_code().await.unwrap().unwrap();
    let make = async |name: &str, typed: &str| {
        desk.app.set_up(&code, &typed.into(), name, &PASSWORD.into()).await
    };
    assert!(make("eve", "AAAA-AAAA-AAAA-AAAA").await.is_err());
    let at_once = tokio::join!(make("anna", code.reveal()), make("bert", code.reveal()));
    let made = [at_once.0.is_ok(), at_once.1.is_ok()];
    assert!(made.contains(&true), "{at_once:?}");
    assert!(make("eve", code.reveal()).await.is_err(), "once");
    assert!(desk.app.setup_code().await.unwrap().is_none());
}

async fn the_last_admin_stays(desk: Desk) {
    let add = async |name, role| desk.app.add_user(name, role, Some(&PASSWORD.into())).await;
    add("anna", Role::Admin).await.unwrap();
    add("rita", Role::Reader).await.unwrap();
    assert!(add("anna", Role::Reader).await.is_err(), "taken");
    assert!(desk.app.remove_user("anna").await.is_err());
    assert!(desk.app.set_role("anna", Role::Reader).await.is_err());
    desk.app.set_role("rita", Role::Admin).await.unwrap();
    desk.app.remove_user("anna").await.unwrap();
    let names: Vec<_> = desk.app.users().await.unwrap().into_iter().map(|u| u.name).collect();
    assert_eq!(names, ["rita"]);
}

async fn a_session_ends_without_use_and_some_day_anyway(desk: Desk) {
    desk.app.add_user("anna", Role::Admin, Some(&PASSWORD.into())).await.unwrap();
    let key = desk.app.log_in("anna", &PASSWORD.into()).await.unwrap().key;
    let counts_after = async |days: i64| {
        desk.clock.ahead(TimeDelta::days(days));
        desk.app.session(&key).await.unwrap().is_some()
    };
    assert!(!counts_after(15).await, "nobody used it");
    for days in [10, 20, 30, 40, 50, 60, 70, 80] {
        assert!(counts_after(days).await, "{days} days");
        // That it was used is written aside; then it counts for two weeks more, but not longer.
        let end = (days + 13).min(89);
        until(PATIENCE, async || counts_after(end).await).await;
    }
    assert!(!counts_after(91).await, "however much it is used");
}

async fn the_tables_are_as_the_program_knows_them(desk: Desk) {
    assert!(desk.app.doctor(false).await.unwrap().findings.is_empty());
}

/// What a cookie holds.
fn value(cookie: &str) -> SecretString {
    cookie.split_once('=').unwrap().1.into()
}

#[tokio::test]
async fn the_first_run_is_a_page() {
    let desk = Desk::sqlite().await;
    assert_eq!(desk.page("/", None).await.header("location"), "/setup");
    let form = [("name", "anna"), ("password", PASSWORD), ("again", PASSWORD)];
    let closed = desk.form("/setup", None, &[&form[..], &[("code", "x")]].concat()).await;
    assert_eq!(closed.status, StatusCode::UNAUTHORIZED, "no code was made");

    let (desk, code) = Desk::sqlite_with_code().await;
    let wrong = desk.form("/setup", None, &[&form[..], &[("code", "x")]].concat()).await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED, "{wrong:?}");
    assert!(wrong.text.contains("the code is wrong"), "{wrong:?}");
    let right = [&form[..], &[("code", code.as_str())]].concat();
    let done = desk.form("/setup", None, &right).await;
    assert_eq!((done.status, done.header("location")), (StatusCode::SEE_OTHER, "/"), "{done:?}");
    assert_ne!(desk.page("/", Some(&cookie(&done))).await.status, StatusCode::SEE_OTHER);
    assert_eq!(desk.page("/setup", None).await.header("location"), "/login");
    assert_eq!(desk.form("/setup", None, &right).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn guessing_is_slow_and_says_nothing() {
    let desk = Desk::sqlite().await;
    desk.app.add_user("anna", Role::Admin, Some(&PASSWORD.into())).await.unwrap();
    let guess = async |name: &str, forwarded: &str| {
        let fields = format!("name={name}&password=wrong");
        let request = desk.ask(Method::POST, "/login").header("x-forwarded-for", forwarded);
        said(request.header("content-type", "application/x-www-form-urlencoded").body(fields)).await
    };
    let (known, unknown) = (guess("anna", "1.1.1.1").await, guess("nobody", "1.1.1.2").await);
    assert_eq!(known.status, StatusCode::UNAUTHORIZED);
    assert_eq!(known.text.replace("anna", "nobody"), unknown.text, "who is there is not told");
    // Hashing is slow, so some attempts are given back while the first ones are made.
    let mut slow = unknown;
    for n in 0..60 {
        slow = guess("anna", &format!("1.1.2.{n}")).await;
        if slow.status != StatusCode::UNAUTHORIZED {
            break;
        }
    }
    assert_eq!(slow.status, StatusCode::TOO_MANY_REQUESTS, "whatever X-Forwarded-For says");
    assert!(slow.header("retry-after").parse::<u64>().unwrap() > 0);
}

#[tokio::test]
async fn a_proxy_is_believed_when_it_is_named() {
    let header = "remote-user".parse().ok();
    let config = |proxy: &str| AccessConfig {
        trusted_proxies: vec![proxy.parse().unwrap()],
        auth_header: header.clone(),
        public_url: None,
    };
    let status = async |desk: &Desk, name: &str| {
        said(desk.ask(Method::GET, "/nothing").header("remote-user", name)).await.status
    };
    let desk = Desk::with_access(config("127.0.0.0/8")).await;
    desk.app.add_user("anna", Role::Reader, None).await.unwrap();
    assert_eq!(status(&desk, "anna").await, StatusCode::NOT_FOUND);
    assert_eq!(status(&desk, "bert").await, StatusCode::UNAUTHORIZED);
    assert!(desk.app.log_in("anna", &"nobody".into()).await.is_err(), "no password is no way in");
    let desk = Desk::with_access(config("10.0.0.0/8")).await;
    desk.app.add_user("anna", Role::Reader, None).await.unwrap();
    assert_eq!(status(&desk, "anna").await, StatusCode::UNAUTHORIZED, "no proxy that is trusted");
}

#[tokio::test]
async fn who_guesses_behind_a_proxy_is_found_by_what_the_proxy_wrote() {
    let trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    let desk = Desk::with_access(AccessConfig { trusted_proxies, ..Default::default() }).await;
    desk.app.add_user("anna", Role::Admin, Some(&PASSWORD.into())).await.unwrap();
    let guess = async |forwarded: &str| {
        let request = desk.ask(Method::POST, "/login").header("x-forwarded-for", forwarded);
        let kind = "application/x-www-form-urlencoded";
        said(request.header("content-type", kind).body("name=a&password=b")).await.status
    };
    let mut last = StatusCode::UNAUTHORIZED;
    for n in 0..60 {
        // What the client wrote itself stands on the left, another one each time.
        last = guess(&format!("9.9.9.{n}, 203.0.113.7")).await;
        if last != StatusCode::UNAUTHORIZED {
            break;
        }
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(guess("8.8.8.8, 203.0.113.8").await, StatusCode::UNAUTHORIZED, "somebody else");
}

#[tokio::test]
async fn behind_tls_the_cookie_says_so() {
    let public_url = "https://shelf.example".parse().ok();
    let desk = Desk::with_access(AccessConfig { public_url, ..AccessConfig::default() }).await;
    let cookie = desk.logged_in("anna", Role::Admin).await;
    assert!(cookie.starts_with("__Host-shelfread="), "{cookie}");
    let plain = cookie.replace("__Host-", "");
    assert_eq!(desk.page("/nothing", Some(&plain)).await.status, StatusCode::SEE_OTHER);
}
