//! Standard input and output, seen by a program that is started with each kind of file for them.

mod errors;
mod kinds;
mod program;
mod roles;
mod sessions;
mod sharing;
mod transfers;
mod waiting;
