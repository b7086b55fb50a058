//! The servers of one test.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use crate::dig::{dig, short};
use crate::server::dnsmasq::Dnsmasq;
use crate::server::knot::{Counts, Knot};
use crate::server::unbound::{Own, Unbound};
use crate::server::{Server, are_installed};
use crate::zone::zones;

/// What makes unbound write down what it is asked, and gives it a few records of its own.
const TALKATIVE: &str = "
    log-queries: yes
    local-zone: \"local.fend.\" static
    local-data: \"here.local.fend. 600 IN A 192.0.2.200\"
    local-data: \"here.local.fend. 600 IN AAAA 2001:db8::200\"
    local-data: \"here.local.fend. 600 IN TXT 'its own' 'data'\"
";

/// One of each, running. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Peers(Arc<Running>);

#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) knot: Knot,
    pub(crate) unbound: Unbound,
    pub(crate) dnsmasq: Dnsmasq,
    dug: Mutex<HashMap<Question, Vec<String>>>,
}

/// The server, the name and the type.
type Question = (SocketAddr, String, &'static str);

impl Peers {
    /// Starts them. `None` when there is one that is not installed.
    pub(crate) async fn start() -> Option<Peers> {
        fend::spawn_blocking(|| are_installed().then(Peers::start_blocking)).await.expect("the servers start")
    }

    fn start_blocking() -> Peers {
        let zones = zones();
        let knot = Knot::start(&zones, None);
        let authority = knot.0.address;
        let keys = dig(authority, &["+noall", "+answer", "DNSKEY", "signed.test"]);
        let unbound = Unbound::start(&zones, authority, None, Own { anchor: &keys, settings: TALKATIVE });
        let dnsmasq = Dnsmasq::start(unbound.0.address);
        Peers(Arc::new(Running { knot, unbound, dnsmasq, dug: Mutex::default() }))
    }

    /// Runs what blocks, such as another program.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        body: impl FnOnce(&Peers) -> T + Send + 'static,
    ) -> T {
        let peers = self.clone();
        match fend::spawn_blocking(move || body(&peers)).await {
            Ok(result) => result,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    pub(crate) fn servers(&self) -> [&Server; 3] {
        [&self.knot.0, &self.unbound.0, &self.dnsmasq.0]
    }

    /// What knot has counted so far.
    pub(crate) async fn counts(&self) -> Counts {
        self.blocking(|peers| peers.knot.counts()).await
    }

    /// What `dig +short` prints, sorted. It is asked once.
    pub(crate) fn short(&self, server: SocketAddr, name: &str, record_type: &'static str) -> Vec<String> {
        let key = (server, name.to_owned(), record_type);
        if let Some(known) = self.dug.lock().unwrap().get(&key) {
            return known.clone();
        }
        let lines = short(server, name, record_type);
        self.dug.lock().unwrap().insert(key, lines.clone());
        lines
    }

    pub(crate) fn authority(&self) -> SocketAddr {
        self.knot.0.address
    }
}

impl std::ops::Deref for Peers {
    type Target = Running;

    fn deref(&self) -> &Running {
        &self.0
    }
}
