//! The programs that are measured, as children: what they say, one line of JSON at a time, and their end.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::Value;

use super::Failure;

/// How long a program may say nothing. Valgrind makes them forty times slower.
const PATIENCE: Duration = Duration::from_secs(120);

/// A program of this crate, built beside this one.
pub(super) fn program(name: &str) -> PathBuf {
    let own = std::env::current_exe().expect("this program has a path");
    own.with_file_name(name)
}

/// A child. Ended when dropped.
#[derive(Debug)]
pub(super) struct Program {
    what: String,
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    stderr: Option<JoinHandle<String>>,
}

impl Program {
    pub(super) fn start(mut command: Command) -> Result<Program, Failure> {
        let what = words(&command);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child =
            command.spawn().map_err(|error| Failure(format!("cannot start `{what}`: {error}")))?;
        let (stdout, mut stderr) = (child.stdout.take().expect("piped"), child.stderr.take().expect("piped"));
        let (say, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if say.send(line).is_err() {
                    break;
                }
            }
        });
        let stderr = thread::spawn(move || {
            let mut text = Vec::new();
            let _ = stderr.read_to_end(&mut text);
            String::from_utf8_lossy(&text).into_owned()
        });
        Ok(Program { what, stdin: child.stdin.take(), child, lines, stderr: Some(stderr) })
    }

    /// The next line that it says.
    pub(super) fn line(&mut self) -> Result<Value, Failure> {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => serde_json::from_str(&line)
                .map_err(|error| Failure(format!("`{}` said {line:?}: {error}", self.what))),
            Err(RecvTimeoutError::Timeout) => {
                Err(Failure(format!("`{}` has said nothing for {PATIENCE:?}", self.what)))
            }
            Err(RecvTimeoutError::Disconnected) => {
                let _ = self.child.kill();
                let complaints = self.complaints();
                Err(Failure(format!("`{}` has ended: {complaints}", self.what)))
            }
        }
    }

    /// Tells it a line.
    pub(super) fn tell(&mut self, line: &str) -> Result<(), Failure> {
        let stdin = self.stdin.as_mut().expect("it has not been ended");
        writeln!(stdin, "{line}")
            .map_err(|error| Failure(format!("telling `{}` {line:?}: {error}", self.what)))
    }

    /// Ends its standard input, waits until it has ended too, and gives what it wrote to standard error.
    pub(super) fn end(mut self) -> Result<String, Failure> {
        drop(self.stdin.take());
        match self.lines.recv_timeout(PATIENCE) {
            Err(RecvTimeoutError::Disconnected) => {}
            Ok(line) => return Err(Failure(format!("`{}` goes on with {line:?}", self.what))),
            Err(RecvTimeoutError::Timeout) => return Err(Failure(format!("`{}` does not end", self.what))),
        }
        let status =
            self.child.wait().map_err(|error| Failure(format!("waiting for `{}`: {error}", self.what)))?;
        let complaints = self.complaints();
        if status.success() {
            Ok(complaints)
        } else {
            Err(Failure(format!("`{}`: {status}: {complaints}", self.what)))
        }
    }

    fn complaints(&mut self) -> String {
        self.stderr.take().and_then(|stderr| stderr.join().ok()).unwrap_or_default()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a program that prints one line, to its end; its line and what it wrote to standard error.
pub(super) fn run(command: Command) -> Result<(Value, String), Failure> {
    let mut program = Program::start(command)?;
    let line = program.line()?;
    Ok((line, program.end()?))
}

/// A number of a line.
pub(super) fn number(line: &Value, name: &str) -> Result<f64, Failure> {
    line[name].as_f64().ok_or_else(|| Failure(format!("there is no number {name:?} in {line}")))
}

fn words(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_program_answers_and_ends_with_its_input() {
        let mut program =
            Program::start(shell("while read -r line; do echo \"[$line]\"; done; echo bye >&2")).unwrap();
        program.tell("7").unwrap();
        assert_eq!(program.line().unwrap(), serde_json::json!([7]));
        assert_eq!(program.end().unwrap(), "bye\n");
    }

    #[test]
    fn one_that_fails_is_named_with_what_it_said() {
        let failed = run(shell("echo no such thing >&2; exit 3")).unwrap_err().to_string();
        assert!(failed.contains("sh -c") && failed.contains("no such thing"), "{failed}");
        let failed = Program::start(shell("echo 1; echo late >&2; exit 3")).and_then(|mut program| {
            program.line()?;
            program.end()
        });
        assert!(failed.unwrap_err().to_string().contains("late"));
        let unreadable = run(shell("echo what")).unwrap_err().to_string();
        assert!(unreadable.contains("what"), "{unreadable}");
    }
}
