//! What the page and the server say to each other: text messages, each a word on its first line and what belongs to it on the next.
//!
//! | from the page | |
//! |---|---|
//! | `join` ROOM NAME | first; and once more when it was refused |
//! | `say` TEXT | the text may have further lines |
//!
//! | from the server | |
//! |---|---|
//! | `here` NAME... | you are in, with these, yourself among them |
//! | `said` TIME NAME TEXT | by anyone, you too: then it has arrived. The time is in ms since 1970, and greater than that of all before |
//! | `joins` NAME, `leaves` NAME | |
//! | `refused` WHY | what you have sent last |
//!
//! No name has an end of line in it, so that nobody can speak for another one.

use std::fmt;

use async_tungstenite::tungstenite::Utf8Bytes;

/// Letters in the name of a member or a room.
const LONGEST_NAME: usize = 32;

/// What a member asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Request<'a> {
    Join { room: &'a str, name: &'a str },
    Say(&'a str),
}

/// What a member is told. It displays as it is sent.
#[derive(Debug)]
pub(crate) enum Told<'a> {
    Here(Vec<&'a str>),
    Said { time: u64, name: &'a str, text: &'a str },
    Joins(&'a str),
    Leaves(&'a str),
    Refused(&'a str),
}

/// An error is what to tell who has sent it.
pub(crate) fn parse(message: &str) -> Result<Request<'_>, String> {
    match message.split_once('\n') {
        Some(("join", names)) => {
            let (room, name) = names.split_once('\n').ok_or("to join takes a room and a name")?;
            Ok(Request::Join { room: check("room", room)?, name: check("name", name)? })
        }
        Some(("say", text)) if text.trim().is_empty() => Err("there is nothing in it".to_owned()),
        Some(("say", text)) => Ok(Request::Say(text.trim())),
        _ => Err("that is neither join nor say".to_owned()),
    }
}

fn check<'a>(what: &str, name: &'a str) -> Result<&'a str, String> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME {
        return Err(format!("a {what} has 1 to {LONGEST_NAME} letters"));
    }
    if name.chars().any(char::is_control) {
        return Err(format!("a {what} has no control characters"));
    }
    Ok(name)
}

impl Told<'_> {
    /// As a message. Clones of it share their bytes.
    pub(crate) fn encode(&self) -> Utf8Bytes {
        self.to_string().into()
    }
}

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Told::Here(names) => write!(f, "here\n{}", names.join("\n")),
            Told::Said { time, name, text } => write!(f, "said\n{time}\n{name}\n{text}"),
            Told::Joins(name) => write!(f, "joins\n{name}"),
            Told::Leaves(name) => write!(f, "leaves\n{name}"),
            Told::Refused(why) => write!(f, "refused\n{why}"),
        }
    }
}
