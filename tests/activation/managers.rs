//! The service under managers that are not ours.

use std::env;
use std::os::fd::OwnedFd;
use std::thread;
use std::time::Duration;

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
    // It takes no port 0, so that two have to be found free.
    let addresses = [listener(), listener()].map(|(_, address)| address);
    let mut options: Vec<String> = addresses.iter().map(|address| format!("--listen={address}")).collect();
    options.push("--fdname=first:second".to_owned());
    let mut child = by_manager(shape, MANAGER, &options).spawn().expect("the manager");
    for (address, name) in addresses.into_iter().zip(["first", "second"]) {
        // Nothing tells when it listens.
        while std::net::TcpListener::bind(address).is_ok() {
            if let Some(status) = child.try_wait().expect("its status") {
                finish(child);
                panic!("the manager ended: {status}");
            }
            thread::sleep(Duration::from_millis(2));
        }
        assert_eq!(ask_name(address), name);
    }
    finish(child);
}

fn is_installed(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|directory| directory.join(program).is_file())
}
