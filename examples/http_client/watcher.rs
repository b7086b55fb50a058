//! What is seen of an exchange: on standard error with `--verbose`, and the heads for `--include`.

use crate::arguments::complain;
use crate::date::write_date;
use crate::http::{Connected, Facts, Head, Observer, Url};

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
        if let Some(facts) = &connected.tls {
            describe(facts).iter().for_each(|line| self.say('*', line));
        }
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

fn describe(facts: &Facts) -> Vec<String> {
    let info = &facts.info;
    let alpn = info.alpn.as_deref().map_or("none".into(), String::from_utf8_lossy);
    let resumed = if info.resumed { ", resumed" } else { "" };
    let mut lines = vec![format!("{}, {}, ALPN {alpn}{resumed}", info.protocol, info.cipher)];
    if let Some(certificate) = &facts.certificate {
        lines.push(format!("certificate of {}, for {}", certificate.subject, certificate.names.join(", ")));
        let mut until = Vec::new();
        write_date(certificate.not_after, &mut until).expect("a Vec takes everything");
        let until = String::from_utf8_lossy(&until);
        lines.push(format!("issued by {}, valid until {until}", certificate.issuer));
    }
    if let Some(error) = &info.verify_error {
        lines.push(format!("not trusted, but taken: {error}"));
    }
    lines
}
