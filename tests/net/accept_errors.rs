//! Accepting when descriptors have run out, and when the kernel says that a connection is no good.

use std::env;
use std::fs;
use std::io::{self, Read, Write};
use std::net::{self, SocketAddr};
use std::os::fd::AsRawFd;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use fend::net::{AcceptErrorKind, Listener, TcpListener, TcpStream};
use fend::time::sleep;
use socket2::{Domain, Socket, Type};

use crate::alone::{alone, is_alone, run_alone};
use crate::forks::spawn;
use crate::machine::Noise;
use crate::process::{cpu_time, limit_fds};
use crate::shape::Shape;

alone_on_every_dispatcher!(undisturbed: out_of_descriptors_it_pauses_and_resumes);
alone_on_every_dispatcher!(
    a_connection_that_ends_ends_the_pause,
    a_limit_below_what_is_open_is_waited_out_too,
    errors_of_one_connection_are_passed_over_at_once,
    lack_of_memory_and_descriptors_is_waited_out,
    an_error_that_stays_does_not_spin,
    a_default_runtime_that_cannot_start_is_waited_out,
);

/// The limit at which every new fd fails: the lowest number that is free.
fn none_left() -> u64 {
    let open = |number: &u64| fs::read_link(format!("/proc/self/fd/{number}")).is_ok();
    (0..).find(|number| !open(number)).expect("some number is free")
}

fn echo_once(mut client: &net::TcpStream) -> io::Result<()> {
    client.write_all(b"x")?;
    client.read_exact(&mut [0])
}

async fn echo(stream: TcpStream, _peer: SocketAddr) {
    let mut byte = [0];
    while let Ok(1) = stream.recv(&mut byte).await {
        let _ = stream.send_all(&byte).await;
    }
}

/// RX1
fn out_of_descriptors_it_pauses_and_resumes(shape: Shape) {
    const CLIENTS: usize = 20;
    // The beats are the test's own cost.
    const BEAT: Duration = Duration::from_millis(20);
    // A dozen wake-ups with cold caches and no optimisation take longer than they should, beside other programs most of all.
    const MOST: f64 = if cfg!(debug_assertions) { 0.2 } else { 0.02 };
    alone(shape, || {
        shape
            .block_on(async {
                let pauses = Arc::new(Mutex::new(Vec::new()));
                let told = pauses.clone();
                let (longest, reached) = std::sync::mpsc::channel();
                let listener = Listener::bind("127.0.0.1:0").await?.on_error(move |failure| {
                    assert!(failure.error().to_string().contains("RLIMIT_NOFILE"), "{}", failure.error());
                    let pause = failure.pause().expect("a pause");
                    let mut told = told.lock().unwrap();
                    assert_eq!(failure.begins_back_off(), told.is_empty());
                    told.push(pause.as_millis());
                    if pause == Duration::from_secs(1) {
                        let _ = longest.send(());
                    }
                });
                let (address, handle) = (listener.local_addr()?, listener.handle());
                let clients =
                    (0..CLIENTS).map(|_| net::TcpStream::connect(address)).collect::<io::Result<Vec<_>>>()?;
                let limit = limit_fds(none_left());
                let runtime = fend::runtime::Handle::current().metrics();
                let (turns, polls) = (runtime.driver_turns(), runtime.polls());
                let (start, cpu) = (Instant::now(), cpu_time());
                let server = fend::spawn(listener.serve(echo));

                // Nothing else runs now: what is used is used for the accepts.
                fend::spawn_blocking(move || reached.recv())
                    .await
                    .expect("no panic")
                    .expect("a pause of 1 s");
                let (used, took) = (cpu_time() - cpu, start.elapsed());
                let runtime = fend::runtime::Handle::current().metrics();
                let share = used.as_secs_f64() / took.as_secs_f64();
                assert_eq!(*pauses.lock().unwrap(), [5, 10, 20, 40, 80, 160, 320, 640, 1000]);
                assert!(took >= Duration::from_millis(1275), "{took:?}");
                assert!(share < MOST, "{:.2} % CPU", share * 100.0);
                // One for each pause, and some to begin with.
                let wakes = (runtime.driver_turns() - turns, runtime.polls() - polls);
                assert!(wakes.0 < 60 && wakes.1 < 60, "{wakes:?}");
                let metrics = handle.metrics();
                assert_eq!((metrics.back_offs, metrics.accepted, metrics.active), (9, 0, 0));
                assert_eq!(metrics.back_off, Some(Duration::from_secs(1)));
                assert_eq!(metrics.last_error, Some(io::Error::from_raw_os_error(libc::EMFILE).kind()));

                let noise = Noise::listen(BEAT);
                let mut late = Vec::new();
                while late.is_empty() || handle.metrics().back_offs < 10 {
                    let beat = Instant::now();
                    sleep(BEAT).await;
                    late.push(beat.elapsed() - BEAT);
                }
                let worst = noise.worst();
                late.sort();
                let median = late[late.len() / 2];
                eprintln!("{:.2} % CPU, {median:?} late", share * 100.0);
                let most = Duration::from_millis(20) + worst;
                assert!(median < most, "timers were {late:?} late, the machine {worst:?}");

                let noise = Noise::listen(BEAT);
                let freed = Instant::now();
                limit_fds(limit);
                let first = fend::spawn_blocking(move || echo_once(&clients[0]).map(|()| clients));
                let clients = first.await.expect("no panic")?;
                let (resumed, worst) = (freed.elapsed(), noise.worst());
                eprintln!("resumed after {resumed:?}");
                let most = Duration::from_millis(1500) + worst;
                assert!(resumed < most, "resumed after {resumed:?}, the machine {worst:?}");
                let others = fend::spawn_blocking(move || clients[1..].iter().try_for_each(echo_once));
                others.await.expect("no panic")?;
                let metrics = handle.metrics();
                assert_eq!((metrics.accepted, metrics.back_off), (CLIENTS as u64, None));
                assert_eq!(handle.drain(Duration::from_secs(30)).await.aborted, 0);
                server.await.expect("no panic")?;
                io::Result::Ok(())
            })
            .expect("the sockets");
    });
}

/// The pause has become long, and is not waited for when a descriptor is free that was the listener's own.
fn a_connection_that_ends_ends_the_pause(shape: Shape) {
    alone(shape, || {
        shape
            .block_on(async {
                let (told, failures) = std::sync::mpsc::channel();
                let listener = Listener::bind("127.0.0.1:0").await?;
                let listener = listener.on_error(move |failure| told.send(failure.pause()).expect("heard"));
                let (address, handle) = (listener.local_addr()?, listener.handle());
                let first = net::TcpStream::connect(address)?;
                let second = net::TcpStream::connect(address)?;
                let limit = limit_fds(none_left() + 1);
                let server = fend::spawn(listener.serve(echo));
                let failures = fend::spawn_blocking(move || {
                    echo_once(&first)?;
                    while failures.recv().expect("a failure") != Some(Duration::from_secs(1)) {}
                    io::Result::Ok((first, failures))
                });
                let (first, failures) = failures.await.expect("no panic")?;
                assert_eq!(handle.metrics().back_off, Some(Duration::from_secs(1)));
                let noise = Noise::listen(Duration::from_millis(5));
                let start = Instant::now();
                let answered = fend::spawn_blocking(move || {
                    // The peer is told to go, and its descriptor is not ours to reuse meanwhile.
                    first.shutdown(net::Shutdown::Write)?;
                    echo_once(&second).map(|()| (first, second))
                });
                let clients = answered.await.expect("no panic")?;
                let (took, worst) = (start.elapsed(), noise.worst());
                assert!(took < Duration::from_millis(500) + worst, "{took:?}, the machine {worst:?}");
                drop(clients);
                limit_fds(limit);
                assert!(handle.drain(Duration::from_secs(30)).await.is_clean());
                server.await.expect("no panic")?;
                // After the second connection no descriptor was free again, and the listener said so until now.
                drop(failures);
                io::Result::Ok(())
            })
            .expect("the sockets");
    });
}

/// RX1: as a sandbox lowers it. poll(2) takes no list of all that is open then, and connections go on all the same.
fn a_limit_below_what_is_open_is_waited_out_too(shape: Shape) {
    const CLIENTS: usize = 20;
    alone(shape, || {
        shape
            .block_on(async {
                let listener = Listener::bind("127.0.0.1:0").await?;
                let (address, handle) = (listener.local_addr()?, listener.handle());
                let server = fend::spawn(listener.serve(echo));
                let clients =
                    (0..CLIENTS).map(|_| net::TcpStream::connect(address)).collect::<io::Result<Vec<_>>>()?;
                let echoes = move || clients.iter().try_for_each(echo_once).map(|()| clients);
                let clients = fend::spawn_blocking(echoes).await.expect("no panic")?;
                // It has its descriptor, and needs no other to connect.
                let late = Socket::new(Domain::IPV4, Type::STREAM, None)?;

                let limit = limit_fds(7);
                late.connect(&address.into())?;
                while handle.metrics().back_offs == 0 {
                    sleep(Duration::from_millis(2)).await;
                }
                let echoes = move || clients.iter().try_for_each(echo_once).map(|()| clients);
                let clients = fend::spawn_blocking(echoes).await.expect("no panic")?;
                let metrics = handle.metrics();
                assert_eq!((metrics.accepted, metrics.active), (CLIENTS as u64, CLIENTS));
                limit_fds(limit);

                let late = net::TcpStream::from(late);
                let answered = fend::spawn_blocking(move || echo_once(&late).map(|()| late));
                drop((answered.await.expect("no panic")?, clients));
                assert!(handle.drain(Duration::from_secs(30)).await.is_clean());
                assert_eq!(handle.metrics().accepted, CLIENTS as u64 + 1);
                server.await.expect("no panic")?;
                io::Result::Ok(())
            })
            .expect("the sockets");
    });
}

/// Names the error that is injected into this process.
const INJECTED: &str = "FEND_TEST_INJECTED";

/// Runs `body` in a process of its own for each of `errors`, with which accept4(2) fails there at the calls `when` of each thread.
/// Not where strace cannot trace.
fn injected(shape: Shape, errors: &[&str], when: &str, body: impl Fn(&str)) {
    if is_alone(shape) {
        return body(&env::var(INJECTED).expect("an error"));
    }
    let traces = spawn(Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]));
    if !traces.and_then(|mut strace| strace.wait()).is_ok_and(|status| status.success()) {
        eprintln!("strace cannot trace here: not checked");
        return;
    }
    for error in errors {
        let mut command = Command::new("strace");
        command.args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=accept4", "-e"]);
        command.arg(format!("inject=accept4:error={error}:when={when}"));
        command.arg(env::current_exe().expect("this program")).env(INJECTED, error).stdin(Stdio::null());
        run_alone(&mut command, shape);
    }
}

/// RX1
fn errors_of_one_connection_are_passed_over_at_once(shape: Shape) {
    injected(shape, &["ECONNABORTED", "EPROTO", "EPERM"], "1..5", |error| {
        shape
            .block_on(async {
                let listener = Listener::bind("127.0.0.1:0").await?;
                let (address, handle) = (listener.local_addr()?, listener.handle());
                let client = net::TcpStream::connect(address)?;
                let server = fend::spawn(listener.serve(echo));
                fend::spawn_blocking(move || echo_once(&client)).await.expect("no panic")?;
                let metrics = handle.metrics();
                assert!(metrics.transient_errors >= 5, "{error}: {metrics:?}");
                assert_eq!((metrics.back_offs, metrics.accepted), (0, 1), "{error}");
                assert!(metrics.last_error.is_some());
                handle.drain(Duration::from_secs(30)).await;
                server.await.expect("no panic")?;
                io::Result::Ok(())
            })
            .expect("the sockets");
    });
}

/// RX1
fn lack_of_memory_and_descriptors_is_waited_out(shape: Shape) {
    injected(shape, &["ENFILE", "ENOMEM", "ENOBUFS", "EMFILE"], "1..3", |error| {
        shape
            .block_on(async {
                let listener = Listener::bind("127.0.0.1:0").await?;
                let (address, handle) = (listener.local_addr()?, listener.handle());
                let client = net::TcpStream::connect(address)?;
                let start = Instant::now();
                let server = fend::spawn(listener.serve(echo));
                fend::spawn_blocking(move || echo_once(&client)).await.expect("no panic")?;
                assert!(start.elapsed() >= Duration::from_millis(5 + 10 + 20), "{error}");
                let metrics = handle.metrics();
                assert!(metrics.back_offs >= 3, "{error}: {metrics:?}");
                assert_eq!((metrics.transient_errors, metrics.accepted), (0, 1), "{error}");
                handle.drain(Duration::from_secs(30)).await;
                server.await.expect("no panic")?;
                io::Result::Ok(())
            })
            .expect("the sockets");
    });
}

/// A security module that refuses every accept leaves the connection in the queue.
fn an_error_that_stays_does_not_spin(shape: Shape) {
    injected(shape, &["EPERM"], "1+", |_| {
        shape
            .block_on(async {
                let listener = Listener::bind("127.0.0.1:0").await?;
                let (address, handle) = (listener.local_addr()?, listener.handle());
                let _client = net::TcpStream::connect(address)?;
                let server = fend::spawn(listener.serve(echo));
                while handle.metrics().back_offs < 5 {
                    sleep(Duration::from_millis(5)).await;
                }
                let metrics = handle.metrics();
                assert_eq!(
                    metrics.transient_errors - 64,
                    metrics.back_offs,
                    "one try for each pause: {metrics:?}"
                );
                handle.stop();
                server.await.expect("no panic")?;
                io::Result::Ok(())
            })
            .expect("the sockets");
    });
}

/// An accept under another executor needs the default runtime, which needs descriptors of its own.
fn a_default_runtime_that_cannot_start_is_waited_out(shape: Shape) {
    alone(shape, || {
        let listener = net::TcpListener::bind("127.0.0.1:0").expect("a listener");
        let address = listener.local_addr().expect("an address");
        let listener = TcpListener::try_from(listener).expect("a listener");
        let client = net::TcpStream::connect(address).expect("a connection");
        let limit = limit_fds(none_left());
        let error = futures_lite::future::block_on(listener.accept()).expect_err("no descriptor is left");
        assert_eq!(AcceptErrorKind::of(&error), AcceptErrorKind::BackOff, "{error}");
        assert!(error.to_string().contains("cannot start the default runtime"), "{error}");
        limit_fds(limit);
        let (stream, peer) = futures_lite::future::block_on(listener.accept()).expect("a connection");
        assert_eq!(peer, client.local_addr().expect("an address"));
        assert!(stream.as_raw_fd() > 0);
    });
}
