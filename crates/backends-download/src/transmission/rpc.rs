//! The two dialects of Transmission's RPC. Everything else speaks the newer one: method and
//! parameter names in snake case; the older one has them in kebab case, field names in camel case.

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Map, Value, json};
use shelfread_backends_http::{Http, Request, Response, StatusCode};
use shelfread_domain::port::{Problem, SourceError};
use tokio::sync::Mutex;

use crate::wire;

const SESSION: &str = "x-transmission-session-id";
const VERSION: &str = "x-transmission-rpc-version";

/// What the older dialect says of a call that did what it should.
const SUCCESS: &str = "success";

/// How often a session id may expire within one call.
const MAX_SESSIONS: usize = 3;

/// What the server told us: how to speak with it, and the session id if it wants one.
#[derive(Clone, Debug, Default)]
struct Session {
    id: Option<String>,
    json_rpc: bool,
}

#[derive(Debug)]
pub(super) struct Rpc {
    http: Http,
    path: &'static [&'static str],
    session: Mutex<Option<Session>>,
}

/// The envelope of the older dialect.
#[derive(Deserialize)]
struct Legacy<T> {
    result: String,
    arguments: Option<T>,
}

/// The envelope of JSON-RPC 2.0.
#[derive(Deserialize)]
struct JsonRpc<T> {
    result: Option<T>,
    error: Option<RpcError>,
}

#[derive(Deserialize)]
struct RpcError {
    #[serde(default)]
    message: wire::Text,
    data: Option<ErrorData>,
}

#[derive(Deserialize)]
struct ErrorData {
    #[serde(default)]
    error_string: wire::Text,
}

impl Rpc {
    pub(super) fn new(http: Http) -> Self {
        let base = http.base_url().path().trim_end_matches('/');
        let path: &[&str] = match base.rsplit('/').next() {
            Some("rpc") => &[],
            Some("transmission") => &["rpc"],
            _ => &["transmission", "rpc"],
        };
        Self { http, path, session: Mutex::new(None) }
    }

    /// An error of this server.
    pub(super) fn error(&self, problem: Problem) -> SourceError {
        SourceError::new(format!("Transmission at {}", self.http.base_url()), problem)
    }

    /// Names of fields as the server wants them.
    pub(super) async fn fields(&self, names: &[&str]) -> Result<Vec<String>, SourceError> {
        let json_rpc = self.session().await?.json_rpc;
        Ok(names.iter().map(|n| if json_rpc { (*n).to_owned() } else { camel(n) }).collect())
    }

    /// Asks for something; may be asked twice.
    pub(super) async fn read<T: DeserializeOwned>(
        &self,
        method: &str,
        params: Value,
    ) -> Result<T, SourceError> {
        self.call(method, params, true).await
    }

    /// Orders something; sent once.
    pub(super) async fn order<T: DeserializeOwned>(
        &self,
        method: &str,
        params: Value,
    ) -> Result<T, SourceError> {
        self.call(method, params, false).await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: &str,
        params: Value,
        repeatable: bool,
    ) -> Result<T, SourceError> {
        let mut session = self.session().await?;
        for _ in 0..MAX_SESSIONS {
            let body = if session.json_rpc {
                json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params })
            } else {
                json!({ "method": method.replace('_', "-"), "arguments": kebab(&params) })
            };
            let answer = self.send(&body, &session, repeatable).await?;
            if let Some(fresh) = Session::of(&answer) {
                *self.session.lock().await = Some(fresh.clone());
                session = fresh;
                continue;
            }
            return self.unwrap(answer.success()?, session.json_rpc);
        }
        Err(self.error(Problem::Malformed("every session id is refused".into())))
    }

    /// The session; a new one is asked for by a request that changes nothing.
    async fn session(&self) -> Result<Session, SourceError> {
        let mut session = self.session.lock().await;
        if let Some(session) = &*session {
            return Ok(session.clone());
        }
        let probe = json!({ "method": "session-get", "arguments": { "fields": ["version"] } });
        let answer = self.send(&probe, &Session::default(), true).await?;
        let fresh = match Session::of(&answer) {
            Some(fresh) => fresh,
            None => answer.success().map(|_| Session::default())?,
        };
        *session = Some(fresh.clone());
        Ok(fresh)
    }

    async fn send(
        &self,
        body: &Value,
        session: &Session,
        repeatable: bool,
    ) -> Result<Response, SourceError> {
        let mut request = Request::post(self.path.iter().copied())
            .body("application/json", body.to_string())
            .repeatable(repeatable);
        if let Some(id) = &session.id {
            request = request.header(SESSION, id);
        }
        self.http.exchange(&request).await
    }

    fn unwrap<T: DeserializeOwned>(
        &self,
        mut answer: Response,
        json_rpc: bool,
    ) -> Result<T, SourceError> {
        wire::clean(&mut answer);
        let refused = if json_rpc {
            match answer.json::<JsonRpc<T>>()? {
                JsonRpc { result: Some(result), error: None } => return Ok(result),
                JsonRpc { error, .. } => error.map_or_else(String::new, RpcError::text),
            }
        } else {
            match answer.json::<Legacy<T>>() {
                Ok(Legacy { result, arguments: Some(found) }) if result == SUCCESS => {
                    return Ok(found);
                }
                Ok(legacy) => legacy.result,
                // A refusal comes without what was asked for.
                Err(error) => match answer.json::<Legacy<IgnoredAny>>() {
                    Ok(legacy) if legacy.result != SUCCESS => legacy.result,
                    _ => return Err(error),
                },
            }
        };
        Err(self.error(Problem::Rejected(wire::shown(&refused))))
    }
}

impl Session {
    /// What a 409 says; `None` for any other answer.
    fn of(answer: &Response) -> Option<Self> {
        let header = |name| answer.headers.get(name).and_then(|v| v.to_str().ok());
        let id = header(SESSION).filter(|_| answer.status == StatusCode::CONFLICT)?;
        Some(Self { id: Some(id.to_owned()), json_rpc: header(VERSION).is_some() })
    }
}

impl RpcError {
    fn text(self) -> String {
        let more = self.data.and_then(|data| data.error_string.some());
        match more {
            Some(more) => format!("{}: {more}", self.message.as_str()),
            None => self.message.0,
        }
    }
}

/// The parameters with kebab-case names, for the older dialect.
fn kebab(params: &Value) -> Value {
    let Value::Object(params) = params else { return params.clone() };
    let renamed = params.iter().map(|(name, value)| (name.replace('_', "-"), value.clone()));
    Value::Object(renamed.collect::<Map<_, _>>())
}

fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let mut out = words.next().unwrap_or_default().to_owned();
    for word in words {
        let (first, rest) = word.split_at(word.len().min(1));
        out.push_str(&first.to_ascii_uppercase());
        out.push_str(rest);
    }
    out
}
