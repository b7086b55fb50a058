//! What the environment says of passed descriptors: the three variables, read and checked.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::RawFd;
use std::process;

use crate::sys::activation::FIRST;

pub(super) const PID: &str = "LISTEN_PID";
pub(super) const FDS: &str = "LISTEN_FDS";
pub(super) const NAMES: &str = "LISTEN_FDNAMES";

/// What sd_listen_fds(3) calls a descriptor when there are no names.
const NAMELESS: &str = "unknown";

/// The variables as they are, or are not.
#[derive(Debug, Default)]
pub(super) struct Variables {
    pid: Option<OsString>,
    fds: Option<OsString>,
    names: Option<OsString>,
}

impl Variables {
    pub(super) fn of_this_process() -> Variables {
        Variables { pid: env::var_os(PID), fds: env::var_os(FDS), names: env::var_os(NAMES) }
    }

    /// None when nothing was passed, or to another process: a child inherits the variables of a parent that they were meant
    /// for.
    pub(super) fn for_this_process(&self) -> io::Result<Option<Announced>> {
        self.meant_for(process::id())
    }

    fn meant_for(&self, process: u32) -> io::Result<Option<Announced>> {
        let (Some(pid), Some(fds)) = (&self.pid, &self.fds) else { return Ok(None) };
        if number::<u32>(PID, pid)? != process {
            return Ok(None);
        }
        let count: RawFd = number(FDS, fds)?;
        if !(0..=RawFd::MAX - FIRST).contains(&count) {
            return Err(invalid(FDS, fds, "which is no count of file descriptors"));
        }
        let count = count.unsigned_abs() as usize;
        let names = match &self.names {
            Some(names) if count > 0 => Some(split(names, count)?),
            _ => None,
        };
        Ok(Some(Announced { count, names }))
    }
}

/// What was passed to this process.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Announced {
    /// Of the descriptors from [`FIRST`] on. It may be any number: nothing is allocated for it before they are looked at.
    pub(super) count: usize,
    /// As many, if any.
    names: Option<Vec<String>>,
}

impl Announced {
    /// The descriptors' names, in order.
    pub(super) fn into_names(self) -> impl Iterator<Item = String> {
        let nameless = if self.names.is_none() { self.count } else { 0 };
        self.names.into_iter().flatten().chain(std::iter::repeat_n(NAMELESS.to_owned(), nameless))
    }
}

fn split(names: &OsStr, count: usize) -> io::Result<Vec<String>> {
    let text = names.to_str().ok_or_else(|| invalid(NAMES, names, "which is not text"))?;
    let list: Vec<String> = text.split(':').map(str::to_owned).collect();
    if list.len() != count {
        let why = format!("which is {} names for {count} file descriptors in {FDS}", list.len());
        return Err(invalid(NAMES, names, &why));
    }
    Ok(list)
}

fn number<T: std::str::FromStr>(variable: &str, value: &OsStr) -> io::Result<T> {
    let parsed = value.to_str().and_then(|text| text.trim().parse().ok());
    parsed.ok_or_else(|| invalid(variable, value, "which is not a number of its kind"))
}

fn invalid(variable: &str, value: &OsStr, why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("{variable} is {value:?}, {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SELF: u32 = 77;

    fn names(pid: Option<&str>, fds: Option<&str>, names: Option<&str>) -> io::Result<Vec<String>> {
        let [pid, fds, names] = [pid, fds, names].map(|text| text.map(OsString::from));
        let announced = Variables { pid, fds, names }.meant_for(SELF)?;
        Ok(announced.map(|announced| announced.into_names().collect()).unwrap_or_default())
    }

    #[test]
    fn names_are_as_many_as_descriptors() {
        assert_eq!(names(Some("77"), Some("2"), Some("http:https")).unwrap(), ["http", "https"]);
        assert_eq!(names(Some(" 77 "), Some("1"), Some("")).unwrap(), [""]);
        assert_eq!(names(Some("77"), Some("3"), Some("a::a")).unwrap(), ["a", "", "a"]);
        assert_eq!(names(Some("77"), Some("2"), None).unwrap(), ["unknown", "unknown"]);
        assert!(names(Some("77"), Some("0"), Some("")).unwrap().is_empty());
    }

    #[test]
    fn what_is_not_there_or_for_others_is_nothing() {
        let nothing: [[Option<&str>; 3]; 4] = [
            [None, None, None],
            [None, Some("1"), None],
            [Some("77"), None, Some("x")],
            // Another process's: its further variables are no concern of ours.
            [Some("78"), Some("many"), Some("x:y")],
        ];
        for [pid, fds, fdnames] in nothing {
            assert!(names(pid, fds, fdnames).unwrap().is_empty(), "{pid:?} {fds:?} {fdnames:?}");
        }
    }

    #[test]
    fn errors_name_the_variable_and_its_value() {
        let mistakes = [
            (["me", "1", "x"], r#"LISTEN_PID is "me", which is not a number"#),
            (["-77", "1", "x"], r#"LISTEN_PID is "-77", which is not a number"#),
            (["77", "some", "x"], r#"LISTEN_FDS is "some", which is not a number"#),
            (["77", "-1", "x"], r#"LISTEN_FDS is "-1", which is no count"#),
            (["77", "2147483645", "x"], r#"LISTEN_FDS is "2147483645", which is no count"#),
            (["77", "9999999999", "x"], r#"LISTEN_FDS is "9999999999", which is not a number"#),
            (["77", "2", "x"], r#"LISTEN_FDNAMES is "x", which is 1 names for 2"#),
            (["77", "1", "x:y"], r#"LISTEN_FDNAMES is "x:y", which is 2 names for 1"#),
        ];
        for ([pid, fds, fdnames], message) in mistakes {
            let error = names(Some(pid), Some(fds), Some(fdnames)).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            assert!(error.to_string().starts_with(message), "{error}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_an_error() {
        use std::os::unix::ffi::OsStringExt;
        let garbage = Some(OsString::from_vec(vec![b'x', 0xFF]));
        let names =
            Variables { pid: Some("77".into()), fds: Some("1".into()), names: garbage }.meant_for(SELF);
        assert!(names.unwrap_err().to_string().contains("not text"));
    }
}
