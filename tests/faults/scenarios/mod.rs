//! What is done while calls fail. Each scenario makes all that it uses and ends with its first error; both ends of a conversation are polled
//! by one task, so that the other end is dropped with the one that has failed.

mod blocking;
mod children;
mod clocks;
mod file_events;
mod files;
mod names;
mod outside;
mod pipes;
mod signals;
mod tasks;
mod tcp;
mod tls;
mod udp;
mod unix;

use crate::shape::Shape;

/// Makes the tests of `async fn(PathBuf) -> io::Result<()>`s with the names of their modules.
macro_rules! scenarios {
    ($($module:ident)+) => {
        $(
            /// RX4
            fn $module(shape: Shape) {
                crate::faults_of::every_fault_of(shape, |place| Box::pin($module::all(place)));
            }
        )+
    };
}

scenarios! { blocking children clocks file_events files names outside pipes signals tasks tcp tls udp unix }

on_every_shape!(@each [crate::faults_of::beside] [blocking children clocks file_events files names pipes signals tasks tcp tls udp unix]
    epoll Epoll 2 1, poll Poll 2 1,
);

// Where one thread does all of it, other calls are made.
on_every_shape!(@each [crate::faults_of::beside] [blocking clocks signals tasks unix] epoll_single Epoll 1 1, poll_single Poll 1 1,);

// The default runtime has the default dispatcher.
on_every_shape!(@each [crate::faults_of::beside] [outside] epoll_default Epoll 1 1,);
