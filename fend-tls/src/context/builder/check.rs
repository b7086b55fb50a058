//! Settings that cannot be meant: they are told before anything is read.

use std::time::Duration;

use openssl::ssl::SslOptions;

use super::ContextBuilder;
use crate::context::build::setting;
use crate::context::{Mode, Ocsp};
use crate::{TlsError, Verify};

/// What TLS 1.3 allows for a ticket.
const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);

impl ContextBuilder {
    pub(super) fn check(&self) -> Result<(), TlsError> {
        self.check_side()?;
        self.check_protocols()?;
        self.check_options()?;
        self.check_texts()?;
        self.check_alpn()?;
        self.check_resumption()?;
        match self.settings.mode {
            Mode::Client => self.check_client(),
            Mode::Server => self.check_server(),
        }
    }

    fn check_side(&self) -> Result<(), TlsError> {
        let (settings, sources) = (&self.settings, &self.sources);
        let resumption = &settings.resumption;
        let (said, side): (&[(bool, &str)], &str) = match settings.mode {
            Mode::Client => (
                &[
                    (!sources.sni_contexts.is_empty(), "sni_context"),
                    (settings.sni_callback.is_some(), "sni_callback"),
                    (settings.ocsp_staple.is_some(), "ocsp_response"),
                    (settings.alpn_required, "alpn_required"),
                    (sources.dhparam_file.is_some(), "dhparam_file"),
                    (settings.parameters.dhparam.is_some(), "dhparam_pem"),
                    (resumption.ticket_count.is_some(), "tickets"),
                    (resumption.ticket_keys.is_some(), "ticket_keys"),
                    (resumption.id_context.is_some(), "session_id_context"),
                ],
                "server",
            ),
            Mode::Server => (
                &[
                    (settings.ocsp == Ocsp::Request, "request_ocsp"),
                    (settings.ocsp == Ocsp::Require, "require_ocsp"),
                    (settings.verification.accept_invalid_hostnames, "danger_accept_invalid_hostnames"),
                    (settings.names.partial_wildcards, "allow_partial_wildcards"),
                    (settings.names.multi_label_wildcards, "allow_multi_label_wildcards"),
                    (settings.names.common_name, "allow_common_name"),
                ],
                "client",
            ),
        };
        match said.iter().find(|(said, _)| *said) {
            Some((_, name)) => Err(refusal(name, &format!("this is a setting of a {side}"))),
            None => Ok(()),
        }
    }

    fn check_protocols(&self) -> Result<(), TlsError> {
        let parameters = &self.settings.parameters;
        let min = parameters.min_protocol();
        match parameters.max_protocol {
            Some(max) if max < min => {
                let default = if parameters.min_protocol.is_none() { ", the default" } else { "" };
                let message = format!("it is older than min_protocol {min}{default}");
                Err(TlsError::input(setting("max_protocol", max), message))
            }
            _ => Ok(()),
        }
    }

    fn check_options(&self) -> Result<(), TlsError> {
        let parameters = &self.settings.parameters;
        if parameters.options.is_some_and(|options| options.contains(SslOptions::IGNORE_UNEXPECTED_EOF)) {
            return Err(refusal("options IGNORE_UNEXPECTED_EOF", "allow_truncation does it"));
        }
        match parameters.security_level {
            Some(level @ 6..) => Err(TlsError::input(setting("security_level", level), "there are 0 to 5")),
            _ => Ok(()),
        }
    }

    /// They become C strings.
    fn check_texts(&self) -> Result<(), TlsError> {
        let parameters = &self.settings.parameters;
        let texts = [
            ("ciphers", &parameters.ciphers),
            ("cipher_suites", &parameters.cipher_suites),
            ("groups", &parameters.groups),
            ("signature_algorithms", &parameters.signature_algorithms),
        ];
        for (name, text) in texts {
            match text {
                Some(text) if text.contains('\0') => {
                    return Err(TlsError::input(
                        setting(name, format_args!("{text:?}")),
                        "there is a NUL in it",
                    ));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn check_alpn(&self) -> Result<(), TlsError> {
        if self.settings.alpn_required && self.settings.alpn.is_empty() {
            return Err(refusal("alpn_required", "alpn names no protocols"));
        }
        Ok(())
    }

    fn check_resumption(&self) -> Result<(), TlsError> {
        let resumption = &self.settings.resumption;
        match resumption.timeout {
            Some(timeout) if timeout > WEEK => {
                return Err(TlsError::input(
                    setting("session_timeout", format_args!("{timeout:?}")),
                    "more than a week",
                ));
            }
            _ => {}
        }
        if self.settings.max_early_data > 0 && resumption.cache_size == Some(0) {
            let operation = setting("early_data", self.settings.max_early_data);
            return Err(TlsError::input(operation, "with session_cache 0 there is no session to resume"));
        }
        Ok(())
    }

    fn check_client(&self) -> Result<(), TlsError> {
        if !self.settings.verification.verify.contains(Verify::PEER) {
            let message = "a client that trusts anybody says danger_accept_invalid_certs";
            return Err(refusal(&format!("verify {:?}", self.settings.verification.verify), message));
        }
        Ok(())
    }

    fn check_server(&self) -> Result<(), TlsError> {
        let (settings, sources) = (&self.settings, &self.sources);
        let verification = &settings.verification;
        let has_roots = !settings.trust.certificates.is_empty()
            || !sources.cafiles.is_empty()
            || !sources.capaths.is_empty()
            || sources.system_roots == Some(true);
        if verification.verify.contains(Verify::PEER) {
            let may_pass = has_roots
                || verification.accept_invalid_certs
                || verification.accept_self_signed
                || verification.callback.is_some();
            if !may_pass && settings.hooks.is_empty() {
                let message = "no client certificate could pass without a ca, cafile or capath";
                return Err(refusal(&format!("verify {:?}", verification.verify), message));
            }
            return Ok(());
        }
        if verification.verify.contains(Verify::CLIENT_ONCE) {
            return Err(refusal("verify CLIENT_ONCE", "without PEER it says nothing"));
        }
        if sources.verify_said {
            return Ok(());
        }
        // Somebody believes that clients are verified.
        let said = [
            (!settings.trust.certificates.is_empty(), "ca"),
            (!sources.cafiles.is_empty(), "cafile"),
            (!sources.capaths.is_empty(), "capath"),
            (!sources.crl_files.is_empty(), "crl_file"),
            (verification.callback.is_some(), "verify_callback"),
            (verification.depth.is_some(), "verify_depth"),
        ];
        match said.iter().find(|(said, _)| *said) {
            Some((_, name)) => {
                let message = "a server asks for no client certificates until it says verify(Verify::PEER)";
                Err(refusal(name, message))
            }
            None => Ok(()),
        }
    }
}

fn refusal(name: &str, message: &str) -> TlsError {
    TlsError::input(format!("TLS context: {name}"), message)
}
