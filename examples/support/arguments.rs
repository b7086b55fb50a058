//! Command lines, read by hand: words, `--name value` and `--name=value`.

use std::env;
use std::error::Error;
use std::fmt;
use std::io::{self, Write};
use std::ops::RangeFrom;
use std::process::ExitCode;
use std::str::FromStr;

/// What is wrong with the command line: a sentence that names the argument and its value.
#[derive(Debug)]
pub(crate) struct Mistake(pub(crate) String);

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Mistake {}

/// The whole of a `main`: reads the command line, runs what it asks for, and tells on standard error what went wrong. The exit status is 2
/// for a command line that `read` refuses, 1 for an error of `run`.
pub(crate) fn main<C>(
    program: &str,
    read: impl FnOnce(&mut Arguments) -> Result<C, Mistake>,
    run: impl FnOnce(C) -> Result<(), Box<dyn Error>>,
) -> ExitCode {
    let command = match read(&mut Arguments::of_this_process()) {
        Ok(command) => command,
        Err(mistake) => {
            let _ = writeln!(io::stderr(), "{program}: {mistake} (see {program} --help)");
            return ExitCode::from(2);
        }
    };
    match run(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{program}: {error}");
            ExitCode::FAILURE
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
}

impl Arguments {
    /// Those of this process, without the program's name.
    pub(crate) fn of_this_process() -> Arguments {
        let mut rest = env::args_os();
        rest.next();
        Arguments { rest, name: String::new(), inline: None }
    }

    /// The next word, or the next option's name without its value.
    pub(crate) fn next(&mut self) -> Result<Option<String>, Mistake> {
        if let Some(value) = self.inline.take() {
            return Err(Mistake(format!("{} takes no value, but was given {value:?}", self.name)));
        }
        let Some(argument) = self.take()? else { return Ok(None) };
        match argument.split_once('=') {
            Some((name, value)) if name.starts_with("--") => {
                self.name = name.to_owned();
                self.inline = Some(value.to_owned());
            }
            _ => self.name = argument,
        }
        Ok(Some(self.name.clone()))
    }

    /// The value of the option that came last.
    pub(crate) fn value<T>(&mut self) -> Result<T, Mistake>
    where
        T: FromStr,
        T::Err: fmt::Display,
    {
        let text = match self.inline.take() {
            Some(text) => text,
            None => self.take()?.ok_or_else(|| Mistake(format!("{} needs a value", self.name)))?,
        };
        text.parse().map_err(|error| Mistake(format!("{} {text:?}: {error}", self.name)))
    }

    /// The value of the option that came last, a number in `range`.
    pub(crate) fn number(&mut self, range: RangeFrom<usize>) -> Result<usize, Mistake> {
        let number = self.value()?;
        if range.contains(&number) {
            return Ok(number);
        }
        Err(Mistake(format!("{} {number}: must be at least {}", self.name, range.start)))
    }

    /// For an argument that the program does not know.
    pub(crate) fn unknown(&self) -> Mistake {
        Mistake(format!("unknown argument {:?}", self.name))
    }

    fn take(&mut self) -> Result<Option<String>, Mistake> {
        let Some(argument) = self.rest.next() else { return Ok(None) };
        argument.into_string().map(Some).map_err(|bytes| Mistake(format!("argument {bytes:?} is not UTF-8")))
    }
}
