//! What fend costs beside tokio, smol and bare system calls.
//!
//! | module | idea |
//! |---|---|
//! | [`peer`] | the runtimes, each behind one trait |
//! | [`server`] | servers on each of them, and on bare epoll |
//! | [`conductor`] | runs all of it, again and again and in turns, and makes tables, plots and bounds of it |
//! | [`load`] | the load generator |
//! | [`micro`] | in-process cases, written once over that trait |

pub mod allocations;
pub mod arguments;
pub mod conductor;
pub mod load;
pub mod micro;
pub mod peer;
pub mod server;
pub mod sys;
