//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use hyper::Method;

use crate::arguments::{Arguments, Stop, Value};
use crate::runtime::{RUNTIME_HELP, RuntimeOptions};
use crate::target::{Field, Parts, Target};

pub(crate) fn help() -> String {
    // As far to the right as the others.
    let runtime = RUNTIME_HELP.replace("  --", "      --");
    format!(
        "\
usage: load [OPTIONS] URL

Sends requests to an HTTP server, and tells how many it answers and how long that takes.
  -c, --connections N      how many connections to keep busy (default 50)
  -d, --duration SECS      how long (may have a fraction; default 10, unless -n is there)
  -n, --requests N         ends after so many requests
  -r, --rate N             so many requests in a second, at even distances, whether or not those before are answered yet. A latency is
                           counted from when its request was due, be it sent later since no connection was free
                           (default: as many as the server answers, each connection waiting for its last answer)
      --http2              HTTP/2: for https by ALPN, for http without asking (default HTTP/1.1)
      --streams N          with --http2, requests at once on each connection (default 1)
  -t, --timeout SECS       for a connection, and for each answer (default 10)
  -X, --method METHOD      the method (default GET, or POST with --data)
  -H, --header FIELD       a header field, \"Name: value\"; may be given several times
      --data TEXT          the body of each request
      --data-file FILE     the same, from a file
  -k, --insecure           takes any certificate of a server
      --cacert FILE        the authorities to trust, in place of whom the system trusts
{runtime}
^C ends it early. Progress is shown where standard error is a terminal. The exit status is 1 when no request had an answer below 400.
"
    )
}

pub(crate) struct Command {
    pub(crate) target: Target,
    pub(crate) parts: Parts,
    pub(crate) load: Load,
    pub(crate) trust: Trust,
    pub(crate) runtime: RuntimeOptions,
}

/// How much is asked, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub(crate) connections: usize,
    pub(crate) streams: usize,
    pub(crate) http2: bool,
    pub(crate) duration: Option<Duration>,
    pub(crate) requests: Option<usize>,
    /// Requests in a second.
    pub(crate) rate: Option<f64>,
    pub(crate) timeout: Duration,
}

/// Which certificates are taken.
#[derive(Debug, Default)]
pub(crate) struct Trust {
    pub(crate) insecure: bool,
    pub(crate) authorities: Option<PathBuf>,
}

/// A number of requests in a second.
struct Rate(f64);

impl Value for Rate {
    fn read(text: &str) -> Result<Rate, String> {
        match text.parse() {
            Ok(rate) if (0.001..=1e7).contains(&rate) => Ok(Rate(rate)),
            _ => Err("not a number from 0.001 to 10000000".to_owned()),
        }
    }
}

/// What was read so far.
struct Reader {
    target: Option<Target>,
    method: Option<Method>,
    data: Option<Data>,
    parts: Parts,
    load: Load,
    trust: Trust,
    runtime: RuntimeOptions,
}

enum Data {
    Text(String),
    File(PathBuf),
}

pub(crate) fn read(arguments: &mut Arguments) -> Result<Command, Stop> {
    let mut reader = Reader {
        target: None,
        method: None,
        data: None,
        parts: Parts::default(),
        load: Load {
            connections: 50,
            streams: 1,
            http2: false,
            duration: None,
            requests: None,
            rate: None,
            timeout: Duration::from_secs(10),
        },
        trust: Trust::default(),
        runtime: RuntimeOptions::default(),
    };
    while let Some(name) = arguments.next()? {
        reader.read(&name, arguments)?;
    }
    reader.finish()
}

impl Reader {
    fn read(&mut self, name: &str, arguments: &mut Arguments) -> Result<(), Stop> {
        let load = &mut self.load;
        match name {
            "-c" | "--connections" => load.connections = arguments.number(1..=65_536)?,
            "-d" | "--duration" => load.duration = Some(arguments.value()?),
            "-n" | "--requests" => load.requests = Some(arguments.number(1..)?),
            "-r" | "--rate" => load.rate = Some(arguments.value::<Rate>()?.0),
            "--http2" => load.http2 = true,
            "--streams" => load.streams = arguments.number(1..=10_000)?,
            "-t" | "--timeout" => load.timeout = arguments.value()?,
            "-X" | "--method" => self.method = Some(arguments.value()?),
            "-H" | "--header" => {
                let Field(name, value) = arguments.value()?;
                self.parts.fields.append(name, value);
            }
            "--data" => self.data = Some(Data::Text(arguments.value()?)),
            "--data-file" => self.data = Some(Data::File(arguments.value()?)),
            "-k" | "--insecure" => self.trust.insecure = true,
            "--cacert" => self.trust.authorities = Some(arguments.value()?),
            _ if name.starts_with('-') => self.runtime.read(name, arguments)?,
            _ if self.target.is_some() => return Err(arguments.unknown()),
            url => {
                let wrong = |error| Stop::mistake(format!("{url:?}: {error}"));
                self.target = Some(Target::read(url).map_err(wrong)?);
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<Command, Stop> {
        let Reader { target, method, data, mut parts, mut load, trust, runtime } = self;
        let target = target.ok_or_else(|| Stop::mistake("a URL is missing"))?;
        if load.streams > 1 && !load.http2 {
            return Err(Stop::mistake("--streams needs --http2"));
        }
        if load.duration.is_none() && load.requests.is_none() {
            load.duration = Some(Duration::from_secs(10));
        }
        let has_body = data.is_some();
        parts.body = data.map(Data::load).transpose()?.unwrap_or_default().into();
        parts.method = method.unwrap_or(if has_body { Method::POST } else { Method::GET });
        Ok(Command { target, parts, load, trust, runtime })
    }
}

impl Data {
    fn load(self) -> Result<Vec<u8>, Stop> {
        match self {
            Data::Text(text) => Ok(text.into_bytes()),
            Data::File(path) => std::fs::read(&path)
                .map_err(|error| Stop::mistake(format!("--data-file {:?}: {error}", path.display()))),
        }
    }
}
