//! The end of a stream, seen from either side, and errors that nobody asked for.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;

use fend::io::{AsyncFd, Direction};
use futures_lite::future::{poll_once, zip};
use socket2::SockRef;

use crate::alone::alone;
use crate::idleness::stays_idle;
use crate::kernel;
use crate::shape::Shape;

on_every_shape!(
    a_short_read_hides_nothing_that_follows,
    a_full_sender_sleeps_on_when_its_peer_stops_sending,
    a_writer_learns_that_the_pipe_is_broken,
    a_reader_and_a_writer_both_learn_of_an_icmp_error,
    a_fifo_opens_and_closes_again,
);

fn tcp() -> io::Result<(AsyncFd<TcpStream>, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let peer = TcpStream::connect(listener.local_addr()?)?;
    peer.set_nodelay(true)?;
    Ok((AsyncFd::new(listener.accept()?.0)?, peer))
}

async fn read(socket: &AsyncFd<TcpStream>) -> io::Result<usize> {
    let mut buf = [0; 64];
    socket.bytes_with(Direction::Read, buf.len(), |mut socket| socket.read(&mut buf)).await
}

/// How the peer ends its stream.
#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    Fin,
    Reset,
}

impl End {
    /// Ends the stream; a socket that must stay open is given back.
    fn make(self, peer: TcpStream) -> io::Result<Option<TcpStream>> {
        match self {
            End::Fin => peer.shutdown(Shutdown::Write).map(|()| Some(peer)),
            End::Reset => SockRef::from(&peer).set_linger(Some(std::time::Duration::ZERO)).map(|()| None),
        }
    }
}

/// RE7: the peer sends, and ends, and we read: in every order that has the data first. Each read asks for more than there is.
fn a_short_read_hides_nothing_that_follows(shape: Shape) {
    shape
        .block_on(async {
            for end in [End::Fin, End::Reset] {
                for reads_between in [[false, false], [false, true], [true, false], [true, true]] {
                    let (ours, mut peer) = tcp()?;
                    let mut received = 0;
                    for read_now in reads_between {
                        peer.write_all(b"data")?;
                        if read_now {
                            received += read(&ours).await?;
                        }
                    }
                    let _open = end.make(peer)?;
                    let ended = loop {
                        match read(&ours).await {
                            Ok(0) => break Ok(()),
                            Ok(n) => received += n,
                            Err(error) => break Err(error.kind()),
                        }
                    };
                    match end {
                        End::Fin => assert_eq!((ended, received), (Ok(()), 8), "{reads_between:?}"),
                        // A reset may take what was not read.
                        End::Reset => assert_eq!(ended, Err(ErrorKind::ConnectionReset), "{reads_between:?}"),
                    }
                }
            }
            io::Result::Ok(())
        })
        .expect("the sockets");
}

/// RE8
fn a_full_sender_sleeps_on_when_its_peer_stops_sending(shape: Shape) {
    alone(shape, || {
        shape
            .block_on(async {
                let (ours, mut theirs) = UnixStream::pair()?;
                let ours = AsyncFd::new(ours)?;
                let block = vec![0; 64 << 10];
                let mut sent = 0;
                while let Ok(n) = ours.try_write_with(|mut socket| socket.write(&block)) {
                    sent += n;
                }
                theirs.shutdown(Shutdown::Write)?;
                ours.peer_closed().await?;
                assert!(poll_once(ours.writable()).await.is_none(), "the peer's end is no room");
                let (woken, idle) = zip(ours.writable(), async {
                    stays_idle().await?;
                    theirs.read_exact(&mut vec![0; sent])
                })
                .await;
                idle?;
                woken
            })
            .expect("the sockets");
    });
}

/// RE9
fn a_writer_learns_that_the_pipe_is_broken(shape: Shape) {
    shape
        .block_on(async {
            let (reader, writer) = kernel::pipe()?;
            let writer = AsyncFd::new(writer)?;
            while writer.try_write_with(|mut pipe| pipe.write(&[0; 4096])).is_ok() {}
            let (written, ()) = zip(writer.write_with(|mut pipe| pipe.write(b"x")), async {
                fend::yield_now().await;
                drop(reader);
            })
            .await;
            assert_eq!(written.unwrap_err().kind(), ErrorKind::BrokenPipe);
            writer.peer_closed().await
        })
        .expect("the pipe");
}

/// RE9: the error ends waits in both directions, and the operation of one of them returns it.
fn a_reader_and_a_writer_both_learn_of_an_icmp_error(shape: Shape) {
    shape
        .block_on(async {
            // At an address where no socket looks for a free port, ours included: it would talk to itself.
            let nobody = UdpSocket::bind("127.66.0.1:0")?.local_addr()?;
            let socket = UdpSocket::bind("127.0.0.1:0")?;
            socket.connect(nobody)?;
            let socket = AsyncFd::new(socket)?;
            let receive = socket.read_with(|socket| socket.recv(&mut [0; 8]));
            let (received, closed) = zip(receive, async {
                fend::yield_now().await;
                socket.write_with(|socket| socket.send(b"x")).await?;
                socket.peer_closed().await?;
                socket.priority().await?;
                socket.writable().await
            })
            .await;
            closed?;
            assert_eq!(received.unwrap_err().kind(), ErrorKind::ConnectionRefused);
            io::Result::Ok(())
        })
        .expect("the socket");
}

/// RE9: the end of a FIFO is not for good. Another writer may come, and data with it.
fn a_fifo_opens_and_closes_again(shape: Shape) {
    shape
        .block_on(async {
            let (reader, writer) = kernel::pipe()?;
            let again = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&writer));
            let open_writer = || std::fs::OpenOptions::new().write(true).open(&again);
            let reader = AsyncFd::new(reader)?;
            let mut writers = vec![writer];
            for round in 0..3 {
                let mut next = open_writer()?;
                next.write_all(&[round])?;
                let mut buf = [0; 8];
                assert_eq!(reader.read_with(|mut pipe| pipe.read(&mut buf)).await?, 1);
                assert_eq!(buf[0], round);
                assert!(poll_once(reader.readable()).await.is_some(), "not asked since");
                let error = reader.try_read_with(|mut pipe| pipe.read(&mut buf)).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                assert!(poll_once(reader.readable()).await.is_none(), "a writer is there, and silent");
                writers.push(next);
            }
            drop(writers);
            assert_eq!(reader.read_with(|mut pipe| pipe.read(&mut [0; 8])).await?, 0);
            io::Result::Ok(())
        })
        .expect("the pipe");
}
