//! dnsmasq: has records of its own, and forwards other questions.

use std::net::SocketAddr;
use std::process::Command;

use super::Server;

#[derive(Debug)]
pub(crate) struct Dnsmasq(pub(crate) Server);

impl Dnsmasq {
    /// Starts it with `upstream` as the server that it asks.
    pub(crate) fn start(upstream: SocketAddr) -> Dnsmasq {
        Dnsmasq(Server::start("dnsmasq", None, |site| {
            let mut command = Command::new("dnsmasq");
            command.args(["--keep-in-foreground", "--log-facility=-", "--log-queries", "--bind-interfaces"]);
            command.args([
                "--conf-file=/dev/null",
                "--no-resolv",
                "--no-hosts",
                "--user=root",
                "--pid-file=",
            ]);
            command.args(["--listen-address=127.0.0.1", "--listen-address=::1", "--local-ttl=120"]);
            command.args(["--dns-forward-max=4096", "--cache-size=0"]);
            command.arg(format!("--port={}", site.port));
            command.arg(format!("--server={}#{}", upstream.ip(), upstream.port()));
            command.args([
                "--host-record=own.masq.fend,192.0.2.210,2001:db8::210",
                "--cname=alias.masq.fend,own.masq.fend",
                "--mx-host=masq.fend,own.masq.fend,7",
                "--txt-record=own.masq.fend,two,strings",
                "--srv-host=_http._tcp.masq.fend,own.masq.fend,8080,1,2",
                "--caa-record=masq.fend,0,issue,ca.example",
                "--ptr-record=210.113.0.203.in-addr.arpa,own.masq.fend",
            ]);
            command
        }))
    }
}
