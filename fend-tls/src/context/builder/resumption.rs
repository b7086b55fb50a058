//! How sessions are resumed, and early data.

use std::time::Duration;

use super::ContextBuilder;

/// # Resumption
///
/// A session can be resumed by the same client within two hours: the handshake then needs no certificates, and less arithmetic. A
/// server hands the state to the client in tickets, encrypted with keys that each context makes at random, and remembers nothing.
impl ContextBuilder {
    /// Whether tickets are used. They are if not said.
    ///
    /// Without them a server keeps the sessions in its [cache](Self::session_cache), and a client of TLS 1.2 resumes only sessions
    /// that the server keeps. A server that is not to resume anything says `tickets(0)` and `session_cache(0)` too.
    pub fn session_tickets(mut self, yes: bool) -> ContextBuilder {
        self.settings.resumption.tickets = Some(yes);
        self
    }

    /// How many tickets a client of TLS 1.3 gets after the handshake. 2 if not said. For a server.
    ///
    /// A client should use each once, so that an observer does not recognise it: this is how many connections it can open at once
    /// later.
    pub fn tickets(mut self, count: usize) -> ContextBuilder {
        self.settings.resumption.ticket_count = Some(count);
        self
    }

    /// The keys that tickets are protected with: a name of 16 bytes that is sent openly, 32 bytes for the HMAC, 32 for AES. For a
    /// server.
    ///
    /// Several processes with the same keys resume each other's sessions, if they ask the same of client certificates. Otherwise
    /// each context makes its own. **Whoever has them can read recorded sessions of TLS 1.2, and early data**, and can pretend to be
    /// the server to clients that resume: make them of good randomness, and new ones every day.
    pub fn ticket_keys(mut self, keys: &[u8; 80]) -> ContextBuilder {
        self.settings.resumption.ticket_keys = Some(Box::new(*keys));
        self
    }

    /// For how long a session can be resumed, in whole seconds. Two hours if not said, and a week at most (RFC 8446, section 4.6.1).
    pub fn session_timeout(mut self, timeout: Duration) -> ContextBuilder {
        self.settings.resumption.timeout = Some(timeout);
        self
    }

    /// Which contexts resume each other's sessions: those that share the ticket keys or the cache, and have the same bytes here.
    /// For a server.
    ///
    /// What a context asks of client certificates is mixed in: a session that began without one is never resumed where one is asked
    /// for. If nothing is said, contexts with the same [`ticket_keys`](Self::ticket_keys) resume each other's sessions, and otherwise
    /// each only its own, with those that [reloaded](crate::TlsAcceptor::reload) certificates make of it.
    pub fn session_id_context(mut self, id: &[u8]) -> ContextBuilder {
        self.settings.resumption.id_context = Some(id.to_vec());
        self
    }

    /// How many hosts a client remembers sessions of: 256 if not said, and 0 for none. For a server, how many sessions it keeps
    /// that have no tickets: 20480 if not said, and 0 for none.
    pub fn session_cache(mut self, size: usize) -> ContextBuilder {
        self.settings.resumption.cache_size = Some(size);
        self
    }

    /// Early data, also called 0-RTT: how many bytes a server takes from a client that resumes a session, before the handshake is
    /// over. A client may send some when this is not 0. 0 if not said. TLS 1.3 only.
    ///
    /// **Early data can be replayed** (RFC 8446, section 8): who has recorded it can send it again, and the server cannot tell. So
    /// it must be nothing that must not happen twice: a GET, never a payment. It also lacks forward secrecy. OpenSSL's protection
    /// against replays is on: such a session is kept in the [cache](Self::session_cache) of the context and resumed once. It does
    /// not help across several processes or machines, and these sessions end with the context: a certificate that is reloaded makes
    /// full handshakes of them.
    pub fn early_data(mut self, max_bytes: u32) -> ContextBuilder {
        self.settings.max_early_data = max_bytes;
        self
    }
}
