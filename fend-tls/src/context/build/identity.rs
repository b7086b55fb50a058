//! The certificates that this side shows, with their keys.

use openssl::pkey::Id;
use openssl::ssl::SslContextBuilder;

use super::{set, step};
use crate::{Identity, TlsError, sys};

pub(super) fn set_all(context: &mut SslContextBuilder, identities: &[Identity]) -> Result<(), TlsError> {
    for identity in identities {
        let [leaf, chain @ ..] = identity.chain.as_slice() else {
            return Err(TlsError::input("TLS context: identity", "there is no certificate in it"));
        };
        let name = format!("{:?}", leaf.subject());
        set("certificate", &name, || {
            context.set_certificate(leaf.as_x509())?;
            // A chain for each key type: `add_extra_chain_cert` would have one for all.
            chain.iter().try_for_each(|link| sys::add_chain_certificate(context, link.as_x509()))
        })?;
        set("key", format_args!("of {name}"), || context.set_private_key(key(identity)))?;
        step(context.check_private_key())?;
    }
    Ok(())
}

fn key(identity: &Identity) -> &openssl::pkey::PKeyRef<openssl::pkey::Private> {
    &identity.key.0
}

fn key_type(identity: &Identity) -> Id {
    key(identity).id()
}

/// Adds an identity to those that are there.
pub(in crate::context) fn add(identities: &mut Vec<Identity>, identity: Identity) -> Result<(), TlsError> {
    if identities.iter().any(|other| key_type(other) == key_type(&identity)) {
        return Err(TlsError::input(
            "TLS context: certificate",
            "there are two with keys of the same type: a handshake chooses by the type",
        ));
    }
    identities.push(identity);
    Ok(())
}

/// The one identity, or the one of the same key type, makes room for another.
pub(super) fn exchange(identities: &mut Vec<Identity>, identity: Identity) -> Result<(), TlsError> {
    if identities.len() <= 1 {
        *identities = vec![identity];
        return Ok(());
    }
    match identities.iter_mut().find(|other| key_type(other) == key_type(&identity)) {
        Some(other) => *other = identity,
        None => {
            return Err(TlsError::input(
                "TLS certificate",
                "the context has several certificates, and none with a key of this type",
            ));
        }
    }
    Ok(())
}
