//! Runs commands, restarts them when they end, and forwards signals to them.
//!
//! `cargo run --example supervise -- -- sh -c 'echo hello; sleep 1'`, and ^C ends it.

use std::env;
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

#[path = "support/arguments.rs"]
mod arguments;
#[path = "supervise/command.rs"]
mod command;
#[path = "supervise/output.rs"]
mod output;
#[path = "supervise/policy.rs"]
mod policy;
#[path = "supervise/service.rs"]
mod service;
#[path = "supervise/supervisor.rs"]
mod supervisor;

use arguments::{Arguments, Exit, Stop};
use policy::Policy;
use supervisor::Settings;

const HELP: &str = "\
usage: supervise [OPTIONS] -- COMMAND [ARGUMENT...] [-- COMMAND [ARGUMENT...]]...
       supervise [OPTIONS] --file PATH

Runs each command, without a shell, and puts its name in front of each line that it prints. (One that has -- among its own arguments can be
written into a file.) A command that ends is started again, as --restart says, after
a pause, which is twice as long each time, until the command has run for 10 s.

Each command leads a process group, and what it leaves behind in it when it ends is killed. SIGHUP, SIGUSR1 and SIGUSR2 are forwarded to each
command. At SIGINT (^C) and SIGTERM all groups are sent SIGTERM and nothing is started any more; what is still there after the grace period,
or at a second SIGINT or SIGTERM, is killed.

  --restart WHEN       always, on-failure (the default) or never
  --backoff SECONDS    the first pause (default 0.5)
  --max-backoff SECONDS   the longest pause (default 30)
  --limit N            how often at most, without a run of 10 s in between; then the command has failed (default: any number of times)
  --grace SECONDS      from SIGTERM to SIGKILL (default 10)
  --file PATH          the commands: lines of `name: command`, run by sh; empty lines and those that begin with # are left out

The exit status is 0 when all commands have ended well, or because they were asked to; 1 when one of them has failed for good, could not be
started, or had to be killed; 2 for a command line that means nothing.

FEND_WORKER_THREADS and FEND_DISPATCHER (epoll or poll) hold as for every program.
";

fn main() -> ExitCode {
    arguments::main("supervise", HELP, read, run)
}

fn run(settings: Settings) -> Ended {
    Ended(fend::block_on(supervisor::run(settings)))
}

struct Ended(Result<bool, Box<dyn Error>>);

impl Exit for Ended {
    fn exit(self, program: &str) -> ExitCode {
        match self.0 {
            Ok(true) => ExitCode::SUCCESS,
            // It was told of when it happened.
            Ok(false) => ExitCode::FAILURE,
            Err(error) => Err::<(), _>(error).exit(program),
        }
    }
}

fn read(arguments: &mut Arguments) -> Result<Settings, Stop> {
    let (mut policy, mut grace, mut file) = (Policy::new(), Duration::from_secs(10), None);
    let mut commands = Vec::new();
    while let Some(name) = arguments.next()? {
        match name.as_str() {
            "--restart" => policy.restart = arguments.value()?,
            "--backoff" => policy.first_pause = arguments.value()?,
            "--max-backoff" => policy.longest_pause = arguments.value()?,
            "--limit" => policy.limit = Some(arguments.number(0..)?),
            "--grace" => grace = arguments.value()?,
            "--file" => file = Some(arguments.value::<PathBuf>()?),
            "--" => {
                commands = command::of_command_line(env::args_os().skip_while(|word| word != "--").skip(1))?;
                break;
            }
            _ => return Err(arguments.unknown()),
        }
    }
    match file {
        Some(_) if !commands.is_empty() => {
            return Err(Stop::mistake("--file and commands exclude each other"));
        }
        Some(path) => commands = command::of_file(&path)?,
        None => {}
    }
    if commands.is_empty() {
        return Err(Stop::mistake("no command is given"));
    }
    Ok(Settings { commands, policy, grace })
}
