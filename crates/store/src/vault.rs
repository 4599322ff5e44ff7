//! Secrets at rest: XChaCha20-Poly1305 with a key that lives in a file beside the database and
//! never in it. It knows keys and bytes; which column holds a secret it is told.
//!
//! A sealed secret is `key id | nonce (24 bytes) | ciphertext`. The table and the row's id are
//! authenticated along, so that a sealed secret cannot be copied to another row.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use crate::Store;
use crate::error::{Result, StoreError};

const FILE: &str = "shelfread.key";
const NONCE: usize = 24;

/// The keys of a data folder.
pub struct Vault {
    /// Key id and cipher; the first one seals, all of them open.
    keys: Vec<(u8, XChaCha20Poly1305)>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault")
    }
}

impl Vault {
    /// Opens the vault of a data folder. Its key file `shelfread.key` (one line per key: id and 64
    /// hexadecimal digits; the first one is in use) is made when missing, readable by its owner
    /// only.
    ///
    /// # Errors
    /// [`StoreError::Key`] when the file cannot be made, read or understood, or when others may
    /// read it.
    pub fn open(data_dir: &Path) -> Result<Self> {
        let path = data_dir.join(FILE);
        let failed = |reason: String| key_error(&format!("key file {}", path.display()), reason);
        if !path.try_exists().map_err(|e| failed(e.to_string()))? {
            create(data_dir, &path).map_err(|e| failed(e.to_string()))?;
        }
        check_mode(&path).map_err(failed)?;
        let text =
            SecretString::from(fs::read_to_string(&path).map_err(|e| failed(e.to_string()))?);
        let keys: Option<Vec<_>> =
            text.expose_secret().lines().filter(|l| !l.trim().is_empty()).map(read_key).collect();
        match keys {
            Some(keys) if !keys.is_empty() => Ok(Self { keys }),
            _ => Err(failed("it is no key file; restore it from a backup".into())),
        }
    }

    /// Encrypts a secret for one row.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub fn seal(&self, table: &str, row: Uuid, secret: &SecretString) -> Result<Vec<u8>> {
        let failed = |reason: &str| key_error("sealing a secret", reason.to_owned());
        let (id, cipher) = self.keys.first().ok_or_else(|| failed("there is no key"))?;
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(|e| failed(&e.to_string()))?;
        let aad = aad(table, row);
        let payload = Payload { msg: secret.expose_secret().as_bytes(), aad: &aad };
        let sealed = cipher.encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.map_err(|_| failed("it is too long"))?;
        Ok([&[*id], &nonce[..], &sealed].concat())
    }

    /// Decrypts the secret of one row.
    ///
    /// # Errors
    /// [`StoreError::Key`] when it was sealed with another key or for another row, or changed.
    pub fn unseal(&self, table: &str, row: Uuid, sealed: &[u8]) -> Result<SecretString> {
        let failed = |reason: &str| key_error("reading a stored secret", reason.to_owned());
        let split = sealed.split_first().and_then(|(id, rest)| {
            let (nonce, text) = rest.split_first_chunk::<NONCE>()?;
            Some((id, XNonce::from(*nonce), text))
        });
        let (id, nonce, msg) = split.ok_or_else(|| failed("it is too short"))?;
        let key = self.keys.iter().find(|(known, _)| known == id);
        let (_, cipher) =
            key.ok_or_else(|| failed("its key is not in the key file; set the secret again"))?;
        let aad = aad(table, row);
        let plain = cipher.decrypt(&nonce, Payload { msg, aad: &aad });
        let plain = plain.map_err(|_| failed("the key does not fit it; set the secret again"))?;
        String::from_utf8(plain).map(SecretString::from).map_err(|_| failed("it is no text"))
    }
}

impl Store {
    /// A secret as its row keeps it.
    pub(crate) fn sealed(
        &self,
        table: &str,
        row: Uuid,
        secret: Option<&SecretString>,
    ) -> Result<Option<Vec<u8>>> {
        let Some(secret) = secret else { return Ok(None) };
        self.vault()?.seal(table, row, secret).map(Some)
    }

    /// The secret of a row.
    pub(crate) fn unsealed(
        &self,
        table: &str,
        row: Uuid,
        sealed: Option<&[u8]>,
    ) -> Result<Option<SecretString>> {
        let Some(sealed) = sealed else { return Ok(None) };
        self.vault()?.unseal(table, row, sealed).map(Some)
    }

    /// Whether a row has this very secret. Sealing it anew would look different.
    pub(crate) fn is_same_secret(
        &self,
        table: &str,
        row: Uuid,
        sealed: Option<&[u8]>,
        secret: Option<&SecretString>,
    ) -> bool {
        match (self.unsealed(table, row, sealed), secret) {
            (Ok(None), None) => true,
            (Ok(Some(old)), Some(new)) => old.expose_secret() == new.expose_secret(),
            _ => false,
        }
    }

    fn vault(&self) -> Result<&Vault> {
        let missing = || key_error("using a secret", "the key file was not opened".to_owned());
        self.vault.as_deref().ok_or_else(missing)
    }
}

fn key_error(what: &str, reason: String) -> StoreError {
    StoreError::Key { what: what.to_owned(), reason }
}

fn aad(table: &str, row: Uuid) -> Vec<u8> {
    [table.as_bytes(), &[0], row.as_bytes()].concat()
}

fn read_key(line: &str) -> Option<(u8, XChaCha20Poly1305)> {
    let (id, digits) = line.trim().split_once(' ')?;
    let mut key = [0_u8; 32];
    if digits.len() != 2 * key.len() || !digits.is_ascii() {
        return None;
    }
    for (byte, pair) in key.iter_mut().zip(digits.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some((id.parse().ok()?, XChaCha20Poly1305::new(&key.into())))
}

/// Makes the key file whole or not at all; of two processes at once the first one wins.
fn create(data_dir: &Path, path: &Path) -> std::io::Result<()> {
    let mut key = [0_u8; 32];
    getrandom::fill(&mut key).map_err(|e| std::io::Error::other(e.to_string()))?;
    let digits = key.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    fs::create_dir_all(data_dir)?;
    let draft = data_dir.join(format!("{FILE}.{}", Uuid::new_v4().simple()));
    let written = new_private(&draft).and_then(|mut file| {
        file.write_all(format!("1 {digits}\n").as_bytes())?;
        file.sync_all()
    });
    let linked = written.and_then(|()| fs::hard_link(&draft, path));
    fs::remove_file(&draft)?;
    match linked {
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

#[cfg(unix)]
fn new_private(path: &Path) -> std::io::Result<fs::File> {
    use std::os::unix::fs::OpenOptionsExt;
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(not(unix))]
fn new_private(path: &Path) -> std::io::Result<fs::File> {
    fs::OpenOptions::new().write(true).create_new(true).open(path)
}

#[cfg(unix)]
fn check_mode(path: &Path) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(path).map_err(|e| e.to_string())?.permissions().mode();
    match mode & 0o077 {
        0 => Ok(()),
        _ => Err(format!("others may read it; run `chmod 600 {}`", path.display())),
    }
}

#[cfg(not(unix))]
fn check_mode(_path: &Path) -> Result<(), String> {
    Ok(())
}
