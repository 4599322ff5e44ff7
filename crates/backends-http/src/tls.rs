//! Encrypted connections: rustls with its own provider, so that a program that uses this crate
//! has nothing to install, and the certificate authorities of the system.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;

use crate::config::HttpConfig;

/// The TLS side of a client. Without https no authority is needed and none is loaded: a machine
/// without any must still reach its servers over http.
pub(crate) fn client_config(config: &HttpConfig) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())?;
    if config.base_url.scheme() != "https" {
        return Ok(builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth());
    }
    let verifier = Verifier::new_with_extra_roots(certificates(&config.extra_roots)?, provider)
        .map_err(|e| e.to_string())?;
    let mut tls = builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(tls)
}

fn certificates(pems: &[String]) -> Result<Vec<CertificateDer<'static>>, String> {
    let mut all = Vec::new();
    for pem in pems {
        let before = all.len();
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            all.push(certificate.map_err(|e| format!("a certificate cannot be read: {e}"))?);
        }
        if all.len() == before {
            return Err("a certificate file holds no certificate in PEM form".to_owned());
        }
    }
    Ok(all)
}
