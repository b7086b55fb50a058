//! A setting's value: from the environment, and checked. Errors name the setting and what it is.

use std::env;
use std::io;

pub(super) fn variable(name: &str) -> io::Result<Option<String>> {
    match env::var(name) {
        Ok(text) if text.is_empty() => Ok(None),
        Ok(text) => Ok(Some(text)),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(text)) => {
            Err(invalid(format!("{name} is {text:?}, which is not text")))
        }
    }
}

pub(super) fn number(name: &str, text: &str) -> io::Result<usize> {
    text.trim().parse().map_err(|_| invalid(format!("{name} is {text:?}, which is not a number")))
}

pub(super) fn in_range(name: &str, value: usize, most: usize) -> io::Result<usize> {
    if (1..=most).contains(&value) {
        return Ok(value);
    }
    Err(invalid(match most {
        usize::MAX => format!("{name} is {value}, but must be at least 1"),
        _ => format!("{name} is {value}, but must be from 1 to {most}"),
    }))
}

/// Std panics when it starts a thread whose name has a NUL in it.
pub(super) fn name_of_threads(setting: &str, name: String) -> io::Result<String> {
    if name.contains('\0') {
        return Err(invalid(format!("{setting} is {name:?}, but a thread's name has no NUL in it")));
    }
    Ok(name)
}

pub(super) fn invalid(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}
