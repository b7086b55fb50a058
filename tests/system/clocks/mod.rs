//! Timers on the clocks that a runtime does not run by itself.

mod boot;
mod setting;
mod wall;
