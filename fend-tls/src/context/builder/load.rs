//! Reads the files, and puts what is in them into the settings.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use openssl::x509::X509Crl;

use super::Sources;
use crate::context::build::{add_identity, set, setting};
use crate::context::callback::hello::normalized;
use crate::context::{Context, Mode, Settings};
use crate::{Certificate, Identity, PrivateKey, TlsError, certificate, der, pem, private_key};

pub(super) fn load(settings: &mut Settings, mut sources: Sources) -> Result<(), TlsError> {
    for identity in std::mem::take(&mut sources.identities) {
        add_identity(&mut settings.identities, identity)?;
    }
    for identity in identities(&mut sources)? {
        add_identity(&mut settings.identities, identity)?;
    }
    load_trust(settings, &sources)?;
    if let Some(path) = &sources.dhparam_file {
        let pem = read("dhparam_file", path)?;
        settings.parameters.dhparam = Some((path.display().to_string(), pem));
    }
    if sources.keylog_file {
        open_keylog(settings)?;
    }
    for (name, context) in sources.sni_contexts {
        add_sni_context(settings, &name, context)?;
    }
    match settings.mode {
        Mode::Server if needs_identity(settings) => {
            let message = "a server needs one: identity, or certificate_file and key_file";
            Err(TlsError::input("TLS context: no certificate", message))
        }
        _ => Ok(()),
    }
}

/// A server whose names have certificates can do without one for the rest; a hook may bring one, or something else.
fn needs_identity(settings: &Settings) -> bool {
    settings.identities.is_empty()
        && settings.sni_contexts.is_empty()
        && settings.sni_callback.is_none()
        && settings.hooks.is_empty()
}

/// Those that came in parts.
fn identities(sources: &mut Sources) -> Result<Vec<Identity>, TlsError> {
    let mut identities = Vec::new();
    let files = &sources.certificate_files;
    if let Some(surplus) = sources.key_files.get(files.len()) {
        let message = "there is no certificate_file that goes with it";
        return Err(TlsError::input(setting("key_file", surplus.display()), message));
    }
    if !sources.key_files.is_empty() && sources.key_files.len() < files.len() {
        let lonely = files[sources.key_files.len()].display();
        let message = "there is no key_file that goes with it";
        return Err(TlsError::input(setting("certificate_file", lonely), message));
    }
    for (at, file) in files.iter().enumerate() {
        let chain = chain("certificate_file", file)?;
        let key = match sources.key_files.get(at) {
            Some(key_file) => key("key_file", key_file, sources.password.as_deref())?,
            None => key("certificate_file", file, sources.password.as_deref())?,
        };
        let operation = setting("certificate_file", file.display());
        identities.push(Identity::checked(&operation, chain, key)?);
    }
    match (std::mem::take(&mut sources.certificates), sources.key.take()) {
        (chain, Some(key)) if !chain.is_empty() => {
            identities.push(Identity::checked("TLS context: certificate", chain, key)?);
        }
        (_, Some(_)) => {
            return Err(TlsError::input("TLS context: key", "there is no certificate that goes with it"));
        }
        (chain, None) => {
            if let Some(certificate) = chain.first() {
                let operation = setting("certificate", format_args!("{:?}", certificate.subject()));
                return Err(TlsError::input(operation, "there is no key that goes with it"));
            }
        }
    }
    Ok(identities)
}

fn read(name: &str, path: &Path) -> Result<Vec<u8>, TlsError> {
    pem::read_file(&setting(name, path.display()), path)
}

fn chain(name: &str, path: &Path) -> Result<Vec<Certificate>, TlsError> {
    let (operation, contents) = (setting(name, path.display()), read(name, path)?);
    if der::is_sequence(&contents) {
        Ok(vec![certificate::of_der(&operation, &contents)?])
    } else {
        certificate::chain_of_pem(&operation, &contents)
    }
}

fn key(name: &str, path: &Path, password: Option<&str>) -> Result<PrivateKey, TlsError> {
    let (operation, contents) = (setting(name, path.display()), read(name, path)?);
    if der::is_sequence(&contents) {
        private_key::of_der(&operation, &contents, password)
    } else {
        private_key::of_pem(&operation, &contents, password)
    }
}

fn load_trust(settings: &mut Settings, sources: &Sources) -> Result<(), TlsError> {
    let trust = &mut settings.trust;
    for path in &sources.cafiles {
        let certificates = chain("cafile", path)?;
        trust.certificates.extend(certificates.iter().map(|certificate| certificate.as_x509().to_owned()));
    }
    for path in &sources.capaths {
        trust.directories.push(directory(path)?);
    }
    for path in &sources.crl_files {
        trust.crls.extend(crls(path)?);
    }
    if trust.crl_check_all && trust.crls.is_empty() && trust.directories.is_empty() {
        let message = "there are no revocation lists: neither a crl_file nor a capath";
        return Err(TlsError::input("TLS context: crl_check_all", message));
    }
    let has_own: bool = !trust.certificates.is_empty() || !trust.directories.is_empty();
    trust.system_roots = sources.system_roots.unwrap_or(settings.mode == Mode::Client && !has_own);
    Ok(())
}

/// OpenSSL would not look at it before the first handshake.
fn directory(path: &Path) -> Result<String, TlsError> {
    let operation = || setting("capath", path.display());
    std::fs::read_dir(path).map_err(|error| TlsError::io(operation(), error))?;
    match path.to_str() {
        // OpenSSL takes a list of directories with colons between.
        Some(text) if !text.contains(':') => Ok(text.to_owned()),
        Some(_) => Err(TlsError::input(operation(), "a directory with a colon in its name")),
        None => Err(TlsError::input(operation(), "its name is not UTF-8")),
    }
}

fn crls(path: &Path) -> Result<Vec<Arc<X509Crl>>, TlsError> {
    let contents = read("crl_file", path)?;
    let blocks = pem::blocks(&contents).filter(|block| block.label == "X509 CRL");
    let crls =
        blocks.map(|block| set("crl_file", path.display(), || X509Crl::from_pem(block.text)).map(Arc::new));
    let crls = crls.collect::<Result<Vec<_>, TlsError>>()?;
    if crls.is_empty() {
        let message = format!("no revocation list ({})", pem::contents(&contents));
        return Err(TlsError::input(setting("crl_file", path.display()), message));
    }
    Ok(crls)
}

fn open_keylog(settings: &mut Settings) -> Result<(), TlsError> {
    let Some(path) = std::env::var_os("SSLKEYLOGFILE").filter(|path| !path.is_empty()) else { return Ok(()) };
    let file = OpenOptions::new().append(true).create(true).mode(0o600).open(&path);
    let operation = || setting("keylog_file", Path::new(&path).display());
    settings.keylog_file = Some(Arc::new(file.map_err(|error: io::Error| TlsError::io(operation(), error))?));
    Ok(())
}

fn add_sni_context(settings: &mut Settings, name: &str, context: Context) -> Result<(), TlsError> {
    let error = |message| Err(TlsError::input(setting("sni_context", format_args!("{name:?}")), message));
    let normalized = normalized(name);
    let host = normalized.strip_prefix("*.").unwrap_or(&normalized);
    if host.is_empty() || host.contains(['*', '\0', ' ', '/', ':']) {
        return error("it is neither a host name nor a wildcard as *.example.org is");
    }
    if context.mode() == Mode::Client {
        return error("its context is a client's");
    }
    match settings.sni_contexts.insert(normalized, context) {
        Some(_) => error("it has a context already"),
        None => Ok(()),
    }
}
