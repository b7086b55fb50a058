//! Sends back datagrams, by one socket and one thread.

use std::io::{self, ErrorKind};
use std::net::UdpSocket;
use std::os::fd::AsFd;

use libc::{EPOLLET, EPOLLIN, EPOLLOUT};

use crate::server::options::Options;
use crate::sys::{self, Datagrams, Epoll, KernelAddress};

pub(in crate::server) fn serve_udp(options: &Options, socket: &UdpSocket) -> io::Result<()> {
    let epoll = Epoll::new()?;
    epoll.add(socket.as_fd(), (EPOLLIN | EPOLLOUT | EPOLLET).cast_unsigned(), 0)?;
    let mut events = Vec::with_capacity(1);
    // An event may tell of either direction. Whoever waits tries again, and finds out.
    let mut wait = || epoll.wait(&mut events, None);
    match options.batch {
        0 => echo_one(socket, options.buffer, &mut wait),
        batch => echo_many(socket, Datagrams::new(batch, options.buffer), &mut wait),
    }
}

/// The result of the call, made again after a wait for as long as it would block.
fn until_done<T>(
    mut call: impl FnMut() -> io::Result<T>,
    wait: &mut impl FnMut() -> io::Result<()>,
) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => wait()?,
            result => return result,
        }
    }
}

fn echo_one(socket: &UdpSocket, buffer: usize, wait: &mut impl FnMut() -> io::Result<()>) -> io::Result<()> {
    let (socket, mut buffer, mut sender) = (socket.as_fd(), vec![0; buffer], KernelAddress::empty());
    loop {
        let received = until_done(|| sys::recv_from(socket, &mut buffer, &mut sender), wait)?;
        until_done(|| sys::send_to(socket, &buffer[..received], &sender), wait)?;
    }
}

fn echo_many(
    socket: &UdpSocket,
    mut datagrams: Datagrams,
    wait: &mut impl FnMut() -> io::Result<()>,
) -> io::Result<()> {
    let socket = socket.as_fd();
    loop {
        let received = until_done(|| datagrams.recv(socket), wait)?;
        let mut sent = 0;
        while sent < received {
            sent += until_done(|| datagrams.send(socket, sent..received), wait)?;
        }
    }
}
