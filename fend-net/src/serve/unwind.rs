//! As the sockets in them: see `tcp/unwind.rs`. The numbers are changed in one step, under a lock that runs no code of the user's.

use std::panic::{RefUnwindSafe, UnwindSafe};

use super::{Connection, ConnectionSlot, Listener, ListenerHandle, Source};

impl<L: Source> UnwindSafe for Listener<L> {}
impl<L: Source> RefUnwindSafe for Listener<L> {}
impl<S> UnwindSafe for Connection<S> {}
impl<S> RefUnwindSafe for Connection<S> {}
impl UnwindSafe for ConnectionSlot {}
impl RefUnwindSafe for ConnectionSlot {}
impl UnwindSafe for ListenerHandle {}
impl RefUnwindSafe for ListenerHandle {}
