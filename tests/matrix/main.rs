//! fend against TCP and Unix sockets of std, tokio and smol, as server and as client: every pair shows every behaviour.
//!
//! [`kinds`] has what a socket of each kind can do, [`behaviours`] what the two ends of a connection do, and this file the table
//! of pairs. In release builds, or with `FEND_TEST_FULL` set, an echo moves 64 MiB.

#[path = "../support/stall.rs"]
mod stall;

mod behaviours;
mod bytes;
mod fend_kind;
mod kinds;
mod smol_kind;
mod std_kind;
mod tokio_kind;

use std::sync::{Arc, mpsc};
use std::thread;

use behaviours::{Behaviour, Meeting};
use kinds::{Kind, Library};

/// Runs one behaviour with a server and a client that have a thread and a runtime of their own each.
fn meet<S: Kind, C: Kind<Address = S::Address>>(behaviour: Behaviour) {
    stall::unless_it_stalls(move || {
        let meeting = Arc::new(Meeting::new(behaviour));
        let (tell_address, address) = mpsc::channel();
        let server = thread::spawn({
            let meeting = meeting.clone();
            move || {
                S::Library::run(async move {
                    let (listener, address) = S::listen().await?;
                    tell_address.send(address).expect("the client waits");
                    meeting.serve::<S>(Arc::new(S::accept(&listener).await?)).await
                })
            }
        });
        let client = address.recv().map(|address| {
            let meeting = meeting.clone();
            C::Library::run(async move { meeting.ask::<C>(Arc::new(C::connect(address).await?)).await })
        });
        let server = server.join().expect("the server").expect("the server's I/O");
        let client = client.expect("an address").expect("the client's I/O");
        meeting.check(&server, &client);
    });
}

/// A test of each behaviour for a server and a client with sockets of one family.
macro_rules! every_behaviour {
    ($family:ident, $server:ident, $client:ident) => {
        every_behaviour! {
            $family, $server, $client:
            echo = Echo,
            client_finishes_first = ClientFinishesFirst,
            server_finishes_first = ServerFinishesFirst,
            client_resets = ClientResets,
            server_resets = ServerResets,
            server_reads_slowly = ServerReadsSlowly,
            client_reads_slowly = ClientReadsSlowly,
        }
    };
    ($family:ident, $server:ident, $client:ident: $($test:ident = $behaviour:ident,)+) => {
        $(#[test]
        fn $test() {
            crate::meet::<crate::kinds::$family<$server>, crate::kinds::$family<$client>>(crate::Behaviour::$behaviour);
        })+
    };
}

/// The pairs, with fend on each dispatcher.
macro_rules! table {
    ($($pair:ident: $server:ident, $client:ident;)+) => {
        table! { @on epoll Epoll: $($pair: $server, $client;)+ }
        table! { @on poll Poll: $($pair: $server, $client;)+ }
    };
    (@on $name:ident $dispatcher:ident: $($pair:ident: $server:ident, $client:ident;)+) => {
        mod $name {
            use crate::{smol_kind::Smol, std_kind::Std, tokio_kind::Tokio};

            type Fend = crate::fend_kind::Fend<crate::fend_kind::$dispatcher>;

            $(mod $pair {
                use super::*;

                mod tcp {
                    use super::*;
                    every_behaviour! { Tcp, $server, $client }
                }

                mod unix {
                    use super::*;
                    every_behaviour! { Unix, $server, $client }
                }
            })+
        }
    };
}

table! {
    fend_serves_fend: Fend, Fend;
    fend_serves_std: Fend, Std;
    fend_serves_tokio: Fend, Tokio;
    fend_serves_smol: Fend, Smol;
    std_serves_fend: Std, Fend;
    tokio_serves_fend: Tokio, Fend;
    smol_serves_fend: Smol, Fend;
}
