//! What only a server has: several names, and what it staples.

use std::sync::Arc;

use super::ContextBuilder;
use crate::{Context, Sni};

/// # Servers
///
/// A server chooses a context by the name that the client asks for (SNI), before anything else is decided. The context of a name
/// decides about certificates, client certificates, protocols, ciphers, signature algorithms, ALPN, OCSP and key logging. The
/// default context, which is the one that has the names, decides for all of them about groups, options, tickets and their keys, the
/// session cache, early data, time-outs and reading ahead. Sessions are resumed only under the name's own context.
impl ContextBuilder {
    /// The context for clients that ask for `name`: an exact one, or `*.example.org` for names with one more label. An exact name wins.
    ///
    /// Names do not differ by case. A client that asks for another name, or for none, gets the default context.
    pub fn sni_context(mut self, name: &str, context: Context) -> ContextBuilder {
        self.sources.sni_contexts.push((name.to_owned(), context));
        self
    }

    /// Asks `callback` for the context, with the name that the client asks for, if any. It is asked before an
    /// [`sni_context`](Self::sni_context) is looked for.
    ///
    /// It runs within the handshake, so it should not block. The name is what the client has sent: no more than a claim.
    ///
    /// # Panics
    ///
    /// A panic in it ends the handshake, which fails with its message.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::collections::HashMap;
    /// use fend::tls::{Context, Identity, Mode, Sni};
    ///
    /// # let a = Context::server(Identity::self_signed(["a.example"])?)?;
    /// let contexts = HashMap::from([("a.example".to_owned(), a)]);
    /// let server = Context::builder(Mode::Server)
    ///     .identity(Identity::self_signed(["default.example"])?)
    ///     .sni_callback(move |name| match name {
    ///         None => Sni::Accept,
    ///         Some(name) => match contexts.get(&name.to_lowercase()) {
    ///             Some(context) => Sni::Use(context.clone()),
    ///             None => Sni::Refuse,
    ///         },
    ///     })
    ///     .build()?;
    /// # drop(server);
    /// # Ok::<(), fend::tls::TlsError>(())
    /// ```
    pub fn sni_callback(
        mut self,
        callback: impl Fn(Option<&str>) -> Sni + Send + Sync + 'static,
    ) -> ContextBuilder {
        self.settings.sni_callback = Some(Arc::new(callback));
        self
    }

    /// Whether a client without a common [application protocol](Self::alpn) is refused with the alert no_application_protocol
    /// (`true`), also one that offers none at all. If not said it is served without one.
    pub fn alpn_required(mut self, required: bool) -> ContextBuilder {
        self.settings.alpn_required = required;
        self
    }

    /// The OCSP response, in DER, that clients get who ask for one: what `openssl ocsp -respout` writes.
    ///
    /// One that is no such response is not sent. Nothing here looks whether it is any good, or fetches another before it is out of date.
    pub fn ocsp_response(self, response: Vec<u8>) -> ContextBuilder {
        self.ocsp_callback(move || Some(response.clone()))
    }

    /// Asks `callback` for the OCSP response, in DER, whenever a client asks for one. With `None` the client gets none.
    ///
    /// It runs within the handshake, so it should not block: it hands out what another task has fetched.
    ///
    /// # Panics
    ///
    /// A panic in it ends the handshake, which fails with its message.
    pub fn ocsp_callback(
        mut self,
        callback: impl Fn() -> Option<Vec<u8>> + Send + Sync + 'static,
    ) -> ContextBuilder {
        self.settings.ocsp_staple = Some(Arc::new(callback));
        self
    }
}
