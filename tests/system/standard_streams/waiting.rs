//! Streams that are not ready: what goes on meanwhile, and how it ends.

use std::fs::File;
use std::io::{Read, Write};
use std::thread;
use std::time::{Duration, Instant};

use super::kinds::{Kind, cooked_terminal, pipe, read_all};
use super::program::{Program, lend, on_each_dispatcher};

/// Less than the time for which a thread stays that has nothing to do.
const SOON: Duration = Duration::from_secs(8);

/// SD7: for every kind, also for those that a thread reads.
#[test]
fn a_read_that_waits_does_not_delay_the_end() {
    on_each_dispatcher(|dispatcher| {
        for kind in Kind::ALL {
            let (theirs, _ours) = kind.to_read();
            let start = Instant::now();
            Program::start(dispatcher, "end", [lend(&theirs), None, None]).succeeds();
            assert!(start.elapsed() < SOON, "{kind:?}: {:?}", start.elapsed());
        }
    });
}

/// A reader that is slow holds up the task that writes, and not the worker.
#[test]
fn a_slow_reader_holds_up_nobody_else() {
    on_each_dispatcher(|dispatcher| {
        for kind in Kind::ALL {
            let (theirs, ours) = kind.to_write();
            let (complaints, said) = pipe();
            let program = Program::start(dispatcher, "fill", [None, lend(&theirs), lend(&said)]);
            drop(said);
            let mut text = [0; 13];
            File::from(complaints).read_exact(&mut text).expect("it says so");
            assert_eq!(&text, b"timers go on\n", "{kind:?}");
            assert_eq!(read_all(ours, 1 << 20).len(), 1 << 20, "{kind:?}");
            program.succeeds();
        }
    });
}

/// A terminal as people use it: line by line, up to ^D.
#[test]
fn lines_from_a_terminal_end_with_the_end_of_file_character() {
    on_each_dispatcher(|dispatcher| {
        let (master, terminal) = cooked_terminal();
        let (received, output) = pipe();
        let program = Program::start(dispatcher, "echo lines", [lend(&terminal), lend(&output), None]);
        drop(output);
        File::from(master.try_clone().expect("an fd")).write_all(b"one\ntwo\n\x04").expect("it is typed");
        assert_eq!(read_all(received, 1 << 10), b"<one>\n<two>\n");
        program.succeeds();
    });
}

/// The stream outlives the runtimes that it is registered with.
#[test]
fn the_stream_is_no_runtimes_own() {
    on_each_dispatcher(|dispatcher| {
        for kind in Kind::ALL {
            let (theirs, ours) = kind.to_read();
            let (mut ours, (prompts, output)) = (File::from(ours), pipe());
            let program =
                Program::start(dispatcher, "several runtimes", [lend(&theirs), lend(&output), None]);
            drop(output);
            let mut prompts = File::from(prompts);
            for byte in 0..4 {
                prompts.read_exact(&mut [0; 5]).expect("a prompt");
                // Time to wait for it, by chance: it must not matter.
                thread::yield_now();
                ours.write_all(&[byte]).expect("it is read");
            }
            program.succeeds();
        }
    });
}
