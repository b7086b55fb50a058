//! The service under managers that are not ours.

use std::env;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::process::{Child, Command};
use std::thread;
use std::time::Duration;

use fend::runtime::Dispatcher;
use socket2::{Domain, Socket, Type};

use crate::alone::is_alone;
use crate::service::{ask_name, by_manager, by_shell, finish, listener, tell_names};
use crate::shape::Shape;

on_every_shape!(a_shell_passes_a_socket, names_may_be_missing, systemd_passes_sockets);

fn a_shell_passes_a_socket(shape: Shape) {
    if is_alone(shape) {
        assert_eq!(tell_names(shape), ["web"]);
        return;
    }
    let (listener, address) = listener();
    let mut manager =
        by_shell(shape, "export LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=web;", "3<&0 </dev/null");
    let child = manager.stdin(OwnedFd::from(listener)).spawn().expect("a shell");
    // The shell and the service have the only descriptors left.
    drop(manager);
    assert_eq!(ask_name(address), "web");
    finish(child);
}

fn names_may_be_missing(shape: Shape) {
    if is_alone(shape) {
        assert_eq!(tell_names(shape), ["unknown"]);
        return;
    }
    let (listener, address) = listener();
    let mut manager = by_shell(shape, "unset LISTEN_FDNAMES; export LISTEN_PID=$$ LISTEN_FDS=1;", "3<&0");
    let child = manager.stdin(OwnedFd::from(listener)).spawn().expect("a shell");
    drop(manager);
    assert_eq!(ask_name(address), "unknown");
    finish(child);
}

fn systemd_passes_sockets(shape: Shape) {
    const MANAGER: &str = "systemd-socket-activate";
    if is_alone(shape) {
        assert_eq!(tell_names(shape), ["first", "second"]);
        return;
    }
    if !is_installed(MANAGER) {
        eprintln!("skipped: {MANAGER} is not installed");
        return;
    }
    // It takes no port 0, so that two have to be found free, at an address where nobody else looks for one meanwhile.
    let ip = own_loopback(66, shape);
    let addresses = [free_port(ip), free_port(ip)].map(|(_, address)| address);
    let mut options: Vec<String> = addresses.iter().map(|address| format!("--listen={address}")).collect();
    options.push("--fdname=first:second".to_owned());
    let mut manager = Manager::start(&mut by_manager(shape, MANAGER, &options));
    for (address, name) in addresses.into_iter().zip(["first", "second"]) {
        // Nothing tells when it listens, and to try the port would take it away.
        while !listens(address) {
            assert!(manager.runs(), "the manager ended: {:?}", manager.take().wait_with_output());
            thread::sleep(Duration::from_millis(2));
        }
        assert_eq!(ask_name(address), name);
    }
    finish(manager.take());
}

/// An address of the loopback interface that no other shape's test has, nor one with another `test`.
pub(crate) fn own_loopback(test: u8, shape: Shape) -> Ipv4Addr {
    let dispatcher = match shape.dispatcher {
        Dispatcher::Poll => 1,
        _ => 2,
    };
    let shape = u8::try_from(shape.workers * 16 + shape.drivers).expect("a small shape");
    Ipv4Addr::new(127, test, dispatcher, shape)
}

/// A port of this address that is free when the socket is closed, and could be listened at before: a child that another test has just
/// started may keep the socket for longer.
fn free_port(ip: Ipv4Addr) -> (Socket, SocketAddr) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.set_reuse_address(true).expect("an option");
    socket.bind(&SocketAddr::from((ip, 0)).into()).expect("a port");
    let address = socket.local_addr().ok().and_then(|address| address.as_socket()).expect("an IP address");
    (socket, address)
}

/// A process that is killed unless somebody takes it to see its end.
struct Manager(Option<Child>);

impl Manager {
    fn start(command: &mut Command) -> Manager {
        Manager(Some(command.spawn().expect("the manager")))
    }

    fn runs(&mut self) -> bool {
        self.0.as_mut().is_some_and(|child| child.try_wait().expect("its status").is_none())
    }

    fn take(&mut self) -> Child {
        self.0.take().expect("taken once")
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Whether a socket of this network namespace listens there, as the kernel tells without being connected to.
fn listens(address: SocketAddr) -> bool {
    const LISTEN: &str = "0A";
    let IpAddr::V4(ip) = address.ip() else { panic!("{address} is not of IPv4") };
    let place = format!("{:08X}:{:04X}", u32::from_ne_bytes(ip.octets()), address.port());
    let table = fs::read_to_string("/proc/net/tcp").expect("proc is mounted");
    table.lines().any(|line| {
        let mut fields = line.split_whitespace();
        fields.nth(1) == Some(&place) && fields.nth(1) == Some(LISTEN)
    })
}

fn is_installed(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|directory| directory.join(program).is_file())
}
