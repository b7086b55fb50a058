//! Peers that mean no good, or behave as if.

use std::env;
use std::io::{self, Read, Write};
use std::net::{self, SocketAddr};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use fend::net::{Listener, MsgFlags, TcpListener, TcpStream};
use fend::task::JoinHandle;
use fend::time::sleep;
use futures_lite::future::poll_once;
use socket2::SockRef;

use crate::alone::alone;
use crate::forks::spawn;
use crate::machine::Noise;
use crate::peer::{accepted, assert_same, noise, reset};
use crate::process::{open_fds, resident};
use crate::scaled;
use crate::shape::Shape;

on_every_dispatcher!(
    a_peer_that_does_not_read_stops_the_writer,
    a_closed_window_that_opens_goes_on,
    tiny_segments_arrive_whole,
    an_urgent_byte_among_others_stalls_nobody,
);

alone_on_every_dispatcher!(a_writer_without_a_reader_keeps_its_memory, a_reset_raises_no_signal);
alone_on_every_dispatcher!(
    undisturbed: slow_drips_hold_nobody_up,
    a_storm_of_connections_leaves_nothing_behind,
);

/// Names the server, in the process of the clients.
const DRIPS_ON: &str = "FEND_TEST_DRIPS_ON";
const DRIPS: &str = "FEND_TEST_DRIPS";

/// Not a test: the other process of [`slow_drips_hold_nobody_up`], since each has descriptors for its own ends only. Sends each
/// connection one byte about every second, until its standard input ends.
#[test]
fn drips() {
    let Ok(server) = env::var(DRIPS_ON) else { return };
    let count: usize = env::var(DRIPS).expect("a count").parse().expect("a number");
    let server: SocketAddr = server.parse().expect("an address");
    let mut connections: Vec<net::TcpStream> = Vec::new();
    let over = thread::spawn(|| io::stdin().read_to_end(&mut Vec::new()));
    let per_beat = count.div_ceil(100);
    let mut next = 0;
    while !over.is_finished() {
        for _ in 0..per_beat {
            if connections.len() < count {
                connections.push(net::TcpStream::connect(server).expect("a connection"));
            } else {
                connections[next].write_all(b".").expect("the server reads");
                next = (next + 1) % count;
            }
        }
        thread::sleep(Duration::from_millis(10));
    }
}

fn start_drips(server: SocketAddr, count: usize) -> Child {
    let mut command = Command::new(env::current_exe().expect("this program"));
    command
        .args(["--exact", "hostile::drips"])
        .env(DRIPS_ON, server.to_string())
        .env(DRIPS, count.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::null());
    spawn(&mut command).expect("the program starts again")
}

/// HP1
fn slow_drips_hold_nobody_up(shape: Shape) {
    const BEAT: Duration = Duration::from_millis(10);
    let count = scaled(1_000, 10_000);
    alone(shape, || {
        shape
            .block_on(async {
                let bytes = Arc::new(AtomicUsize::new(0));
                let listener = Listener::bind("127.0.0.1:0").await?;
                let (address, handle) = (listener.local_addr()?, listener.handle());
                let counted = bytes.clone();
                let server = fend::spawn(listener.serve(move |stream: TcpStream, _| {
                    let counted = counted.clone();
                    async move {
                        let mut byte = [0; 16];
                        while let Ok(n @ 1..) = stream.recv(&mut byte).await {
                            counted.fetch_add(n, Ordering::Relaxed);
                        }
                    }
                }));
                let empty = resident();
                let mut drips = start_drips(address, count);
                let mut halfway = 0;
                while handle.metrics().active < count {
                    sleep(Duration::from_millis(2)).await;
                    if halfway == 0 && handle.metrics().active >= count / 2 {
                        halfway = resident();
                    }
                }
                let full = resident();
                let mut tries = Vec::new();
                let is_in_time =
                    |&(p99, worst): &(Duration, Duration)| p99 < Duration::from_millis(20) + worst;
                // The best of three: what stands still for a moment does so in some of them.
                while tries.len() < 3 && !tries.last().is_some_and(is_in_time) {
                    // Every connection has dripped at least once, and once more in each further try.
                    let enough = count * (tries.len() + 1);
                    let noise = Noise::listen(BEAT);
                    let mut late = Vec::new();
                    while late.is_empty() || bytes.load(Ordering::Relaxed) < enough {
                        let beat = Instant::now();
                        sleep(BEAT).await;
                        late.push(beat.elapsed().saturating_sub(BEAT));
                    }
                    let worst = noise.worst();
                    late.sort();
                    tries.push((late[late.len() * 99 / 100], worst));
                }
                let (first, second) = (halfway.saturating_sub(empty), full.saturating_sub(halfway));
                eprintln!(
                    "{count} connections: (p99 of the heartbeat, machine at worst) {tries:?}, {} bytes each",
                    (first + second) / count
                );
                assert!(tries.last().is_some_and(is_in_time), "{tries:?}");
                assert!(second < first * 3 / 2 + (1 << 20), "{first} then {second} bytes");
                assert!((first + second) / count < 8 << 10, "{} bytes each", (first + second) / count);
                drop(drips.stdin.take());
                assert!(drips.wait()?.success());
                assert!(handle.drain(Duration::from_secs(30)).await.is_clean());
                server.await.expect("no panic")?;
                io::Result::Ok(())
            })
            .expect("the sockets");
    });
}

/// How many clients storm at once.
const CLIENTS: usize = 4;

/// One client's connections, each of which ends in another way.
fn storm(address: SocketAddr, rounds: usize) -> io::Result<()> {
    for round in 0..rounds {
        if round % 5 == 0 {
            reset_after_syn(address)?;
            continue;
        }
        let client = net::TcpStream::connect(address)?;
        match round % 5 {
            // At once, before the server may have seen it, and with data on the way.
            1 => reset(client)?,
            2 => {
                (&client).write_all(b"x")?;
                reset(client)?;
            }
            3 => (&client).write_all(b"x")?,
            // No port stays behind in TIME_WAIT.
            _ => {
                client.shutdown(net::Shutdown::Write)?;
                let _ = (&client).read(&mut [0; 16]);
                reset(client)?;
            }
        }
    }
    Ok(())
}

/// Goes away without having waited for the connection: the reset follows the SYN, or the rest of the handshake.
fn reset_after_syn(address: SocketAddr) -> io::Result<()> {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM.nonblocking(), None)?;
    socket.set_linger(Some(Duration::ZERO))?;
    match socket.connect(&address.into()) {
        Err(error) if error.raw_os_error() != Some(libc::EINPROGRESS) => Err(error),
        _ => Ok(()),
    }
}

fn served(address: SocketAddr) -> io::Result<()> {
    let mut client = net::TcpStream::connect(address)?;
    client.write_all(b"x")?;
    let mut answer = String::new();
    client.read_to_string(&mut answer)?;
    assert_eq!(answer, "too late");
    Ok(())
}

/// HP2
fn a_storm_of_connections_leaves_nothing_behind(shape: Shape) {
    let rounds = scaled(2_000, 30_000);
    alone(shape, || {
        shape
            .block_on(async {
                let listener = Listener::bind("127.0.0.1:0").await?;
                let (address, handle) = (listener.local_addr()?, listener.handle());
                let server = fend::spawn(listener.serve(|stream: TcpStream, _| async move {
                    let _ = stream.recv(&mut [0; 16]).await;
                    let _ = stream.send(b"too late").await;
                }));
                let blow = |rounds: usize| async move {
                    let storms: Vec<_> = (0..CLIENTS)
                        .map(|_| fend::spawn_blocking(move || storm(address, rounds / CLIENTS)))
                        .collect();
                    for storm in storms {
                        storm.await.expect("no panic")?;
                    }
                    io::Result::Ok(())
                };
                // One more is served behind all others; of those the kernel has kept what was reset in its queue, or not.
                let settled = async |handle: &fend::net::ListenerHandle| {
                    fend::spawn_blocking(move || served(address)).await.expect("no panic")?;
                    while handle.metrics().active > 0 {
                        sleep(Duration::from_millis(2)).await;
                    }
                    io::Result::Ok(())
                };
                // What is kept for reuse is there after the first half.
                blow(rounds).await?;
                settled(&handle).await?;
                let (fds, memory) = (open_fds(), resident());
                let start = Instant::now();
                blow(rounds).await?;
                let rate = rounds as f64 / start.elapsed().as_secs_f64();
                settled(&handle).await?;
                let grown = resident().saturating_sub(memory);
                eprintln!("{rate:.0} connections/s, {grown} bytes more after {rounds}");
                // What was closed last may be closed a moment later, then as now.
                while open_fds().iter().any(|fd| !fds.contains(fd)) {
                    sleep(Duration::from_millis(5)).await;
                }
                assert!(grown < 1 << 20, "{grown} bytes more after {rounds} connections");
                assert!(cfg!(debug_assertions) || rate > 5_000.0, "{rate:.0} connections/s are no storm");
                let metrics = handle.metrics();
                assert_eq!((metrics.active, metrics.back_offs, metrics.panicked), (0, 0, 0));
                assert!(handle.drain(Duration::from_secs(30)).await.is_clean());
                server.await.expect("no panic")?;
                io::Result::Ok(())
            })
            .expect("the sockets");
    });
}

/// HP3
async fn a_peer_that_does_not_read_stops_the_writer() -> io::Result<()> {
    let (stream, mut peer) = accepted().await?;
    let sent = noise(8 << 20);
    let writer = stopped_writer(stream, &sent).await?;
    let reader = fend::spawn_blocking(move || {
        let mut received = vec![0; 8 << 20];
        peer.read_exact(&mut received).map(|()| received)
    });
    assert_same(&reader.await??, &sent);
    writer.await??;
    Ok(())
}

/// A task that sends all of it, and has come to a stop before the end since nobody reads. It gives the stream back.
async fn stopped_writer(stream: TcpStream, sent: &[u8]) -> io::Result<JoinHandle<io::Result<TcpStream>>> {
    let all = sent.to_vec();
    let taken = Arc::new(AtomicUsize::new(0));
    let progress = taken.clone();
    let writer = fend::spawn(async move {
        let mut rest = &all[..];
        while !rest.is_empty() {
            let n = stream.send(rest).await?;
            progress.fetch_add(n, Ordering::Relaxed);
            rest = &rest[n..];
        }
        io::Result::Ok(stream)
    });
    let mut before = usize::MAX;
    while before != taken.load(Ordering::Relaxed) || before == 0 {
        before = taken.load(Ordering::Relaxed);
        sleep(Duration::from_millis(30)).await;
    }
    assert!(!writer.is_finished() && before < sent.len(), "{before} bytes are on the way");
    Ok(writer)
}

/// HP3
fn a_writer_without_a_reader_keeps_its_memory(shape: Shape) {
    alone(shape, || {
        shape
            .block_on(async {
                let (stream, _peer) = accepted().await?;
                let block = vec![1; 256 << 10];
                while stream.try_send(&block).is_ok() {}
                let send = || stream.send(&block);
                // What is run for the first time comes into memory by that.
                for _ in 0..100 {
                    assert!(poll_once(send()).await.is_none());
                }
                let memory = resident();
                for _ in 0..20_000 {
                    assert!(poll_once(send()).await.is_none());
                }
                // The kernel counts pages in lots for each processor. 50 bytes for each wait would be seen.
                let grown = resident().saturating_sub(memory);
                assert!(grown < 1 << 20, "{grown} bytes more");
                io::Result::Ok(())
            })
            .expect("the sockets");
    });
}

/// HP4
async fn a_closed_window_that_opens_goes_on() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let client = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
    client.set_recv_buffer_size(1)?;
    client.connect(&listener.local_addr()?.into())?;
    let (stream, _) = listener.accept().await?;
    let sent = noise(2 << 20);
    // The peer's buffer is full, and its window closed.
    let writer = stopped_writer(stream, &sent).await?;
    let mut client = net::TcpStream::from(client);
    let reader = fend::spawn_blocking(move || {
        let mut received = Vec::new();
        client.read_to_end(&mut received).map(|_| received)
    });
    drop(writer.await??);
    assert_same(&reader.await??, &sent);
    Ok(())
}

/// HP4
async fn tiny_segments_arrive_whole() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    // The smallest that the kernel allows; a connection takes it over from its listener.
    SockRef::from(&listener).set_tcp_mss(88)?;
    let mut client = net::TcpStream::connect(listener.local_addr()?)?;
    client.set_nodelay(true)?;
    let (stream, _) = listener.accept().await?;
    assert!(SockRef::from(&stream).tcp_mss()? < 536);
    let sent = noise(100_000);
    let all = sent.clone();
    let writer = fend::spawn_blocking(move || {
        all.chunks(33).try_for_each(|piece| client.write_all(piece)).map(|()| client)
    });
    let mut received = vec![0; sent.len()];
    stream.recv_exact(&mut received).await?;
    assert_same(&received, &sent);
    let mut client = writer.await??;
    let reader = fend::spawn_blocking(move || {
        let mut back = vec![0; 100_000];
        client.read_exact(&mut back).map(|()| back)
    });
    stream.send_all(&received).await?;
    assert_same(&reader.await??, &sent);
    Ok(())
}

/// HP4
async fn an_urgent_byte_among_others_stalls_nobody() -> io::Result<()> {
    const ROUNDS: usize = 300;
    let (stream, peer) = accepted().await?;
    let peer = TcpStream::try_from(peer)?;
    // Nobody asks for the urgent bytes, and each stands in the way of a receive.
    let receiver = fend::spawn(async move {
        let (mut total, mut buf) = (0, [0; 1000]);
        loop {
            match stream.recv(&mut buf).await? {
                0 => return io::Result::Ok(total),
                n => total += n,
            }
        }
    });
    for _ in 0..ROUNDS {
        peer.send_all(b"plain").await?;
        peer.send_with_flags(b"!", MsgFlags::OOB).await?;
    }
    peer.send_all(b"end").await?;
    drop(peer);
    let received = receiver.await??;
    // An urgent byte that the next one has replaced is part of the stream.
    let plain = ROUNDS * 5 + 3;
    assert!((plain..=plain + ROUNDS).contains(&received), "{received}");
    Ok(())
}

/// NT2: in a process whose `SIGPIPE` is the default one, which would end it.
fn a_reset_raises_no_signal(shape: Shape) {
    alone(shape, || {
        crate::reset::restore_sigpipe();
        shape
            .block_on(async {
                for _ in 0..20 {
                    let (stream, peer) = accepted().await?;
                    reset(peer)?;
                    stream.peer_closed().await?;
                    for _ in 0..2 {
                        assert!(stream.send(b"lost").await.is_err());
                        assert!(stream.try_send(b"lost").is_err());
                        assert!(stream.send_vectored(&[io::IoSlice::new(b"lost")]).await.is_err());
                        assert!(stream.send_with_flags(b"lost", MsgFlags::MORE).await.is_err());
                        assert!(stream.send_oob(b'!').await.is_err());
                        assert!(futures_lite::AsyncWriteExt::write(&mut &stream, b"lost").await.is_err());
                    }
                }
                io::Result::Ok(())
            })
            .expect("the sockets");
    });
}
