//! The options of a program's runtime.

use std::io;
use std::str::FromStr;

use fend::runtime::{Builder, Dispatcher, Runtime};

use crate::arguments::{Arguments, Stop, Value};

/// The options that [`RuntimeOptions::read`] knows, for the help text.
pub(crate) const RUNTIME_HELP: &str =
    "  --workers N          threads that run tasks (default: FEND_WORKER_THREADS, else the number of CPUs)
  --drivers N          how many wait for I/O and time, at most one for each worker (default: one for up to 8 workers)
  --dispatcher NAME    epoll or poll (default: FEND_DISPATCHER, else epoll)
";

/// The runtime's part of the options.
#[derive(Default)]
pub(crate) struct RuntimeOptions {
    workers: Option<usize>,
    drivers: Option<usize>,
    dispatcher: Option<Dispatcher>,
}

impl RuntimeOptions {
    /// Takes the value of the option `name` when it is about the runtime.
    pub(crate) fn read(&mut self, name: &str, arguments: &mut Arguments) -> Result<(), Stop> {
        match name {
            "--workers" => self.workers = Some(arguments.number(1..)?),
            "--drivers" => self.drivers = Some(arguments.number(1..)?),
            "--dispatcher" => self.dispatcher = Some(arguments.value()?),
            _ => return Err(arguments.unknown()),
        }
        Ok(())
    }

    pub(crate) fn build(&self) -> io::Result<Runtime> {
        let mut builder = Builder::new();
        if let Some(workers) = self.workers {
            builder = builder.worker_threads(workers);
        }
        if let Some(drivers) = self.drivers {
            builder = builder.drivers(drivers);
        }
        if let Some(dispatcher) = self.dispatcher {
            builder = builder.dispatcher(dispatcher);
        }
        builder.build()
    }
}

impl Value for Dispatcher {
    fn read(text: &str) -> Result<Dispatcher, String> {
        text.parse().map_err(|error: <Dispatcher as FromStr>::Err| error.to_string())
    }
}
