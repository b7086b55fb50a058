//! As the sockets in them: see `tcp/unwind.rs`. The numbers are changed in one step, under a lock that runs no code of the user's.

use std::panic::{RefUnwindSafe, UnwindSafe};

use super::{Connection, ConnectionSlot, Listener, ListenerHandle};
use crate::accept::Accept;

impl<L: Accept> UnwindSafe for Listener<L> {}
impl<L: Accept> RefUnwindSafe for Listener<L> {}
impl<S> UnwindSafe for Connection<S> {}
impl<S> RefUnwindSafe for Connection<S> {}
impl UnwindSafe for ConnectionSlot {}
impl RefUnwindSafe for ConnectionSlot {}
impl UnwindSafe for ListenerHandle {}
impl RefUnwindSafe for ListenerHandle {}
