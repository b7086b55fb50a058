//! PostgreSQL: a cluster of its own, made by initdb(1), with TLS and with passwords by SCRAM-SHA-256.
//!
//! It refuses to run as root, so that it is then the user "postgres" who runs it and owns its directory.

use std::fs::{self, Permissions};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use fend::tls::{Certificate, Identity};

use super::guard::{Guarded, User};
use super::{Shared, find, free_port};
use crate::place::Place;

pub(crate) const USER: &str = "fend";
pub(crate) const PASSWORD: &str = "a password";
pub(crate) const DATABASE: &str = "postgres";

/// Whether it listens is known when it says this: a port that another program has is an error before.
const READY: &str = "database system is ready to accept connections";

/// A running server.
#[derive(Debug)]
pub(crate) struct Postgres {
    pub(crate) address: SocketAddr,
    /// The path of its Unix socket, and the directory of that.
    pub(crate) socket: PathBuf,
    pub(crate) directory: PathBuf,
    /// For "localhost", signed by itself.
    pub(crate) certificate: Certificate,
    _guarded: Guarded,
    _place: Place,
}

impl Shared for Postgres {
    const PROGRAM: (&str, &str) = ("postgres", "postgresql");

    fn shared() -> Option<&'static Postgres> {
        static SERVER: OnceLock<Option<Postgres>> = OnceLock::new();
        SERVER.get_or_init(|| programs().map(|programs| start(&programs))).as_ref()
    }
}

/// The directory of the programs, of which PATH often knows none. The newest version.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|entry| {
            entry.file_name().to_str()?.parse::<u32>().ok().map(|number| (number, entry.path()))
        })
        .max()
        .map(|(_, path)| path.join("bin"));
    newest.or_else(|| find("postgres")?.parent().map(Path::to_owned))
}

/// No way is known to have it choose the port, and another program may be quicker: several are tried.
fn start(programs: &Path) -> Postgres {
    for _ in 0..20 {
        match start_on(programs, free_port()) {
            Ok(server) => return server,
            Err(output) => eprintln!("postgres has ended:\n{output}"),
        }
    }
    panic!("postgres does not start");
}

fn start_on(programs: &Path, port: u16) -> Result<Postgres, String> {
    let (place, user) = (Place::new(), user());
    let own = |path: &Path| {
        if let Some(user) = user {
            chown(path, Some(user.uid), Some(user.gid)).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        }
    };
    own(place.path());
    let identity = Identity::self_signed(["localhost"]).expect("a certificate");
    let write = |name: &str, content: &[u8]| {
        let path = place.write(name, content);
        fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("its mode");
        own(Path::new(&path));
        path
    };
    let certificate = write("server.pem", &identity.certificate().to_pem());
    let key = write("server.key", &identity.key().to_pem());
    let password = write("password", PASSWORD.as_bytes());
    let data = place.file("data");
    make_cluster(&programs.join("initdb"), &data, &password, place.path(), user);

    let mut command = Command::new(programs.join("postgres"));
    command.args(["-D", &data, "-p", &port.to_string(), "-k"]).arg(place.path());
    for setting in [
        "listen_addresses=127.0.0.1",
        // For a machine of many processors, where as many tests run at once.
        "max_connections=400",
        "fsync=off",
        "shared_buffers=16MB",
        "autovacuum=off",
        "ssl=on",
        &format!("ssl_cert_file={certificate}"),
        &format!("ssl_key_file={key}"),
    ] {
        command.args(["-c", setting]);
    }
    let mut guarded = Guarded::start(&command, "QUIT", place.path(), user);
    if !guarded.says(READY) {
        return Err(guarded.output());
    }
    Ok(Postgres {
        address: (Ipv4Addr::LOCALHOST, port).into(),
        socket: place.path().join(format!(".s.PGSQL.{port}")),
        directory: place.path().to_owned(),
        certificate: identity.certificate().clone(),
        _guarded: guarded,
        _place: place,
    })
}

fn make_cluster(initdb: &Path, data: &str, password: &str, directory: &Path, user: Option<User>) {
    let mut command = Command::new(initdb);
    command.args(["--no-sync", "--no-instructions", "--no-locale", "-E", "UTF8", "-A", "scram-sha-256"]);
    command.args(["-U", USER, "--pwfile", password, "-D", data]).current_dir(directory).stdin(Stdio::null());
    if let Some(user) = user {
        user.runs(&mut command);
    }
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Who runs it: the user "postgres" where this is root, else this user.
fn user() -> Option<User> {
    if fs::metadata("/proc/self").expect("proc is mounted").uid() != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").expect("a list of users");
    let line = users.lines().find_map(|line| line.strip_prefix("postgres:")).expect("a user \"postgres\"");
    let mut numbers = line.split(':').skip(1).map(|number| number.parse().expect("a number"));
    let mut next = || numbers.next().expect("two numbers");
    Some(User { uid: next(), gid: next() })
}
