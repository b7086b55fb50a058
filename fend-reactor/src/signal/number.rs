//! [`Signal`]: a signal's number, with its name.

use std::fmt;
use std::io;
use std::str::FromStr;

/// A signal, by its number.
///
/// The constants have the names of [signal(7)](https://man7.org/linux/man-pages/man7/signal.7.html) without their `SIG`. Real-time signals are
/// [`Signal::realtime`].
///
/// # Examples
///
/// ```
/// # use fend_reactor as fend;
/// use fend::signal::Signal;
///
/// assert_eq!(Signal::TERM.to_string(), "SIGTERM");
/// assert_eq!("hup".parse::<Signal>().unwrap(), Signal::HUP);
/// assert_eq!(Signal::from_raw(9).unwrap(), Signal::KILL);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signal(libc::c_int);

macro_rules! signals {
    ($($(#[$doc:meta])* $name:ident = $number:ident,)+) => {
        impl Signal {
            $($(#[$doc])* pub const $name: Signal = Signal(libc::$number);)+
        }

        /// Names without their `SIG`.
        const NAMES: &[(&str, Signal)] = &[$((stringify!($name), Signal::$name)),+];
    };
}

signals! {
    /// The terminal has gone, or a daemon is to read its settings again.
    HUP = SIGHUP,
    /// ^C at the terminal.
    INT = SIGINT,
    /// ^\ at the terminal: ends a process with a core dump.
    QUIT = SIGQUIT,
    /// An instruction that does not exist.
    ILL = SIGILL,
    /// A breakpoint.
    TRAP = SIGTRAP,
    /// abort(3).
    ABRT = SIGABRT,
    /// A bad access to memory, such as beyond the end of a mapped file.
    BUS = SIGBUS,
    /// An error of arithmetic.
    FPE = SIGFPE,
    /// Ends a process; cannot be caught.
    KILL = SIGKILL,
    /// For the program's own use.
    USR1 = SIGUSR1,
    /// An invalid address.
    SEGV = SIGSEGV,
    /// For the program's own use.
    USR2 = SIGUSR2,
    /// Writing to a pipe or socket that nobody reads. Programs in Rust ignore it.
    PIPE = SIGPIPE,
    /// alarm(2), and setitimer(2) in real time.
    ALRM = SIGALRM,
    /// Asks a process to end.
    TERM = SIGTERM,
    /// A fault of a coprocessor; unused.
    STKFLT = SIGSTKFLT,
    /// A child has ended, stopped or gone on.
    CHLD = SIGCHLD,
    /// Goes on after a stop.
    CONT = SIGCONT,
    /// Stops a process; cannot be caught.
    STOP = SIGSTOP,
    /// ^Z at the terminal.
    TSTP = SIGTSTP,
    /// Reading from the terminal in the background.
    TTIN = SIGTTIN,
    /// Writing to the terminal in the background.
    TTOU = SIGTTOU,
    /// Urgent data at a socket.
    URG = SIGURG,
    /// The limit of processor time is reached.
    XCPU = SIGXCPU,
    /// The limit of a file's size is reached.
    XFSZ = SIGXFSZ,
    /// setitimer(2) in the process's time.
    VTALRM = SIGVTALRM,
    /// setitimer(2) for profilers.
    PROF = SIGPROF,
    /// The terminal has another size.
    WINCH = SIGWINCH,
    /// I/O is possible: `O_ASYNC` of fcntl(2).
    IO = SIGIO,
    /// The power fails.
    PWR = SIGPWR,
    /// A system call that does not exist, or that is not allowed.
    SYS = SIGSYS,
}

impl Signal {
    /// The signal of a number.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when the number is not one from 1 to the greatest real-time signal, 64 on most machines.
    pub fn from_raw(number: i32) -> io::Result<Signal> {
        if (1..=libc::SIGRTMAX()).contains(&number) {
            return Ok(Signal(number));
        }
        let message = format!("{number} is not a signal's number: they go from 1 to {}", libc::SIGRTMAX());
        Err(io::Error::new(io::ErrorKind::InvalidInput, message))
    }

    /// `SIGRTMIN + offset`, a real-time signal: these are queued and come with a value, see sigqueue(3). The C library keeps the first
    /// two that the kernel has for itself, which leaves 31, 0 to 30.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when there are not so many.
    pub fn realtime(offset: u32) -> io::Result<Signal> {
        let most = libc::SIGRTMAX() - libc::SIGRTMIN();
        match i32::try_from(offset) {
            Ok(offset) if offset <= most => Ok(Signal(libc::SIGRTMIN() + offset)),
            _ => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("there is no real-time signal SIGRTMIN+{offset}: the last is SIGRTMIN+{most}"),
            )),
        }
    }

    /// The number.
    #[must_use]
    pub const fn as_raw(self) -> i32 {
        self.0
    }

    /// Whether it is a real-time signal.
    #[must_use]
    pub fn is_realtime(self) -> bool {
        self.0 >= libc::SIGRTMIN()
    }
}

/// `SIGTERM`, `SIGRTMIN+3`; a number that has no name, as the two that the C library keeps, is `signal 32`.
impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((name, _)) = NAMES.iter().find(|(_, signal)| signal == self) {
            return write!(f, "SIG{name}");
        }
        match self.0 - libc::SIGRTMIN() {
            0 => f.write_str("SIGRTMIN"),
            offset if offset > 0 => write!(f, "SIGRTMIN+{offset}"),
            _ => write!(f, "signal {}", self.0),
        }
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A name with or without `SIG`, in upper or lower case, `RTMIN+n`, or a number: what kill(1) takes.
impl FromStr for Signal {
    type Err = io::Error;

    fn from_str(text: &str) -> io::Result<Signal> {
        let unknown = || {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("{text:?} is not a signal: use a name such as SIGTERM, or a number"),
            )
        };
        if let Ok(number) = text.parse() {
            return Signal::from_raw(number);
        }
        let upper = text.to_ascii_uppercase();
        let name = upper.strip_prefix("SIG").unwrap_or(&upper);
        if let Some(rest) = name.strip_prefix("RTMIN") {
            let offset =
                if rest.is_empty() { Some(0) } else { rest.strip_prefix('+').and_then(|n| n.parse().ok()) };
            return Signal::realtime(offset.ok_or_else(unknown)?);
        }
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, signal)| *signal).ok_or_else(unknown)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for number in 1..=libc::SIGRTMAX() {
            let signal = Signal::from_raw(number).unwrap();
            let name = signal.to_string();
            match name.strip_prefix("signal ") {
                Some(number) => assert!(["32", "33"].contains(&number), "{name}"),
                None => assert_eq!(name.parse::<Signal>().unwrap(), signal, "{name}"),
            }
        }
    }

    #[test]
    fn what_kill_takes_is_taken() {
        for (text, signal) in [("9", Signal::KILL), ("term", Signal::TERM), ("SIGusr1", Signal::USR1)] {
            assert_eq!(text.parse::<Signal>().unwrap(), signal);
        }
        assert_eq!("rtmin+3".parse::<Signal>().unwrap(), Signal::realtime(3).unwrap());
    }

    #[test]
    fn what_is_no_signal_is_refused_by_name() {
        for text in ["", "SIG", "0", "-1", "65", "RTMIN+31", "RTMIN-1", "TERMINATE", "SIGSIGTERM"] {
            let error = text.parse::<Signal>().unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{text:?}");
        }
        assert!("STOPP".parse::<Signal>().unwrap_err().to_string().contains("\"STOPP\""));
        assert!(Signal::realtime(u32::MAX).is_err());
    }
}
