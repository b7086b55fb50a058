//! The calls of OpenSSL that the `openssl` crate has no safe form of.
//!
//! Rules that the SAFETY comments cite:
//!
//! 1. A pointer from `as_ptr` of a borrowed `openssl` value is valid while the borrow lasts, and OpenSSL keeps none of the pointers
//!    that are passed beside it after the call, unless a rule says so.
//! 2. A text that OpenSSL returns as a constant lives as long as the process, and ends with a NUL.
//! 3. What OpenSSL lends to a callback is valid until that returns.
//! 4. The functions declared here have the types that `ssl.h`, `x509.h` and `x509_vfy.h` of OpenSSL 3.0 give them, and later versions
//!    of the 3 series and of 4 keep.
//! 5. A function that changes a session through a shared reference is called by `session/` and the connector alone, which have the
//!    session for themselves (`&mut Session`, or one that is still being made): the `openssl` crate lends no other reference.

use std::ffi::{CStr, OsStr, c_char, c_int, c_long, c_uchar, c_uint};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr;
use std::slice;
use std::sync::OnceLock;

use foreign_types::ForeignTypeRef;
use openssl::error::ErrorStack;
use openssl::ssl::{SslContextBuilder, SslContextRef, SslRef, SslSessionRef};
use openssl::x509::store::X509StoreBuilderRef;
use openssl::x509::{X509CrlRef, X509Ref, X509VerifyResult};
use openssl_sys as ffi;

unsafe extern "C" {
    fn SSL_CTX_set_recv_max_early_data(context: *mut ffi::SSL_CTX, bytes: u32) -> c_int;
    fn SSL_CTX_set_timeout(context: *mut ffi::SSL_CTX, seconds: c_long) -> c_long;
    fn SSL_free_buffers(ssl: *mut ffi::SSL) -> c_int;
    fn SSL_has_pending(ssl: *const ffi::SSL) -> c_int;
    fn SSL_get_early_data_status(ssl: *const ffi::SSL) -> c_int;
    fn SSL_SESSION_is_resumable(session: *const ffi::SSL_SESSION) -> c_int;
    fn X509_STORE_add_crl(store: *mut ffi::X509_STORE, crl: *mut ffi::X509_CRL) -> c_int;
    fn X509_get_default_cert_file() -> *const c_char;
    fn X509_get_default_cert_dir() -> *const c_char;
}

/// The size of the three keys that session tickets are protected with: a name of 16 bytes, 32 for the HMAC, 32 for AES.
pub(crate) const TICKET_KEYS: usize = 80;

// `SSL_CTRL_GET_TLSEXT_TICKET_KEYS` and `SSL_CTRL_SET_TLSEXT_TICKET_KEYS` of `ssl.h`.
const GET_TICKET_KEYS: c_int = 58;
const SET_TICKET_KEYS: c_int = 59;

// `SSL_EARLY_DATA_ACCEPTED` of `ssl.h`.
const EARLY_DATA_ACCEPTED: c_int = 2;

/// OpenSSL's words for a result of the verification.
pub(crate) fn verify_result_text(code: i32) -> &'static str {
    verify_result(code).error_string()
}

pub(crate) fn verify_result(code: i32) -> X509VerifyResult {
    // SAFETY: it only wraps the number; OpenSSL has words for any, which rule 2 is about.
    unsafe { X509VerifyResult::from_raw(code) }
}

/// How many bytes of early data are taken, whatever the ticket has promised.
pub(crate) fn set_recv_max_early_data(context: &mut SslContextBuilder, bytes: u32) -> Result<(), ErrorStack> {
    // SAFETY: rules 1 and 4; it stores a number.
    succeeded(unsafe { SSL_CTX_set_recv_max_early_data(context.as_ptr(), bytes) } as c_long)
}

/// For how many seconds a session can be resumed.
pub(crate) fn set_session_timeout(context: &mut SslContextBuilder, seconds: c_long) {
    // SAFETY: rules 1 and 4; it stores a number and returns the one before.
    unsafe { SSL_CTX_set_timeout(context.as_ptr(), seconds) };
}

/// Finite-field Diffie-Hellman with OpenSSL's own groups, as large as the certificate's key asks for.
pub(crate) fn set_dh_auto(context: &mut SslContextBuilder) -> Result<(), ErrorStack> {
    // SAFETY: rules 1 and 4; it stores a number.
    succeeded(unsafe { ffi::SSL_CTX_set_dh_auto(context.as_ptr(), 1) })
}

/// The keys that session tickets are protected with.
pub(crate) fn set_ticket_keys(
    context: &mut SslContextBuilder,
    keys: &[u8; TICKET_KEYS],
) -> Result<(), ErrorStack> {
    let (len, keys) = (TICKET_KEYS as c_long, keys.as_ptr().cast_mut().cast());
    // SAFETY: rules 1 and 4; OpenSSL reads `len` bytes and copies them.
    succeeded(unsafe { ffi::SSL_CTX_ctrl(context.as_ptr(), SET_TICKET_KEYS, len, keys) })
}

/// The keys that this context's session tickets are protected with. A secret.
pub(crate) fn ticket_keys(context: &SslContextRef) -> Result<[u8; TICKET_KEYS], ErrorStack> {
    let mut keys = [0; TICKET_KEYS];
    let (len, room) = (TICKET_KEYS as c_long, keys.as_mut_ptr().cast());
    // SAFETY: rules 1 and 4; OpenSSL writes `len` bytes, and changes nothing of the context.
    succeeded(unsafe { ffi::SSL_CTX_ctrl(context.as_ptr(), GET_TICKET_KEYS, len, room) })?;
    Ok(keys)
}

/// Adds `certificate` to what is sent behind the certificate that was set last. Each key type has such a chain of its own.
pub(crate) fn add_chain_certificate(
    context: &mut SslContextBuilder,
    certificate: &X509Ref,
) -> Result<(), ErrorStack> {
    let certificate = certificate.as_ptr().cast();
    // SAFETY: rules 1 and 4; the 1 makes OpenSSL take a reference of its own.
    succeeded(unsafe { ffi::SSL_CTX_ctrl(context.as_ptr(), ffi::SSL_CTRL_CHAIN_CERT, 1, certificate) })
}

/// Adds a revocation list to the store.
pub(crate) fn add_crl(store: &mut X509StoreBuilderRef, crl: &X509CrlRef) -> Result<(), ErrorStack> {
    // SAFETY: rules 1 and 4; the store takes a reference of its own.
    succeeded(unsafe { X509_STORE_add_crl(store.as_ptr(), crl.as_ptr()) } as c_long)
}

/// Where OpenSSL looks for the system's roots when the environment names no other place: a file, and a directory.
pub(crate) fn default_roots() -> [&'static Path; 2] {
    // SAFETY: rules 2 and 4.
    let texts = unsafe {
        [X509_get_default_cert_file(), X509_get_default_cert_dir()].map(|text| CStr::from_ptr(text))
    };
    texts.map(|text| Path::new(OsStr::from_bytes(text.to_bytes())))
}

/// The bytes of an extension of the ClientHello. Only a client hello callback finds any.
pub(crate) fn client_hello_extension(ssl: &SslRef, kind: u16) -> Option<&[u8]> {
    let (mut bytes, mut len): (*const c_uchar, usize) = (ptr::null(), 0);
    // SAFETY: rules 1 and 4; without a ClientHello at hand it returns 0.
    let found =
        unsafe { ffi::SSL_client_hello_get0_ext(ssl.as_ptr(), c_uint::from(kind), &mut bytes, &mut len) };
    match found {
        1 if len == 0 => Some(&[]),
        // SAFETY: rule 3: the extension is `len` bytes of the message that the callback is about, as is `ssl`.
        1 => Some(unsafe { slice::from_raw_parts(bytes, len) }),
        _ => None,
    }
}

/// OpenSSL's way of saying yes. What it says otherwise stands in the error queue.
fn succeeded(result: c_long) -> Result<(), ErrorStack> {
    if result > 0 { Ok(()) } else { Err(ErrorStack::get()) }
}

/// Whether OpenSSL holds bytes of the peer, decrypted or not.
pub(crate) fn has_pending(ssl: &SslRef) -> bool {
    // SAFETY: rules 1 and 4; it only looks.
    unsafe { SSL_has_pending(ssl.as_ptr()) == 1 }
}

/// Whether [`free_buffers`] may be called. Before these versions OpenSSL frees a buffer that it is about to fill, when it has read a record's
/// header and waits for the rest (CVE-2024-4741); there it has to release its buffers by itself, after each record
/// (`SSL_MODE_RELEASE_BUFFERS`).
pub(crate) fn frees_buffers() -> bool {
    static FREES: OnceLock<bool> = OnceLock::new();
    *FREES.get_or_init(|| is_mended(openssl::version::number()))
}

/// A version is 0xMNN00PP0: major, minor, patch.
fn is_mended(version: i64) -> bool {
    let (minor, patch) = ((version >> 20) & 0xff, (version >> 4) & 0xff);
    match version >> 28 {
        0..3 => false,
        3 => patch >= [14, 6, 2, 1].get(usize::try_from(minor).unwrap_or(0)).copied().unwrap_or(0),
        _ => true,
    }
}

/// Frees the buffers of a session that has nothing in them, where OpenSSL can do that.
pub(crate) fn free_buffers(ssl: &SslRef) {
    if !frees_buffers() {
        return;
    }
    // SAFETY: rules 1 and 4, and rule 5. OpenSSL leaves a buffer that has something in it.
    unsafe { SSL_free_buffers(ssl.as_ptr()) };
}

/// Whether the server has accepted the early data of this client.
pub(crate) fn early_data_accepted(ssl: &SslRef) -> bool {
    // SAFETY: rules 1 and 4; it only looks.
    unsafe { SSL_get_early_data_status(ssl.as_ptr()) == EARLY_DATA_ACCEPTED }
}

/// Has OpenSSL believe that the session was closed in order, so that it can be resumed.
pub(crate) fn keep_resumable(ssl: &SslRef) {
    // SAFETY: rules 1 and 5; it stores a number.
    unsafe { ffi::SSL_set_shutdown(ssl.as_ptr(), ffi::SSL_SENT_SHUTDOWN | ffi::SSL_RECEIVED_SHUTDOWN) }
}

/// Whether OpenSSL would try to resume it: not one whose `SSL` has failed since.
pub(crate) fn is_resumable(session: &SslSessionRef) -> bool {
    // SAFETY: rules 1 and 4; it only looks.
    unsafe { SSL_SESSION_is_resumable(session.as_ptr()) == 1 }
}

/// Has the handshake of `ssl` resume `session`, which came from a handshake of the same context.
pub(crate) fn set_session(ssl: &mut SslRef, session: &SslSessionRef) -> Result<(), ErrorStack> {
    // SAFETY: rule 1. OpenSSL counts its own reference to the session. That both belong to one context, as the `openssl` crate
    // demands, is so since each context has a session cache of its own.
    unsafe { ssl.set_session(session) }
}

/// Has the next handshake call ask the peer for a new handshake. TLS 1.2.
#[cfg(all(test, not(loom)))]
pub(crate) fn renegotiate(ssl: &SslRef) -> Result<(), ErrorStack> {
    unsafe extern "C" {
        fn SSL_renegotiate(ssl: *mut ffi::SSL) -> c_int;
    }
    // SAFETY: rules 1, 4 and 5; it notes what is to be sent.
    succeeded(unsafe { SSL_renegotiate(ssl.as_ptr()) } as c_long)
}

/// For what tests set and nobody else: the number of the command, and its argument.
#[cfg(all(test, not(loom)))]
pub(crate) fn control(context: &mut SslContextBuilder, command: c_int, argument: c_long) {
    // SAFETY: rules 1 and 4; it stores a number.
    unsafe { ffi::SSL_CTX_ctrl(context.as_ptr(), command, argument, ptr::null_mut()) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_freed_by_versions_that_can() {
        for mended in
            [0x3000_00e0, 0x3000_0130, 0x3010_0060, 0x3020_0020, 0x3030_0010, 0x3040_0000, 0x4000_0000]
        {
            assert!(is_mended(mended), "{mended:#x}");
        }
        for not in [0x1010_117f, 0x3000_00d0, 0x3010_0050, 0x3020_0010, 0x3030_0000] {
            assert!(!is_mended(not), "{not:#x}");
        }
    }
}
