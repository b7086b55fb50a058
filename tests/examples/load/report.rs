//! What the load generator prints at its end, read.

use std::time::Duration;

use crate::program::run;

/// What it has printed: its exit status, and the lines.
pub(crate) struct Report {
    pub(crate) code: i32,
    pub(crate) text: String,
}

impl Report {
    pub(crate) fn of(arguments: &[&str]) -> Report {
        let (status, text) = run("load", arguments, &[]);
        Report { code: status.code().expect("an exit status"), text }
    }

    /// What stands behind a word at the begin of a line.
    #[track_caller]
    pub(crate) fn line(&self, name: &str) -> &str {
        let found = self.text.lines().find_map(|line| line.strip_prefix(name));
        found.unwrap_or_else(|| panic!("no {name:?} in {}", self.text)).trim()
    }

    /// The number of answers.
    #[track_caller]
    pub(crate) fn answers(&self) -> usize {
        let number = self.line("answers").split(' ').next().unwrap_or_default();
        number.parse().unwrap_or_else(|error| panic!("{number:?}: {error}"))
    }

    /// A latency, such as p50.
    #[track_caller]
    pub(crate) fn latency(&self, name: &str) -> Duration {
        let words: Vec<_> = self.line("latency").split_whitespace().collect();
        let found = words.chunks(3).find(|words| words[0] == name).expect("this one");
        let number: f64 = found[1].parse().expect("a number");
        let unit = match found[2] {
            "µs" => 1e-6,
            "ms" => 1e-3,
            unit => {
                assert_eq!(unit, "s");
                1.0
            }
        };
        Duration::from_secs_f64(number * unit)
    }
}
