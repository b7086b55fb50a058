//! What is seen of an exchange: on standard error with `--verbose`, and the heads for `--include`.

use crate::arguments::complain;
use crate::http::{Connected, Head, Observer, Url};

pub(crate) struct Watcher {
    verbose: bool,
    /// The heads so far, as they came, when they are wanted.
    heads: Option<Vec<u8>>,
}

impl Watcher {
    pub(crate) fn new(verbose: bool, include: bool) -> Watcher {
        Watcher { verbose, heads: include.then(Vec::new) }
    }

    pub(crate) fn into_heads(self) -> Vec<u8> {
        self.heads.unwrap_or_default()
    }

    fn say(&self, mark: char, line: &str) {
        if self.verbose {
            complain(format!("{mark} {line}").trim_end());
        }
    }
}

impl Observer for Watcher {
    fn connected(&mut self, url: &Url, connected: &Connected) {
        self.say('*', &format!("{url}: connected to {}", connected.peer));
    }

    fn request(&mut self, head: &[u8]) {
        let text = String::from_utf8_lossy(head);
        text.lines().for_each(|line| self.say('>', line));
    }

    fn response(&mut self, head: &Head) {
        head.lines().for_each(|line| self.say('<', &line));
        if let Some(heads) = &mut self.heads {
            heads.extend_from_slice(&head.raw);
        }
    }
}
