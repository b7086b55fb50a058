//! Command lines, read by hand: words, `--name value` and `--name=value`, and short options as curl has them (`-sL`, `-o file`, `-ofile`);
//! and the `main` that reads one, runs what it asks for, and says what went wrong.

use std::env;
use std::error::Error;
use std::fmt;
use std::io::{self, Write};
use std::mem;
use std::net::SocketAddr;
use std::num::{IntErrorKind, ParseIntError};
use std::ops::{Bound, RangeBounds};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// The longest time of an option: about thirty years, which can be added to any other time.
const LONGEST: Duration = Duration::from_secs(1_000_000_000);

/// Why a command line gives nothing to run.
#[derive(Debug)]
pub(crate) enum Stop {
    /// `--help`, wherever it stands.
    Help,
    /// What is wrong with it: a sentence that names the argument and its value.
    Mistake(String),
}

impl Stop {
    pub(crate) fn mistake(sentence: impl Into<String>) -> Stop {
        Stop::Mistake(sentence.into())
    }
}

/// The whole of a `main`: reads the command line, runs what it asks for, and tells on standard error what went wrong. The exit status is 2
/// for a command line that `read` refuses, else what comes of `run`: 1 for an error, or a status that it has found itself.
pub(crate) fn main<C, E: Exit>(
    program: &str,
    help: &str,
    read: impl FnOnce(&mut Arguments) -> Result<C, Stop>,
    run: impl FnOnce(C) -> E,
) -> ExitCode {
    match read(&mut Arguments::of_this_process()) {
        Ok(command) => run(command).exit(program),
        Err(Stop::Help) => write!(io::stdout(), "{help}").map_err(Box::from).exit(program),
        Err(Stop::Mistake(mistake)) => {
            complain(format!("{program}: {mistake} (see {program} --help)"));
            ExitCode::from(2)
        }
    }
}

/// How a program ends.
pub(crate) trait Exit {
    fn exit(self, program: &str) -> ExitCode;
}

impl Exit for ExitCode {
    fn exit(self, _: &str) -> ExitCode {
        self
    }
}

impl Exit for Result<(), Box<dyn Error>> {
    fn exit(self, program: &str) -> ExitCode {
        match self {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                complain(format!("{program}: {error}"));
                ExitCode::FAILURE
            }
        }
    }
}

/// Says it on standard error. When that is closed nobody wants to hear it.
pub(crate) fn complain(message: impl fmt::Display) {
    let _ = writeln!(io::stderr(), "{message}");
}

/// What the value of an option can be. Its errors are for whoever has typed it.
pub(crate) trait Value: Sized {
    fn read(text: &str) -> Result<Self, String>;
}

impl Value for String {
    fn read(text: &str) -> Result<String, String> {
        Ok(text.to_owned())
    }
}

impl Value for PathBuf {
    fn read(text: &str) -> Result<PathBuf, String> {
        Ok(text.into())
    }
}

impl Value for SocketAddr {
    fn read(text: &str) -> Result<SocketAddr, String> {
        text.parse().map_err(|_| "not an IP address and port, such as 127.0.0.1:80 or [::1]:80".to_owned())
    }
}

impl Value for usize {
    fn read(text: &str) -> Result<usize, String> {
        text.parse().map_err(|error: ParseIntError| match error.kind() {
            IntErrorKind::PosOverflow => "too large a number".to_owned(),
            _ => "not a number".to_owned(),
        })
    }
}

impl Value for Duration {
    fn read(text: &str) -> Result<Duration, String> {
        let seconds = text.parse::<f64>().map_err(|_| "not a number of seconds".to_owned())?;
        match Duration::try_from_secs_f64(seconds) {
            Ok(duration) if duration > LONGEST => Err(format!("more than {} seconds", LONGEST.as_secs())),
            Ok(duration) if !duration.is_zero() => Ok(duration),
            _ => Err("not a time above 0".to_owned()),
        }
    }
}

/// Goes through the arguments from left to right.
pub(crate) struct Arguments {
    rest: env::ArgsOs,
    /// The argument that [`next`](Arguments::next) gave last, without its value.
    name: String,
    /// What stood behind the `=` of it.
    inline: Option<String>,
    /// What stood behind it in the same argument, when it is a short option: its value, or further ones.
    cluster: String,
}

impl Arguments {
    /// Those of this process, without the program's name.
    pub(crate) fn of_this_process() -> Arguments {
        let mut rest = env::args_os();
        rest.next();
        Arguments { rest, name: String::new(), inline: None, cluster: String::new() }
    }

    /// The next word, or the next option's name without its value. `--help` stops the reading, whatever comes behind it.
    pub(crate) fn next(&mut self) -> Result<Option<String>, Stop> {
        self.no_value()?;
        if self.cluster.is_empty() {
            let Some(argument) = self.take()? else { return Ok(None) };
            self.begin(argument);
        } else {
            let cluster = mem::take(&mut self.cluster);
            self.begin_cluster(&cluster);
        }
        match self.name.as_str() {
            "--help" | "-h" => self.no_value().and(Err(Stop::Help)),
            name => Ok(Some(name.to_owned())),
        }
    }

    fn begin(&mut self, argument: String) {
        match (argument.split_once('='), argument.strip_prefix('-')) {
            (Some((name, value)), _) if name.starts_with("--") => {
                self.name = name.to_owned();
                self.inline = Some(value.to_owned());
            }
            (_, Some(cluster)) if !cluster.is_empty() && !cluster.starts_with('-') => {
                self.begin_cluster(cluster)
            }
            _ => self.name = argument,
        }
    }

    /// Takes the first of several short options. What is behind it is its value, if it has one.
    fn begin_cluster(&mut self, cluster: &str) {
        let mut letters = cluster.chars();
        self.name = letters.next().map(|letter| format!("-{letter}")).unwrap_or_default();
        self.cluster = letters.as_str().to_owned();
    }

    /// The value of the option that came last.
    pub(crate) fn value<T: Value>(&mut self) -> Result<T, Stop> {
        let attached = Some(mem::take(&mut self.cluster)).filter(|text| !text.is_empty());
        let text = match self.inline.take().or(attached) {
            Some(text) => text,
            // Another option is no value; who means one writes `--name=--value`.
            None => match self.take()? {
                Some(text) if text == "--help" => return Err(Stop::Help),
                Some(text) if !text.starts_with("--") => text,
                _ => return Err(Stop::mistake(format!("{} needs a value", self.name))),
            },
        };
        T::read(&text).map_err(|error| Stop::mistake(format!("{} {text:?}: {error}", self.name)))
    }

    /// The value of the option that came last, a number in `range`.
    pub(crate) fn number(&mut self, range: impl RangeBounds<usize>) -> Result<usize, Stop> {
        let number = self.value()?;
        if range.contains(&number) {
            return Ok(number);
        }
        let wanted = match (range.start_bound(), range.end_bound()) {
            (Bound::Included(least), Bound::Unbounded) => format!("at least {least}"),
            (Bound::Included(least), Bound::Included(most)) => format!("from {least} to {most}"),
            other => format!("within {other:?}"),
        };
        Err(Stop::mistake(format!("{} {number}: must be {wanted}", self.name)))
    }

    /// Refuses the value of an option that takes none.
    fn no_value(&mut self) -> Result<(), Stop> {
        match self.inline.take() {
            Some(value) => {
                Err(Stop::mistake(format!("{} takes no value, but was given {value:?}", self.name)))
            }
            None => Ok(()),
        }
    }

    /// For an argument that the program does not know.
    pub(crate) fn unknown(&self) -> Stop {
        Stop::mistake(format!("unknown argument {:?}", self.name))
    }

    fn take(&mut self) -> Result<Option<String>, Stop> {
        let Some(argument) = self.rest.next() else { return Ok(None) };
        argument
            .into_string()
            .map(Some)
            .map_err(|bytes| Stop::mistake(format!("argument {bytes:?} is not UTF-8")))
    }
}
