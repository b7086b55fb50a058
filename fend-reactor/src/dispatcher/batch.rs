//! What one wait brings, and the room that it needs for that.
//!
//! It belongs to the one thread that waits, and not to the dispatcher: there it would need a lock of its own.

use super::Event;
use super::poll::List;
use crate::sys::EpollEvents;

/// The events of a wait, and room for the next one.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) events: Vec<Event>,
    /// What the kernel fills, of the one kind that was waited with.
    room: Option<Room>,
}

#[derive(Debug)]
enum Room {
    Epoll(EpollEvents),
    Poll(List),
}

impl Batch {
    /// Where the events go, and room for `capacity` of the kernel's.
    #[inline]
    pub(super) fn for_epoll(&mut self, capacity: usize) -> (&mut Vec<Event>, &mut EpollEvents) {
        if !matches!(self.room, Some(Room::Epoll(_))) {
            self.room = Some(Room::Epoll(EpollEvents::with_capacity(capacity)));
        }
        let Some(Room::Epoll(room)) = &mut self.room else { unreachable!("it was made above") };
        (&mut self.events, room)
    }

    /// Where the events go, and the list of the last wait.
    #[inline]
    pub(super) fn for_poll(&mut self) -> (&mut Vec<Event>, &mut List) {
        if !matches!(self.room, Some(Room::Poll(_))) {
            self.room = Some(Room::Poll(List::default()));
        }
        let Some(Room::Poll(room)) = &mut self.room else { unreachable!("it was made above") };
        (&mut self.events, room)
    }
}
