//! Installing the handler, and putting back what was there before.

use std::io;

use super::listener::SIGNALS;
use super::number::Signal;
use crate::sys::{Action, ProcessLock};

/// The first real-time signal of the kernel; the C library has the next few for itself.
const FIRST_REALTIME: i32 = 32;

/// What each signal that is caught did before.
static BEFORE: ProcessLock<[Option<Action>; SIGNALS]> = ProcessLock::new([None; SIGNALS]);

/// Installs the handler, unless it is there.
///
/// When another function has been installed over ours since, it stays on top: it may call ours, and ours calling it would have the two
/// call each other without end.
pub(super) fn catch(signal: Signal) -> io::Result<()> {
    let number = signal.as_raw();
    with_before(signal, |before| {
        let current = Action::current(number)?;
        let over_ours =
            before.is_some_and(|before| current.is_function() && !current.calls_the_same_as(&before));
        if current.is_ours() || over_ours {
            return Ok(());
        }
        // Before the handler can run.
        current.call_after_ours(number);
        *before = Some(current);
        let replaced = Action::ours(&current).set(number).inspect_err(|_| *before = None)?;
        if !replaced.calls_the_same_as(&current) && !replaced.is_ours() {
            // Somebody was quicker.
            replaced.call_after_ours(number);
            *before = Some(replaced);
        }
        Ok(())
    })
    .map_err(|error| with_signal("cannot catch", signal, &error))
}

/// Puts back what the signal did before the first listener of it: its default, being ignored, or another handler.
///
/// The handler stays installed when listeners are dropped, so that no signal meets the default between two of them; this is the way
/// back. Listeners of the signal that are there go on waiting, and see nothing of it until [`Signals::new`](super::Signals::new) or
/// [`ctrl_c`](super::ctrl_c()) catches it again. Nothing happens when the signal was never caught.
///
/// # Errors
///
/// [`ResourceBusy`](io::ErrorKind::ResourceBusy) when other code has changed the disposition since: that is left alone.
///
/// # Examples
///
/// ^C once asks the program to finish, a second one ends it:
///
/// ```no_run
/// # use fend_reactor as fend;
/// use fend::signal::{self, Signal};
///
/// # async fn finish() {}
/// # fn main() -> std::io::Result<()> {
/// fend::block_on(async {
///     signal::ctrl_c().await?;
///     signal::restore(Signal::INT)?;
///     finish().await;
///     Ok(())
/// })
/// # }
/// ```
pub fn restore(signal: Signal) -> io::Result<()> {
    let number = signal.as_raw();
    with_before(signal, |before| {
        let Some(action) = *before else { return Ok(()) };
        if !Action::current(number)?.is_ours() {
            return Err(io::Error::new(
                io::ErrorKind::ResourceBusy,
                "other code has changed what it does since it was caught",
            ));
        }
        action.set(number)?;
        *before = None;
        Ok(())
    })
    .map_err(|error| with_signal("cannot restore", signal, &error))
}

fn with_before<R>(signal: Signal, body: impl FnOnce(&mut Option<Action>) -> R) -> R {
    BEFORE.with(|all| body(&mut all[signal.as_raw().unsigned_abs() as usize % SIGNALS]))
}

/// # Errors
///
/// `InvalidInput` for a signal that a program cannot wait for.
pub(super) fn check(signal: Signal) -> io::Result<()> {
    let reason = match signal {
        Signal::KILL | Signal::STOP => "the kernel lets no program catch it",
        Signal::SEGV
        | Signal::BUS
        | Signal::FPE
        | Signal::ILL
        | Signal::TRAP
        | Signal::SYS
        | Signal::ABRT => "the kernel sends it to the thread that has caused it, which cannot go on",
        _ if signal.as_raw() >= FIRST_REALTIME && !signal.is_realtime() => "the C library has it for itself",
        _ => return Ok(()),
    };
    let message = format!("cannot catch {signal}: {reason}");
    Err(io::Error::new(io::ErrorKind::InvalidInput, message))
}

fn with_signal(what: &str, signal: Signal, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{what} {signal}: {error}"))
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn signals_that_cannot_be_caught_are_refused_by_name() {
        let forbidden = ["KILL", "STOP", "SEGV", "BUS", "FPE", "ILL", "TRAP", "SYS", "ABRT"]
            .map(|name| name.parse::<Signal>().unwrap());
        let of_the_library =
            (32..Signal::realtime(0).unwrap().as_raw()).map(|number| Signal::from_raw(number).unwrap());
        let mut refused = 0;
        for signal in forbidden.into_iter().chain(of_the_library) {
            let error = check(signal).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            assert!(error.to_string().starts_with(&format!("cannot catch {signal}: ")), "{error}");
            refused += 1;
        }
        assert!(refused >= 11);
        let allowed =
            (1..=libc::SIGRTMAX()).filter(|number| check(Signal::from_raw(*number).unwrap()).is_ok());
        assert_eq!(allowed.count(), usize::try_from(libc::SIGRTMAX()).unwrap() - refused);
    }
}
