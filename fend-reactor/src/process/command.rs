//! [`Command`]: what to start and how.

use std::ffi::OsStr;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{self, CommandArgs, CommandEnvs, Stdio};

use super::handle::OnDrop;
use crate::sys;

/// A program to start, with its arguments, environment, streams and ids: [`std::process::Command`] with async children.
///
/// A command can be started any number of times.
///
/// # Examples
///
/// ```
/// # use fend_reactor as fend;
/// use fend::process::Command;
///
/// # fn main() -> std::io::Result<()> {
/// fend::block_on(async {
///     let output = Command::new("sh").args(["-c", "echo $GREETING"]).env("GREETING", "hello").output().await?;
///     assert_eq!(output.stdout, b"hello\n");
///     Ok(())
/// })
/// # }
/// ```
#[derive(Debug)]
pub struct Command {
    pub(super) std: process::Command,
    pub(super) on_drop: OnDrop,
    pub(super) chosen: Chosen,
    /// A child empties its signal mask before it runs the program.
    unblocks: bool,
}

/// Which streams the user has chosen. The others depend on how the program is started.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Chosen {
    pub(super) stdin: bool,
    pub(super) stdout: bool,
    pub(super) stderr: bool,
}

impl Command {
    /// A command for `program`: a path, or a name that is looked for in the directories of `PATH`. See [`std::process::Command::new`].
    pub fn new(program: impl AsRef<OsStr>) -> Command {
        process::Command::new(program).into()
    }

    /// Adds an argument. No shell is involved: it reaches the program as it is.
    pub fn arg(&mut self, arg: impl AsRef<OsStr>) -> &mut Command {
        self.std.arg(arg);
        self
    }

    /// Adds arguments.
    pub fn args<S: AsRef<OsStr>>(&mut self, args: impl IntoIterator<Item = S>) -> &mut Command {
        self.std.args(args);
        self
    }

    /// Sets the 0th argument, which is the program's name otherwise.
    pub fn arg0(&mut self, arg: impl AsRef<OsStr>) -> &mut Command {
        self.std.arg0(arg);
        self
    }

    /// Sets a variable of the environment.
    pub fn env(&mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> &mut Command {
        self.std.env(key, value);
        self
    }

    /// Sets variables of the environment.
    pub fn envs<K, V>(&mut self, variables: impl IntoIterator<Item = (K, V)>) -> &mut Command
    where
        K: AsRef<OsStr>,
        V: AsRef<OsStr>,
    {
        self.std.envs(variables);
        self
    }

    /// Takes a variable out of the environment, whether it was set here or is inherited.
    pub fn env_remove(&mut self, key: impl AsRef<OsStr>) -> &mut Command {
        self.std.env_remove(key);
        self
    }

    /// Empties the environment: nothing is inherited, and what was set before is forgotten.
    pub fn env_clear(&mut self) -> &mut Command {
        self.std.env_clear();
        self
    }

    /// The directory to start the program in. Give the program's path as an absolute one then: it is not settled from where a
    /// relative one starts.
    pub fn current_dir(&mut self, directory: impl AsRef<Path>) -> &mut Command {
        self.std.current_dir(directory);
        self
    }

    /// Chooses the standard input: [`Stdio::piped`], [`null`](Stdio::null), [`inherit`](Stdio::inherit), or a file. Inherited unless
    /// chosen, but for [`output`](Command::output), which gives the program nothing to read.
    pub fn stdin(&mut self, stdin: impl Into<Stdio>) -> &mut Command {
        self.std.stdin(stdin);
        self.chosen.stdin = true;
        self
    }

    /// Chooses the standard output. Inherited unless chosen, but for [`output`](Command::output), which reads it.
    pub fn stdout(&mut self, stdout: impl Into<Stdio>) -> &mut Command {
        self.std.stdout(stdout);
        self.chosen.stdout = true;
        self
    }

    /// Chooses the standard error. Inherited unless chosen, but for [`output`](Command::output), which reads it.
    pub fn stderr(&mut self, stderr: impl Into<Stdio>) -> &mut Command {
        self.std.stderr(stderr);
        self.chosen.stderr = true;
        self
    }

    /// The user id of the child. A process of root that says this loses its supplementary groups too: see
    /// [`CommandExt::uid`].
    pub fn uid(&mut self, id: u32) -> &mut Command {
        self.std.uid(id);
        self
    }

    /// The group id of the child.
    pub fn gid(&mut self, id: u32) -> &mut Command {
        self.std.gid(id);
        self
    }

    /// Puts the child into the process group with this id; 0 is a new one, which the child leads. Then
    /// [`signal_group`](super::Child::signal_group) reaches those that the child starts, too, and ^C at the terminal does not reach them.
    pub fn process_group(&mut self, group: i32) -> &mut Command {
        self.std.process_group(group);
        self
    }

    /// Has the child call `f` before it runs the program, with no signal blocked; several are called in turn. An error of it is that of
    /// [`spawn`](Command::spawn): its `errno`, or `EINVAL` when it has none.
    ///
    /// # Safety
    ///
    /// `f` is called after fork(2) in what may have been a process with threads: it may do what
    /// [signal-safety(7)](https://man7.org/linux/man-pages/man7/signal-safety.7.html) allows, and so must not allocate memory or take locks.
    /// See [`CommandExt::pre_exec`].
    #[expect(unsafe_code, reason = "std's function is unsafe")]
    pub unsafe fn pre_exec<F>(&mut self, f: F) -> &mut Command
    where
        F: FnMut() -> io::Result<()> + Send + Sync + 'static,
    {
        // Before `f`, which may want another mask.
        self.unblock_signals();
        // SAFETY: the caller promises the same.
        unsafe { self.std.pre_exec(f) };
        self
    }

    /// Has each child empty its signal mask. std lets it inherit that of the thread which starts it, and then a child of a thread
    /// that blocks signals could not be ended by them.
    pub(super) fn unblock_signals(&mut self) {
        if !std::mem::replace(&mut self.unblocks, true) {
            sys::unblock_signals_of_children(&mut self.std);
        }
    }

    /// Whether a child is killed (`SIGKILL`) when its [`Child`](super::Child) is dropped and it has not ended. It is not, unless this or
    /// [`kill_group_on_drop`](Command::kill_group_on_drop) is called. Those that it has started are not killed.
    ///
    /// # Examples
    ///
    /// ```
    /// # use fend_reactor as fend;
    /// use std::time::Duration;
    /// use fend::process::Command;
    /// use fend::time::timeout;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// fend::block_on(async {
    ///     let mut command = Command::new("sleep");
    ///     // Whoever gives up waiting for it drops it.
    ///     let sleeping = timeout(Duration::from_millis(10), command.arg("60").kill_on_drop(true).status()).await;
    ///     assert!(sleeping.is_err());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn kill_on_drop(&mut self, kill: bool) -> &mut Command {
        self.on_drop.kill = kill;
        self
    }

    /// Whether all of the group that a child leads are killed (`SIGKILL`) when its [`Child`](super::Child) is dropped, though the child itself
    /// may have ended: see [`process_group(0)`](Command::process_group), which has to be called too, or the child alone is killed. Before Linux 6.9 they are killed only
    /// while the child's exit status was not taken.
    pub fn kill_group_on_drop(&mut self, kill: bool) -> &mut Command {
        self.on_drop.kill_group = kill;
        self
    }

    /// The program, as it was given.
    #[must_use]
    pub fn get_program(&self) -> &OsStr {
        self.std.get_program()
    }

    /// The arguments, without the 0th.
    pub fn get_args(&self) -> CommandArgs<'_> {
        self.std.get_args()
    }

    /// What the command changes in the environment: a variable without a value is removed.
    pub fn get_envs(&self) -> CommandEnvs<'_> {
        self.std.get_envs()
    }

    /// The directory, if it was chosen.
    #[must_use]
    pub fn get_current_dir(&self) -> Option<&Path> {
        self.std.get_current_dir()
    }

    /// std's command inside.
    #[must_use]
    pub fn as_std(&self) -> &process::Command {
        &self.std
    }

    /// std's command inside, for what this type does not have. What is chosen there for the standard streams is not known here:
    /// [`output`](Command::output) replaces it.
    pub fn as_std_mut(&mut self) -> &mut process::Command {
        &mut self.std
    }

    /// std's command, without what is said of drops.
    #[must_use]
    pub fn into_std(self) -> process::Command {
        self.std
    }
}

/// What was chosen there for the standard streams is not known here: [`output`](Command::output) replaces it.
impl From<process::Command> for Command {
    fn from(std: process::Command) -> Command {
        Command { std, on_drop: OnDrop::default(), chosen: Chosen::default(), unblocks: false }
    }
}
