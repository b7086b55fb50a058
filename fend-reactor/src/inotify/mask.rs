//! [`Mask`]: which events are asked for, how the path is taken, and what an event is about.

use std::fmt;
use std::ops::{BitAnd, BitOr, BitOrAssign, Sub};

/// A set of the bits of [inotify(7)](https://man7.org/linux/man-pages/man7/inotify.7.html), by their names without the `IN_`.
///
/// # Examples
///
/// ```
/// # use fend_reactor as fend;
/// use fend::inotify::Mask;
///
/// let mask = Mask::CREATE | Mask::MOVE;
/// assert!(mask.contains(Mask::MOVED_TO));
/// assert_eq!(format!("{mask:?}"), "{MOVED_FROM, MOVED_TO, CREATE}");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Mask(u32);

macro_rules! bits {
    ($($(#[$doc:meta])* $name:ident = $bit:ident,)+) => {
        impl Mask {
            $($(#[$doc])* pub const $name: Mask = Mask(libc::$bit);)+
        }

        const NAMES: &[(&str, Mask)] = &[$((stringify!($name), Mask::$name)),+];
    };
}

bits! {
    /// A file was read or executed.
    ACCESS = IN_ACCESS,
    /// A file was written to or truncated.
    MODIFY = IN_MODIFY,
    /// Permissions, times, owner, extended attributes or the number of links have changed.
    ATTRIB = IN_ATTRIB,
    /// A file that was open for writing was closed.
    CLOSE_WRITE = IN_CLOSE_WRITE,
    /// A file or directory that was not open for writing was closed.
    CLOSE_NOWRITE = IN_CLOSE_NOWRITE,
    /// A file or directory was opened.
    OPEN = IN_OPEN,
    /// An entry of the directory was renamed: its old name.
    MOVED_FROM = IN_MOVED_FROM,
    /// An entry of the directory was renamed: its new name.
    MOVED_TO = IN_MOVED_TO,
    /// An entry was made in the directory.
    CREATE = IN_CREATE,
    /// An entry was removed from the directory.
    DELETE = IN_DELETE,
    /// What is watched was itself removed.
    DELETE_SELF = IN_DELETE_SELF,
    /// What is watched was itself renamed.
    MOVE_SELF = IN_MOVE_SELF,
    /// Of events only: the file system was unmounted.
    UNMOUNT = IN_UNMOUNT,
    /// Of events only: the queue was full, and events are lost.
    Q_OVERFLOW = IN_Q_OVERFLOW,
    /// Of events only: the watch has ended.
    IGNORED = IN_IGNORED,
    /// Fails when the path is no directory.
    ONLYDIR = IN_ONLYDIR,
    /// Watches a symbolic link itself.
    DONT_FOLLOW = IN_DONT_FOLLOW,
    /// No events of files that are no longer in the directory, but still open.
    EXCL_UNLINK = IN_EXCL_UNLINK,
    /// Fails when it is watched already. Linux 4.18.
    MASK_CREATE = IN_MASK_CREATE,
    /// Adds to the events of the watch that is there, where these would replace them.
    MASK_ADD = IN_MASK_ADD,
    /// Of events only: it is about a directory.
    ISDIR = IN_ISDIR,
    /// The watch ends with its first event.
    ONESHOT = IN_ONESHOT,
}

impl Mask {
    /// Nothing.
    pub const NONE: Mask = Mask(0);
    /// Both halves of a rename.
    pub const MOVE: Mask = Mask(libc::IN_MOVED_FROM | libc::IN_MOVED_TO);
    /// A file was closed, written to or not.
    pub const CLOSE: Mask = Mask(libc::IN_CLOSE_WRITE | libc::IN_CLOSE_NOWRITE);
    /// Every kind of event that can be asked for.
    pub const ALL_EVENTS: Mask = Mask(libc::IN_ALL_EVENTS);
    /// What changes files and directories: all but reading, opening, and closing without having written.
    pub const CHANGES: Mask =
        Mask(libc::IN_ALL_EVENTS & !(libc::IN_ACCESS | libc::IN_OPEN | libc::IN_CLOSE_NOWRITE));

    /// The bits as the kernel has them, unknown ones too.
    pub const fn from_bits(bits: u32) -> Mask {
        Mask(bits)
    }

    /// The bits as the kernel has them.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Whether nothing is set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether all of `other` is set.
    pub const fn contains(self, other: Mask) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether any of `other` is set.
    pub const fn intersects(self, other: Mask) -> bool {
        self.0 & other.0 != 0
    }
}

impl BitOr for Mask {
    type Output = Mask;
    fn bitor(self, other: Mask) -> Mask {
        Mask(self.0 | other.0)
    }
}

impl BitOrAssign for Mask {
    fn bitor_assign(&mut self, other: Mask) {
        self.0 |= other.0;
    }
}

impl BitAnd for Mask {
    type Output = Mask;
    fn bitand(self, other: Mask) -> Mask {
        Mask(self.0 & other.0)
    }
}

/// One set without the other.
impl Sub for Mask {
    type Output = Mask;
    fn sub(self, other: Mask) -> Mask {
        Mask(self.0 & !other.0)
    }
}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut set = f.debug_set();
        let mut left = self.0;
        for (name, bit) in NAMES {
            if self.contains(*bit) {
                set.entry(&format_args!("{name}"));
                left &= !bit.0;
            }
        }
        if left != 0 {
            set.entry(&format_args!("{left:#x}"));
        }
        set.finish()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn every_bit_has_its_name_once() {
        let mut all = Mask::NONE;
        for (name, bit) in NAMES {
            assert!(bit.bits().is_power_of_two() && !all.intersects(*bit), "{name}");
            assert_eq!(format!("{bit:?}"), format!("{{{name}}}"));
            all |= *bit;
        }
        assert!(all.contains(Mask::ALL_EVENTS));
        assert_eq!(format!("{:?}", Mask::from_bits(0x0000_1100)), "{CREATE, 0x1000}");
    }

    #[test]
    fn sets_are_joined_and_taken_apart() {
        assert_eq!(Mask::MOVE - Mask::MOVED_FROM, Mask::MOVED_TO);
        assert_eq!(Mask::CLOSE & Mask::CHANGES, Mask::CLOSE_WRITE);
        assert!((Mask::CREATE - Mask::CREATE).is_empty());
    }
}
