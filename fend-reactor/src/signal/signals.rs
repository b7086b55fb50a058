//! [`Signals`]: a listener for some signals.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use super::disposition;
use super::info::SignalInfo;
use super::listener::{Arrival, Listener};
use super::number::Signal;
use super::pending::Pending;
use crate::context::poll_budget;
use crate::fork::Origin;

/// Listens for signals of this process.
///
/// It listens from its creation on: what comes from then on is received, also when nobody waits just then. Each listener receives each
/// signal, on whatever runtime or executor it is polled; one that lives as long as the program is received from on the next runtime when
/// that which waited first has shut down. One takes a file descriptor.
///
/// # What is received
///
/// - After a signal comes, at least one is received, always.
/// - A standard signal that comes again before it was received is received once, with the details of the newest and a
///   [count](SignalInfo::count).
/// - Real-time signals are received one by one in order, each with its value, as far as there is room: for 512 signals of all kinds that
///   have come since the last call of `recv`, and 512 that it has taken over. Of what comes beyond that the number is received, by one without details.
///
/// # What the signal did before
///
/// The first listener of a signal replaces what the signal does by default, for the whole process and for good: with a listener for
/// [`Signal::INT`], ^C does not end the program any more, also not after the listener was dropped. [`restore`](super::restore()) brings the
/// default back. A handler that was there before, of a C library for example, is called after ours; it runs with all signals blocked, and on the
/// thread's alternate stack where it has one. A signal that was ignored (as `nohup` does with `SIGHUP`) is received. Programs that
/// are executed have their defaults.
///
/// Code that installs a handler of its own later gets the signals from then on, and whether it calls ours is its affair.
///
/// # Children
///
/// Of [`Signal::CHLD`], which is joined as every standard signal, there is one for several children at times. Who waits for a child
/// uses [`process`](crate::process), which needs no signal.
///
/// # Examples
///
/// ```
/// # use fend_reactor as fend;
/// use fend::signal::{self, Signal, Signals};
///
/// # fn main() -> std::io::Result<()> {
/// fend::block_on(async {
///     let mut signals = Signals::new([Signal::HUP, Signal::TERM])?;
///     signal::raise(Signal::HUP)?;
///     loop {
///         let info = signals.recv().await?;
///         match info.signal() {
///             Signal::HUP => println!("to read the settings again, says process {:?}", info.pid()),
///             _ => break,
///         }
/// #       signal::raise(Signal::TERM)?;
///     }
///     Ok(())
/// })
/// # }
/// ```
#[must_use = "it listens for as long as it is kept"]
pub struct Signals {
    listener: Listener,
    pending: Pending,
    origin: Origin,
    /// As a stream.
    ended: bool,
}

impl Signals {
    /// Listens for each of these signals from now on. With none, it waits for ever until one is [added](Signals::add).
    ///
    /// # Errors
    ///
    /// - [`InvalidInput`](io::ErrorKind::InvalidInput) for `SIGKILL` and `SIGSTOP`, which no program can catch, for those that a thread causes
    ///   itself and which it does not survive (`SIGSEGV`, `SIGBUS`, `SIGFPE`, `SIGILL`, `SIGTRAP`, `SIGSYS`, `SIGABRT`), and for those that the C library has
    ///   for itself.
    /// - What eventfd(2) says when there are too many open files.
    ///
    /// Unless sigaction(2) itself has failed, the signals do then what they did before.
    pub fn new(signals: impl IntoIterator<Item = Signal>) -> io::Result<Signals> {
        let signals: Vec<Signal> = signals.into_iter().collect();
        // All of them and the descriptor first: what no listener comes of must not leave signals caught.
        signals.iter().try_for_each(|signal| disposition::check(*signal))?;
        let listener = Listener::new().map_err(no_descriptor)?;
        let mut this = Signals { listener, pending: Pending::new(), origin: Origin::here(), ended: false };
        signals.into_iter().try_for_each(|signal| this.add(signal))?;
        Ok(this)
    }

    /// Listens for this signal too.
    ///
    /// # Errors
    ///
    /// As [`new`](Signals::new). The signals that were there stay.
    pub fn add(&mut self, signal: Signal) -> io::Result<()> {
        disposition::check(signal)?;
        disposition::catch(signal)?;
        self.listener.insert(signal.as_raw());
        Ok(())
    }

    /// Listens for this signal no more, and forgets those that came. The signal stays caught, see [`restore`](super::restore()).
    pub fn remove(&mut self, signal: Signal) {
        self.listener.remove(signal.as_raw());
        self.take_over();
        self.pending.remove(signal);
    }

    /// Whether it listens for this signal.
    #[must_use]
    pub fn contains(&self, signal: Signal) -> bool {
        self.listener.contains(signal.as_raw())
    }

    /// Waits for the next signal.
    ///
    /// # Errors
    ///
    /// When the runtime that is to wait has shut down, and in the child of a fork.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a signal is either returned or received next time.
    pub async fn recv(&mut self) -> io::Result<SignalInfo> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// [`recv`](Signals::recv), polled. The waker of the last call is woken.
    ///
    /// # Errors
    ///
    /// As [`recv`](Signals::recv).
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<SignalInfo>> {
        if !self.origin.is_here() {
            return Poll::Ready(Err(forked()));
        }
        loop {
            self.take_over();
            if !self.pending.is_empty() {
                ready!(poll_budget(cx));
                if let Some(info) = self.pending.pop() {
                    return Poll::Ready(Ok(info));
                }
            }
            ready!(self.listener.poll_woken(cx))?;
        }
    }

    /// The next signal if one has come.
    ///
    /// # Errors
    ///
    /// In the child of a fork.
    pub fn try_recv(&mut self) -> io::Result<Option<SignalInfo>> {
        if !self.origin.is_here() {
            return Err(forked());
        }
        self.take_over();
        Ok(self.pending.pop())
    }

    /// Takes what handlers have left: all, or as much as there is room for. No system call.
    fn take_over(&mut self) {
        let Signals { listener, pending, .. } = self;
        loop {
            let all = listener.take(pending.room(), |arrival| {
                // A handler may have been on its way when the signal was removed.
                if let Some(info) = info_of(arrival).filter(|info| listener.contains(info.signal().as_raw()))
                {
                    pending.push(info);
                }
            });
            // Who waits with something left is not woken for it.
            if all || !pending.is_empty() {
                return;
            }
        }
    }
}

fn info_of(arrival: Arrival) -> Option<SignalInfo> {
    match arrival {
        Arrival::Record(record) => SignalInfo::from_record(record),
        Arrival::Missed { signal, count } => {
            let signal = Signal::from_raw(i32::try_from(signal).ok()?).ok()?;
            Some(SignalInfo::missed(signal, count))
        }
    }
}

fn no_descriptor(error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot listen for signals: eventfd: {error}"))
}

fn forked() -> io::Error {
    io::Error::other(
        "cannot wait for signals in the child of a fork: they are listened for in its parent; make a new listener",
    )
}

/// The second way to [`recv`](Signals::recv). It ends after an error.
impl Stream for Signals {
    type Item = io::Result<SignalInfo>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let next = ready!(self.poll_recv(cx));
        self.ended = next.is_err();
        Poll::Ready(Some(next))
    }
}

impl fmt::Debug for Signals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let signals: Vec<Signal> =
            self.listener.signals().filter_map(|number| Signal::from_raw(number).ok()).collect();
        f.debug_struct("Signals").field("signals", &signals).field("pending", &self.pending.len()).finish()
    }
}
