//! The settings: defaults, then a file, then the environment, then the command line. The last one that names a setting counts.

use std::fmt::Display;
use std::fs;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

pub const HELP: &str = "\
usage: starter [--NAME VALUE]...

  --config FILE         settings, one on a line: NAME = VALUE, and # before a remark
  --listen ADDRESS      where to listen, unless the service manager hands over a socket (default 127.0.0.1:8080; port 0: any free one)
  --max-connections N   how many there may be at once; further ones wait (default 1024)
  --max-body BYTES      the largest body of a request that is taken (default 65536)
  --drain-delay SECS    how long /ready says no before the service stops listening, for a balancer to notice (default 0)
  --grace SECS          how long requests that are under way have then (default 10)

Each is also taken from the environment: STARTER_CONFIG, STARTER_LISTEN, STARTER_MAX_CONNECTIONS and so on.
";

const NAMES: [&str; 5] = ["listen", "max-connections", "max-body", "drain-delay", "grace"];

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    pub listen: SocketAddr,
    pub max_connections: usize,
    pub max_body: usize,
    pub drain_delay: Duration,
    pub grace: Duration,
}

impl Config {
    /// From the arguments behind the program's name, and the environment. An error is a sentence for whoever has made the mistake.
    pub fn load(
        arguments: impl IntoIterator<Item = String>,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Config, String> {
        let mut config = Config::default();
        let flags = flags(arguments)?;
        let of_flags = flags.iter().rev().find(|(name, _)| name == "config").map(|(_, path)| path.clone());
        if let Some(path) = of_flags.or_else(|| environment("STARTER_CONFIG")) {
            config.read_file(&path)?;
        }
        for name in NAMES {
            let variable = format!("STARTER_{}", name.replace('-', "_").to_uppercase());
            if let Some(value) = environment(&variable) {
                config.set(name, &value).map_err(|mistake| format!("{variable}: {mistake}"))?;
            }
        }
        for (name, value) in flags.iter().filter(|(name, _)| name != "config") {
            config.set(name, value).map_err(|mistake| format!("--{name}: {mistake}"))?;
        }
        Ok(config)
    }

    fn read_file(&mut self, path: &str) -> Result<(), String> {
        let text = fs::read_to_string(path).map_err(|error| format!("read {path}: {error}"))?;
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            let set = match line.split_once('=') {
                Some((name, value)) => self.set(name.trim(), value.trim()),
                None => Err(format!("{line:?} is not NAME = VALUE")),
            };
            set.map_err(|mistake| format!("{path}, line {number}: {mistake}"))?;
        }
        Ok(())
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        match name {
            "listen" => self.listen = parse(value, "an address and a port, such as 127.0.0.1:8080")?,
            "max-connections" => match parse(value, "a number")? {
                0 => return Err("with 0 nobody could connect".to_owned()),
                number => self.max_connections = number,
            },
            "max-body" => self.max_body = parse(value, "a number of bytes")?,
            "drain-delay" => self.drain_delay = seconds(value)?,
            "grace" => self.grace = seconds(value)?,
            _ => return Err(format!("there is no setting {name:?}")),
        }
        Ok(())
    }
}

impl Default for Config {
    fn default() -> Config {
        Config {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            max_connections: 1024,
            max_body: 65_536,
            drain_delay: Duration::ZERO,
            grace: Duration::from_secs(10),
        }
    }
}

/// `--name value` and `--name=value`, as pairs.
fn flags(arguments: impl IntoIterator<Item = String>) -> Result<Vec<(String, String)>, String> {
    let mut arguments = arguments.into_iter();
    let mut flags = Vec::new();
    while let Some(argument) = arguments.next() {
        let flag = argument.strip_prefix("--").ok_or_else(|| format!("{argument:?} is not --NAME"))?;
        flags.push(match flag.split_once('=') {
            Some((name, value)) => (name.to_owned(), value.to_owned()),
            None => (flag.to_owned(), arguments.next().ok_or_else(|| format!("--{flag} needs a value"))?),
        });
    }
    Ok(flags)
}

fn seconds(value: &str) -> Result<Duration, String> {
    const WANTED: &str = "a number of seconds";
    let seconds = parse(value, WANTED)?;
    Duration::try_from_secs_f64(seconds).map_err(|_| not(value, WANTED))
}

fn parse<T: FromStr>(value: &str, wanted: &str) -> Result<T, String> {
    value.parse().map_err(|_| not(value, wanted))
}

fn not(value: &str, wanted: impl Display) -> String {
    format!("{value:?} is not {wanted}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Config, String> {
        let of = |name: &str| {
            environment.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        };
        Config::load(arguments.iter().map(|&argument| argument.to_owned()), of)
    }

    #[test]
    fn the_command_line_counts_more_than_the_environment() {
        assert_eq!(load(&[], &[]), Ok(Config::default()));
        let environment = [("STARTER_MAX_BODY", "5"), ("STARTER_GRACE", "0.5")];
        let config = load(&["--max-body=7", "--listen", "[::1]:0"], &environment).expect("settings");
        assert_eq!((config.max_body, config.grace), (7, Duration::from_millis(500)));
        assert_eq!(config.listen.to_string(), "[::1]:0");
    }

    #[test]
    fn mistakes_say_where_and_what() {
        for (arguments, environment, mistake) in [
            (&["--grace", "-1"][..], &[][..], "--grace: \"-1\" is not a number of seconds"),
            (&[], &[("STARTER_LISTEN", "here")], "STARTER_LISTEN: \"here\" is not an address"),
            (&["--max-connections=0"], &[], "--max-connections: with 0 nobody could connect"),
            (&["--max-body"], &[], "--max-body needs a value"),
            (&["--speed", "9"], &[], "--speed: there is no setting \"speed\""),
            (&["here"], &[], "\"here\" is not --NAME"),
            (&["--config", "/nowhere/at.all"], &[], "read /nowhere/at.all: No such file"),
        ] {
            let said = load(arguments, environment).expect_err("a mistake");
            assert!(said.starts_with(mistake), "{said}");
        }
    }
}
