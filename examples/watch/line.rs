//! An event as a line of text.

use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fend::inotify::{Event, EventKind};

/// Appends a line, for people or as JSON.
pub(crate) fn write(event: &Event, json: bool, lines: &mut Vec<u8>) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let line = if json { object(event, now) } else { words(event, now) };
    lines.extend_from_slice(line.as_bytes());
    lines.push(b'\n');
}

fn words(event: &Event, now: Duration) -> String {
    let seconds = now.as_secs();
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    let mut line = format!("{hour:02}:{minute:02}:{second:02}.{:03} ", now.subsec_millis());
    line += verb(event.kind());
    if event.kind() == EventKind::Overflow {
        return line + " events were lost";
    }
    if let Some(from) = event.from_path() {
        line = line + " " + &escaped(&from) + " ->";
    }
    line = line + " " + &escaped(&event.path());
    if event.is_dir() {
        line.push('/');
    }
    if event.found_by_scan() {
        line += " (found)";
    }
    if let Some(error) = event.error() {
        line = line + ": " + &error.to_string();
    }
    line
}

fn verb(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Accessed => "read",
        EventKind::Modified => "modified",
        EventKind::Attributes => "attributes",
        EventKind::ClosedAfterWrite => "written",
        EventKind::Closed => "closed",
        EventKind::Opened => "opened",
        EventKind::Created => "created",
        EventKind::Removed => "removed",
        EventKind::Renamed => "renamed",
        EventKind::MovedAway => "moved-away",
        EventKind::MovedIn => "moved-in",
        EventKind::SelfRemoved => "self-removed",
        EventKind::SelfMoved => "self-moved",
        EventKind::Unmounted => "unmounted",
        EventKind::Ignored => "ignored",
        EventKind::Overflow => "OVERFLOW",
        EventKind::Unwatched => "UNWATCHED",
        _ => "other",
    }
}

/// The path on one line, whatever bytes it has: the backslash stands for what cannot be printed.
fn escaped(path: &Path) -> String {
    let mut text = String::new();
    for chunk in path.as_os_str().as_bytes().utf8_chunks() {
        for letter in chunk.valid().chars() {
            match letter {
                '\\' => text += "\\\\",
                letter if letter.is_control() => text.extend(letter.escape_default()),
                letter => text.push(letter),
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02X}");
        }
    }
    text
}

fn object(event: &Event, now: Duration) -> String {
    let mut line = format!(
        "{{\"time\":{}.{:03},\"event\":\"{}\"",
        now.as_secs(),
        now.subsec_millis(),
        verb(event.kind())
    );
    if event.kind() != EventKind::Overflow {
        if let Some(from) = event.from_path() {
            member("from", &from, &mut line);
        }
        member("path", &event.path(), &mut line);
        let _ = write!(line, ",\"directory\":{}", event.is_dir());
    }
    if event.cookie() != 0 {
        let _ = write!(line, ",\"cookie\":{}", event.cookie());
    }
    if event.found_by_scan() {
        line += ",\"found\":true";
    }
    if let Some(error) = event.error() {
        let _ = write!(line, ",\"error\":{}", quoted(&error.to_string()));
    }
    line + "}"
}

/// A path as JSON's text; when it is no text, with its bytes beside it, in hexadecimal.
fn member(name: &str, path: &Path, line: &mut String) {
    let _ = write!(line, ",\"{name}\":{}", quoted(&path.to_string_lossy()));
    if path.to_str().is_none() {
        let _ = write!(line, ",\"{name}_bytes\":\"");
        for byte in path.as_os_str().as_bytes() {
            let _ = write!(line, "{byte:02x}");
        }
        line.push('"');
    }
}

/// RFC 8259, section 7.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            '\0'..='\x1F' => drop(write!(quoted, "\\u{:04x}", u32::from(letter))),
            letter => quoted.push(letter),
        }
    }
    quoted + "\""
}
