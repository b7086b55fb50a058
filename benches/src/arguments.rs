//! The command line of all programs here: `--name value`, in any order.

use std::collections::HashMap;
use std::fmt::Display;
use std::str::FromStr;

/// What was said.
#[derive(Debug)]
pub struct Arguments {
    help: String,
    said: HashMap<String, String>,
}

impl Arguments {
    /// Reads the process's arguments. `--help` prints `help` and ends the process; so does what cannot be understood.
    #[must_use]
    pub fn read(help: &str) -> Arguments {
        Arguments::of(help, std::env::args().skip(1))
    }

    /// The same of some words.
    pub fn of(help: &str, mut words: impl Iterator<Item = String>) -> Arguments {
        let mut arguments = Arguments { help: help.to_owned(), said: HashMap::new() };
        while let Some(word) = words.next() {
            match word.strip_prefix("--") {
                Some("help") => arguments.end("", 0),
                Some(name) => match words.next() {
                    Some(value) => drop(arguments.said.insert(name.to_owned(), value)),
                    None => arguments.end(&format!("--{name} needs a value"), 2),
                },
                None => arguments.end(&format!("{word:?} is no option"), 2),
            }
        }
        arguments
    }

    /// The value of `--name`.
    pub fn get<T: FromStr<Err: Display>>(&mut self, name: &str) -> Option<T> {
        let value = self.said.remove(name)?;
        match value.parse() {
            Ok(value) => Some(value),
            Err(error) => self.end(&format!("--{name} {value}: {error}"), 2),
        }
    }

    /// The value of `--name`, or this one.
    pub fn get_or<T: FromStr<Err: Display>>(&mut self, name: &str, default: T) -> T {
        self.get(name).unwrap_or(default)
    }

    /// The value of `--name`, without which there is nothing to do.
    pub fn require<T: FromStr<Err: Display>>(&mut self, name: &str) -> T {
        self.get(name).unwrap_or_else(|| self.end(&format!("--{name} is missing"), 2))
    }

    /// Whatever nobody has asked for is a mistake.
    pub fn finish(self) {
        if let Some(name) = self.said.keys().next() {
            self.end(&format!("there is no option --{name}"), 2);
        }
    }

    /// Prints the help, after a complaint if there is one, and ends the process.
    pub fn end(&self, complaint: &str, code: i32) -> ! {
        if complaint.is_empty() {
            #[expect(clippy::print_stdout, reason = "it is what was asked for")]
            {
                println!("{}", self.help);
            }
        } else {
            eprintln!("{complaint}\n\n{}", self.help);
        }
        std::process::exit(code);
    }
}
