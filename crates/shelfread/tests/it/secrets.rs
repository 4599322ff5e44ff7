//! A whole session of the real server, and in all that it left behind no secret: not in what it
//! printed and logged at the finest level, not in any answer, not in the database or a backup.

use std::path::Path;
use std::process::Stdio;

use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder, header};
use serde_json::Value;
use shelfread_simulator::{Jellyfin, Plex, Running, Size, World};
use shelfread_testkit::until;

use crate::desk::Desk;
use crate::serve::{PATIENCE, Serve, client};

const FAILING: &str = "tok3n-of-a-source-that-is-away";
const CLIENT: &str = "passw0rd-of-a-download-client";
const HOOK: &str = "s3cret-of-a-hook-of-the-den";
const PASSWORD: &str = "correct-h0rse-battery-staple";
const WRONG: &str = "wr0ng-password-of-somebody";

/// What the session used and what it heard.
struct Session {
    desk: Desk,
    serve: Serve,
    client: Client,
    /// Secrets by what they are.
    secrets: Vec<(&'static str, String)>,
    /// What was heard, by where it was.
    heard: Vec<(String, String)>,
}

fn configuration(jellyfin: &Running, plex: &Running) -> String {
    let (one, two) = (jellyfin.url(), plex.url());
    let (token, other) = (jellyfin.token(), plex.token());
    format!(
        "[server]\nlisten = '127.0.0.1:0'\n\
         [[source]]\nname = 'den'\nkind = 'jellyfin'\nurl = '{one}'\ntoken = '{token}'\nhook_secret = '{HOOK}'\n\
         [[source]]\nname = 'attic'\nkind = 'plex'\nurl = '{two}'\ntoken = '{other}'\n\
         [[source]]\nname = 'away'\nkind = 'jellyfin'\nurl = 'http://127.0.0.1:9'\ntoken = '{FAILING}'\n\
         [[download_client]]\nname = 'box'\nkind = 'transmission'\nurl = 'http://127.0.0.1:9'\n\
         username = 'anna'\npassword = '{CLIENT}'\n"
    )
}

impl Session {
    async fn begin(jellyfin: &Running, plex: &Running) -> Self {
        let desk = Desk::configured(&configuration(jellyfin, plex));
        let mut command = desk.command(&["serve"]);
        command.env("SHELFREAD_LOG", "trace").env("SHELFREAD_LOG_FORMAT", "json");
        let serve = Serve::start(command).await;
        let secrets = vec![
            ("token of den", jellyfin.token().to_owned()),
            ("token of attic", plex.token().to_owned()),
            ("token of away", FAILING.to_owned()),
            ("password of the client", CLIENT.to_owned()),
            ("secret of the hook", HOOK.to_owned()),
            ("password", PASSWORD.to_owned()),
            ("wrong password", WRONG.to_owned()),
        ];
        // The client of the harness installs what TLS needs.
        let _ = client();
        let client = Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
        Self { desk, serve, client, secrets, heard: Vec::new() }
    }

    fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.serve.base))
    }

    /// Sends a request and remembers the answer, headers and all; gives what a cookie is set to.
    async fn hear(&mut self, what: &str, request: RequestBuilder) -> (u16, Option<String>) {
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let mut headers = answer.headers().clone();
        let cookie = headers.remove(header::SET_COOKIE);
        let cookie = cookie.and_then(|c| Some(c.to_str().ok()?.split(';').next()?.to_owned()));
        // A stream of events never ends: its beginning is enough.
        let streams =
            headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == "text/event-stream");
        let text = if streams { String::new() } else { answer.text().await.unwrap() };
        self.heard.push((what.to_owned(), format!("{status} {headers:?} {text}")));
        (status, cookie)
    }

    async fn form(&mut self, path: &str, fields: &[(&str, &str)]) -> (u16, Option<String>) {
        let body = reqwest::Url::parse_with_params("http://form", fields).unwrap();
        let kind = "application/x-www-form-urlencoded";
        let request = self.ask(Method::POST, path).header("content-type", kind);
        let body = body.query().unwrap_or_default().to_owned();
        self.hear(path, request.header("accept", "text/html").body(body)).await
    }

    /// Runs another command beside the server and remembers what it printed.
    fn command(&mut self, arguments: &[&str]) -> String {
        let mut command = self.desk.command(arguments);
        command.env("SHELFREAD_LOG", "trace").stdin(Stdio::null());
        let output = command.output().unwrap();
        let [out, err] =
            [output.stdout, output.stderr].map(|b| String::from_utf8_lossy(&b).into_owned());
        let told =
            if arguments.starts_with(&["token", "create"]) { &err } else { &format!("{out}{err}") };
        self.heard.push((arguments.join(" "), told.clone()));
        out
    }

    /// The first admin is made, logs out, mistypes and logs in: the cookie.
    async fn log_in(&mut self) -> String {
        let code = self.serve.told("with the code ").expect("the code of the first run");
        // In the log it stands between quotes.
        let code = code[..19].to_owned();
        self.secrets.push(("code", code.clone()));
        let fields =
            [("code", &*code), ("name", "anna"), ("password", PASSWORD), ("again", PASSWORD)];
        let (status, cookie) = self.form("/setup", &fields).await;
        assert_eq!(status, 303);
        let first = cookie.unwrap();
        let out = self.ask(Method::POST, "/logout").header("cookie", &first);
        self.hear("logout", out).await;
        let (status, _) = self.form("/login", &[("name", "anna"), ("password", WRONG)]).await;
        assert_eq!(status, 401);
        let (status, cookie) =
            self.form("/login", &[("name", "anna"), ("password", PASSWORD)]).await;
        assert_eq!(status, 303);
        let cookie = cookie.unwrap();
        for cookie in [&first, &cookie] {
            self.secrets.push(("session", cookie.split_once('=').unwrap().1.to_owned()));
        }
        cookie
    }

    /// Asks every route that can be read, as the document has them, and the pages that they have
    /// for people.
    async fn read_everything(&mut self, cookie: &str, token: &str) {
        let document = self.ask(Method::GET, "/api/openapi.json").bearer_auth(token).send().await;
        let document: Value =
            serde_json::from_str(&document.unwrap().text().await.unwrap()).unwrap();
        let routes = document["paths"].as_object().unwrap().iter();
        let reads = routes.filter(|(_, item)| item["get"].is_object());
        let paths: Vec<_> = reads.map(|(path, _)| path.replace("{name}", "den")).collect();
        assert!(!paths.is_empty());
        for path in paths {
            let request = self.ask(Method::GET, &path).bearer_auth(token);
            if path.ends_with("/hook") {
                // It is there to show the secret, to admins. It must be heard nowhere else.
                let status = request.send().await.unwrap().status().as_u16();
                assert!(matches!(status, 200 | 404), "{path}: {status}");
                continue;
            }
            let (status, _) = self.hear(&path, request).await;
            assert!(status < 500, "{path}: {status}");
        }
        for path in
            ["/", "/sources", "/items", "/runs", "/events", "/downloads", "/settings", "/metrics"]
        {
            let request = self.ask(Method::GET, path).header("cookie", cookie);
            let (status, _) = self.hear(path, request.header("accept", "text/html")).await;
            assert!(status < 500, "{path}: {status}");
        }
    }

    async fn hooks(&mut self) {
        for (what, request) in [
            ("hook by key", self.ask(Method::POST, &format!("/hooks/den?key={HOOK}"))),
            ("hook by header", self.ask(Method::POST, "/hooks/den").header("x-hook-key", HOOK)),
            ("hook of nobody", self.ask(Method::POST, &format!("/hooks/nobody?key={HOOK}"))),
        ] {
            let request = request.header("content-type", "application/json");
            let body = r#"{"NotificationType":"ItemAdded","ItemId":"1"}"#;
            let (status, _) = self.hear(what, request.body(body)).await;
            assert!(status < 500, "{what}: {status}");
        }
    }

    /// Whatever lies in the data folder but the configuration and the key.
    fn files(&mut self) {
        let folder = self.desk.path("data");
        collect(&folder, &mut self.heard);
        assert!(
            self.heard.iter().any(|(name, _)| name.contains("backup.db")),
            "the backup is there"
        );
    }

    fn assert_silent(&self) {
        let heard = self.heard.iter();
        for (what, secret) in &self.secrets {
            assert!(secret.len() > 8, "{what}");
            if let Some((place, text)) = heard.clone().find(|(_, text)| text.contains(secret)) {
                let before = text.split(secret.as_str()).next().unwrap_or_default();
                let near: String = before.chars().rev().take(200).collect();
                panic!("{what} in {place}, behind: {}", near.chars().rev().collect::<String>());
            }
        }
    }
}

fn collect(folder: &Path, heard: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.display().to_string();
        if path.is_dir() {
            collect(&path, heard);
        } else if !name.ends_with("shelfread.toml") && !name.ends_with("shelfread.key") {
            let bytes = std::fs::read(&path).unwrap();
            heard.push((name, String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_anything_that_a_session_leaves_behind() {
    let world = World::generate(7, Size { films: 10, shows: 1, episodes: 5 });
    let jellyfin = Jellyfin::new(&world).start().await.unwrap();
    let plex = Plex::new(&world).start().await.unwrap();
    let mut session = Session::begin(&jellyfin, &plex).await;
    let cookie = session.log_in().await;
    let token =
        session.command(&["token", "create", "robot", "--scope", "admin"]).trim().to_owned();
    session.secrets.push(("token", token.clone()));
    let sync = session.ask(Method::POST, "/api/v1/sync").bearer_auth(&token);
    session.hear("sync", sync).await;
    session.hooks().await;
    for arguments in [
        &["sync", "--json", "-vv"][..],
        &["source", "list", "--json"],
        &["source", "test", "away"],
        &["download", "list", "--json"],
        &["download", "client", "list", "--json"],
        &["run", "list", "--json"],
        &["event", "list", "--json"],
        &["user", "list", "--json"],
        &["token", "list", "--json"],
        &["doctor", "--json"],
        &["export"],
        &["backup", "data/backup.db"],
    ] {
        session.command(arguments);
    }
    session.read_everything(&cookie, &token).await;
    let wrong = session.ask(Method::GET, "/api/v1/items").bearer_auth(format!("{token}x"));
    session.hear("a wrong token", wrong).await;
    // What the server thinks of the one that is away.
    until(PATIENCE, async || session.serve.said().contains("\"answered\"")).await;
    // The code is for whoever reads the log; it is nowhere else, and nothing else is there.
    session.files();
    let said = session.serve.said();
    let code = session.secrets.iter().find(|(what, _)| *what == "code").unwrap().1.clone();
    assert!(
        said.lines().all(|line| line.starts_with('{')
            || line.starts_with("shelfread ")
            || line.starts_with("first run")),
        "{said:.2000}"
    );
    session.heard.push(("the log".to_owned(), said.replace(&code, "…")));
    assert!(session.heard.iter().map(|(_, text)| text.len()).sum::<usize>() > 100_000);
    session.assert_silent();
    for (place, text) in session.heard.iter().filter(|(place, _)| !place.contains(".db")) {
        assert!(!text.contains("$argon2"), "a hash in {place}");
    }
    assert_eq!(session.serve.stop().await, Some(0));
}
