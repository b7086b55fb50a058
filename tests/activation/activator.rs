//! Starting a program with sockets: under our own service, and under a shell that knows nothing of us.

use std::fs;
use std::io::{self, Read};
use std::net::UdpSocket;
use std::os::fd::AsRawFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Command, Stdio};
use std::thread;

use fend::net::activation::{Activator, ListenFds};

use crate::alone::{alone, is_alone};
use crate::managers::own_loopback;
use crate::process::open_fds;
use crate::service::{activator, ask_name, finish, listener, tell_names};
use crate::shape::Shape;

on_every_shape!(
    sockets_arrive_in_order_with_their_names,
    a_listener_of_the_runtime_goes_on_in_the_child,
    a_unix_socket_arrives,
    a_datagram_socket_arrives,
    a_shell_sees_what_the_protocol_says,
    a_program_that_does_not_exist_is_an_error_and_no_leak,
);

/// The descriptors have numbers of the range they are passed in, in the opposite order: one copied over another would show.
fn sockets_arrive_in_order_with_their_names(shape: Shape) {
    const NAMES: [&str; 5] = ["e", "d", "same", "same", "a"];
    if is_alone(shape) {
        assert_eq!(tell_names(shape), NAMES);
        return;
    }
    let mut listeners: Vec<_> = (0..NAMES.len()).map(|_| listener()).collect();
    listeners.reverse();
    let service = listeners.iter().zip(NAMES).fold(activator(shape), |service, ((listener, _), name)| {
        service.pass(name, listener).expect("a duplicate")
    });
    let child = service.spawn().expect("this program");
    for ((_, address), name) in listeners.iter().zip(NAMES) {
        assert_eq!(ask_name(*address), name);
    }
    finish(child);
}

fn a_listener_of_the_runtime_goes_on_in_the_child(shape: Shape) {
    if is_alone(shape) {
        assert_eq!(tell_names(shape), ["web"]);
        return;
    }
    let address = shape
        .block_on(async {
            // At an address where nobody else gets the port afterwards.
            let listener = fend::net::TcpListener::bind((own_loopback(67, shape), 0)).await?;
            let address = listener.local_addr()?;
            // It is in use here, and the client comes before the service does.
            let client = fend::net::TcpStream::connect(address).await?;
            listener.accept().await?;
            drop(client);
            let child = activator(shape).pass("web", &listener)?.spawn()?;
            drop(listener);
            let name =
                fend::spawn_blocking(move || (ask_name(address), finish(child))).await.expect("no panic").0;
            assert_eq!(name, "web");
            io::Result::Ok(address)
        })
        .expect("the sockets");
    // Nobody has the socket any more, once each child of another test runs its own program.
    while std::net::TcpStream::connect(address).is_ok() {
        thread::yield_now();
    }
}

fn a_unix_socket_arrives(shape: Shape) {
    if is_alone(shape) {
        let fd = ListenFds::take().expect("what was passed").next().expect("one");
        let answered = shape.block_on(async {
            let listener: fend::net::UnixListener = fd.convert()?;
            listener.accept().await?.0.send_all(b"hello").await
        });
        return answered.expect("the socket");
    }
    let path =
        std::env::temp_dir().join(format!("fend-activation-{}-{}", std::process::id(), shape.harness_name()));
    let listener = UnixListener::bind(&path).expect("a path");
    let child = activator(shape).pass("control", &listener).and_then(Activator::spawn).expect("this program");
    drop(listener);
    let mut stream = UnixStream::connect(&path).expect("the child has it");
    fs::remove_file(&path).expect("the path");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("an answer");
    assert_eq!(text, "hello");
    finish(child);
}

fn a_datagram_socket_arrives(shape: Shape) {
    if is_alone(shape) {
        let fd = ListenFds::take().expect("what was passed").named("dns").expect("one");
        let answered = shape.block_on(async {
            let socket: fend::net::UdpSocket = fd.convert()?;
            let mut buf = [0; 16];
            let (len, client) = socket.recv_from(&mut buf).await?;
            socket.send_to(&buf[..len], client).await
        });
        assert_eq!(answered.expect("the socket"), 5);
        return;
    }
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let client = UdpSocket::bind("127.0.0.1:0").expect("a port");
    client.connect(socket.local_addr().expect("an address")).expect("it connects");
    // It waits in the socket for the child to come.
    assert_eq!(client.send(b"query").expect("it is sent"), 5);
    let child = activator(shape).pass("dns", &socket).and_then(Activator::spawn).expect("this program");
    drop(socket);
    let mut buf = [0; 16];
    let len = client.recv(&mut buf).expect("an answer");
    assert_eq!(&buf[..len], b"query");
    finish(child);
}

fn a_shell_sees_what_the_protocol_says(_: Shape) {
    // Two are open, the third is not; `PATH` is what a cleared environment lacks.
    const SCRIPT: &str = "[ $LISTEN_PID = $$ ] || exit 9; \
        echo $LISTEN_FDS $LISTEN_FDNAMES $EXTRA $1 $GONE; readlink /proc/$$/fd/3 /proc/$$/fd/4; \
        [ ! -e /proc/$$/fd/5 ] && pwd";
    let (listeners, directory) = ([listener().0, listener().0], std::env::temp_dir());
    let child = Activator::new("sh")
        .env("GONE", "gone")
        .env_clear()
        .env("PATH", std::env::var_os("PATH").expect("a path"))
        .env("EXTRA", "extra")
        .env("LISTEN_FDS", "7")
        .env("REMOVED", "removed")
        .env_remove("REMOVED")
        .args(["-c", SCRIPT, "sh"])
        .arg("argument")
        .current_dir(&directory)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .pass("one", &listeners[0])
        .and_then(|activator| activator.pass("two three", &listeners[1]))
        .and_then(Activator::spawn)
        .expect("a shell");
    let id = child.id();
    let output = child.wait_with_output().expect("its end");
    assert!(output.status.success(), "{id}: {}", output.status);
    let printed = String::from_utf8(output.stdout).expect("text");
    let lines: Vec<&str> = printed.lines().collect();
    let directory =
        fs::canonicalize(directory).expect("a path").into_os_string().into_string().expect("text");
    let sockets = listeners.map(|listener| socket_name(&listener));
    assert_eq!(lines, ["2 one:two three extra argument", &sockets[0], &sockets[1], &directory]);

    // With nothing to pass it passes no variables either, not even those meant for this process.
    let child =
        Activator::new("env").env("LISTEN_FDS", "7").env("LISTEN_PID", "7").stdout(Stdio::piped()).spawn();
    let output = child.expect("env").wait_with_output().expect("its end");
    assert!(output.status.success());
    assert!(!String::from_utf8_lossy(&output.stdout).contains("LISTEN_"));
}

/// What the kernel calls the socket: it names the open file, not the descriptor.
fn socket_name(socket: &impl AsRawFd) -> String {
    let link = fs::read_link(format!("/proc/self/fd/{}", socket.as_raw_fd())).expect("open");
    link.into_os_string().into_string().expect("text")
}

fn a_program_that_does_not_exist_is_an_error_and_no_leak(shape: Shape) {
    alone(shape, || {
        let mut low: Vec<_> = (0..3).map(|_| listener().0).collect();
        let listeners = [listener().0, listener().0, listener().0];
        let lowest: Vec<i32> = low.iter().map(|listener| listener.as_raw_fd()).collect();
        let mut before = open_fds();
        before.retain(|fd| !lowest.contains(fd));
        for program in ["/does/not/exist", "fend-does-not-exist", "/dev/null"] {
            let all = listeners.iter().fold(Activator::new(program), |activator, listener| {
                activator.pass("x", listener).expect("a duplicate")
            });
            // Numbers of the passed range are free now, so that the pipe by which a failure is told could get one.
            low.clear();
            let error = all.spawn().expect_err("there is no such program");
            let kind = if program == "/dev/null" {
                io::ErrorKind::PermissionDenied
            } else {
                io::ErrorKind::NotFound
            };
            assert_eq!(error.kind(), kind, "{error}");
            assert!(error.to_string().starts_with(&format!("start {program:?}: ")), "{error}");
        }
        assert_eq!(open_fds(), before);
        // Nobody waits for the children of this test: there must be none.
        let children =
            Command::new("cat").arg(format!("/proc/{0}/task/{0}/children", std::process::id())).output();
        let children = String::from_utf8(children.expect("cat").stdout).expect("text");
        assert!(children.split_whitespace().count() <= 1, "besides cat: {children:?}");
    });
}
