//! Prints what happens to files: in directories, or in whole trees of them. A small `inotifywait -m`, and `entr` with `--exec`.
//!
//! `cargo run --example watch -- -r src`, `cargo run --example watch -- -r --exec 'cargo check' src`.

use std::error::Error;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use fend::inotify::{Event, EventKind, Watcher};
use fend::io::stdout;
use futures_lite::future;

#[path = "watch/action.rs"]
mod action;
#[path = "support/arguments.rs"]
mod arguments;
#[path = "watch/command_line.rs"]
mod command_line;
#[path = "watch/line.rs"]
mod line;
#[path = "support/runtime.rs"]
mod runtime;
#[path = "support/termination.rs"]
mod termination;

use action::Action;
use arguments::complain;
use command_line::Command;
use termination::Termination;

/// Bytes of lines that are put together while there are more events.
const FULL: usize = 64 * 1024;

fn main() -> ExitCode {
    arguments::main("watch", &command_line::help(), command_line::read, run)
}

fn run(command: Command) -> Result<(), Box<dyn Error>> {
    let runtime = command.runtime.build()?;
    match runtime.block_on(watch(&command)) {
        // Whoever reads our output has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        watched => Ok(watched?),
    }
}

async fn watch(command: &Command) -> io::Result<()> {
    let termination = Termination::new()?;
    let watcher = Watcher::new()?;
    watcher.join_renames(!command.split);
    let mut action = command.exec.as_ref().map(|exec| Action::start(exec.clone(), command.debounce));
    let all = async {
        for path in &command.paths {
            add(&watcher, path, command).await?;
        }
        complain(format!("watching {} directories and files", watcher.watch_count()));
        print_all(&watcher, command, action.as_mut()).await?;
        if let Some(action) = &mut action {
            action.finish().await;
        }
        Ok(false)
    };
    let is_told = future::or(async { termination.told().await.map(|_| true) }, all).await?;
    if let Some(action) = action.as_mut().filter(|_| is_told) {
        action.stop().await;
    }
    Ok(())
}

/// Up to the last that is asked for, or to the end of all watches.
async fn print_all(watcher: &Watcher, command: &Command, mut action: Option<&mut Action>) -> io::Result<()> {
    let mut left = command.count.unwrap_or(usize::MAX);
    while left > 0 && watcher.watch_count() > 0 {
        let mut lines = Vec::new();
        let mut event = watcher.recv().await?;
        loop {
            if command.prints(&event) {
                line::write(&event, command.json, &mut lines);
                left -= 1;
            }
            if let Some(action) = action.as_mut().filter(|_| command.is_change(&event)) {
                action.trigger(event.path());
            }
            if left == 0 || lines.len() >= FULL {
                break;
            }
            match watcher.try_recv() {
                Ok(next) => event = next,
                Err(_) => break,
            }
        }
        if !command.quiet {
            stdout().send_all(&lines).await?;
        }
    }
    Ok(())
}

async fn add(watcher: &Watcher, path: &Path, command: &Command) -> io::Result<()> {
    if !command.recursive {
        return watcher.add(path, command.events).map(drop);
    }
    let tree = watcher.add_recursive(path, command.events).await?;
    for (_, error) in tree.unwatched {
        complain(format!("watch: {error}"));
    }
    Ok(())
}

impl Command {
    /// That a watch has ended is of interest for the end of the program alone.
    fn prints(&self, event: &Event) -> bool {
        event.kind() != EventKind::Ignored
    }

    /// What is worth a run of the command.
    fn is_change(&self, event: &Event) -> bool {
        !matches!(event.kind(), EventKind::Ignored | EventKind::Unwatched)
    }
}
