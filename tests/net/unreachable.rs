//! Connecting to where no route leads, in a network of the test's own, and what is open after connections that were not made.

use std::env;
use std::io;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fend::net::{TcpConnector, TcpStream, UdpSocket};
use futures_lite::future::poll_once;

use crate::alone::{alone, is_alone, run_alone};
use crate::connect::unused_address;
use crate::forks::spawn;
use crate::full_listener::FullListener;
use crate::process::open_fds;
use crate::shape::Shape;

alone_on_every_dispatcher!(without_a_route_it_fails_at_once, what_was_not_connected_is_closed);

/// Set where `ip` could add a route that says of a host that it cannot be reached.
const HOST_ROUTE: &str = "FEND_TEST_HOST_ROUTE";

/// Runs the rest of its arguments; the network has nothing but a loopback interface that is down.
const ADD_ROUTE: &str = "
if ip route add unreachable 198.51.100.0/24 2>/dev/null; then export FEND_TEST_HOST_ROUTE=1; fi
exec \"$@\"";

/// NT3: no packet leaves, since there is nowhere to leave to.
fn without_a_route_it_fails_at_once(shape: Shape) {
    if is_alone(shape) {
        return shape.block_on(nowhere()).expect("the sockets");
    }
    let in_namespace = || {
        let mut command = Command::new("unshare");
        command.args(["--net", "--map-root-user"]).stdin(Stdio::null());
        command
    };
    let mut attempt = in_namespace();
    attempt.arg("true").stdout(Stdio::piped()).stderr(Stdio::piped());
    match spawn(&mut attempt).and_then(Child::wait_with_output) {
        Ok(output) if output.status.success() => {
            let program = env::current_exe().expect("this program");
            run_alone(in_namespace().args(["sh", "-c", ADD_ROUTE, "sh"]).arg(program), shape);
        }
        Ok(output) => skipped(&String::from_utf8_lossy(&output.stderr)),
        Err(error) => skipped(&error.to_string()),
    }
}

fn skipped(reason: &str) {
    eprintln!("skipped: no network namespace to be had: {reason}");
}

async fn nowhere() -> io::Result<()> {
    let mut addresses =
        vec![("192.0.2.1:7", io::ErrorKind::NetworkUnreachable, "Network is unreachable (os error 101)")];
    if env::var_os(HOST_ROUTE).is_some() {
        let message = "No route to host (os error 113)";
        addresses.push(("198.51.100.1:7", io::ErrorKind::HostUnreachable, message));
    } else {
        eprintln!("skipped: ip cannot add a route");
    }
    // What a runtime opens at its first wait is open.
    fend::time::sleep(Duration::from_millis(1)).await;
    let before = open_fds();
    for (address, kind, message) in addresses {
        let start = Instant::now();
        let error = TcpStream::connect(address).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert_eq!(error.to_string(), format!("connect {address}: {message}"));
        let error = TcpStream::connect_timeout(address, Duration::from_secs(30)).await.unwrap_err();
        assert_eq!(error.to_string(), format!("connect {address}: {message}"));
        // The next address is tried at once, and says nothing better.
        let both = [address.parse().unwrap(), "192.0.2.2:7".parse().unwrap()];
        let connector = TcpConnector::new().attempt_delay(Duration::from_secs(20));
        let error = connector.connect(&both).await.unwrap_err();
        assert!(error.to_string().contains(address) && error.to_string().contains("192.0.2.2:7"), "{error}");
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}: nothing was waited for", start.elapsed());

        let socket = UdpSocket::bind("0.0.0.0:0").await?;
        let error = socket.send_to(b"x", address).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(address) && error.to_string().ends_with(message), "{error}");
        assert_eq!(socket.connect(address).await.unwrap_err().kind(), kind);
        drop(socket);
        assert_eq!(open_fds(), before, "after {address}");
    }
    Ok(())
}

/// NT3
fn what_was_not_connected_is_closed(shape: Shape) {
    alone(shape, || {
        let test = async {
            let silent = [FullListener::new()?, FullListener::new()?];
            let silent_addresses = [silent[0].address, silent[1].address];
            let refused = unused_address()?;
            let at_once = TcpConnector::new().attempt_delay(Duration::ZERO);
            let mut before = Vec::new();
            // The first round opens what a runtime opens at its first wait.
            for round in 0..20 {
                assert!(TcpStream::connect(refused).await.is_err());
                assert!(at_once.connect(&[refused, refused]).await.is_err());
                assert!(
                    TcpStream::connect_timeout(silent[0].address, Duration::from_millis(2)).await.is_err()
                );
                // Given up while the kernel still asks, by their owner and by the end of their task.
                assert!(poll_once(TcpStream::connect(silent[0].address)).await.is_none());
                assert!(poll_once(at_once.connect(&silent_addresses)).await.is_none());
                let task = fend::spawn(TcpStream::connect(silent[1].address));
                fend::yield_now().await;
                task.abort();
                assert!(task.await.is_err(), "it was aborted");
                if round == 0 {
                    before = open_fds();
                }
                assert_eq!(open_fds(), before, "round {round}");
            }
            io::Result::Ok(())
        };
        shape.block_on(test).expect("the sockets");
    });
}
