//! Reads what stands in the parentheses: `worker_threads = 2, dispatcher = "poll"`.
//!
//! Reading goes on after a mistake, so that one build shows them all, and what was right is kept.

use proc_macro::{Ident, Literal, Span, TokenStream, TokenTree};

use crate::cursor::Cursor;
use crate::error::Error;
use crate::expand::Flavor;
use crate::literal::{self, CountError};
use crate::suggestion;

/// The arguments of one attribute. `None` stands for an absent one.
pub(crate) struct Arguments {
    pub(crate) worker_threads: Option<Literal>,
    pub(crate) drivers: Option<Literal>,
    pub(crate) dispatchers: Dispatchers,
    pub(crate) start_paused: Option<Ident>,
    pub(crate) krate: Option<TokenStream>,
    pub(crate) errors: Vec<Error>,
}

/// Which dispatchers the function runs on.
#[derive(Clone, Copy)]
pub(crate) enum Dispatchers {
    /// The one that the runtime chooses.
    Default,
    /// This one.
    One(Dispatcher),
    /// Each in turn.
    All,
}

/// A dispatcher, by its name in attributes and its variant in `fend::runtime::Dispatcher`.
#[derive(Clone, Copy)]
pub(crate) struct Dispatcher {
    pub(crate) name: &'static str,
    pub(crate) variant: &'static str,
}

impl Dispatcher {
    pub(crate) const ALL: [Dispatcher; 2] =
        [Dispatcher { name: "epoll", variant: "Epoll" }, Dispatcher { name: "poll", variant: "Poll" }];
}

/// `name = value`, the value not yet understood.
struct Argument {
    name: Ident,
    equals: Span,
    value: TokenStream,
}

impl Arguments {
    /// Reads the tokens given to the attribute.
    pub(crate) fn parse(flavor: Flavor, tokens: TokenStream) -> Arguments {
        let mut arguments = Arguments {
            worker_threads: None,
            drivers: None,
            dispatchers: Dispatchers::Default,
            start_paused: None,
            krate: None,
            errors: Vec::new(),
        };
        let mut seen = Vec::new();
        for piece in split_at_commas(tokens, &mut arguments.errors) {
            if let Err(error) = arguments.read_piece(flavor, piece, &mut seen) {
                arguments.errors.push(error);
            }
        }
        arguments
    }

    fn read_piece(
        &mut self,
        flavor: Flavor,
        piece: TokenStream,
        seen: &mut Vec<String>,
    ) -> Result<(), Error> {
        let argument = Argument::parse(flavor, piece)?;
        let name = argument.name.to_string();
        check_repetition(&argument.name, &name, seen)?;
        seen.push(name.clone());
        match name.as_str() {
            "worker_threads" => self.worker_threads = Some(argument.workers()?),
            "drivers" => self.drivers = Some(argument.drivers()?),
            "dispatcher" => self.dispatchers = Dispatchers::One(argument.dispatcher()?),
            "dispatchers" => self.dispatchers = argument.every_dispatcher()?,
            "start_paused" => self.start_paused = Some(argument.boolean()?),
            _ => self.krate = Some(argument.path()?),
        }
        Ok(())
    }
}

/// What is said of a count that is none.
struct CountMessages {
    not_an_integer: &'static str,
    zero: &'static str,
    too_large: &'static str,
}

impl Argument {
    /// Checks the name and finds the value.
    fn parse(flavor: Flavor, piece: TokenStream) -> Result<Argument, Error> {
        let mut cursor = Cursor::new(piece.clone());
        let Some(name) = cursor.next_ident() else {
            let message = format!("expected {}", listed(flavor, "or"));
            return Err(Error::across(piece, Span::call_site(), message));
        };
        let Some(example) = example(flavor, &name.to_string()) else {
            return Err(Error::new(name.span(), unknown(flavor, &name.to_string())));
        };
        let Some(equals) = cursor.next_punct('=') else {
            let message = format!("`{name}` needs a value, as in `{example}`");
            return Err(Error::across(cursor.into_rest(), name.span(), message));
        };
        let value = cursor.into_rest();
        if value.is_empty() {
            return Err(Error::new(equals.span(), format!("the value is missing, as in `{example}`")));
        }
        Ok(Argument { name, equals: equals.span(), value })
    }

    fn workers(&self) -> Result<Literal, Error> {
        self.count(&CountMessages {
            not_an_integer: "`worker_threads` takes a whole number, as in `worker_threads = 2`",
            zero: "`worker_threads` must be at least 1: the thread that waits is a worker too",
            too_large: "this number of workers does not fit `usize`",
        })
    }

    fn drivers(&self) -> Result<Literal, Error> {
        self.count(&CountMessages {
            not_an_integer: "`drivers` takes a whole number, as in `drivers = 2`",
            zero: "`drivers` must be at least 1: without one nothing can be waited for",
            too_large: "this number of drivers does not fit `usize`",
        })
    }

    fn count(&self, messages: &CountMessages) -> Result<Literal, Error> {
        let literal = self.single_literal(messages.not_an_integer)?;
        let message = match literal::count(&literal.to_string()) {
            Ok(_) => return Ok(literal),
            Err(CountError::NotAnInteger) => messages.not_an_integer,
            Err(CountError::Zero) => messages.zero,
            Err(CountError::TooLarge) => messages.too_large,
        };
        Err(Error::new(literal.span(), message))
    }

    fn dispatcher(&self) -> Result<Dispatcher, Error> {
        let message = "`dispatcher` takes `\"epoll\"` or `\"poll\"`";
        let literal = self.single_literal(message)?;
        let text = literal.to_string();
        let name = literal::string(&text).ok_or_else(|| Error::new(literal.span(), message))?;
        Dispatcher::ALL
            .into_iter()
            .find(|dispatcher| dispatcher.name == name)
            .ok_or_else(|| Error::new(literal.span(), format!("there is no dispatcher `{name}`: {message}")))
    }

    fn every_dispatcher(&self) -> Result<Dispatchers, Error> {
        let message = "`dispatchers` takes `\"all\"`; for a single one write `dispatcher = \"epoll\"`";
        let literal = self.single_literal(message)?;
        match literal::string(&literal.to_string()) {
            Some("all") => Ok(Dispatchers::All),
            _ => Err(Error::new(literal.span(), message)),
        }
    }

    fn boolean(&self) -> Result<Ident, Error> {
        let message = "`start_paused` takes `true` or `false`";
        match self.single(message)? {
            TokenTree::Ident(word) if matches!(word.to_string().as_str(), "true" | "false") => Ok(word),
            other => Err(Error::new(other.span(), message)),
        }
    }

    /// A path is taken as it is; a string holds one, whose tokens then stand at the string's place.
    fn path(&self) -> Result<TokenStream, Error> {
        let message =
            "`crate` takes the path of the fend crate, as in `crate = \"fend\"` or `crate = ::fend`";
        let error = || Error::across(self.value.clone(), self.equals, message);
        let mut cursor = Cursor::new(self.value.clone());
        let path = match cursor.peek() {
            Some(TokenTree::Literal(_)) => {
                let literal = self.single_literal(message)?;
                let text = literal.to_string();
                let inside = literal::string(&text).ok_or_else(error)?;
                let tokens: TokenStream = inside.parse().map_err(|_| error())?;
                tokens.into_iter().map(|token| respanned(token, literal.span())).collect()
            }
            _ => cursor.into_rest(),
        };
        if is_path(path.clone()) { Ok(path) } else { Err(error()) }
    }

    fn single_literal(&self, message: &str) -> Result<Literal, Error> {
        match self.single(message)? {
            TokenTree::Literal(literal) => Ok(literal),
            other => Err(Error::new(other.span(), message)),
        }
    }

    /// The value's only token. `message` is for a value that is none, such as `-1`.
    fn single(&self, message: &str) -> Result<TokenTree, Error> {
        let mut cursor = Cursor::new(self.value.clone());
        let first = cursor.next();
        let after = cursor.next();
        match (first, after) {
            (Some(token), None) => Ok(token),
            // The usual cause: the next argument, with no comma before it.
            (Some(TokenTree::Ident(_) | TokenTree::Literal(_)), Some(TokenTree::Ident(next))) => {
                Err(Error::new(next.span(), "expected `,` between two arguments"))
            }
            _ => Err(Error::across(self.value.clone(), self.equals, message)),
        }
    }
}

/// No argument may come twice, and `dispatchers` says all that `dispatcher` could.
fn check_repetition(written: &Ident, name: &str, seen: &[String]) -> Result<(), Error> {
    let excluded = match name {
        "dispatcher" => "dispatchers",
        "dispatchers" => "dispatcher",
        _ => name,
    };
    if seen.iter().any(|earlier| earlier == name) {
        return Err(Error::new(written.span(), format!("`{name}` is given twice")));
    }
    if seen.iter().any(|earlier| earlier == excluded) {
        return Err(Error::new(written.span(), format!("`{name}` and `{excluded}` exclude each other")));
    }
    Ok(())
}

/// `a::b` or `::a::b`, with any words between the colons.
fn is_path(tokens: TokenStream) -> bool {
    let mut cursor = Cursor::new(tokens);
    // Only the first word may stand without colons.
    if cursor.next_ident().is_some() && cursor.peek().is_none() {
        return true;
    }
    while cursor.next_punct(':').is_some()
        && cursor.next_punct(':').is_some()
        && cursor.next_ident().is_some()
    {
        if cursor.peek().is_none() {
            return true;
        }
    }
    false
}

fn respanned(mut token: TokenTree, span: Span) -> TokenTree {
    token.set_span(span);
    token
}

/// The arguments, each without its comma. An empty one is a mistake, except after the last comma.
fn split_at_commas(tokens: TokenStream, errors: &mut Vec<Error>) -> Vec<TokenStream> {
    let mut pieces = Vec::new();
    let mut piece = Vec::new();
    for token in tokens {
        match &token {
            TokenTree::Punct(punct) if punct.as_char() == ',' => {
                if piece.is_empty() {
                    errors.push(Error::new(punct.span(), "expected an argument before this comma"));
                } else {
                    pieces.push(piece.drain(..).collect());
                }
            }
            _ => piece.push(token),
        }
    }
    if !piece.is_empty() {
        pieces.push(piece.into_iter().collect());
    }
    pieces
}

/// The arguments that an attribute takes, and how each is written.
fn known(flavor: Flavor) -> &'static [(&'static str, &'static str)] {
    // `dispatchers` stands last: a program has one `main`.
    const KNOWN: [(&str, &str); 6] = [
        ("worker_threads", "worker_threads = 2"),
        ("drivers", "drivers = 2"),
        ("dispatcher", "dispatcher = \"poll\""),
        ("start_paused", "start_paused = true"),
        ("crate", "crate = \"fend\""),
        ("dispatchers", "dispatchers = \"all\""),
    ];
    match flavor {
        Flavor::Main => &KNOWN[..5],
        Flavor::Test => &KNOWN,
    }
}

fn example(flavor: Flavor, name: &str) -> Option<&'static str> {
    known(flavor).iter().find(|(known, _)| *known == name).map(|(_, example)| *example)
}

/// "`a`, `b` and `c`", or with another conjunction.
fn listed(flavor: Flavor, conjunction: &str) -> String {
    let names: Vec<String> = known(flavor).iter().map(|(name, _)| format!("`{name}`")).collect();
    let (last, before) = names.split_last().expect("every attribute takes arguments");
    format!("{} {conjunction} {last}", before.join(", "))
}

fn unknown(flavor: Flavor, name: &str) -> String {
    let attribute = flavor.attribute();
    let names: Vec<&str> = known(flavor).iter().map(|(name, _)| *name).collect();
    let remark = match name {
        "dispatchers" => "; it belongs to `#[fend::test]`".to_owned(),
        "flavor" => "; for the single-threaded runtime write `worker_threads = 1`".to_owned(),
        _ => suggestion::nearest(name, &names)
            .map(|near| format!("; did you mean `{near}`?"))
            .unwrap_or_default(),
    };
    format!("unknown argument `{name}`{remark}\n{attribute} takes {}", listed(flavor, "and"))
}
