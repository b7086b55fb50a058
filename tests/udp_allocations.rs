//! That moving datagrams allocates nothing. One test, with an allocator that counts this thread's allocations.
#![expect(unsafe_code, reason = "a counting allocator")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io;

use fend::net::UdpSocket;
use fend::net::udp::{RecvBatch, SendBatch, SendMeta};
use fend::runtime::Builder;

struct Counting;

thread_local! {
    static MADE: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: passes everything on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = MADE.try_with(|made| made.set(made.get() + 1));
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn datagrams_are_moved_without_allocations() -> io::Result<()> {
    Builder::new().worker_threads(1).build()?.block_on(async {
        let (ours, theirs) = (UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?);
        theirs.connect(ours.local_addr()?).await?;
        for socket in [&ours, &theirs] {
            socket.set_recv_packet_info(true)?;
            socket.set_recv_tos(true)?;
            socket.set_recv_ttl(true)?;
            socket.set_recv_timestamps(true)?;
        }
        let mut buf = [0; 1500];
        let (mut received, mut answers) = (RecvBatch::new(32, 1500), SendBatch::new());
        let mut warm = 0;
        for round in 0..50 {
            if round == 5 {
                warm = MADE.get();
            }
            theirs.send(b"one").await?;
            let (len, from) = ours.recv_from(&mut buf).await?;
            ours.send_to(&buf[..len], from).await?;
            theirs.recv(&mut buf).await?;

            theirs.send_msg(b"two", &SendMeta::new().tos(2).ttl(9)).await?;
            let meta = ours.recv_msg(&mut buf).await?;
            assert_eq!((meta.tos, meta.ttl), (Some(2), Some(9)));
            ours.send_msg(b"two", &SendMeta::reply_to(&meta)).await?;
            theirs.recv(&mut buf).await?;

            theirs.send_segments(&[3; 1000], 100).await?;
            assert_eq!(ours.recv_many(&mut received).await?, 10);
            for datagram in &received {
                answers.push_msg(datagram.data(), &SendMeta::reply_to(&datagram.meta()?));
            }
            assert_eq!(ours.send_many(&mut answers).await?, 10);
            assert_eq!(theirs.recv_many(&mut received).await?, 10);
        }
        let made = MADE.get() - warm;
        // Less than one of any kind of operation. The driver's own lists may grow once more.
        assert!(made < 10, "{made} allocations in 45 rounds");
        Ok(())
    })
}
