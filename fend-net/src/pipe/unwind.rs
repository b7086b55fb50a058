//! That a panic leaves pipes in order: what holds for sockets (see `tcp/unwind.rs`) holds for them.

use std::panic::{RefUnwindSafe, UnwindSafe};

use super::{PipeReader, PipeWriter};

impl UnwindSafe for PipeReader {}
impl RefUnwindSafe for PipeReader {}
impl UnwindSafe for PipeWriter {}
impl RefUnwindSafe for PipeWriter {}
