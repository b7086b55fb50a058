//! What to look at, and how.

use std::time::Duration;

use crate::arguments::{Arguments, Stop, Value};
use crate::ports::Ports;
use crate::runtime::{RUNTIME_HELP, RuntimeOptions};
use crate::targets::Family;

pub(crate) fn help() -> String {
    format!(
        "\
usage: port_scan [OPTIONS] [HOST...]

Connects to TCP ports of each HOST (default 127.0.0.1), and tells which are open: a name's every address is looked at. A port is closed when
the host refuses a connection, and filtered when there is no answer: a firewall, or a service whose queue is full.
  -p, --ports LIST     ports and ranges of them, such as 22,80,8000-8999 (default 1-1024; all: 1-65535)
  --allow-remote       scans hosts other than this machine too. Without it they are refused: a scan is taken for the beginning of an
                       attack by many who watch their networks. Scan what is yours, or whose owner has agreed
  -4, -6               addresses of one family alone
  --concurrency N      how many connections are tried at once (default 512, as far as the limit of descriptors allows)
  --timeout SECS       how long the answer to one may take (may have a fraction; default 2)
  -b, --banners        waits for what an open port says first, no longer than --timeout, and shows the beginning of it
  --say TEXT           is sent to open ports first, for services that wait to be asked: \\r, \\n and \\\\ are known (with --banners)
  -a, --all            lists closed ports too
  --json               writes an object of JSON on each line, the last one with the counts
  -q, --quiet          shows no progress on a terminal
{RUNTIME_HELP}
Examples:
  port_scan --ports all --banners
  port_scan --ports 6379 --banners --say 'PING\\r\\n' localhost
  port_scan --ports 22,443 --allow-remote --timeout 5 host.example

Exit status:
   0  a port is open
   1  none is
   2  a command line that cannot be understood
   3  the scan could not be made, or not to its end: standard error tells why
"
    )
}

pub(crate) struct Command {
    pub(crate) hosts: Vec<String>,
    pub(crate) ports: Ports,
    pub(crate) allow_remote: bool,
    pub(crate) family: Option<Family>,
    pub(crate) concurrency: Option<usize>,
    pub(crate) timeout: Duration,
    pub(crate) banners: bool,
    pub(crate) say: Option<Spoken>,
    pub(crate) all: bool,
    pub(crate) json: bool,
    pub(crate) quiet: bool,
    pub(crate) runtime: RuntimeOptions,
}

pub(crate) fn read(arguments: &mut Arguments) -> Result<Command, Stop> {
    let mut command = Command {
        hosts: Vec::new(),
        ports: Ports::well_known(),
        allow_remote: false,
        family: None,
        concurrency: None,
        timeout: Duration::from_secs(2),
        banners: false,
        say: None,
        all: false,
        json: false,
        quiet: false,
        runtime: RuntimeOptions::default(),
    };
    while let Some(word) = arguments.next()? {
        match word.as_str() {
            "-p" | "--ports" => command.ports = arguments.value()?,
            "--allow-remote" => command.allow_remote = true,
            "-4" => command.family = Some(Family::V4),
            "-6" => command.family = Some(Family::V6),
            "--concurrency" => command.concurrency = Some(arguments.number(1..=100_000)?),
            "--timeout" => command.timeout = arguments.value()?,
            "-b" | "--banners" => command.banners = true,
            "--say" => command.say = Some(arguments.value()?),
            "-a" | "--all" => command.all = true,
            "--json" => command.json = true,
            "-q" | "--quiet" => command.quiet = true,
            option if option.starts_with('-') => command.runtime.read(option, arguments)?,
            _ => command.hosts.push(word),
        }
    }
    if command.say.is_some() && !command.banners {
        return Err(Stop::mistake("--say needs --banners"));
    }
    if command.hosts.is_empty() {
        command.hosts.push("127.0.0.1".to_owned());
    }
    Ok(command)
}

/// What is sent to a service.
pub(crate) struct Spoken(pub(crate) Vec<u8>);

impl Value for Spoken {
    fn read(text: &str) -> Result<Spoken, String> {
        let mut bytes = Vec::new();
        let mut letters = text.chars();
        while let Some(letter) = letters.next() {
            let meant = match letter {
                '\\' => match letters.next() {
                    Some('r') => '\r',
                    Some('n') => '\n',
                    Some('\\') => '\\',
                    _ => return Err("behind a \\ there is r, n, or another \\".to_owned()),
                },
                letter => letter,
            };
            bytes.extend(meant.encode_utf8(&mut [0; 4]).as_bytes());
        }
        Ok(Spoken(bytes))
    }
}
