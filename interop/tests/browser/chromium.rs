//! Chromium without a window, with a profile of its own.

use std::io;
use std::path::PathBuf;

use fend::process::{Child, ChildStderr, Command, Stdio};
use fend::signal::Signal;
use futures_lite::io::{AsyncBufReadExt, BufReader};

use crate::place::Scratch;

/// What it is called, here and there.
const NAMES: [&str; 4] = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"];

/// The test fetches nothing but the page, and neither shall the browser.
const ARGUMENTS: [&str; 14] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--no-first-run",
    "--no-proxy-server",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
];

/// A running browser. Dropping it kills the process with those that it has started, and removes the profile.
#[derive(Debug)]
pub(crate) struct Chromium {
    child: Child,
    /// Read to the end: a pipe that nobody empties stops the browser.
    _said: fend::task::JoinHandle<()>,
    pub(crate) devtools: String,
    // Behind the child: removed when that is killed.
    _profile: Scratch,
}

impl Chromium {
    /// `None` when it is not installed.
    pub(crate) async fn start() -> io::Result<Option<Chromium>> {
        let Some(program) = find() else {
            assert!(std::env::var_os("CI").is_none(), "chromium is not installed");
            eprintln!("skipped: chromium is not installed");
            return Ok(None);
        };
        let profile = Scratch::new();
        let mut command = Command::new(program);
        command
            .args(ARGUMENTS)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank");
        // Its own files in its own place, whatever HOME is.
        command.env("HOME", profile.path()).env("XDG_CONFIG_HOME", profile.path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command.process_group(0).kill_group_on_drop(true);
        let mut child = command.spawn()?;
        let mut said = BufReader::new(child.stderr.take().expect("a pipe"));
        let devtools = devtools(&mut said).await?;
        let said =
            fend::spawn(async move { while read_line(&mut said).await.is_ok_and(|line| line.is_some()) {} });
        Ok(Some(Chromium { child, _said: said, devtools, _profile: profile }))
    }

    /// Ends it with those that it has started, and waits until it has ended.
    pub(crate) async fn close(mut self) -> io::Result<()> {
        self.child.signal_group(Signal::KILL)?;
        self.child.wait().await?;
        Ok(())
    }
}

/// The address at which it can be driven, which it says among much else.
async fn devtools(said: &mut BufReader<ChildStderr>) -> io::Result<String> {
    let mut before = String::new();
    while let Some(line) = read_line(said).await? {
        if let Some(address) = line.trim().strip_prefix("DevTools listening on ") {
            return Ok(address.to_owned());
        }
        before += &line;
    }
    panic!("the browser has ended:\n{before}");
}

async fn read_line(said: &mut BufReader<ChildStderr>) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    let count = said.read_until(b'\n', &mut line).await?;
    Ok((count > 0).then(|| String::from_utf8_lossy(&line).into_owned()))
}

fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places: Vec<_> = std::env::split_paths(&path).collect();
    NAMES.iter().flat_map(|name| places.iter().map(move |place| place.join(name))).find(|path| path.is_file())
}
