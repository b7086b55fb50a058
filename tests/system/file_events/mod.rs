//! File events, made by real operations.

mod gaps;
mod kinds;
mod overflow;
mod renames;
mod scratch;
mod storm;
mod trees;
mod watches;
