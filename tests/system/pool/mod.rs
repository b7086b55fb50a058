//! Threads for code that blocks.

mod abort;
mod full;
mod gate;
mod named;
mod no_threads;
mod room;
