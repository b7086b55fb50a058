//! The command line, with curl's names where curl has one.

use std::path::PathBuf;
use std::time::Duration;

use crate::arguments::{Arguments, Stop};
use crate::data::Data;
use crate::http::{ConnectOptions, Credentials, Options, Override, Policy, Request};
use crate::output::Target;
use crate::runtime::{RUNTIME_HELP, RuntimeOptions};
use crate::status;

pub(crate) fn help() -> String {
    // As far to the right as the others.
    let runtime = RUNTIME_HELP.replace("  --", "      --");
    let status = status::HELP;
    format!(
        "\
usage: http_client [OPTIONS] URL...

Fetches each URL with HTTP/1.1, one after the other, and writes what comes to standard output.
  -X, --request METHOD     the method (default GET, or POST with --data)
  -H, --header FIELD       a header field, \"Name: value\"; \"Name:\" leaves a default out, \"Name;\" sends an empty one
  -d, --data DATA          a body; @FILE is read without its ends of lines, @- is standard input; several are joined with &
      --data-binary DATA   as --data, with the file as it is
  -u, --user NAME:PASSWORD sent as they are (Basic); those in a URL are too
  -I, --head               asks for the head of the response alone, and writes it
  -i, --include            writes the heads of responses too
  -o, --output FILE        writes there; the second -o is for the second URL
  -L, --location           follows redirects: after 301 and 302 a POST, after 303 all becomes a GET
      --max-redirs N       but no more than N of them (default 10)
      --allow-downgrade    also from https to http
  -k, --insecure           takes any certificate of a server
      --cacert FILE        the authorities to trust, or the server's own certificate, in place of whom the system trusts
  -E, --cert FILE          our own certificate, with its chain
      --key FILE           its key (default: in the same file)
  -f, --fail               fails when the status is 400 or more, and writes nothing then
  -m, --max-time SECS      for each URL as a whole (may have a fraction; default: as long as it takes)
      --resolve HOST:PORT:ADDRESS[,ADDRESS]   in place of what the system's resolver says
  -v, --verbose            tells on standard error what happens
  -s, --silent             does not tell what goes wrong, unless -S, --show-error is there too
{runtime}
{status}"
    )
}

/// What to do.
pub(crate) struct Command {
    pub(crate) urls: Vec<String>,
    pub(crate) outputs: Vec<Target>,
    pub(crate) options: Options,
    pub(crate) data: Vec<Data>,
    pub(crate) head_only: bool,
    pub(crate) include: bool,
    pub(crate) fail: bool,
    pub(crate) max_time: Option<Duration>,
    pub(crate) verbose: bool,
    pub(crate) silent: bool,
    pub(crate) runtime: RuntimeOptions,
}

pub(crate) fn read(arguments: &mut Arguments) -> Result<Command, Stop> {
    let mut reader = Reader::new();
    while let Some(name) = arguments.next()? {
        reader.read(&name, arguments)?;
    }
    reader.finish()
}

/// What was read so far.
struct Reader {
    command: Command,
    method: Option<String>,
    follow: bool,
    policy: Policy,
    show_error: bool,
}

impl Reader {
    fn new() -> Reader {
        let connect = ConnectOptions::default();
        let options = Options { request: Request::get(), redirects: None, connect };
        Reader {
            command: Command {
                urls: Vec::new(),
                outputs: Vec::new(),
                options,
                data: Vec::new(),
                head_only: false,
                include: false,
                fail: false,
                max_time: None,
                verbose: false,
                silent: false,
                runtime: RuntimeOptions::default(),
            },
            method: None,
            follow: false,
            policy: Policy { most: 10, allow_downgrade: false },
            show_error: false,
        }
    }

    fn read(&mut self, name: &str, arguments: &mut Arguments) -> Result<(), Stop> {
        let Command { options, data, .. } = &mut self.command;
        match name {
            "-X" | "--request" => self.method = Some(arguments.value()?),
            "-H" | "--header" => {
                let field: String = arguments.value()?;
                options.request.add_field(&field).map_err(|error| mistake(name, &field, &error))?;
            }
            "-d" | "--data" => data.push(Data::parse(&arguments.value::<String>()?, true)),
            "--data-binary" => data.push(Data::parse(&arguments.value::<String>()?, false)),
            "-u" | "--user" => {
                let user: String = arguments.value()?;
                options.request.set_credentials(Credentials::of_userinfo(user.as_bytes()));
            }
            "--resolve" => {
                let text: String = arguments.value()?;
                let parsed = Override::parse(&text).map_err(|error| mistake(name, &text, &error))?;
                options.connect.overrides.push(parsed);
            }
            "-k" | "--insecure" => options.connect.tls.insecure = true,
            "--cacert" => options.connect.tls.ca = Some(arguments.value()?),
            "-E" | "--cert" => options.connect.tls.certificate = Some(arguments.value()?),
            "--key" => options.connect.tls.key = Some(arguments.value()?),
            "-L" | "--location" => self.follow = true,
            "--max-redirs" => self.policy.most = arguments.number(0..)?,
            "--allow-downgrade" => self.policy.allow_downgrade = true,
            _ => return self.read_output(name, arguments),
        }
        Ok(())
    }

    /// The options that are not about the request.
    fn read_output(&mut self, name: &str, arguments: &mut Arguments) -> Result<(), Stop> {
        let command = &mut self.command;
        match name {
            "-o" | "--output" => command.outputs.push(match arguments.value::<PathBuf>()? {
                path if path.as_os_str() == "-" => Target::Stdout,
                path => Target::File(path),
            }),
            "-I" | "--head" => command.head_only = true,
            "-i" | "--include" => command.include = true,
            "-f" | "--fail" => command.fail = true,
            "-m" | "--max-time" => command.max_time = Some(arguments.value()?),
            "-v" | "--verbose" => command.verbose = true,
            "-s" | "--silent" => command.silent = true,
            "-S" | "--show-error" => self.show_error = true,
            _ if name.starts_with('-') => command.runtime.read(name, arguments)?,
            url => command.urls.push(url.to_owned()),
        }
        Ok(())
    }

    fn finish(self) -> Result<Command, Stop> {
        let Reader { mut command, method, follow, policy, show_error } = self;
        if command.urls.is_empty() {
            return Err(Stop::mistake("a URL is missing"));
        }
        if command.outputs.len() > command.urls.len() {
            return Err(Stop::mistake("there are more outputs than URLs"));
        }
        if command.head_only && !command.data.is_empty() {
            return Err(Stop::mistake("--head and --data do not go together"));
        }
        let tls = &command.options.connect.tls;
        if tls.key.is_some() && tls.certificate.is_none() {
            return Err(Stop::mistake("--key needs --cert"));
        }
        let method = method.as_deref().unwrap_or(match (command.head_only, command.data.is_empty()) {
            (true, _) => "HEAD",
            (false, true) => "GET",
            (false, false) => "POST",
        });
        let request = &mut command.options.request;
        request.set_method(method).map_err(|error| mistake("--request", method, &error))?;
        command.options.redirects = follow.then_some(policy);
        command.include |= command.head_only;
        command.silent &= !show_error;
        Ok(command)
    }
}

fn mistake(name: &str, value: &str, error: &str) -> Stop {
    Stop::mistake(format!("{name} {value:?}: {error}"))
}
