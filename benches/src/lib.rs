//! What fend costs beside tokio, smol and bare system calls.
//!
//! | module | idea |
//! |---|---|
//! | [`peer`] | the runtimes, each behind one trait |
//! | [`load`] | the load generator |
//! | [`micro`] | in-process cases, written once over that trait |

pub mod allocations;
pub mod arguments;
pub mod load;
pub mod micro;
pub mod peer;
pub mod server;
pub mod sys;
