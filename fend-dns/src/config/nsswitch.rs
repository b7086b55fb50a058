//! The `hosts:` line of nsswitch.conf(5): who is asked for host names, in which order, and what answers end the search.
//!
//! The native path knows two sources: `files` (hosts(5)) and `dns`. It does what the line says where it has these alone, once each,
//! with the usual reactions: an answer ends the search, anything else goes on to the next source. A reaction that is written out but changes
//! nothing (`files [NOTFOUND=continue] dns`) is as good as none.
//!
//! All else goes to the C library, which has the modules. Debian and Ubuntu write such lines when these packages are installed:
//!
//! | Line | From | Path |
//! |---|---|---|
//! | `files dns` | base system | native |
//! | `files mdns4_minimal [NOTFOUND=return] dns` | libnss-mdns | C library |
//! | `files myhostname dns` | libnss-myhostname | C library |
//! | `files resolve [!UNAVAIL=return] dns` | libnss-resolve | C library |
//! | `files mymachines dns` | libnss-mymachines | C library |
//! | `files [NOTFOUND=return] dns`, `dns [!UNAVAIL=return] files` | by hand | C library |
//!
//! Without the file, or without such a line in it, it is `files dns`, as in glibc 2.36. Of several lines the last counts. There are
//! no comments after a line's words: `#` would be a source of that name, which is again the C library's matter.

#[cfg(test)]
mod tests;

use super::line::{is_space, lines};

/// Where nsswitch.conf(5) has host names looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HostsOrder {
    FilesDns,
    DnsFiles,
    Files,
    Dns,
    /// Something that only the C library has: its word.
    BeyondUs(String),
}

/// A source, and what is written in brackets after it.
struct Source<'a> {
    name: &'a str,
    reactions: Vec<&'a str>,
}

impl HostsOrder {
    /// What a file with these bytes says.
    pub(crate) fn parse(bytes: &[u8]) -> HostsOrder {
        match lines(bytes).filter_map(hosts_line).last() {
            None => HostsOrder::FilesDns,
            Some(line) => HostsOrder::of_line(&String::from_utf8_lossy(line)),
        }
    }

    fn of_line(line: &str) -> HostsOrder {
        let Some(sources) = sources(line) else {
            return HostsOrder::BeyondUs(line.trim().to_owned());
        };
        let last = sources.len().saturating_sub(1);
        for (index, source) in sources.iter().enumerate() {
            if let Some(word) = source.beyond_us(index == last) {
                return HostsOrder::BeyondUs(word);
            }
        }
        let names: Vec<_> = sources.iter().map(|source| source.name).collect();
        match names[..] {
            ["files", "dns"] => HostsOrder::FilesDns,
            ["dns", "files"] => HostsOrder::DnsFiles,
            ["files"] => HostsOrder::Files,
            ["dns"] => HostsOrder::Dns,
            [] => HostsOrder::BeyondUs("a hosts line without sources".to_owned()),
            _ => HostsOrder::BeyondUs(names.join(" ")),
        }
    }
}

impl Source<'_> {
    /// What of it only the C library does.
    fn beyond_us(&self, is_last: bool) -> Option<String> {
        if !matches!(self.name, "files" | "dns") {
            return Some(self.name.to_owned());
        }
        let changing = self.reactions.iter().find(|reaction| !is_usual(reaction, is_last))?;
        Some(format!("[{}]", changing.trim()))
    }
}

/// What follows the colon, if this is a line of the database `hosts`.
fn hosts_line(line: &[u8]) -> Option<&[u8]> {
    let rest = line.trim_ascii_start().strip_prefix(b"hosts")?;
    let end = rest.iter().position(|&byte| !is_space(byte) && byte != b':').unwrap_or(rest.len());
    (end > 0).then(|| &rest[end..])
}

/// `None` for a bracket that nothing closes, or that stands before any source.
fn sources(line: &str) -> Option<Vec<Source<'_>>> {
    let mut sources: Vec<Source<'_>> = Vec::new();
    let mut rest = line.trim();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('[') {
            let (reaction, after) = after.split_once(']')?;
            sources.last_mut()?.reactions.push(reaction);
            rest = after.trim_start();
        } else {
            let end = rest.find(|letter: char| letter.is_whitespace() || letter == '[').unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            sources.push(Source { name, reactions: Vec::new() });
            rest = after.trim_start();
        }
    }
    Some(sources)
}

/// Whether reactions such as `NOTFOUND=continue !SUCCESS=continue` are what happens without them. After the last source
/// there is nothing to go on to: only what is done with an answer counts.
fn is_usual(reactions: &str, is_last: bool) -> bool {
    let spaced = reactions.replace('=', " = ");
    let words: Vec<_> = spaced.split_whitespace().map(str::to_ascii_uppercase).collect();
    !words.is_empty()
        && words.chunks(3).all(|reaction| match reaction {
            [status, equals, action] => equals == "=" && is_usual_reaction(status, action, is_last),
            _ => false,
        })
}

fn is_usual_reaction(status: &str, action: &str, is_last: bool) -> bool {
    let no_answer = ["NOTFOUND", "UNAVAIL", "TRYAGAIN"];
    match (status.strip_prefix('!'), action) {
        // All but an answer.
        (Some("SUCCESS"), "CONTINUE") => true,
        (Some("SUCCESS"), "RETURN") => is_last,
        // All but this one, and so an answer too.
        (Some(status), "RETURN") => is_last && no_answer.contains(&status),
        (None, "RETURN") => status == "SUCCESS" || (is_last && no_answer.contains(&status)),
        (None, "CONTINUE") => no_answer.contains(&status),
        _ => false,
    }
}
