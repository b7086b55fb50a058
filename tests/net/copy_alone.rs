//! What copies do with the whole process: descriptors, and a signal that could end it. Each test has a process of its own.
#![expect(unsafe_code, reason = "limits and signals are not in std")]

use std::fs;
use std::io::{self, Read, Write};
use std::net;

use fend::io::{copy, copy_bidirectional};
use fend::net::pipe::pipe;

use crate::alone::alone;
use crate::peer::{accepted, assert_same, noise, reset};
use crate::process::open_fds;
use crate::shape::Shape;

on_every_shape!(
    idle_relays_hold_no_pipes,
    without_descriptors_a_buffer_does,
    a_broken_destination_is_no_signal,
    a_signal_that_was_there_before_stays,
);

/// How many of the open files are ends of pipes.
fn open_pipes() -> usize {
    let names = open_fds().into_iter().map(|fd| fs::read_link(format!("/proc/self/fd/{fd}")));
    names.filter(|name| name.as_ref().is_ok_and(|name| name.to_string_lossy().starts_with("pipe:"))).count()
}

fn idle_relays_hold_no_pipes(shape: Shape) {
    alone(shape, || {
        let test = async {
            let before = open_pipes();
            let mut relays = Vec::new();
            for _ in 0..60 {
                let ((a, client), (b, server)) = (accepted().await?, accepted().await?);
                relays.push((fend::spawn(copy_bidirectional(a, b)), client, server));
            }
            for (_, client, server) in &mut relays {
                for (from, to) in [(&*client, &*server), (&*server, &*client)] {
                    exchange(from, to).await?;
                }
            }
            assert!(open_pipes() - before <= 32, "{} descriptors of pipes", open_pipes() - before);
            io::Result::Ok(())
        };
        shape.block_on(test).unwrap();
    });
}

/// Sends a message, and waits until it has come.
async fn exchange(mut from: &net::TcpStream, to: &net::TcpStream) -> io::Result<()> {
    let mut to = to.try_clone()?;
    from.write_all(b"ping")?;
    let received = fend::spawn_blocking(move || {
        let mut buf = [0; 4];
        to.read_exact(&mut buf).map(|()| buf)
    });
    assert_eq!(&received.await??, b"ping");
    Ok(())
}

fn without_descriptors_a_buffer_does(shape: Shape) {
    alone(shape, || {
        let test = async {
            let ((a, mut client), (b, mut server)) = (accepted().await?, accepted().await?);
            let copying = fend::spawn(copy_bidirectional(a, b));
            // From now on no descriptor can be had.
            let next = open_fds().into_iter().max().map_or(0, |fd| fd + 1);
            let limit = libc::rlimit { rlim_cur: next as libc::rlim_t, rlim_max: 4096 };
            // SAFETY: the limit is valid for reads.
            assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) }, 0);
            let no_holes_left: Vec<_> = std::iter::from_fn(|| fs::File::open("/dev/null").ok()).collect();
            let sender = std::thread::spawn(move || client.write_all(&noise(3 << 20)).map(|()| client));
            let mut received = vec![0; 3 << 20];
            let (server, received) =
                fend::spawn_blocking(move || server.read_exact(&mut received).map(|()| (server, received)))
                    .await??;
            assert_same(&received, &noise(3 << 20));
            drop((sender.join().expect("the sender")?, server, no_holes_left));
            assert_eq!(copying.await??, (3 << 20, 0));
            io::Result::Ok(())
        };
        shape.block_on(test).unwrap();
    });
}

/// NT2
fn a_broken_destination_is_no_signal(shape: Shape) {
    alone(shape, || {
        // SAFETY: the default is no handler that could do harm.
        unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
        let test = async {
            let (reader, writer) = pipe()?;
            drop(reader);
            assert_eq!(writer.send(b"x").await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
            let bufs = [io::IoSlice::new(b"x")];
            assert_eq!(writer.send_vectored(&bufs).await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);

            for _ in 0..3 {
                let ((a, mut client), (b, server)) = (accepted().await?, accepted().await?);
                client.write_all(&noise(1000))?;
                reset(server)?;
                b.peer_closed().await?;
                // The first call meets the reset, the second what is left.
                for _ in 0..2 {
                    let error = copy(&a, &b).limit(100).await.unwrap_err();
                    assert!(is_broken(&error), "{error}");
                }
                let error = copy(&a, &writer).await.unwrap_err();
                assert!(is_broken(&error), "{error}");
                let file = fs::File::open("/proc/self/exe")?;
                let error = b.send_file(&file, 0, 1000).await.unwrap_err();
                assert!(is_broken(&error), "{error}");
            }
            io::Result::Ok(())
        };
        shape.block_on(test).unwrap();
        // Another thread's or the host's own writes are as they were.
        // SAFETY: a null action asks only, and all-zero is a valid action.
        let action = unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            libc::sigaction(libc::SIGPIPE, std::ptr::null(), &raw mut action);
            action.sa_sigaction
        };
        assert_eq!(action, libc::SIG_DFL);
        assert!(!blocks_sigpipe(), "the signal is let through again");
    });
}

fn is_broken(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset)
}

fn blocks_sigpipe() -> bool {
    // SAFETY: all-zero is a valid set, and it is valid for writes.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::pthread_sigmask(libc::SIG_BLOCK, std::ptr::null(), &raw mut set);
        libc::sigismember(&raw const set, libc::SIGPIPE) == 1
    }
}

/// The host holds the signal back and has one pending: that one is its own.
fn a_signal_that_was_there_before_stays(shape: Shape) {
    alone(shape, || {
        // SAFETY: the sets are valid, and all-zero is an empty one.
        let pending = || unsafe {
            let mut set: libc::sigset_t = std::mem::zeroed();
            libc::sigpending(&raw mut set);
            libc::sigismember(&raw const set, libc::SIGPIPE) == 1
        };
        // SAFETY: as above. The signal waits in this thread.
        unsafe {
            libc::signal(libc::SIGPIPE, libc::SIG_DFL);
            let mut set: libc::sigset_t = std::mem::zeroed();
            libc::sigaddset(&raw mut set, libc::SIGPIPE);
            libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut());
        }
        let broken = || {
            let (reader, writer) = pipe()?;
            drop(reader);
            let error = writer.try_send(b"x").unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
            io::Result::Ok(())
        };
        let runtime = shape.build();
        let _entered = runtime.handle().enter();
        broken().unwrap();
        assert!(!pending(), "ours was taken back");
        // SAFETY: raises a signal that is blocked.
        unsafe { libc::pthread_kill(libc::pthread_self(), libc::SIGPIPE) };
        broken().unwrap();
        assert!(pending() && blocks_sigpipe(), "the host's own was left to it");
    });
}
