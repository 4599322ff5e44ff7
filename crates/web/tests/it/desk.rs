//! A desk: the server on a free port over a fresh database, with sources in memory, and programs
//! and browsers that ask it. On SQLite and on PostgreSQL.

#![allow(dead_code, reason = "not every test needs all of it")]

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock};

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder, StatusCode, header};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use shelfread_app::access::{Role, Scope};
use shelfread_app::sources::new_source;
use shelfread_app::{App, Clock, OpenSource, SourceFactory};
use shelfread_domain::port::{Problem, SourceError};
use shelfread_domain::{SourceId, SourceKind};
use shelfread_store::{ManagedBy, SourceRow, Store, Vault};
use shelfread_testkit::faults::Faulty;
use shelfread_testkit::fixtures::ScriptedSource;
use shelfread_testkit::postgres::postgres;
use shelfread_web::{AccessConfig, Server, ServerConfig, Web};
use tempfile::TempDir;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::boxes::{self, Programs};
use crate::phones::Phones;

/// Makes each of these functions two tests, one per engine.
macro_rules! both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name($crate::desk::Desk::sqlite().await).await;
            })+
        }

        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                super::$name($crate::desk::Desk::postgres().await).await;
            })+
        }
    };
}
pub(crate) use both;

type Sources = Arc<Mutex<HashMap<String, Arc<Faulty<ScriptedSource>>>>>;

struct Scripted(Sources);

impl SourceFactory for Scripted {
    fn open(&self, source: &SourceRow) -> Result<OpenSource, SourceError> {
        let known = self.0.lock().unwrap().get(&source.name).cloned();
        let misfit = || Problem::Configuration("no such script".to_owned());
        let scripted = known.ok_or_else(|| SourceError::new("setting up", misfit()))?;
        let takes = scripted.inner().can_take_play_states();
        Ok(OpenSource {
            remove: scripted.inner().can_remove().then(|| Arc::clone(&scripted) as _),
            write_play_state: takes.then(|| Arc::clone(&scripted) as _),
            ..OpenSource::read_only(scripted)
        })
    }
}

/// The clock of the machine, which a test may put forward.
#[derive(Default)]
pub struct TestClock(Mutex<TimeDelta>);

impl TestClock {
    /// From now on it is that much later than it is.
    pub fn ahead(&self, by: TimeDelta) {
        *self.0.lock().unwrap() = by;
    }
}

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now() + *self.0.lock().unwrap()
    }
}

pub struct Desk {
    pub app: App,
    pub clock: Arc<TestClock>,
    web: Web,
    pub address: SocketAddr,
    pub client: Client,
    /// A token that may do everything.
    pub token: SecretString,
    sources: Sources,
    pub programs: Programs,
    pub stop: CancellationToken,
    /// Told once the server has stopped.
    pub ended: CancellationToken,
    /// Where its database is.
    pub database: String,
    _folder: TempDir,
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// What the server said.
#[derive(Debug)]
pub struct Said {
    pub status: StatusCode,
    pub headers: header::HeaderMap,
    pub text: String,
}

impl Said {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("no JSON ({e}): {self:?}"))
    }
}

/// Sends a request and reads the whole answer.
pub async fn said(request: RequestBuilder) -> Said {
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status(), answer.headers().clone());
    Said { status, headers, text: answer.text().await.unwrap() }
}

impl Desk {
    pub async fn sqlite() -> Self {
        Self::sqlite_with(|web| web).await
    }

    /// A desk whose server is changed before it starts.
    pub async fn sqlite_with(change: impl FnOnce(Web) -> Web) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/catalogue.db", folder.path().display());
        Self::open(&url, folder, change).await
    }

    /// A desk at its first run, with the code that makes the first admin.
    pub async fn sqlite_with_code() -> (Self, String) {
        let desk = Self::sqlite().await;
        let code = desk.app.setup_code().await.unwrap().unwrap();
        desk.web.expect_setup(code.clone());
        (desk, code.reveal().to_owned())
    }

    /// A desk whose server believes whom this names.
    pub async fn with_access(config: AccessConfig) -> Self {
        Self::sqlite_with(|web| web.with_access(config)).await
    }

    pub async fn postgres() -> Self {
        static TEMPLATE: OnceCell<String> = OnceCell::const_new();
        let template = TEMPLATE.get_or_init(|| async {
            let url = postgres().database();
            let store = Store::open(&url).await.unwrap();
            store.migrate().await.unwrap();
            store.close().await.unwrap();
            url
        });
        let url = postgres().copy_of(template.await);
        Self::open(&url, tempfile::tempdir().unwrap(), |web| web).await
    }

    async fn open(url: &str, folder: TempDir, change: impl FnOnce(Web) -> Web) -> Self {
        let vault = Vault::open(folder.path()).unwrap();
        let store = Store::open(url).await.unwrap().with_vault(vault);
        store.migrate().await.unwrap();
        let sources = Sources::default();
        let factory = Arc::new(Scripted(Arc::clone(&sources)));
        let clock = Arc::new(TestClock::default());
        let programs = Programs::default();
        let clients = Arc::new(boxes::Scripts(Arc::clone(&programs)));
        let app = App::new(store, factory, Arc::clone(&clock) as _)
            .with_downloads(clients, Arc::new(boxes::Payloads))
            .with_notifiers(Arc::new(Phones));
        let token = app.add_token("desk", Scope::Admin, None, None).await.unwrap().key;
        let config = ServerConfig { listen: "127.0.0.1:0".parse().unwrap() };
        let web = change(Web::new(app.clone()));
        let server = Server::bind(web.clone(), &config).await.unwrap();
        let (address, stop) = (server.address().unwrap(), CancellationToken::new());
        let (told, ended) = (stop.clone(), CancellationToken::new());
        let over = ended.clone();
        tokio::spawn(async move {
            server.run(told).await.unwrap();
            over.cancel();
        });
        let (follower, told) = (app.clone(), stop.clone());
        tokio::spawn(async move { follower.follow_events(told).await });
        Self {
            app,
            clock,
            web,
            address,
            client: client(),
            token,
            sources,
            programs,
            stop,
            ended,
            database: url.to_owned(),
            _folder: folder,
        }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A request of nobody.
    pub fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.url(path))
    }

    /// A request of a program that may do everything.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.ask(method, path).bearer_auth(self.token.expose_secret())
    }

    pub async fn get(&self, path: &str) -> Said {
        said(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Said {
        self.send(Method::POST, path, body).await
    }

    /// Sends JSON.
    pub async fn send(&self, method: Method, path: &str, body: &Value) -> Said {
        let request = self.request(method, path).header("content-type", "application/json");
        said(request.body(body.to_string())).await
    }

    /// Sends a form, with the cookie of a browser if it has one.
    pub async fn form(&self, path: &str, cookie: Option<&str>, fields: &[(&str, &str)]) -> Said {
        let body = reqwest::Url::parse_with_params("http://form", fields).unwrap();
        let kind = "application/x-www-form-urlencoded";
        let request = self.ask(Method::POST, path).header("content-type", kind);
        let request = request.header("origin", self.url("")).header("accept", "text/html");
        let request = cookie.into_iter().fold(request, |r, cookie| r.header("cookie", cookie));
        said(request.body(body.query().unwrap_or_default().to_owned())).await
    }

    /// A page as a browser gets it.
    pub async fn page(&self, path: &str, cookie: Option<&str>) -> Said {
        let request = self.ask(Method::GET, path).header("accept", "text/html");
        said(cookie.into_iter().fold(request, |r, cookie| r.header("cookie", cookie))).await
    }

    /// Makes a user and logs it in: the cookie of its browser.
    pub async fn logged_in(&self, name: &str, role: Role) -> String {
        let password = SecretString::from("correct horse");
        self.app.add_user(name, role, Some(&password)).await.unwrap();
        let fields = [("name", name), ("password", "correct horse")];
        let said = self.form("/login", None, &fields).await;
        assert_eq!(said.status, StatusCode::SEE_OTHER, "{said:?}");
        cookie(&said)
    }

    /// Adds a source in memory. Those that are added first win when sources disagree.
    pub async fn source(&self, name: &str, kind: SourceKind) -> Arc<Faulty<ScriptedSource>> {
        let scripted = Arc::new(Faulty::new(ScriptedSource::new(kind)));
        let priority = {
            let mut sources = self.sources.lock().unwrap();
            sources.insert(name.to_owned(), Arc::clone(&scripted));
            i32::try_from(sources.len()).unwrap() * 10
        };
        let id = SourceId(Uuid::now_v7());
        let row = SourceRow { priority, ..new_source(id, name, kind, ManagedBy::Person) };
        self.app.save_source(&row).await.unwrap();
        scripted
    }

    /// Lets sources of this name be added through the server, too.
    pub fn script(&self, name: &str, kind: SourceKind) -> Arc<Faulty<ScriptedSource>> {
        let scripted = Arc::new(Faulty::new(ScriptedSource::new(kind)));
        self.sources.lock().unwrap().insert(name.to_owned(), Arc::clone(&scripted));
        scripted
    }
}

/// The cookie that an answer gives, as a browser sends it back.
pub fn cookie(said: &Said) -> String {
    said.header("set-cookie").split(';').next().unwrap().to_owned()
}

fn client() -> Client {
    static TLS: OnceLock<()> = OnceLock::new();
    TLS.get_or_init(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    Client::builder().redirect(Policy::none()).build().unwrap()
}
