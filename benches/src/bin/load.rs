//! Sends requests to a server from one thread, and says how long the answers took. Prints a line of JSON.

use std::io::{self, Read, Write};
use std::process::ExitCode;

use benches::arguments::Arguments;
use benches::load::Load;
use benches::load::options::Options;

const HELP: &str = "\
usage: load --addr ADDRESS --protocol PROTOCOL (--requests N | --seconds S) [options]

protocols:
  echo        bytes over TCP
  http        GET requests on connections that are kept
  tls         echo over TLS 1.3, no certificate is verified
  udp         datagrams, one under way on each socket
  churn-rst   connect, one echo, close by a reset
  churn-fin   connect, one echo, close and wait for the server's close
  http-churn  connect, one GET request with `connection: close`

options:
  --connections N   at once (50)
  --size BYTES      of an echo (64)
  --requests N      measures so many
  --seconds S       measures what is sent in this time
  --warmup N        requests before those that are measured (0)
  --rate PER_SECOND sends at these times, answered or not; latency counts from when a request was due
  --lockstep true   sends on all connections, then receives on all
  --wait true       prints {\"ready\":true} after the warm-up, and begins at a line on standard input
  --idle true       opens the connections, prints {\"ready\":true}, and holds them until standard input ends
  --patience S      ends with an error when nothing is heard of a request for so long (10)

Each connection that is kept sends one request when it is opened, which does not count.";

fn main() -> ExitCode {
    let mut arguments = Arguments::read(HELP);
    let (wait, idle) = (arguments.get_or("wait", false), arguments.get_or("idle", false));
    let options = Options::from_arguments(&mut arguments, idle);
    arguments.finish();
    match options {
        Ok(options) => match run(options, wait, idle) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("load: {error}");
                ExitCode::FAILURE
            }
        },
        Err(complaint) => {
            eprintln!("{complaint}\n\n{HELP}");
            ExitCode::from(2)
        }
    }
}

fn run(options: Options, wait: bool, idle: bool) -> io::Result<()> {
    let mut load = Load::open(options)?;
    if idle {
        say("{\"ready\":true}")?;
        io::copy(&mut io::stdin().lock(), &mut io::sink())?;
        return Ok(());
    }
    load.warm_up()?;
    if wait {
        say("{\"ready\":true}")?;
        wait_for_line()?;
    }
    let report = load.measure()?;
    if let Some(error) = &report.first_error {
        eprintln!("load: {} errors, the first was: {error}", report.errors);
    }
    say(&report.to_json())
}

fn say(line: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}

fn wait_for_line() -> io::Result<()> {
    let mut byte = [0];
    while byte != *b"\n" {
        io::stdin().lock().read_exact(&mut byte)?;
    }
    Ok(())
}
