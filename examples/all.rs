//! Shows every module of fend at work, and checks what it shows.
//!
//! `cargo run --release --example all` runs all parts on each dispatcher, `-- epoll` or `-- poll` on that one. Each part
//! says in a line what it did and how long that took. The exit status is 0 when all went well, 1 when a part failed, 2
//! when the command line was wrong.
//!
//! Type `status` to see two timers that run beside, `quit` to end early. ^C asks it to finish, a second one ends it at once.

use std::any::Any;
use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::future::Future;
use std::io::{self, Write};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use console::Console;
use fend::runtime::{Builder, Dispatcher};
use fend::time::timeout;
use futures_lite::FutureExt;

/// Ends a part with a message unless the condition holds.
macro_rules! ensure {
    ($holds:expr, $($message:tt)+) => {
        if !$holds {
            return Err(format!($($message)+).into());
        }
    };
}

#[path = "all/io.rs"]
mod any_fd;
#[path = "all/children.rs"]
mod children;
#[path = "all/console.rs"]
mod console;
#[path = "all/dns.rs"]
mod dns;
#[path = "all/executor.rs"]
mod executor;
#[path = "all/files.rs"]
mod files;
#[path = "all/relay.rs"]
mod relay;
#[path = "all/serve.rs"]
mod serve;
#[path = "all/signals.rs"]
mod signals;
#[path = "all/tasks.rs"]
mod tasks;
#[path = "all/tcp.rs"]
mod tcp;
#[path = "all/time.rs"]
mod time;
#[path = "all/tls.rs"]
mod tls;
#[path = "all/udp.rs"]
mod udp;
#[path = "all/unix.rs"]
mod unix;

/// What a part says: what it did, or why it could not.
type Outcome = Result<String, Box<dyn Error>>;

struct Part {
    name: &'static str,
    run: fn() -> Pin<Box<dyn Future<Output = Outcome>>>,
}

/// Lists async functions as parts.
macro_rules! parts {
    ($($name:literal => $($path:ident)::+,)+) => {
        &[$(Part { name: $name, run: || Box::pin($($path)::+()) }),+]
    };
}

const PARTS: &[Part] = parts! {
    "spawn" => tasks::spawn,
    "join" => tasks::join,
    "abort" => tasks::abort,
    "group" => tasks::group,
    "scope" => tasks::scope,
    "cancellation" => tasks::cancellation,
    "fairness" => tasks::fairness,
    "sleep" => time::sleeps,
    "interval" => time::intervals,
    "timer" => time::timer,
    "timeout" => time::timeouts,
    "paused clock" => time::paused_clock,
    "other clocks" => time::other_clocks,
    "blocking pool" => executor::blocking_pool,
    "own pools" => executor::own_pools,
    "spawn_local" => executor::local_tasks,
    "nested block_on" => executor::nested_block_on,
    "foreign executor" => executor::foreign_executor,
    "stuck worker" => executor::stuck_worker,
    "any fd: pipes" => any_fd::pipes,
    "any fd: files" => any_fd::regular_file,
    "files" => files::files,
    "file events" => files::events,
    "signals" => signals::everywhere,
    "child's streams" => children::streams,
    "many children" => children::many,
    "tcp echo" => tcp::echo,
    "tcp both ways" => tcp::both_ways,
    "tcp half close" => tcp::half_close,
    "tcp peer closed" => tcp::peer_closed,
    "tcp urgent data" => tcp::urgent_data,
    "socket options" => serve::options,
    "limit and drain" => serve::drain,
    "udp batches" => udp::batches,
    "udp metadata" => udp::metadata,
    "unix descriptors" => unix::descriptors,
    "unix records" => unix::records,
    "tls echo" => tls::echo,
    "tls resumption" => tls::resumption,
    "tls wrong host" => tls::wrong_host,
    "tls both ways" => tls::both_ways,
    "tls client cert" => tls::client_certificate,
    "tls reload" => tls::reload,
    "tls over unix" => tls::over_unix,
    "tls in tls" => tls::in_tls,
    "dns lookup" => dns::addresses,
    "dns records" => dns::records,
    "dns merged" => dns::merged,
    "connect by name" => dns::connect,
    "relay" => relay::between_sockets,
    "file to socket" => relay::file,
    "metrics" => executor::metrics,
};

/// No part takes this long on the slowest machine: one that does is stuck.
const STUCK: Duration = Duration::from_secs(60);

const HELP: &str = "\
usage: all [epoll|poll]

Runs every part of the demonstration on one dispatcher, or on each. Meanwhile:

  status    typed: tells of the timers 1 and 2, which run beside
  quit      typed: ends early
  ^C        asks it to finish; a second one ends it at once
";

fn main() -> ExitCode {
    let dispatchers = match read(env::args_os().skip(1)) {
        Ok(dispatchers) => dispatchers,
        Err(mistake) => {
            let _ = writeln!(io::stderr(), "all: {mistake} (see all --help)");
            return ExitCode::from(2);
        }
    };
    match run(&dispatchers) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_failed) => ExitCode::FAILURE,
        // Whoever reads our output has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "all: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The dispatchers to run on; none when help was asked for.
fn read(arguments: impl Iterator<Item = OsString>) -> Result<Vec<Dispatcher>, String> {
    let mut chosen = Vec::new();
    for argument in arguments {
        match argument.to_str().unwrap_or_default() {
            "--help" | "-h" => return Ok(Vec::new()),
            name => match name.parse() {
                Ok(dispatcher) => chosen.push(dispatcher),
                Err(_) => return Err(format!("unknown argument {argument:?}: use epoll or poll")),
            },
        }
    }
    Ok(if chosen.is_empty() { Dispatcher::ALL.to_vec() } else { chosen })
}

/// Runs everything and gives the number of parts that failed.
fn run(dispatchers: &[Dispatcher]) -> io::Result<usize> {
    if dispatchers.is_empty() {
        write!(io::stdout(), "{HELP}")?;
        return Ok(0);
    }
    let mut console = Console::new();
    let start = Instant::now();
    let (mut passed, mut failed) = (0, 0);
    for &dispatcher in dispatchers {
        if console.quit().is_cancelled() {
            break;
        }
        let tally = run_on(dispatcher, &mut console)?;
        passed += tally.passed;
        failed += tally.failed;
    }
    let (end, seconds) = (console.ended_by(), start.elapsed().as_secs_f64());
    writeln!(io::stdout(), "{end}: {passed} ok, {failed} failed, in {seconds:.1} s")?;
    Ok(failed)
}

#[derive(Default)]
struct Tally {
    passed: usize,
    failed: usize,
}

fn run_on(dispatcher: Dispatcher, console: &mut Console) -> io::Result<Tally> {
    // One part blocks a worker, and wants to see that another goes on.
    let workers = thread::available_parallelism().map_or(2, |count| count.get().max(2));
    let runtime = Builder::new().dispatcher(dispatcher).worker_threads(workers).build()?;
    writeln!(io::stdout(), "{}, {workers} workers", dispatcher.name())?;
    let quit = console.quit();
    runtime.block_on(console.during(async {
        let mut tally = Tally::default();
        for part in deliberate_failure().iter().chain(PARTS) {
            let start = Instant::now();
            match quit.run_until_cancelled(settle((part.run)())).await {
                None => break,
                Some(Ok(said)) => {
                    tally.passed += 1;
                    print(part, "ok", start.elapsed(), &said)?;
                }
                Some(Err(why)) => {
                    tally.failed += 1;
                    print(part, "FAILED", start.elapsed(), &why)?;
                }
            }
        }
        Ok(tally)
    }))
}

/// The part's end, also when it panics or never comes.
async fn settle(part: Pin<Box<dyn Future<Output = Outcome>>>) -> Result<String, String> {
    match timeout(STUCK, AssertUnwindSafe(part).catch_unwind()).await {
        Ok(Ok(outcome)) => outcome.map_err(|error| error.to_string()),
        Ok(Err(panic)) => Err(format!("panicked: {}", panic_text(&*panic))),
        Err(_) => Err(format!("not over after {STUCK:?}")),
    }
}

/// What a panic said, as far as it was text.
fn panic_text(panic: &(dyn Any + Send)) -> &str {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (_, Some(text)) => text,
        _ => "no text",
    }
}

fn print(part: &Part, verdict: &str, took: Duration, text: &str) -> io::Result<()> {
    let millis = took.as_secs_f64() * 1e3;
    writeln!(io::stdout(), "  {:<17} {verdict:<6} {millis:>8.1} ms  {text}", part.name)
}

/// A part that fails, for the test of the exit status: `FEND_ALL_FAIL=1`, or `FEND_ALL_FAIL=panic`. With `FEND_ALL_FAIL=stuck` one that
/// cannot be asked to finish, for the test of ^C.
fn deliberate_failure() -> Option<Part> {
    let how = env::var_os("FEND_ALL_FAIL")?;
    Some(match how.to_str() {
        Some("panic") => Part { name: "failure", run: || Box::pin(async { panic!("FEND_ALL_FAIL is set") }) },
        Some("stuck") => Part { name: "stuck", run: || Box::pin(stuck()) },
        _ => Part { name: "failure", run: || Box::pin(async { Err("FEND_ALL_FAIL is set".into()) }) },
    })
}

/// The end of the runtime waits for a job that runs, for its 5 s.
async fn stuck() -> Outcome {
    fend::spawn_blocking(|| {
        let _ = writeln!(io::stdout(), "  stuck: FEND_ALL_FAIL is set");
        thread::sleep(STUCK);
    })
    .await?;
    Err("FEND_ALL_FAIL is set".into())
}
