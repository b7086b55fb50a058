//! A runtime in the child of a fork: what was made before says so and hangs nobody, what is made after works, and the parent notices
//! nothing. (SP9)
//!
//! Each test has a process of its own, as its children have copies of all threads' locks.

mod child;
mod errors;
mod files;
mod fresh;
mod inside;
mod parent;
