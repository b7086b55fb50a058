//! OCSP stapling: the server sends what its certificate's issuer has said of it lately, and the client looks at it.

use openssl::error::ErrorStack;
use openssl::ocsp::OcspResponse;
use openssl::ssl::{SslContextBuilder, SslRef};

use super::guard;
use crate::Certificate;
use crate::context::settings::OcspCallback;
use crate::context::{Ocsp, Settings};
use crate::error::{VerifyFailure, code};
use crate::ocsp::{self, OcspFailure};
use crate::state::SslState;

pub(in crate::context) fn install(context: &mut SslContextBuilder) -> Result<(), ErrorStack> {
    context.set_status_callback(on_status)
}

/// A server is asked when a client has asked it; a client when the server's certificate has passed.
fn on_status(ssl: &mut SslRef) -> Result<bool, ErrorStack> {
    let (Some(settings), Some(state)) = (Settings::of(ssl).cloned(), SslState::of(ssl).cloned()) else {
        return Ok(!ssl.is_server());
    };
    match &settings.ocsp_staple {
        _ if !ssl.is_server() => Ok(settings.ocsp != Ocsp::Require || passes(ssl, &state)),
        None => Ok(false),
        Some(callback) => staple(ssl, &state, &**callback),
    }
}

/// Without a response the handshake goes on without one: whether that will do is for the client to say. The same for one that cannot be read,
/// of which no client can make anything, and later versions of OpenSSL would end the handshake.
fn staple(ssl: &mut SslRef, state: &SslState, callback: &OcspCallback) -> Result<bool, ErrorStack> {
    match guard(state, callback) {
        Some(Some(response)) if OcspResponse::from_der(&response).is_err() => Ok(false),
        Some(Some(response)) => ssl.set_ocsp_status(&response).map(|()| true),
        Some(None) => Ok(false),
        // Any error ends the handshake.
        None => Err(ErrorStack::get()),
    }
}

/// Whether the response says that the server's certificate is good.
fn passes(ssl: &SslRef, state: &SslState) -> bool {
    let Err(failure) = judge(ssl) else { return true };
    let code = match failure {
        OcspFailure::Revoked(_) => code::CERT_REVOKED,
        OcspFailure::Unknown | OcspFailure::Invalid(_) => code::APPLICATION_VERIFICATION,
    };
    let subject = ssl.peer_certificate().map(|x509| Certificate::from(x509).subject()).unwrap_or_default();
    let reason = Some(failure.to_string());
    state.refuse(VerifyFailure { code, depth: 0, subject, names: Vec::new(), reason });
    false
}

fn judge(ssl: &SslRef) -> Result<(), OcspFailure> {
    let invalid = |reason: &str| OcspFailure::Invalid(reason.to_owned());
    let response = ssl.ocsp_status().ok_or_else(|| invalid("the server has sent none"))?;
    let chain = ssl.verified_chain().ok_or_else(|| invalid("there is no chain to judge it by"))?;
    ocsp::check(response, chain, ssl.ssl_context().cert_store())
}
