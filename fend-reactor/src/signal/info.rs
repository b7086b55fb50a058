//! [`SignalInfo`]: a signal that came, and what the kernel said of it.

use std::fmt;

use super::number::Signal;
use super::record::Record;

/// A signal that was received, and who sent it and why as far as the kernel says so: `siginfo_t` of
/// [sigaction(2)](https://man7.org/linux/man-pages/man2/sigaction.2.html).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SignalInfo {
    signal: Signal,
    count: u64,
    details: Option<Record>,
}

/// Why a signal came: `si_code` of [sigaction(2)](https://man7.org/linux/man-pages/man2/sigaction.2.html).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Code {
    /// kill(2), by a process (`SI_USER`).
    User,
    /// The kernel itself, as for ^C at a terminal (`SI_KERNEL`).
    Kernel,
    /// sigqueue(3), with a [value](SignalInfo::value) (`SI_QUEUE`).
    Queue,
    /// A timer of timer_create(2), with a value and an [overrun](SignalInfo::overrun) (`SI_TIMER`).
    Timer,
    /// mq_notify(3), with a value (`SI_MESGQ`).
    MessageQueue,
    /// aio(7), with a value (`SI_ASYNCIO`).
    AsyncIo,
    /// tgkill(2), raise(3) or pthread_kill(3): it was sent to one thread (`SI_TKILL`).
    Thread,
    /// A child has ended (`CLD_EXITED`); its exit code is the [status](SignalInfo::status).
    ChildExited,
    /// A child was ended by the signal that the status names (`CLD_KILLED`).
    ChildKilled,
    /// As `ChildKilled`, and there is a core dump (`CLD_DUMPED`).
    ChildDumped,
    /// A traced child has stopped (`CLD_TRAPPED`).
    ChildTrapped,
    /// A child was stopped by the signal that the status names (`CLD_STOPPED`).
    ChildStopped,
    /// A stopped child goes on (`CLD_CONTINUED`).
    ChildContinued,
    /// Another one, by its number. What it means depends on the signal.
    Other(i32),
}

/// Not in the libc crate, or not for every C library. See linux/include/uapi/asm-generic/siginfo.h.
const SI_QUEUE: i32 = -1;
const SI_TIMER: i32 = -2;
const SI_MESGQ: i32 = -3;
const SI_ASYNCIO: i32 = -4;
const SI_TKILL: i32 = -6;

impl Code {
    fn of(record: &Record) -> Code {
        match record.code {
            libc::SI_USER => Code::User,
            libc::SI_KERNEL => Code::Kernel,
            SI_QUEUE => Code::Queue,
            SI_TIMER => Code::Timer,
            SI_MESGQ => Code::MessageQueue,
            SI_ASYNCIO => Code::AsyncIo,
            SI_TKILL => Code::Thread,
            code if record.signal == libc::SIGCHLD => Code::of_child(code),
            code => Code::Other(code),
        }
    }

    fn of_child(code: i32) -> Code {
        match code {
            libc::CLD_EXITED => Code::ChildExited,
            libc::CLD_KILLED => Code::ChildKilled,
            libc::CLD_DUMPED => Code::ChildDumped,
            libc::CLD_TRAPPED => Code::ChildTrapped,
            libc::CLD_STOPPED => Code::ChildStopped,
            libc::CLD_CONTINUED => Code::ChildContinued,
            code => Code::Other(code),
        }
    }

    fn is_of_child(self) -> bool {
        use Code::{ChildContinued, ChildDumped, ChildExited, ChildKilled, ChildStopped, ChildTrapped};
        matches!(self, ChildExited | ChildKilled | ChildDumped | ChildTrapped | ChildStopped | ChildContinued)
    }

    fn has_sender(self) -> bool {
        matches!(self, Code::User | Code::Queue | Code::MessageQueue | Code::AsyncIo | Code::Thread)
            || self.is_of_child()
    }

    fn has_value(self) -> bool {
        matches!(self, Code::Queue | Code::Timer | Code::MessageQueue | Code::AsyncIo)
    }
}

impl SignalInfo {
    /// `None` when the number is not a signal's.
    pub(super) fn from_record(record: Record) -> Option<SignalInfo> {
        let signal = Signal::from_raw(record.signal).ok()?;
        Some(SignalInfo { signal, count: 1, details: Some(record) })
    }

    /// Signals that came while there was no room for details.
    pub(super) fn missed(signal: Signal, count: u64) -> SignalInfo {
        SignalInfo { signal, count, details: None }
    }

    /// This one and a later one of the same signal become one.
    pub(super) fn join(&mut self, later: &SignalInfo) {
        self.count = self.count.saturating_add(later.count);
        self.details = later.details.or(self.details);
    }

    /// Which signal.
    #[must_use]
    pub fn signal(&self) -> Signal {
        self.signal
    }

    /// For how many it stands: how often the signal came since it was last received. The kernel joins standard signals too, as
    /// long as every thread is busy with or blocks the signal, and of those nobody knows the number.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Whether more is known than that the signal came. It is not of signals that came in such numbers that there was no room left.
    #[must_use]
    pub fn has_details(&self) -> bool {
        self.details.is_some()
    }

    /// Why it came.
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        self.details.as_ref().map(Code::of)
    }

    /// The process that sent it, or the child that it is about. `Some(0)` for a process that is not in this one's PID namespace; `None`
    /// when it is not from a process.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.details_if(Code::has_sender).map(|record| record.pid.unsigned_abs())
    }

    /// The real user of the process that sent it, or of the child that it is about.
    #[must_use]
    pub fn uid(&self) -> Option<u32> {
        self.details_if(Code::has_sender).map(|record| record.uid)
    }

    /// The number that was sent along: `sival_int` of sigqueue(3), of a timer or of a message queue. Who sent a pointer, see
    /// [`value_pointer`](SignalInfo::value_pointer).
    #[must_use]
    pub fn value(&self) -> Option<i32> {
        let bytes = self.value_pointer()?.to_ne_bytes();
        bytes.first_chunk().copied().map(i32::from_ne_bytes)
    }

    /// The address that was sent along (`sival_ptr`). It is worth what the sender is.
    #[must_use]
    pub fn value_pointer(&self) -> Option<usize> {
        #[expect(clippy::cast_possible_truncation, reason = "it was a usize")]
        self.details_if(Code::has_value).map(|record| record.value as usize)
    }

    /// Of a child: its exit code when it has exited, else the signal that ended, stopped or continued it.
    #[must_use]
    pub fn status(&self) -> Option<i32> {
        #[expect(clippy::cast_possible_truncation, reason = "it was an i32")]
        self.details_if(Code::is_of_child).map(|record| record.value as i32)
    }

    /// Of a timer: how often it has expired beyond the once that is reported, see timer_getoverrun(2).
    #[must_use]
    pub fn overrun(&self) -> Option<u32> {
        self.details_if(|code| code == Code::Timer).map(|record| record.uid)
    }

    fn details_if(&self, holds: impl FnOnce(Code) -> bool) -> Option<&Record> {
        self.details.as_ref().filter(|record| holds(Code::of(record)))
    }
}

impl fmt::Debug for SignalInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("SignalInfo");
        out.field("signal", &self.signal).field("count", &self.count);
        let numbers = [
            ("pid", self.pid().map(i64::from)),
            ("uid", self.uid().map(i64::from)),
            ("value", self.value().map(i64::from)),
            ("status", self.status().map(i64::from)),
            ("overrun", self.overrun().map(i64::from)),
        ];
        if let Some(code) = self.code() {
            out.field("code", &code);
        }
        for (name, number) in numbers {
            if let Some(number) = number {
                out.field(name, &number);
            }
        }
        out.finish()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn info(signal: Signal, code: i32, value: u64) -> SignalInfo {
        let record = Record { signal: signal.as_raw(), code, pid: 42, uid: 1000, value };
        SignalInfo::from_record(record).unwrap()
    }

    #[test]
    fn each_code_has_the_details_that_it_has() {
        let user = info(Signal::TERM, libc::SI_USER, 99);
        assert_eq!((user.code(), user.pid(), user.uid()), (Some(Code::User), Some(42), Some(1000)));
        assert_eq!((user.value(), user.status(), user.overrun()), (None, None, None));

        let kernel = info(Signal::INT, libc::SI_KERNEL, 99);
        assert_eq!((kernel.code(), kernel.pid(), kernel.uid()), (Some(Code::Kernel), None, None));

        let timer = info(Signal::ALRM, SI_TIMER, 99);
        assert_eq!((timer.pid(), timer.overrun()), (None, Some(1000)));
        assert_eq!(timer.value_pointer(), Some(99));

        let child = info(Signal::CHLD, libc::CLD_KILLED, 9);
        assert_eq!((child.code(), child.pid(), child.status()), (Some(Code::ChildKilled), Some(42), Some(9)));
        assert_eq!(info(Signal::IO, libc::CLD_KILLED, 9).code(), Some(Code::Other(libc::CLD_KILLED)));
    }

    #[test]
    fn a_number_is_read_where_c_writes_it() {
        let mut bytes = [0xaa; size_of::<usize>()];
        bytes[..4].copy_from_slice(&(-5_i32).to_ne_bytes());
        let info = info(Signal::USR1, SI_QUEUE, usize::from_ne_bytes(bytes) as u64);
        assert_eq!(info.value(), Some(-5));
    }

    #[test]
    fn what_was_missed_has_no_details() {
        let info = SignalInfo::missed(Signal::HUP, 3);
        assert_eq!(info.count(), 3);
        assert!(!info.has_details());
        assert_eq!((info.code(), info.pid(), info.value()), (None, None, None));
        assert_eq!(format!("{info:?}"), "SignalInfo { signal: SIGHUP, count: 3 }");
    }

    #[test]
    fn debug_shows_what_is_known() {
        let text = format!("{:?}", info(Signal::TERM, libc::SI_USER, 0));
        assert_eq!(text, "SignalInfo { signal: SIGTERM, count: 1, code: User, pid: 42, uid: 1000 }");
    }
}
