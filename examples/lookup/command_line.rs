//! What to look up, and whom to ask.

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use fend::dns::{NameServer, Path, RecordType, Resolver};
use fend::tls::{Certificate, Context, Mode, TlsConnector};

use crate::arguments::{Arguments, Stop, Value};
use crate::runtime::{RUNTIME_HELP, RuntimeOptions};

pub(crate) fn help() -> String {
    format!(
        "\
usage: lookup [OPTIONS] NAME...

Looks every NAME up, all at the same time, and prints the answers in the order of the command line: of a name its addresses, one on a
line, the best first; of an address its name.
  -t, --type TYPE      records of this type instead: A, AAAA, CNAME, MX, TXT, SRV, PTR, NS, SOA, CAA, HTTPS, SVCB, or TYPE and a number
  -x, --reverse        every NAME must be an address
  --server IP[:PORT]   the name server to ask (may be given several times; default: those of /etc/resolv.conf)
  --tcp                asks the servers by TCP alone
  --tls HOST           asks the servers over TLS (port 853), with a certificate for HOST
  --ca FILE            the authorities to trust with --tls, in place of whom the system trusts
  --native             asks by itself, whatever nsswitch.conf says
  --system             has the C library ask
  --hosts FILE         read in place of /etc/hosts
  --timeout SECS       for each NAME as a whole (may have a fraction; default: as long as it takes)
  --stats              tells at the end, on standard error, what the cache has done
{RUNTIME_HELP}
Examples:
  lookup localhost ::1
  lookup --type MX example.org
  lookup --type AAAA --server 192.0.2.53 --tcp example.org example.net
  lookup --server 192.0.2.53 --tls dns.example.org example.org

Exit status:
   0  everything was found
   1  something was not: standard error tells what, and why
   2  a command line that cannot be understood
"
    )
}

/// What to do.
#[derive(Default)]
pub(crate) struct Command {
    pub(crate) names: Vec<String>,
    pub(crate) record_type: Option<RecordType>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) stats: bool,
    pub(crate) runtime: RuntimeOptions,
    reverse: bool,
    servers: Vec<ServerAddress>,
    tcp: bool,
    tls: Option<String>,
    ca: Option<PathBuf>,
    path: Path,
    hosts: Option<PathBuf>,
}

/// A name server's address, and its port when that was said.
struct ServerAddress {
    ip: IpAddr,
    port: Option<u16>,
}

pub(crate) fn read(arguments: &mut Arguments) -> Result<Command, Stop> {
    let mut command = Command::default();
    while let Some(word) = arguments.next()? {
        match word.as_str() {
            "-t" | "--type" => command.record_type = Some(arguments.value()?),
            "-x" | "--reverse" => command.reverse = true,
            "--server" => command.servers.push(arguments.value()?),
            "--tcp" => command.tcp = true,
            "--tls" => command.tls = Some(arguments.value()?),
            "--ca" => command.ca = Some(arguments.value()?),
            "--native" => command.path = Path::Native,
            "--system" => command.path = Path::System,
            "--hosts" => command.hosts = Some(arguments.value()?),
            "--timeout" => command.timeout = Some(arguments.value()?),
            "--stats" => command.stats = true,
            option if option.starts_with('-') => command.runtime.read(option, arguments)?,
            _ => command.names.push(word),
        }
    }
    command.check().map_err(Stop::Mistake)?;
    Ok(command)
}

impl Command {
    /// Refuses what does not go together.
    fn check(&self) -> Result<(), String> {
        let is_name = |name: &&String| name.parse::<IpAddr>().is_err();
        if self.names.is_empty() {
            return Err("a NAME is missing".to_owned());
        }
        if self.servers.is_empty() && (self.tcp || self.tls.is_some()) {
            return Err("--tcp and --tls need --server".to_owned());
        }
        if self.tcp && self.tls.is_some() {
            return Err("--tcp and --tls do not go together".to_owned());
        }
        if self.ca.is_some() && self.tls.is_none() {
            return Err("--ca needs --tls".to_owned());
        }
        if self.path == Path::System {
            if !self.servers.is_empty() || self.hosts.is_some() {
                return Err(
                    "the C library takes no --server and no --hosts: they do not go with --system".to_owned()
                );
            }
            if self.record_type.is_some() {
                return Err("the C library knows no records: --type does not go with --system".to_owned());
            }
        }
        if self.reverse {
            if self.record_type.is_some() {
                return Err("--reverse and --type do not go together".to_owned());
            }
            if let Some(name) = self.names.iter().find(is_name) {
                return Err(format!("--reverse: {name:?} is not an IP address"));
            }
        }
        Ok(())
    }

    pub(crate) fn resolver(&self) -> Result<Resolver, Box<dyn Error>> {
        // Who names a server, or a file, wants them asked.
        let is_native = !self.servers.is_empty() || self.hosts.is_some();
        let mut builder = Resolver::builder().path(if is_native { Path::Native } else { self.path });
        for server in &self.servers {
            builder = builder.name_server(self.name_server(server));
        }
        if let Some(hosts) = &self.hosts {
            builder = builder.hosts(hosts);
        }
        if let Some(file) = &self.ca {
            let mut context = Context::builder(Mode::Client);
            for certificate in Certificate::chain_from_file(file)? {
                context = context.ca(certificate);
            }
            builder = builder.tls_connector(TlsConnector::with_context(context.build()?)?);
        }
        Ok(builder.build()?)
    }

    fn name_server(&self, server: &ServerAddress) -> NameServer {
        let usual = if self.tls.is_some() { 853 } else { 53 };
        let address = SocketAddr::from((server.ip, server.port.unwrap_or(usual)));
        match &self.tls {
            Some(host) => NameServer::tls(address, host),
            None if self.tcp => NameServer::tcp(address),
            None => NameServer::new(address),
        }
    }
}

impl Value for ServerAddress {
    fn read(text: &str) -> Result<ServerAddress, String> {
        if let Ok(ip) = text.parse() {
            return Ok(ServerAddress { ip, port: None });
        }
        let address: SocketAddr = text
            .parse()
            .map_err(|_| "not an IP address, with a port or without, such as 127.0.0.1 or [::1]:53")?;
        Ok(ServerAddress { ip: address.ip(), port: Some(address.port()) })
    }
}

impl Value for RecordType {
    fn read(text: &str) -> Result<RecordType, String> {
        text.parse().map_err(|_| "not a type of records, such as A, MX or TYPE65".to_owned())
    }
}
