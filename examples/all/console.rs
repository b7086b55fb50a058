//! What the person at the terminal may do meanwhile: type `status` or `quit`, and press ^C once or twice.
//!
//! Beside the parts two timers run, for `status` to tell of: timer 1 each second, timer 2 once.

use std::io::{self, Write};
use std::time::Duration;

use fend::io::{Stdin, stdin};
use fend::signal::{self, CtrlC, Signal, ctrl_c};
use fend::task::CancellationToken;
use fend::time::Timer;
use futures_lite::io::{AsyncBufReadExt, BufReader};
use futures_lite::{FutureExt, future};

/// Lives as long as the program, over the runtimes that come and go: what was typed for one is not lost for the next.
pub(crate) struct Console {
    quit: CancellationToken,
    ended_by: &'static str,
    input: Option<BufReader<Stdin>>,
    line: Vec<u8>,
    ctrl_c: Option<CtrlC>,
    timers: [(Timer, u64); 2],
}

impl Console {
    pub(crate) fn new() -> Console {
        let timers = [
            (Duration::from_secs(1), Duration::from_secs(1)), // Each second.
            (Duration::from_secs(5), Duration::ZERO),         // Once.
        ];
        Console {
            quit: CancellationToken::new(),
            ended_by: "done",
            // In the background of a terminal the kernel would stop us for reading (SIGTTIN).
            input: (!stdin().is_in_background()).then(|| BufReader::new(stdin())),
            line: Vec::new(),
            ctrl_c: Some(ctrl_c()),
            timers: timers.map(|(first, interval)| {
                let mut timer = Timer::new();
                timer.set(first, interval);
                (timer, 0)
            }),
        }
    }

    /// Is cancelled when somebody wants the end.
    pub(crate) fn quit(&self) -> CancellationToken {
        self.quit.clone()
    }

    /// What the end came by: `done`, unless somebody wanted it earlier.
    pub(crate) fn ended_by(&self) -> &'static str {
        self.ended_by
    }

    /// Gives `parts` its result, and listens meanwhile.
    pub(crate) async fn during<T>(&mut self, parts: impl Future<Output = T>) -> T {
        parts.or(self.listen()).await
    }

    async fn listen<T>(&mut self) -> T {
        loop {
            let event = typed(&mut self.input, &mut self.line)
                .or(interrupted(&mut self.ctrl_c))
                .or(expired(&mut self.timers))
                .await;
            match event {
                Event::Line if self.line == b"quit" => self.end("quit"),
                Event::Line if self.line == b"status" => self.tell_status(),
                Event::Line => tell("? Type status or quit."),
                // It means nothing: many a program runs with no input.
                Event::EndOfInput => self.input = None,
                Event::Interrupt => self.interrupt(),
                Event::Expired => {}
            }
            if matches!(event, Event::Line) {
                self.line.clear();
            }
        }
    }

    fn end(&mut self, by: &'static str) {
        self.ended_by = by;
        self.quit.cancel();
    }

    /// The first ^C asks the parts to finish. The second does what it does without us: it ends the process.
    fn interrupt(&mut self) {
        self.ctrl_c = None;
        match signal::restore(Signal::INT) {
            Ok(()) => tell("interrupted: finishing. ^C again ends at once."),
            Err(error) => tell(&format!("interrupted: finishing ({error})")),
        }
        self.end("interrupted");
    }

    fn tell_status(&self) {
        for (number, (timer, expirations)) in (1..).zip(&self.timers) {
            let status = timer.status();
            let next = match status.left {
                Duration::ZERO => "none to come".to_owned(),
                left => format!("the next in {:.1} s", left.as_secs_f64()),
            };
            let every = match status.interval {
                Duration::ZERO => "once".to_owned(),
                interval => format!("every {} s", interval.as_secs()),
            };
            tell(&format!("timer {number}: {every}; {expirations} expirations, {next}"));
        }
    }
}

enum Event {
    Line,
    EndOfInput,
    Interrupt,
    Expired,
}

/// A line, without its end. What has come of it stays in `line` when this is dropped.
async fn typed(input: &mut Option<BufReader<Stdin>>, line: &mut Vec<u8>) -> Event {
    let Some(reader) = input else { return future::pending().await };
    match reader.read_until(b'\n', line).await {
        Ok(_) if line.ends_with(b"\n") => {
            line.truncate(line.trim_ascii_end().len());
            Event::Line
        }
        // An error is the end too: a terminal that is gone, for example.
        Ok(_) | Err(_) => Event::EndOfInput,
    }
}

async fn interrupted(ctrl_c: &mut Option<CtrlC>) -> Event {
    let Some(ctrl_c) = ctrl_c else { return future::pending().await };
    match ctrl_c.await {
        Ok(()) => Event::Interrupt,
        // For want of descriptors: then ^C does what it always does.
        Err(_) => future::pending().await,
    }
}

async fn expired(timers: &mut [(Timer, u64); 2]) -> Event {
    let [(first, first_count), (second, second_count)] = timers;
    let one = async { *first_count += first.wait().await };
    let two = async { *second_count += second.wait().await };
    one.or(two).await;
    Event::Expired
}

fn tell(text: &str) {
    // Whoever reads our output may have seen enough; the parts find that out.
    let _ = writeln!(io::stdout(), "  {text}");
}
