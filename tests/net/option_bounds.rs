//! Options whose length or value the kernel takes in a way of its own.

use std::io;
use std::mem::size_of;

use std::io::IoSlice;

use fend::net::control::ControlBuffer;
use fend::net::{MsgFlags, TcpListener, TcpStream, UnixDatagram, UnixStream};
use libc::{SO_GET_FILTER, SOL_SOCKET};
use socket2::{SockFilter, SockRef};

on_every_dispatcher!(a_packet_filter_is_read_within_the_buffer, no_send_leaves_its_buffer_to_the_kernel);

/// `BPF_RET | BPF_K`: accept all.
const ACCEPT: SockFilter = SockFilter::new(0x06, 0, 0, u32::MAX);
const INSTRUCTION: usize = size_of::<libc::sock_filter>();

/// The kernel counts this option's length in instructions.
async fn a_packet_filter_is_read_within_the_buffer() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let stream = TcpStream::connect(listener.local_addr()?).await?;
    let read = |max_len| stream.option_bytes(SOL_SOCKET, SO_GET_FILTER, max_len);
    assert!(read(64)?.is_empty(), "there is none");

    const COUNT: usize = 64;
    SockRef::from(&stream).attach_filter(&[ACCEPT; COUNT])?;
    for room in [COUNT * INSTRUCTION, COUNT * INSTRUCTION + 7, 4096] {
        let filter = read(room)?;
        assert_eq!(filter.len(), COUNT * INSTRUCTION, "{room}");
        for instruction in filter.chunks(INSTRUCTION) {
            assert_eq!(instruction, [6, 0, 0, 0, 255, 255, 255, 255]);
        }
    }
    // As a count of instructions each of these would be enough from 64 on.
    for room in [0, 1, 7, 8, COUNT, COUNT * INSTRUCTION - 1] {
        assert_eq!(read(room).unwrap_err().kind(), io::ErrorKind::InvalidInput, "{room}");
    }
    assert_eq!(
        stream.option::<u64>(SOL_SOCKET, SO_GET_FILTER).unwrap_err().kind(),
        io::ErrorKind::InvalidInput
    );
    Ok(())
}

/// With `MSG_ZEROCOPY` the kernel would read the buffer when it is somebody else's memory.
async fn no_send_leaves_its_buffer_to_the_kernel() -> io::Result<()> {
    const SO_ZEROCOPY: i32 = libc::SO_ZEROCOPY;
    let zerocopy = MsgFlags::from_bits(libc::MSG_ZEROCOPY) | MsgFlags::MORE;
    let refused = |sent: io::Result<usize>| {
        let error = sent.expect_err("refused");
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert!(error.to_string().contains("MSG_ZEROCOPY"), "{error}");
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let stream = TcpStream::connect(listener.local_addr()?).await?;
    stream.set_option(SOL_SOCKET, SO_ZEROCOPY, &1_i32)?;
    let buf = vec![1; 1 << 16];
    refused(stream.send_with_flags(&buf, zerocopy).await);
    refused(stream.try_send_with_flags(&buf, zerocopy));
    refused(std::future::poll_fn(|cx| stream.poll_send_with_flags(cx, &buf, zerocopy)).await);

    let (bufs, nothing) = ([IoSlice::new(&buf)], ControlBuffer::new());
    let (stream, _peer) = UnixStream::pair()?;
    refused(stream.send_msg(&bufs, &nothing, zerocopy).await);
    refused(stream.try_send_msg(&bufs, &nothing, zerocopy));
    let (datagram, _peer) = UnixDatagram::pair()?;
    refused(datagram.send_msg(&bufs, &nothing, zerocopy).await);
    Ok(())
}
