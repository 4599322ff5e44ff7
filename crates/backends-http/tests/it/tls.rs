//! Encryption needs nothing from the program that uses the client, and failures say so.
//!
//! The certificates of `tests/fixtures` were made for these tests and are good for nothing else.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use shelfread_backends_http::{Http, HttpConfig};
use shelfread_domain::port::Problem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::{get, problem};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n[1]";

/// Starts a server that serves each connection with `serve`, and a client of it over https.
async fn server<F: Future<Output = ()> + Send>(
    serve: impl Fn(TcpStream) -> F + Send + 'static,
) -> HttpConfig {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            serve(stream).await;
        }
    });
    HttpConfig::parse(&url, "Jellyfin").unwrap()
}

async fn encrypted() -> HttpConfig {
    let chain = CertificateDer::from_pem_slice(include_bytes!("../fixtures/server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("../fixtures/server.key")).unwrap();
    let config =
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![chain], key)
            .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    server(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            if let Ok(mut stream) = acceptor.accept(stream).await {
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(ANSWER).await;
                let _ = stream.shutdown().await;
            }
        }
    })
    .await
}

#[tokio::test]
async fn an_own_authority_can_be_trusted() {
    let mut config = encrypted().await;
    let stranger = problem(&Http::new(config.clone()).unwrap()).await;
    assert!(
        matches!(&stranger, Problem::Tls(text) if text.contains("UnknownIssuer")),
        "{stranger}"
    );
    config.extra_roots.push(include_str!("../fixtures/authority.pem").into());
    assert_eq!(Http::new(config).unwrap().json::<Vec<u32>>(&get()).await.unwrap(), [1]);
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_a_tls_problem() {
    let answers = server(|mut stream| async move {
        let _ = stream.write_all(ANSWER).await;
    });
    let hangs_up = server(|mut stream| async move {
        let _ = stream.read(&mut [0; 4096]).await;
    });
    for mut config in [answers.await, hangs_up.await] {
        config.retries.count = 0;
        let problem = problem(&Http::new(config).unwrap()).await;
        assert!(matches!(problem, Problem::Tls(_)), "{problem}");
    }
}

#[test]
fn a_certificate_that_is_none_is_named() {
    for pem in ["", "no certificate", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----"] {
        let mut config = HttpConfig::parse("https://h", "Jellyfin").unwrap();
        config.extra_roots.push(pem.into());
        let error = Http::new(config).unwrap_err();
        assert!(matches!(error.problem, Problem::Tls(_)), "{error}");
    }
}
