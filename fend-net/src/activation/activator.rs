//! [`Activator`]: starts a program with sockets.

use std::collections::BTreeMap;
use std::env;
use std::ffi::{CString, OsStr, OsString};
use std::fmt;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::announcement::{FDS, NAMES, PID};
use crate::error::SocketError;
use crate::sys::activation::{Image, spawn};

/// Which process `LISTEN_PID` is, for newer versions of systemd: of no use to a child of ours.
const PIDFD_ID: &str = "LISTEN_PIDFDID";

/// The longest name that sd_listen_fds(3) gives out.
const LONGEST_NAME: usize = 255;

/// Starts a program with sockets as its file descriptors 3, 4 and so on, as systemd would.
///
/// It has the methods of [`std::process::Command`] that matter for that. `Command` itself cannot do it: `LISTEN_PID` has to be
/// the id of the child, which exists only after the fork, when the environment that `Command` will give it is beyond
/// reach.
///
/// The sockets stay open here too: drop them when the child is to have them alone. A socket's mode is shared: one
/// that is in use here is non-blocking, and is so for the child. [`ListenFd::convert`](super::ListenFd::convert) does not mind, a
/// program that expects a blocking one might.
///
/// # Examples
///
/// ```
/// use std::process::Stdio;
///
/// use fend::net::TcpListener;
/// use fend::net::activation::Activator;
///
/// # fend::block_on(async {
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let child = Activator::new("sh")
///     .args(["-c", "echo $LISTEN_FDS $LISTEN_FDNAMES; [ $LISTEN_PID = $$ ]"])
///     .stdout(Stdio::piped())
///     .pass("http", &listener)?
///     .spawn()?;
/// let output = fend::spawn_blocking(|| child.wait_with_output()).await??;
/// assert!(output.status.success());
/// assert_eq!(output.stdout, b"1 http\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
pub struct Activator {
    command: Command,
    arguments: Vec<OsString>,
    environment: BTreeMap<OsString, OsString>,
    names: Vec<String>,
    fds: Vec<OwnedFd>,
}

impl Activator {
    /// Will start `program`: a path, or a name that is looked for in `PATH`. It inherits environment, directory and standard
    /// streams.
    pub fn new(program: impl AsRef<OsStr>) -> Activator {
        let program = program.as_ref();
        Activator {
            command: Command::new(program),
            arguments: vec![program.to_owned()],
            environment: env::vars_os().collect(),
            names: Vec::new(),
            fds: Vec::new(),
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Activator {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<S: AsRef<OsStr>>(self, arguments: impl IntoIterator<Item = S>) -> Activator {
        arguments.into_iter().fold(self, Activator::arg)
    }

    /// Sets a variable of the program's environment.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Activator {
        self.environment.insert(name.as_ref().to_owned(), value.as_ref().to_owned());
        self
    }

    /// Removes a variable from the program's environment.
    #[must_use]
    pub fn env_remove(mut self, name: impl AsRef<OsStr>) -> Activator {
        self.environment.remove(name.as_ref());
        self
    }

    /// Removes all variables from the program's environment, but those that announce the descriptors.
    #[must_use]
    pub fn env_clear(mut self) -> Activator {
        self.environment.clear();
        self
    }

    /// Sets the program's working directory.
    #[must_use]
    pub fn current_dir(mut self, directory: impl AsRef<Path>) -> Activator {
        self.command.current_dir(directory);
        self
    }

    /// Sets the program's standard input.
    #[must_use]
    pub fn stdin(mut self, stream: impl Into<Stdio>) -> Activator {
        self.command.stdin(stream);
        self
    }

    /// Sets the program's standard output.
    #[must_use]
    pub fn stdout(mut self, stream: impl Into<Stdio>) -> Activator {
        self.command.stdout(stream);
        self
    }

    /// Sets the program's standard error.
    #[must_use]
    pub fn stderr(mut self, stream: impl Into<Stdio>) -> Activator {
        self.command.stderr(stream);
        self
    }

    /// Passes a file descriptor, mostly a listening socket, as the next in order. Keeps a duplicate until the start.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for a name that is empty, longer than 255 bytes, or has other characters
    /// than printable ASCII without the colon. What fcntl(2) says when no descriptor is left.
    pub fn pass(mut self, name: &str, fd: impl AsFd) -> io::Result<Activator> {
        if !is_name(name) {
            let why = "must be 1 to 255 printable ASCII characters, and no colon";
            return Err(invalid(format!("the name of a file descriptor, {name:?}: {why}")));
        }
        self.fds.push(fd.as_fd().try_clone_to_owned()?);
        self.names.push(name.to_owned());
        Ok(self)
    }

    /// Starts the program. The child is std's: dropping it neither ends nor awaits the program.
    ///
    /// It blocks the thread, as `Command` does, until the program has begun to run, or could not: about a millisecond, and as long as
    /// it takes where the program's file is slow to be had (a network's file system). On a worker use `fend::spawn_blocking`. For a
    /// moment it needs a further descriptor for each that is passed.
    ///
    /// # Errors
    ///
    /// What fork(2) and exec(2) say, with the program in the message: [`NotFound`](io::ErrorKind::NotFound) when there is
    /// none. [`InvalidInput`](io::ErrorKind::InvalidInput) for an argument or a variable with a zero byte in it, and for
    /// a variable's name that is empty or has an equals sign.
    pub fn spawn(mut self) -> io::Result<Child> {
        self.announce();
        let program = self.arguments[0].clone();
        let pid_variable = (!self.fds.is_empty()).then_some(PID);
        let image =
            Image::new(c_strings("argument", self.arguments)?, variables(self.environment)?, pid_variable);
        let fds: Vec<_> = self.fds.iter().map(AsFd::as_fd).collect();
        spawn(self.command, image, &fds)
            .map_err(|error| SocketError::wrap("start", format!("{program:?}"), error))
    }

    /// Writes the variables, and removes those that were meant for this process.
    fn announce(&mut self) {
        for name in [PID, FDS, NAMES, PIDFD_ID] {
            self.environment.remove(OsStr::new(name));
        }
        if !self.fds.is_empty() {
            self.environment.insert(FDS.into(), self.fds.len().to_string().into());
            self.environment.insert(NAMES.into(), self.names.join(":").into());
        }
    }
}

/// Without the environment, which may hold secrets.
impl fmt::Debug for Activator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Activator")
            .field("arguments", &self.arguments)
            .field("names", &self.names)
            .field("fds", &self.fds)
            .finish_non_exhaustive()
    }
}

fn is_name(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(|b| (b' '..=b'~').contains(&b) && b != b':')
}

fn variables(environment: BTreeMap<OsString, OsString>) -> io::Result<Vec<CString>> {
    let mut strings = Vec::with_capacity(environment.len());
    for (name, value) in environment {
        if name.is_empty() || name.as_encoded_bytes()[1..].contains(&b'=') {
            return Err(invalid(format!("the name of a variable, {name:?}: must not be empty or contain =")));
        }
        let mut string = name;
        string.push("=");
        string.push(value);
        strings.push(string);
    }
    c_strings("variable", strings)
}

fn c_strings(what: &str, strings: Vec<OsString>) -> io::Result<Vec<CString>> {
    let c_string = |string: OsString| {
        CString::new(string.clone().into_vec())
            .map_err(|_| invalid(format!("{what} {string:?} has a zero byte")))
    };
    strings.into_iter().map(c_string).collect()
}

fn invalid(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_the_receiver_can_tell_apart() {
        for name in ["http", "my unit.socket", "~", &"x".repeat(255)] {
            assert!(is_name(name), "{name:?}");
        }
        for name in ["", "a:b", "a\n", "ä", "\u{7F}", &"x".repeat(256)] {
            assert!(!is_name(name), "{name:?}");
            let error = Activator::new("true").pass(name, io::stdin()).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            assert!(error.to_string().contains(&format!("{name:?}")), "{error}");
        }
    }

    #[test]
    fn what_c_cannot_say_is_an_error() {
        for activator in [
            Activator::new("tr\0ue"),
            Activator::new("true").arg("a\0b"),
            Activator::new("true").env("A", "a\0b"),
            Activator::new("true").env("A=B", "a"),
            Activator::new("true").env("", "a"),
        ] {
            let error = activator.spawn().unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{error}");
        }
    }

    #[test]
    fn debug_shows_no_environment() {
        let text = format!("{:?}", Activator::new("true").env("TOKEN", "secret"));
        assert!(text.contains("true") && !text.contains("secret"), "{text}");
    }
}
