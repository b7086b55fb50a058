//! Child processes: started, waited for, signalled, dropped, traced, lost.

mod census;
mod kernel;

mod descriptors;
mod dropped;
mod errors;
mod foreign;
mod inherited;
mod many;
mod recycled;
mod running;
mod signalled;
mod streams;
mod traced;
mod waits;
