//! What to watch, and what to do then.

use std::path::PathBuf;
use std::time::Duration;

use fend::inotify::Mask;

use crate::arguments::{Arguments, Stop, Value};
use crate::runtime::{RUNTIME_HELP, RuntimeOptions};

pub(crate) fn help() -> String {
    let names: Vec<&str> = EVENTS.iter().map(|(name, _)| *name).collect();
    format!(
        "\
usage: watch [OPTIONS] PATH...

Prints what happens to the files in every PATH, a line for each event: the time (UTC), what has happened, and to what. Bytes that would
spoil a line are printed as \\n or \\xFF. Ends with ^C or SIGTERM, at the next line when nobody reads its output any more, or when nothing
is left to be watched.
  -r, --recursive      all directories in PATH too, also those that come later
  -e, --events LIST    only these, with commas between them (default: {DEFAULT}):
                       {}
      --split          both halves of a rename as lines of their own
      --json           an object on each line
  -n, --count N        ends after so many events
      --exec COMMAND   runs COMMAND with sh when something has changed and it is quiet again; once more when something has changed while
                       it ran. WATCH_PATH is one of what has changed. What COMMAND itself changes counts too. A COMMAND that runs at
                       ^C or SIGTERM is sent SIGTERM and waited for; a second signal ends watch at once
      --debounce SECS  how long it must be quiet before (default 0.1)
  -q, --quiet          prints no events
{RUNTIME_HELP}
A line with OVERFLOW says that events were lost, since they came faster than they could be printed. What is marked with (found) was in a
directory when this was read for the first time, and may have been made a moment before.

Examples:
  watch --recursive /etc
  watch -r --events create,delete,move --json /var/spool
  watch -r -q --events close_write,move --exec 'cargo check' src

Exit status:
   0  so many events have come, nothing is left to be watched or read by, or a signal has ended it
   1  something cannot be watched: standard error tells what, and why
   2  a command line that cannot be understood
",
        names.join(", ")
    )
}

const DEFAULT: &str = "all that are changes";

const EVENTS: [(&str, Mask); 13] = [
    ("create", Mask::CREATE),
    ("modify", Mask::MODIFY),
    ("close_write", Mask::CLOSE_WRITE),
    ("attrib", Mask::ATTRIB),
    ("delete", Mask::DELETE),
    ("move", Mask::MOVE),
    ("moved_from", Mask::MOVED_FROM),
    ("moved_to", Mask::MOVED_TO),
    ("self", Mask::from_bits(Mask::DELETE_SELF.bits() | Mask::MOVE_SELF.bits())),
    ("open", Mask::OPEN),
    ("access", Mask::ACCESS),
    ("close", Mask::CLOSE),
    ("all", Mask::ALL_EVENTS),
];

/// What to do.
pub(crate) struct Command {
    pub(crate) paths: Vec<PathBuf>,
    pub(crate) recursive: bool,
    pub(crate) events: Mask,
    pub(crate) split: bool,
    pub(crate) json: bool,
    pub(crate) count: Option<usize>,
    pub(crate) exec: Option<String>,
    pub(crate) debounce: Duration,
    pub(crate) quiet: bool,
    pub(crate) runtime: RuntimeOptions,
}

pub(crate) fn read(arguments: &mut Arguments) -> Result<Command, Stop> {
    let mut command = Command {
        paths: Vec::new(),
        recursive: false,
        events: Mask::CHANGES,
        split: false,
        json: false,
        count: None,
        exec: None,
        debounce: Duration::from_millis(100),
        quiet: false,
        runtime: RuntimeOptions::default(),
    };
    while let Some(word) = arguments.next()? {
        match word.as_str() {
            "-r" | "--recursive" => command.recursive = true,
            "-e" | "--events" => command.events = arguments.value::<Events>()?.0,
            "--split" => command.split = true,
            "--json" => command.json = true,
            "-n" | "--count" => command.count = Some(arguments.number(1..)?),
            "--exec" => command.exec = Some(arguments.value()?),
            "--debounce" => command.debounce = arguments.value()?,
            "-q" | "--quiet" => command.quiet = true,
            option if option.starts_with('-') => command.runtime.read(option, arguments)?,
            _ => command.paths.push(word.into()),
        }
    }
    if command.paths.is_empty() {
        return Err(Stop::mistake("a PATH is missing"));
    }
    Ok(command)
}

struct Events(Mask);

impl Value for Events {
    fn read(text: &str) -> Result<Events, String> {
        let mut mask = Mask::NONE;
        for wanted in text.split(',') {
            let known = EVENTS.iter().find(|(name, _)| *name == wanted);
            let (_, bits) = known.ok_or_else(|| format!("{wanted:?} is no event; see --help"))?;
            mask |= *bits;
        }
        Ok(Events(mask))
    }
}
