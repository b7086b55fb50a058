//! A network and files in /etc of the test's own, so that the C library looks names up where the test wants it to.
//!
//! The test runs again in a network namespace and in a mount namespace, where a copy of /etc lies over the real one. The network has
//! addresses of each kind that RFC 6724 tells apart, and routes for some destinations and not for others.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::alone::{is_alone, run_alone};
use crate::place::Place;
use crate::server::are_installed;
use crate::shape::Shape;

/// What addresses the network has besides those of loopback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Addresses {
    Both,
    V4,
    V6,
    Neither,
}

/// Lies in the copy of /etc alone.
const MARK: &str = "/etc/fend-test-copy";

/// Runs the rest of its arguments. What a kernel lacks (another kind of interface) is made up for, or missing for both paths.
const SET_UP: &str = r#"
mkdir "$PLACE/etc"
cp -r /etc/. "$PLACE/etc" 2>/dev/null
touch "$PLACE/etc/fend-test-copy"
mount --bind "$PLACE/etc" /etc || exit 1
ip link set lo up || exit 1
ip link add v0 type veth peer name v1 2>/dev/null || ip link add v0 type dummy || exit 1
# Link-local addresses of the kernel's own are not there at once.
for device in v0 v1; do
    ip link set "$device" addrgenmode none && ip link set "$device" up
done
case $ADDRESSES in Both|V4)
    ip addr add 10.1.2.3/24 dev v0
    ip addr add 192.168.7.3/20 dev v0
    ip addr add 169.254.1.3/16 dev v0 scope link
    ip route add default dev v0 src 10.1.2.3
    ip route add unreachable 198.51.100.0/24
esac
case $ADDRESSES in Both|V6)
    for address in fe80::3/64 fd00:1::3/64 2001:db8:1::3/64 2001:db8:1:8000::3/64; do
        ip addr add "$address" dev v0 nodad
    done
    ip addr add 2001:db8:9::3/64 dev v1 nodad preferred_lft 0
    ip -6 route add default dev v0 src 2001:db8:1::3
    ip -6 route add 2001:db8:9::/64 dev v1 src 2001:db8:9::3 metric 1
    ip -6 route add unreachable 2001:db8:dead::/48
esac
exec "$@"
"#;

/// Runs `body` in a process, a network and an /etc of its own.
pub(crate) fn in_network(shape: Shape, addresses: Addresses, body: impl FnOnce()) {
    if is_alone(shape) {
        assert!(Path::new(MARK).exists(), "the files of the machine itself stay as they are");
        return body();
    }
    if !are_installed() {
        return;
    }
    if let Err(reason) = namespaces() {
        assert!(env::var_os("CI").is_none(), "no namespaces to be had: {reason}");
        return eprintln!("skipped: no namespaces to be had: {reason}");
    }
    let place = Place::new();
    let mut command = unshare();
    command.args(["sh", "-c", SET_UP, "sh"]).arg(env::current_exe().expect("this program"));
    command.env("PLACE", place.path()).env("ADDRESSES", format!("{addresses:?}"));
    // They are settings of the C library, and of the native path.
    for variable in ["RES_OPTIONS", "LOCALDOMAIN", "HOSTALIASES", "RESOLV_MULTI"] {
        command.env_remove(variable);
    }
    run_alone(&mut command, shape);
}

/// Replaces a file of the copy of /etc.
pub(crate) fn etc(name: &str, content: &str) {
    assert!(Path::new(MARK).exists(), "the files of the machine itself stay as they are");
    let path = Path::new("/etc").join(name);
    // A link may lead out of the copy.
    let _ = fs::remove_file(&path);
    fs::write(&path, content).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

fn unshare() -> Command {
    let mut command = Command::new("unshare");
    command.args(["--net", "--mount", "--map-root-user"]);
    command
}

fn namespaces() -> Result<(), String> {
    let try_it = "ip link set lo up && mount --bind /etc /etc";
    match unshare().args(["sh", "-c", try_it]).output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        Err(error) => Err(error.to_string()),
    }
}
