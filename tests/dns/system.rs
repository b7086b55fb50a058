//! Lookups by the C library that hang, in a network and with files of the test's own.

use std::env;
use std::fs;
use std::net::{IpAddr, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fend::dns::{Path, Resolver};

use crate::alone::{forks, is_alone, run_alone};
use crate::ask::{SOON, addresses, builder, soon};
use crate::lying::LyingServer;
use crate::place::Place;
use crate::shape::Shape;

alone_on_every_dispatcher!(hung_lookups_of_the_c_library_stop_nobody_else);

/// Runs the rest of its arguments, with a loopback that is up and files of our own.
const SET_UP: &str = "
set -e
ip link set lo up
mount --bind \"$1\" /etc/resolv.conf
mount --bind \"$2\" /etc/nsswitch.conf
mount --bind \"$3\" /etc/hosts
shift 3
exec \"$@\"";

const THREADS: usize = 4;

/// How long a lookup hangs, as resolv.conf has it. The C library rounds down.
const HANGS: Duration = Duration::from_millis(1900);

/// DN10.
fn hung_lookups_of_the_c_library_stop_nobody_else(shape: Shape) {
    if is_alone(shape) {
        return hang(shape);
    }
    let place = Place::new();
    let conf = place.write("resolv.conf", "nameserver 127.0.0.1\noptions timeout:2 attempts:1\n");
    let switch = place.write("nsswitch.conf", "hosts: files dns\nservices: files\n");
    let hosts = place.write("hosts", "192.0.2.9 here.example\n");
    let in_namespaces = || {
        let mut command = Command::new("unshare");
        command.args([
            "--net",
            "--mount",
            "--map-root-user",
            "sh",
            "-c",
            SET_UP,
            "sh",
            &conf,
            &switch,
            &hosts,
        ]);
        command
    };
    let mut attempt = in_namespaces();
    attempt.arg("true").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    match forks::spawn(&mut attempt).and_then(Child::wait_with_output) {
        Ok(output) if output.status.success() => {
            let program = env::current_exe().expect("this program");
            run_alone(in_namespaces().arg(program), shape);
        }
        Ok(output) => skipped(&String::from_utf8_lossy(&output.stderr)),
        Err(error) => skipped(&error.to_string()),
    }
}

/// Where changes are checked nothing may be skipped.
fn skipped(reason: &str) {
    assert!(env::var_os("CI").is_none(), "no namespaces to be had: {reason}");
    eprintln!("skipped: no namespaces to be had: {reason}");
}

/// The names of all threads.
fn threads() -> Vec<String> {
    let tasks = fs::read_dir("/proc/self/task").expect("proc is mounted");
    // One may have ended since.
    let names = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.map(|name| name.trim_end().to_owned()).collect()
}

/// Those that call the C library.
fn at_work() -> usize {
    threads().iter().filter(|name| *name == "fend-dns").count()
}

fn hang(shape: Shape) {
    // Takes questions, and says nothing: nobody reads them.
    let _silent = UdpSocket::bind("127.0.0.1:53").expect("a network of our own");
    let server = LyingServer::honest();
    let runtime = shape.build();
    runtime.block_on(async {
        let native = builder().name_server(server.address()).build().expect("good settings");
        addresses(&native, "warm.example").await.expect("an answer");
        fend::spawn_blocking(|| {}).await.expect("no panic");
        let before = threads().len();
        assert_eq!(at_work(), 0);
        let system =
            Resolver::builder().path(Path::System).system_threads(THREADS).build().expect("good settings");
        let start = Instant::now();
        let hung: Vec<_> = (0..100)
            .map(|number| {
                let system = system.clone();
                fend::spawn(async move { addresses(&system, &format!("{number}.example")).await })
            })
            .collect();
        // All that there may be are at work.
        while at_work() < THREADS && start.elapsed() < SOON {
            fend::time::sleep(Duration::from_millis(1)).await;
        }
        for round in 0..20 {
            soon(fend::spawn_blocking(move || round)).await.expect("no panic");
            let found = soon(addresses(&native, &format!("{round}.example"))).await.expect("an answer");
            assert_eq!(found.len(), 2);
            assert_eq!(at_work(), THREADS);
            // Besides, those of the blocking jobs here.
            let threads = threads();
            assert!(threads.len() <= before + THREADS + 8, "{before} before: {threads:?}");
        }
        // On a busy machine the first may have had all of their time.
        let ended = hung.iter().filter(|lookup| lookup.is_finished()).count();
        let took = start.elapsed();
        let most = THREADS * (took.as_millis() / HANGS.as_millis()) as usize;
        assert!(ended <= most, "{ended} ended within {took:?}");
        eprintln!(
            "{:?}: {before} threads before, {} with 100 lookups that hang",
            shape.dispatcher,
            threads().len()
        );
        // Of those that are given up, none in the queue is ever made: together they would take 100 / THREADS * 2 s.
        hung.iter().for_each(|lookup| lookup.abort());
        let found = addresses(&system, "here.example").await.expect("it stands in the hosts file");
        assert_eq!(found, [IpAddr::from([192, 0, 2, 9])]);
        assert!(start.elapsed() < 4 * SOON, "{:?}", start.elapsed());
    });
    let start = Instant::now();
    drop(runtime);
    assert!(start.elapsed() < SOON + SOON, "{:?}", start.elapsed());
}
