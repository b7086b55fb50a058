//! The commands: what they are called and what they run.

use std::ffi::OsString;
use std::fs;
use std::mem;
use std::path::Path;

use crate::arguments::Stop;

/// A program with its arguments, and a name for it that no other has.
pub(crate) struct Command {
    pub(crate) name: String,
    pub(crate) words: Vec<OsString>,
}

/// Those of a command line, with `--` between them.
pub(crate) fn of_command_line(words: impl Iterator<Item = OsString>) -> Result<Vec<Command>, Stop> {
    let (mut commands, mut current) = (Vec::new(), Vec::new());
    for word in words.chain([OsString::from("--")]) {
        if word != "--" {
            current.push(word);
            continue;
        }
        let Some(program) = current.first() else {
            return Err(Stop::mistake("a command is missing behind --"));
        };
        let name = Path::new(program).file_name().unwrap_or(program).to_string_lossy().into_owned();
        let name = unlike(&commands, name);
        commands.push(Command { name, words: mem::take(&mut current) });
    }
    Ok(commands)
}

/// Those of a file of lines `name: command`.
pub(crate) fn of_file(path: &Path) -> Result<Vec<Command>, Stop> {
    let mistake = |what: String| Stop::mistake(format!("--file {}: {what}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| mistake(error.to_string()))?;
    let mut commands: Vec<Command> = Vec::new();
    for (number, line) in (1..).zip(text.lines().map(str::trim)) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let parts = line.split_once(':').map(|(name, script)| (name.trim(), script.trim()));
        let Some((name, script)) = parts.filter(|(name, script)| !name.is_empty() && !script.is_empty())
        else {
            return Err(mistake(format!("line {number}: not of the form `name: command`")));
        };
        if commands.iter().any(|command| command.name == name) {
            return Err(mistake(format!("line {number}: there is another {name:?} above")));
        }
        let words = ["sh", "-c", script].map(OsString::from).into();
        commands.push(Command { name: name.to_owned(), words });
    }
    Ok(commands)
}

/// The name, with a number behind it when others have it.
fn unlike(others: &[Command], name: String) -> String {
    let is_taken = |name: &str| others.iter().any(|other| other.name == name);
    if !is_taken(&name) {
        return name;
    }
    (2..).map(|number| format!("{name}.{number}")).find(|name| !is_taken(name)).unwrap_or(name)
}
