//! fend: Fast EveNt Dispatch. An async runtime for Linux.
//!
//! It runs tasks on a few threads, and waits for sockets, timers and other file descriptors on their behalf: an
//! [executor](spawn) that steals work, [timers](time), [any file descriptor](io), [sockets](net) of every kind, [TLS](tls) over them, a
//! [resolver](dns) that finds their addresses by name, [signals](signal), [child processes](process), [file events](inotify), and
//! [files](fs).
//!
//! # A tour
//!
//! ## From sync code
//!
//! [`block_on`] runs a future on the calling thread until it is ready. It needs no set-up and starts no thread:
//!
//! ```
//! use std::time::Duration;
//!
//! let answer = fend::block_on(async {
//!     fend::time::sleep(Duration::from_millis(1)).await;
//!     6 * 7
//! });
//! assert_eq!(answer, 42);
//! ```
//!
//! A program that is async from the start has [`#[fend::main]`](main), and a test [`#[fend::test]`](test).
//!
//! ## Several things at once
//!
//! [`spawn`] starts a task, which runs beside the code that goes on; its [`JoinHandle`](task::JoinHandle) gives the result. With the
//! first task come the other workers, so that tasks run on several processors. [`spawn_blocking`] takes code that blocks, such
//! as a long computation or a library that knows no async, to threads of its own.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! fend::block_on(async {
//!     let sum = fend::spawn(async { (1..=100).sum::<u32>() });
//!     let name = fend::spawn_blocking(|| std::fs::read_to_string("/proc/self/comm"));
//!     assert_eq!(sum.await?, 5050);
//!     assert!(!name.await??.is_empty());
//!     Ok(())
//! })
//! # }
//! ```
//!
//! Tasks that belong together are kept in a [`TaskGroup`](task::TaskGroup), which ends them when it is dropped, or in a
//! [`scope`](task::scope()), which waits for them. A [`CancellationToken`](task::CancellationToken) asks any number of them to stop.
//!
//! ## Either of two
//!
//! Futures are combined with the means of `futures-lite` and `futures-util`, which fend does not repeat:
//!
//! | to | futures-lite | futures-util |
//! |---|---|---|
//! | wait for both | `future::zip`, `future::try_zip` | `join!`, `try_join!` |
//! | take the one that is ready first | `future::or`, `future::race` | `select!` |
//!
//! ```
//! use std::time::Duration;
//!
//! use fend::time::{sleep, timeout};
//! use futures_lite::future;
//!
//! # fn main() -> Result<(), fend::time::Elapsed> {
//! fend::block_on(async {
//!     let fast = async { sleep(Duration::from_millis(1)).await; "fast" };
//!     let slow = async { sleep(Duration::from_secs(60)).await; "slow" };
//!     assert_eq!(future::or(fast, slow).await, "fast");
//!
//!     // The commonest case has a function of its own.
//!     let one = timeout(Duration::from_secs(60), async { 1 }).await?;
//!     let (one, two) = future::zip(async { one }, async { 2 }).await;
//!     assert_eq!(one + two, 3);
//!     Ok(())
//! })
//! # }
//! ```
//!
//! The macros of `futures` (and of `futures-util` with its feature `async-await-macro`) take any number of futures, which
//! must be fused: `.fuse()` marks those that are over. A future that is written in its branch is pinned there; one that has a name is pinned
//! first, by `pin!`, unless it is `Unpin`, as a [`Sleep`](time::Sleep) is.
//!
//! ```
//! use std::pin::pin;
//! use std::time::Duration;
//!
//! use fend::net::{TcpListener, TcpStream};
//! use fend::time::sleep;
//! use futures::{FutureExt, select};
//!
//! # fn main() -> std::io::Result<()> {
//! fend::block_on(async {
//!     let listener = TcpListener::bind("127.0.0.1:0").await?;
//!     let client = TcpStream::connect(listener.local_addr()?).await?;
//!     client.send_all(b"hello").await?;
//!     let (server, _) = listener.accept().await?;
//!
//!     let mut buf = [0; 64];
//!     let mut receive = pin!(server.recv(&mut buf).fuse());
//!     let mut next_client = pin!(listener.accept().fuse());
//!     let mut patience = sleep(Duration::from_secs(60)).fuse();
//!     let event = select! {
//!         count = receive => format!("{} bytes", count?),
//!         accepted = next_client => format!("a client at {}", accepted?.1),
//!         () = patience => "silence".to_owned(),
//!     };
//!     assert_eq!(event, "5 bytes");
//!     Ok(())
//! })
//! # }
//! ```
//!
//! The loser is dropped, wherever it was: see [what that loses](#which-futures-may-be-dropped).
//!
//! ## A server
//!
//! Sockets have methods of their own, named after the system calls: [`recv`](net::TcpStream::recv) takes what is there,
//! [`recv_exact`](net::TcpStream::recv_exact) fills its buffer, [`send_all`](net::TcpStream::send_all) sends everything. All
//! take `&self`, and clones share one socket.
//!
//! ```
//! use fend::net::{Shutdown, TcpListener, TcpStream};
//!
//! async fn echo(stream: TcpStream) -> std::io::Result<()> {
//!     let mut buf = [0; 4096];
//!     loop {
//!         match stream.recv(&mut buf).await? {
//!             0 => return Ok(()), // The peer has said all it had to say.
//!             count => stream.send_all(&buf[..count]).await?,
//!         }
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! fend::block_on(async {
//!     let listener = TcpListener::bind("127.0.0.1:0").await?; // 0: any free port.
//!     let address = listener.local_addr()?;
//!     let server = fend::spawn(async move {
//!         loop {
//!             let (stream, _peer) = listener.accept().await?;
//!             fend::spawn(echo(stream));
//!         }
//! #       #[expect(unreachable_code)]
//! #       std::io::Result::Ok(())
//!     });
//!
//!     let client = TcpStream::connect(address).await?;
//!     client.send_all(b"hello").await?;
//!     client.shutdown(Shutdown::Write)?;
//!     let mut answer = [0; 5];
//!     client.recv_exact(&mut answer).await?;
//!     assert_eq!(&answer, b"hello");
//!
//!     server.abort();
//!     Ok(())
//! })
//! # }
//! ```
//!
//! A real server does not end with the first error of `accept`: out of file descriptors, it waits a moment and goes on.
//! [`Listener`](net::Listener) does that, and limits and drains connections too.
//!
//! ```
//! use std::time::Duration;
//!
//! use fend::net::{Listener, TcpStream};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! fend::block_on(async {
//!     let listener = Listener::bind("127.0.0.1:0").await?.max_connections(1000);
//!     let (address, handle) = (listener.local_addr()?, listener.handle());
//!     let server = fend::spawn(listener.serve(|stream: TcpStream, peer| async move {
//!         let _ = stream.send_all(format!("hello, {peer}\n").as_bytes()).await;
//!     }));
//!
//!     let client = TcpStream::connect(address).await?;
//!     client.recv_exact(&mut [0; 5]).await?;
//!
//!     // No more connections; those that are open have ten seconds to come to their end.
//!     let report = handle.drain(Duration::from_secs(10)).await;
//!     assert!(report.is_clean());
//!     server.await??;
//!     Ok(())
//! })
//! # }
//! ```
//!
//! ## TLS
//!
//! A handshake takes a stream and gives a [`TlsStream`](tls::TlsStream) with the same methods. A [`TlsConnector`](tls::TlsConnector) is
//! strict: the server's certificate must be for the host, and come from an authority that the system trusts, or from one that it was given.
//!
//! ```
//! # #[cfg(feature = "tls")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//!
//! use fend::net::{Listener, TcpStream};
//! use fend::tls::{Context, Identity, Mode, TlsAcceptor, TlsConnector};
//!
//! let identity = Identity::self_signed(["localhost"])?; // Made here and now, for development.
//! let trusting = Context::builder(Mode::Client).ca(identity.certificate().clone()).build()?;
//! let (acceptor, connector) = (TlsAcceptor::new(identity)?, TlsConnector::with_context(trusting)?);
//! fend::block_on(async {
//!     let listener = Listener::bind("127.0.0.1:0").await?;
//!     let (address, handle) = (listener.local_addr()?, listener.handle());
//!     let server = fend::spawn(listener.serve(move |stream: TcpStream, peer| {
//!         let acceptor = acceptor.clone();
//!         async move {
//!             match acceptor.handshake(stream).await {
//!                 Ok(stream) => {
//!                     let _ = stream.send_all(b"hello").await;
//!                     let _ = stream.shutdown().await; // This was all: else the client sees an error.
//!                 }
//!                 Err(error) => eprintln!("{peer}: {error}"),
//!             }
//!         }
//!     }));
//!
//!     let stream = TcpStream::connect(address).await?;
//!     stream.set_nodelay(true)?; // A handshake's last message and the first data are separate writes.
//!     let client = connector.handshake("localhost", stream).await?;
//!     let mut answer = [0; 5];
//!     client.recv_exact(&mut answer).await?;
//!     assert_eq!(&answer, b"hello");
//!     assert_eq!(client.recv(&mut answer).await?, 0);
//!
//!     handle.drain(Duration::from_secs(10)).await;
//!     server.await??;
//!     Ok(())
//! })
//! # }
//! # #[cfg(not(feature = "tls"))]
//! # fn main() {}
//! ```
//!
//! [`tls`] has more: [several names](tls::ContextBuilder::sni_context), [client certificates](tls::ContextBuilder::verify), certificates that
//! are [replaced](tls::TlsAcceptor::watch) while the server runs, [resumption](tls#resumption), [STARTTLS](tls#starttls).
//!
//! ## By name
//!
//! [`connect`] takes a host's name, looks it up, and tries its addresses as RFC 8305 ("Happy Eyeballs") says: one that does not answer costs a
//! quarter of a second. [`connect_tls`] shakes hands with the host as well. What is not found, not reachable or not trusted is told with
//! the name, and each address with its own error and time.
//!
//! ```
//! # #[cfg(feature = "dns")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//!
//! use fend::dns::{self, RecordType, Resolver};
//!
//! # let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
//! # let port = listener.local_addr()?.port();
//! fend::block_on(async {
//!     let stream = fend::connect(("localhost", port)).timeout(Duration::from_secs(10)).await?;
//!     assert!(stream.peer_addr()?.ip().is_loopback());
//!
//!     // The addresses alone, in the order in which to try them; and from an address to its name.
//!     let addresses = dns::lookup("localhost", "https").await?;
//!     assert_eq!(addresses[0].port(), 443);
//! #   if false {
//!     println!("{}", dns::name_of(addresses[0].ip()).await?);
//!
//!     // Records of any type. A resolver of one's own may have servers, files and a cache of its own.
//!     let resolver = Resolver::new();
//!     for mx in resolver.mx("example.org").await? {
//!         println!("{} takes its mail", mx.exchange);
//!     }
//!     let keys = resolver.records("example.org", RecordType::Caa).await?;
//! #   }
//!     Ok(())
//! })
//! # }
//! # #[cfg(not(feature = "dns"))]
//! # fn main() {}
//! ```
//!
//! [`dns`] asks by itself, over sockets of fend: a lookup that is dropped is over, and its sockets are closed. Where the system's files want more than hosts
//! file and DNS, the C library does it on a few threads that do nothing else.
//!
//! ## More than TCP
//!
//! | for | there is |
//! |---|---|
//! | datagrams | [`UdpSocket`](net::UdpSocket), with [what is known of each](net::udp::RecvMeta), and [many at once](net::UdpSocket::recv_many) |
//! | other processes of this machine | [`UnixStream`](net::UnixStream), [`UnixDatagram`](net::UnixDatagram), [`UnixSeqpacket`](net::UnixSeqpacket); [descriptors](net::UnixStream::send_with_fds) go through them |
//! | pipes and FIFOs | [`net::pipe`] |
//! | any option | typed methods of each socket, [`set_socket_option`](net::TcpStream::set_socket_option) by name, [`set_option`](net::TcpStream::set_option) by number; before connecting on a [`TcpSocket`](net::TcpSocket) |
//! | relays | [`io::copy_bidirectional`], in the kernel between sockets |
//! | sockets of a service manager | [`net::activation`] |
//!
//! ## The rest of what a program waits for
//!
//! | for | there is |
//! |---|---|
//! | ^C and other signals | [`signal::ctrl_c`], [`signal::Signals`] |
//! | child processes | [`process::Command`]: std's builder, asynchronous streams, [signals to the child or its group](process::Child::signal_group) |
//! | changes of files | [`inotify::Watcher`], for files, directories and trees |
//! | files and directories | [`fs`], with std's names; [`fs::write_atomic`] |
//! | standard input and output | [`io::stdin`], [`io::stdout`], [`io::stderr`] |
//! | time that counts suspension, and the time of day | [`time::BootTimer`], [`time::WallTimer`] |
//! | code that blocks, with a limit of its own | [`runtime::BlockingPool`] |
//!
//! ```
//! use std::process::Stdio;
//! use std::time::Duration;
//!
//! use fend::process::Command;
//! use fend::signal::{Signal, Signals};
//! use fend::{fs, time::timeout};
//! use futures_lite::io::{AsyncBufReadExt, BufReader};
//! use futures_lite::{StreamExt, future};
//!
//! # fn main() -> std::io::Result<()> {
//! # let path = std::env::temp_dir().join(format!("fend-tour-{}", std::process::id()));
//! fend::block_on(async {
//!     let mut told_to_end = Signals::new([Signal::INT, Signal::TERM])?;
//!     let mut child = Command::new("sh")
//!         .args(["-c", "echo one; echo two; exec sleep 1000"])
//!         .stdout(Stdio::piped())
//!         .kill_on_drop(true)
//!         .spawn()?;
//!     let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
//!     // Beside the rest: a pipe that nobody empties would stop the child.
//!     let said = fend::spawn(lines.try_collect::<String, _, Vec<_>>());
//! #   fend::signal::raise(Signal::TERM)?;
//!     let until_told = async { told_to_end.recv().await.map(|told| Some(told.signal())) };
//!     let until_ended = async { child.wait().await.map(|_status| None) };
//!     if let Some(told) = future::or(until_told, until_ended).await? {
//!         child.signal(told)?;
//!         if timeout(Duration::from_secs(10), child.wait()).await.is_err() {
//!             child.kill()?;
//!         }
//!     }
//!     // Whoever reads the file sees all of it or nothing, also after a crash.
//!     fs::write_atomic(&path, said.await??.join("\n")).await
//! #   ?; fs::remove_file(&path).await
//! })
//! # }
//! ```
//!
//! ## With libraries
//!
//! Streams are `futures_io::AsyncRead` and `AsyncWrite`, by value and by reference, so the extension traits of
//! `futures-lite` and `futures-util` work on them:
//!
//! ```
//! use fend::net::{TcpListener, TcpStream};
//! use futures_lite::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
//! use futures_lite::StreamExt;
//!
//! # fn main() -> std::io::Result<()> {
//! fend::block_on(async {
//!     let listener = TcpListener::bind("127.0.0.1:0").await?;
//!     let mut client = TcpStream::connect(listener.local_addr()?).await?;
//!     let (server, _) = listener.accept().await?;
//!
//!     client.write_all(b"one\ntwo\n").await?;
//!     client.close().await?;
//!     let lines: Vec<String> = BufReader::new(server).lines().try_collect().await?;
//!     assert_eq!(lines, ["one", "two"]);
//!     Ok(())
//! })
//! # }
//! ```
//!
//! Mutexes, channels and codecs are not here either: `async-lock`, `async-channel` and `futures-util` have good ones.
//!
//! hyper's traits, with a server and a client, come with the feature `hyper`; libraries that were written for tokio work with `tokio-io` or
//! `tokio-context`. [`guide::ecosystem`] has a table of what was tested.
//!
//! ## A runtime to one's liking
//!
//! [`block_on`] and [`spawn`] outside of any runtime use a process-wide default one. A [`Runtime`] of one's own has its
//! [settings](runtime::Builder), its end, and its [counters](runtime::Metrics):
//!
//! ```
//! use std::time::Duration;
//!
//! use fend::{Dispatcher, Runtime};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let runtime = Runtime::builder().worker_threads(2).dispatcher(Dispatcher::Poll).thread_name("web").build()?;
//! runtime.block_on(async { fend::spawn(async {}).await })?;
//! assert!(runtime.metrics().polls() > 0);
//! let report = runtime.shutdown_timeout(Duration::from_secs(1));
//! assert!(report.is_clean());
//! # Ok(())
//! # }
//! ```
//!
//! Sockets and timers need none of this: they work on any thread and under any executor, served by the runtime of the thread
//! that first waits for them, else by the default one.
//!
//! ```
//! use std::time::Duration;
//!
//! // Another executor, on a thread that fend has never seen.
//! futures_lite::future::block_on(fend::time::sleep(Duration::from_millis(1)));
//! ```
//!
//! # Which futures may be dropped
//!
//! `timeout`, `select!` and their like drop a future before it is ready. Of a *cancel safe* one nothing is lost by
//! that: it can be made anew and goes on where the first one was. Each async function says under "Cancel safety" what it
//! is; in short:
//!
//! | future | cancel safe | dropped early |
//! |---|---|---|
//! | [`TcpListener::accept`](net::TcpListener::accept) | yes | the connection stays queued |
//! | [`accept_with`](net::TcpListener::accept_with), [`Listener::accept`](net::Listener::accept), `accept` of Unix and vsock listeners | yes | the connection stays queued |
//! | [`Listener::serve`](net::Listener::serve) | **no** | the listening socket is closed, and what is queued is reset; connections go on |
//! | `fend::hyper`'s `Server::serve`, `serve_tower`, `serve_with` (feature `hyper`) | **no** | the same |
//! | its `Connector` | yes | the lookup, the attempts and the handshake are given up, their sockets closed at once |
//! | `connect` of [`TcpStream`](net::TcpStream::connect), [`TcpConnector`](net::TcpConnector::connect), [`TcpSocket`](net::TcpSocket::connect), [`UnixStream`](net::UnixStream::connect) and the others; [`connect_timeout`](net::TcpStream::connect_timeout) | yes | the attempts are given up, their sockets closed |
//! | [`connect`], [`connect_tls`] | yes | the lookup, the attempts and the handshake are given up, their sockets closed at once |
//! | [`dns::lookup`](dns::lookup()), [`dns::name_of`], [`Resolver::records`](dns::Resolver::records) | yes | the question's sockets are closed, unless others wait for the same answer; a call of the C library runs on, and its answer is thrown away |
//! | [`recv_from`](net::UdpSocket::recv_from), [`recv_msg`](net::UdpSocket::recv_msg), [`recv_many`](net::UdpSocket::recv_many), [`recv_error`](net::UdpSocket::recv_error) and their like | yes | the datagrams are still in the socket |
//! | [`send_to`](net::UdpSocket::send_to), [`send_msg`](net::UdpSocket::send_msg) | yes | nothing was sent |
//! | [`send_many`](net::UdpSocket::send_many) | yes | what was not sent is still in the batch |
//! | [`send_with_fds`](net::UnixStream::send_with_fds), [`recv_with_fds`](net::UnixStream::recv_with_fds) | yes | nothing was sent; bytes and descriptors are still in the socket |
//! | [`recv_with_flags`](net::TcpStream::recv_with_flags), [`recv_oob`](net::TcpStream::recv_oob) | yes | the bytes are still in the socket |
//! | [`send_with_flags`](net::TcpStream::send_with_flags), [`send_oob`](net::TcpStream::send_oob) | yes | nothing was sent |
//! | [`send_segments`](net::UdpSocket::send_segments) | yes | nothing was sent |
//! | `recv` and `send` of [pipes](net::PipeReader::recv) | yes | as those of streams |
//! | [`ListenerHandle::drain`](net::ListenerHandle::drain) | yes | the listener stays stopped, without a deadline |
//! | [`recv`](net::TcpStream::recv), [`recv_vectored`](net::TcpStream::recv_vectored), [`peek`](net::TcpStream::peek) | yes | the bytes are still in the socket |
//! | [`recv_exact`](net::TcpStream::recv_exact) | **no** | how many bytes have come is lost |
//! | [`send`](net::TcpStream::send), [`send_vectored`](net::TcpStream::send_vectored) | yes | nothing was sent |
//! | [`send_all`](net::TcpStream::send_all) | **no** | any part may have been sent |
//! | `handshake` of [`TlsConnector`](tls::TlsConnector::handshake) and [`TlsAcceptor`](tls::TlsAcceptor::handshake) | **no** | the stream is dropped, and so closed |
//! | [`recv`](tls::TlsStream::recv), [`recv_vectored`](tls::TlsStream::recv_vectored), [`peek`](tls::TlsStream::peek) of a TLS stream | yes | the bytes are still in the session |
//! | its [`recv_exact`](tls::TlsStream::recv_exact) | **no** | how many bytes have come is lost |
//! | its [`send`](tls::TlsStream::send), [`send_vectored`](tls::TlsStream::send_vectored) | yes | nothing was sent |
//! | its [`send_all`](tls::TlsStream::send_all) | **no** | any part may have been sent |
//! | its [`flush`](tls::TlsStream::flush), [`shutdown`](tls::TlsStream::shutdown) | yes | the next call goes on; after a shutdown has begun nothing can be sent |
//! | its [`shutdown_and_wait`](tls::TlsStream::shutdown_and_wait) | but for the count | the next call goes on, and counts from 0 |
//! | [`TlsAcceptor::watch`](tls::TlsAcceptor::watch) | yes | a change is found by the next watch, unless that begins after it |
//! | [`io::copy`](io::copy()), [`io::copy_bidirectional`], [`send_file`](net::TcpStream::send_file), [`recv_file`](net::TcpStream::recv_file) | **no** | what was read and not yet written is lost; kept and polled again by `&mut`, a copy goes on |
//! | [`Signals::recv`](signal::Signals::recv) | yes | the signal is for the next call |
//! | [`ctrl_c`](signal::ctrl_c) | **no** | a ^C that came meanwhile is lost; poll it by `&mut` to keep it |
//! | [`Child::wait`](process::Child::wait) | yes | the status stays |
//! | [`Command::status`](process::Command::status), [`output`](process::Command::output), [`wait_with_output`](process::Child::wait_with_output) | **no** | what was read is lost; the child runs on, unless [`kill_on_drop`](process::Command::kill_on_drop) says otherwise |
//! | `recv` and `send` of a child's streams | yes | as those of pipes |
//! | [`Watcher::recv`](inotify::Watcher::recv), [`add_recursive`](inotify::Watcher::add_recursive) | yes | the events are still there; nothing stays watched |
//! | `recv` of [`stdin`](io::stdin) | yes | the bytes are for the next call |
//! | `send` of [`stdout`](io::stdout) and [`stderr`](io::stderr) | yes | nothing was sent; but where a thread writes, what it has begun is written |
//! | functions of [`fs`] | as the call itself | one that waits for its thread is not made; one that has begun runs to its end |
//! | reading a [`fs::File`] | yes | what was read is for the next read |
//! | writing a [`fs::File`] | yes | nothing was accepted; [`write_at`](fs::File::write_at) may have written any part |
//! | [`ReadDir::next_entry`](fs::ReadDir::next_entry) | yes | the entry is for the next call |
//! | [`BootTimer::sleep`](time::BootTimer::sleep), [`BootInterval::tick`](time::BootInterval::tick) | yes | the wait begins anew; the tick is for the next call |
//! | [`WallTimer::sleep_until`](time::WallTimer::sleep_until), [`clock_set`](time::WallTimer::clock_set) | yes | that the clock was set is told by the next call |
//! | [`BlockingPool::run`](runtime::BlockingPool::run) | yes | a job that has not begun is not run; one that has runs to its end |
//! | [`readable`](io::AsyncFd::readable), [`writable`](io::AsyncFd::writable), [`priority`](io::AsyncFd::priority), [`peer_closed`](io::AsyncFd::peer_closed), [`ready`](io::AsyncFd::ready) | yes | the readiness is kept |
//! | [`read_with`](io::AsyncFd::read_with), [`write_with`](io::AsyncFd::write_with) | yes | the operation was not done |
//! | [`sleep`](time::sleep()), [`sleep_until`](time::sleep_until) | yes | the wait begins anew; keep the [`Sleep`](time::Sleep), which is `Unpin`, to go on with it |
//! | [`timeout`](time::timeout()), [`run_until_cancelled`](task::CancellationToken::run_until_cancelled) | as the future in it | that is dropped too |
//! | [`Interval::tick`](time::Interval::tick), [`Timer::wait`](time::Timer::wait) | yes | the tick is for the next call |
//! | `&mut` [`JoinHandle`](task::JoinHandle), [`ScopedHandle`](task::ScopedHandle) | yes | the result stays; by value, the task runs on detached |
//! | [`TaskGroup::join_next`](task::TaskGroup::join_next), [`shutdown`](task::TaskGroup::shutdown) | yes | the task stays in the group |
//! | [`TaskGroup::join_all`](task::TaskGroup::join_all) | **no** | results are lost, the rest is aborted |
//! | [`scope`](task::scope()), [`try_scope`](task::try_scope) | **no** | children are told to end, and not waited for |
//! | [`cancelled`](task::CancellationToken::cancelled), [`yield_now`] | yes | nothing was begun |
//!
//! What is not cancel safe goes into a task of its own, whose handle can be dropped or waited for later, or is kept and
//! polled again.
//!
//! # What is promised
//!
//! | topic | promise |
//! |---|---|
//! | spawn | never polls the task inside the call |
//! | fairness | a task that is ready again and again gives way after 128 operations; timers and I/O go on while at least one worker is free |
//! | join | a task's future is dropped before its join is seen; local futures live and die on their thread |
//! | cancel safety | stated of every async function, and [in one table](#which-futures-may-be-dropped) |
//! | panic | caught per task and given to whoever joins it; else to [`on_unhandled_panic`](runtime::Builder::on_unhandled_panic) |
//! | panics in `Drop` | those of a task's future, of its result and of wakers are caught too: none ends a worker or aborts the process (a second panic while the first unwinds does, in any Rust program) |
//! | shutdown | bounded: 5 s when a runtime is dropped, else [as long as you say](Runtime::shutdown_timeout), with a report of what has not stopped; later I/O fails, later tasks are cancelled |
//! | blocking pool | at most 512 threads unless [you say otherwise](runtime::Builder::max_blocking_threads); jobs beyond wait, in order, as many as [you say](runtime::Builder::max_blocking_queue). Calls on files have threads of their own (64), and so have lookups that the C library makes (8) and each [pool](runtime::BlockingPool): none holds up another. A job that no thread can be had for is refused, and its handle says so |
//! | signals | each listener, on whatever runtime, and over several one after the other, receives each signal: joined when it comes again before that, with a count; at least one after the last raise. What the signal did before comes back when [you ask for it](signal::restore()) |
//! | children | waited for by pidfd, so that no other process can be meant; those of other code are left alone. One that is dropped is reaped within 2 s, whether or not a runtime lives. It has std's default dispositions, no blocked signal, and of our descriptors none but its three |
//! | file events | nothing is lost without an event that says so; of a tree, every entry that has come since and exists when the events stop has been told of |
//! | standard streams | what was inherited keeps its mode; a read that waits does not hold up the program's end |
//! | files | errors name operation and path; a write that was accepted and failed is told by the next write, flush or close |
//! | fork(2) | the child gets errors that say so from what belongs to the parent's runtime, and a default runtime of its own; the parent is not disturbed |
//! | interrupted calls | no operation fails with `Interrupted`, whatever handlers the program has |
//! | system calls that fail | each is a result or an error, once: no panic, no hang, nothing left behind, and the next time all goes well (`tests/faults` has each call fail with each of its errors) |
//! | memory | every internal queue is bounded (a worker's own queue by 1,024 tasks, wakers of poll functions by 32 for each direction of a descriptor) or holds one entry for each thing of yours: tasks that are runnable, open descriptors, armed timers, blocking jobs that wait |
//! | accept | connections that died in the queue are passed over; an error says by [its kind](net::AcceptErrorKind) whether to try again, to wait first, or to give up; what could not be taken for want of descriptors stays queued. [`Listener`](net::Listener) does what the kind says |
//! | descriptors | all are close-on-exec; those that a peer sends belong to you from the receive on, and are closed when you do not take them |
//! | time | never early, and any `Duration` is legal; late by the kernel's timer slack (50 µs unless the process says otherwise) and the wait for a worker. Nothing is rounded to milliseconds on Linux 5.11 or later; before, epoll waits in whole milliseconds, rounded up |
//! | I/O safety | everything is [`AsFd`](std::os::fd::AsFd); no `unsafe` is needed to wrap a descriptor |
//! | truncation | [`recv_exact`](net::TcpStream::recv_exact) of a stream that ends early is an `UnexpectedEof`; a datagram that did not fit is a [`TruncatedError`](net::udp::TruncatedError), or told beside its first bytes; a TLS stream that ends without the peer's close_notify is an `UnexpectedEof` |
//! | certificates | a TLS client takes none that is not for its host and from a trusted authority, unless a method whose name begins with `danger_` says so; sessions are resumed only under the host that they were verified for |
//! | names | a resolver has at most 128 sockets for questions and a cache of 4 MiB unless [you say otherwise](dns::ResolverBuilder); the C library has 8 threads of its own, never those of the blocking pool; what is beyond waits. The same question, asked many times at once, goes out once; an answer is taken only from the server that was asked, at the port that asked, with its id and its question |
//! | toolchain | Rust 1.85; that minimum changes at most every six months, and only in a minor version |
//!
//! # Further
//!
//! The [`guide`] has pages to read: [names](guide::coming_from) for who comes from tokio, smol or std, a [cookbook](guide::cookbook),
//! [which libraries work](guide::ecosystem) and with which feature, [how it works](guide::how_it_works) with a picture, and what fend, tokio and
//! smol [have and promise](guide::comparison), side by side.
//!
//! # Features
//!
//! | feature | default | what |
//! |---|---|---|
//! | `macros` | yes | the attributes [`#[fend::main]`](main) and [`#[fend::test]`](test) |
//! | `tls` | yes | [`fend::tls`](tls), with the system's OpenSSL, 3.0 or later |
//! | `dns` | yes | [`fend::dns`](dns), [`connect`]; with `tls` also [`connect_tls`] and name servers that are asked over TLS |
//! | `idna` | no | `dns`, and host names with letters beyond ASCII |
//! | `hyper` | no | [`fend::hyper`][crate::hyper]: a server and a client, executor, timer, and hyper's traits on sockets and TLS streams |
//! | `tokio-io` | no | [`fend::io::TokioIo`][crate::io::TokioIo]: tokio's I/O traits for streams of futures-io, and the other way round |
//! | `tokio-context` | no | every thread of fend is inside a tokio runtime: see [what it costs](guide::tokio_context) |
//! | `vendored` | no | `tls`, with an OpenSSL that is built from source and linked in |
//! | `full` | no | `macros`, `tls`, `dns`, `idna`, `hyper` and `tokio-io`: all that only adds names |
//!
//! # Environment
//!
//! `FEND_WORKER_THREADS` and `FEND_DISPATCHER` (`epoll` or `poll`) decide what a runtime's builder does not: see
//! [`Builder`](runtime::Builder). `LISTEN_FDS`, `LISTEN_PID` and `LISTEN_FDNAMES` are read by [`net::activation`], when it is asked.
//! `SSL_CERT_FILE` and `SSL_CERT_DIR` say where the [system's roots](tls::ContextBuilder::system_roots) are, `SSLKEYLOGFILE` where
//! secrets go when a context is built with [`keylog_file`](tls::ContextBuilder::keylog_file). `RES_OPTIONS` and `LOCALDOMAIN` are read by
//! [`dns`] as resolv.conf(5) has them: options in addition to that file's, and a search list in place of its own.
#![cfg_attr(not(feature = "hyper"), doc = "", doc = include_str!("guide/absent/hyper.md"))]
#![cfg_attr(not(feature = "tokio-io"), doc = "", doc = include_str!("guide/absent/tokio_io.md"))]
// On docs.rs each item says which feature it takes.
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod guide;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[doc(inline)]
#[cfg(feature = "dns")]
pub use fend_dns as dns;
#[doc(inline)]
pub use fend_net as net;
pub use fend_reactor::runtime::{Dispatcher, Handle, Runtime};
pub use fend_reactor::{
    block_on, fs, inotify, process, runtime, signal, spawn, spawn_blocking, spawn_local, task, time,
    yield_now,
};
#[doc(inline)]
#[cfg(feature = "tls")]
pub use fend_tls as tls;

#[cfg(feature = "dns")]
mod connect;
#[cfg(feature = "hyper")]
pub mod hyper;
pub mod io;

#[cfg(feature = "dns")]
pub use connect::{Connect, IntoTarget, connect};
#[cfg(all(feature = "dns", feature = "tls"))]
pub use connect::{ConnectTls, connect_tls};
#[cfg(feature = "macros")]
pub use fend_macros::{main, test};

/// What the attributes expand to. Not for hand-written code.
#[doc(hidden)]
#[cfg(feature = "macros")]
pub mod __macro {
    use fend_reactor::runtime::{Builder, Runtime, offer_default};
    use std::future::Future;

    #[track_caller]
    fn build(builder: Builder) -> Runtime {
        builder.build().unwrap_or_else(|error| panic!("cannot start the runtime: {error}"))
    }

    /// `#[fend::main]`: the program's runtime is also the one that threads without a runtime use.
    #[track_caller]
    pub fn main<F: Future>(builder: Builder, future: F) -> F::Output {
        let runtime = build(builder);
        offer_default(&runtime);
        runtime.block_on(future)
    }

    /// `#[fend::test]`: each test has a runtime of its own.
    #[track_caller]
    pub fn test<F: Future>(builder: Builder, future: F) -> F::Output {
        build(builder).block_on(future)
    }
}
