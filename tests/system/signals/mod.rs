//! Signals. What a signal does belongs to the whole process, so each test has a process of its own.

mod kernel;

mod ctrl_c;
mod details;
mod disposition;
mod forked;
mod handler;
mod listening;
mod overload;
mod runtimes;
