//! What tokio itself offers, in tasks of fend.

use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::SocketAddr;
use std::process;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream};
use tokio::signal::unix::{SignalKind, signal};

const LARGE: usize = 4 << 20;

async fn sockets() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = fend::spawn(async move {
        let (mut stream, _) = listener.accept().await?;
        let (mut reader, mut writer) = stream.split();
        tokio::io::copy(&mut reader, &mut writer).await?;
        writer.shutdown().await
    });
    let (mut reader, mut writer) = TcpStream::connect(address).await?.into_split();
    let sender = fend::spawn(async move {
        writer.write_all(&vec![7; LARGE]).await?;
        writer.shutdown().await
    });
    let mut received = Vec::new();
    reader.read_to_end(&mut received).await?;
    assert!(received == vec![7; LARGE]);
    sender.await??;
    server.await??;

    // A peer of fend's, on the other side of the same connection.
    let listener = fend::net::TcpListener::bind("127.0.0.1:0").await?;
    let mut near = TcpStream::connect(listener.local_addr()?).await?;
    let (far, _) = listener.accept().await?;
    near.write_all(b"from tokio").await?;
    let mut received = [0; 10];
    far.recv_exact(&mut received).await?;
    assert_eq!(&received, b"from tokio");

    let (one, other) = (UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?);
    one.send_to(b"datagram", other.local_addr()?).await?;
    assert_eq!(other.recv(&mut [0; 16]).await?, 8);
    let (one, other) = UnixDatagram::pair()?;
    one.send(b"datagram").await?;
    assert_eq!(other.recv(&mut [0; 16]).await?, 8);
    let address = SocketAddr::from_abstract_name(format!("fend-{}-{:p}", process::id(), &one))?;
    let listener = std::os::unix::net::UnixListener::bind_addr(&address)?;
    listener.set_nonblocking(true)?;
    let listener = UnixListener::from_std(listener)?;
    let client = std::os::unix::net::UnixStream::connect_addr(&address)?;
    client.set_nonblocking(true)?;
    let mut client = UnixStream::from_std(client)?;
    let (mut served, _) = listener.accept().await?;
    served.write_all(b"unix").await?;
    let mut received = [0; 4];
    client.read_exact(&mut received).await?;
    Ok(())
}

/// A task that waits for a socket of tokio's and for one of fend's is woken for either.
async fn fends_timers_around_tokios_sockets() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let elapsed = fend::time::timeout(Duration::from_millis(5), listener.accept()).await;
    assert!(elapsed.is_err());
    let (_stream, accepted) = futures::join!(TcpStream::connect(listener.local_addr()?), listener.accept());
    accepted?;
    Ok(())
}

async fn timers() -> io::Result<()> {
    let begun = Instant::now();
    tokio::time::sleep(Duration::from_millis(10)).await;
    assert!(begun.elapsed() >= Duration::from_millis(10));
    let mut interval = tokio::time::interval(Duration::from_millis(2));
    for _ in 0..5 {
        interval.tick().await;
    }
    assert!(begun.elapsed() >= Duration::from_millis(18));
    assert!(tokio::time::timeout(Duration::from_millis(1), std::future::pending::<()>()).await.is_err());
    let many = (0..200).map(|n| fend::spawn(tokio::time::sleep(Duration::from_millis(n % 10))));
    for task in many.collect::<Vec<_>>() {
        task.await?;
    }
    Ok(())
}

async fn files_and_blocking_calls() -> io::Result<()> {
    let text = tokio::fs::read_to_string("/proc/self/comm").await?;
    assert!(!text.is_empty());
    let mut file = tokio::fs::File::open("/proc/self/exe").await?;
    let mut magic = [0; 4];
    file.read_exact(&mut magic).await?;
    assert_eq!(&magic, b"\x7fELF");
    assert_eq!(tokio::task::spawn_blocking(|| 6 * 7).await?, 42);
    let names: Vec<_> = tokio::net::lookup_host(("127.0.0.1", 80)).await?.collect();
    assert_eq!(names, ["127.0.0.1:80".parse().expect("an address")]);
    Ok(())
}

/// Children of tokio's and of fend's, at the same time.
async fn children() -> io::Result<()> {
    let mut cat = tokio::process::Command::new("cat")
        .stdin(process::Stdio::piped())
        .stdout(process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let of_fend = fend::process::Command::new("true").status();
    let mut stdin = cat.stdin.take().expect("piped");
    stdin.write_all(b"line\n").await?;
    drop(stdin);
    let mut lines = BufReader::new(cat.stdout.take().expect("piped")).lines();
    assert_eq!(lines.next_line().await?.as_deref(), Some("line"));
    assert!(cat.wait().await?.success());
    assert!(of_fend.await?.success());
    assert!(!tokio::process::Command::new("false").status().await?.success());
    Ok(())
}

/// A signal reaches tokio's listeners and fend's.
async fn signals() -> io::Result<()> {
    let mut of_tokio = signal(SignalKind::user_defined2())?;
    let mut of_fend = fend::signal::Signals::new([fend::signal::Signal::USR2])?;
    process::Command::new("kill").args(["-USR2", &process::id().to_string()]).status()?;
    assert!(of_tokio.recv().await.is_some());
    of_fend.recv().await?;
    Ok(())
}

async fn synchronisation() -> io::Result<()> {
    let notify = Arc::new(tokio::sync::Notify::new());
    let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
    let (told, tells) = tokio::sync::oneshot::channel();
    let semaphore = Arc::new(tokio::sync::Semaphore::new(1));
    let task = fend::spawn({
        let (notify, semaphore) = (notify.clone(), semaphore.clone());
        async move {
            let _permit = semaphore.acquire().await.expect("open");
            notify.notified().await;
            for n in 0..100 {
                sender.send(n).await.expect("a receiver");
            }
            told.send("done").expect("a receiver");
        }
    });
    notify.notify_one();
    // From tokio's thread to a worker of fend.
    let sum = tokio::spawn(async move {
        let mut sum = 0;
        while let Some(n) = receiver.recv().await {
            sum += n;
        }
        sum
    });
    assert_eq!(sum.await?, 4950);
    assert_eq!(tells.await.expect("told"), "done");
    task.await?;
    assert!(semaphore.try_acquire().is_ok());
    Ok(())
}

on_every_dispatcher!(
    sockets,
    fends_timers_around_tokios_sockets,
    timers,
    files_and_blocking_calls,
    children,
    signals,
    synchronisation,
);
