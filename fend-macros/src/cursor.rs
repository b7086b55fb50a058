//! Walks over tokens, one at a time, with one token of foresight.
//!
//! A fragment of a `macro_rules!` macro (`$vis`, `$body`, `$number`) arrives inside an invisible group. Readers of an
//! outline do not care, so the cursor opens such groups when it meets them.

use std::collections::VecDeque;

use proc_macro::{Delimiter, Group, Ident, Punct, TokenStream, TokenTree};

/// The tokens that are still to be read.
pub(crate) struct Cursor {
    rest: VecDeque<TokenTree>,
}

impl Cursor {
    /// Starts at the first of `tokens`.
    pub(crate) fn new(tokens: TokenStream) -> Cursor {
        Cursor { rest: tokens.into_iter().collect() }
    }

    /// The next token, left in place.
    pub(crate) fn peek(&mut self) -> Option<&TokenTree> {
        self.open_invisible_groups();
        self.rest.front()
    }

    /// Takes the next token.
    pub(crate) fn next(&mut self) -> Option<TokenTree> {
        self.open_invisible_groups();
        self.rest.pop_front()
    }

    /// Takes the next token if it is this punctuation.
    pub(crate) fn next_punct(&mut self, character: char) -> Option<Punct> {
        match self.peek()? {
            TokenTree::Punct(punct) if punct.as_char() == character => {
                let punct = punct.clone();
                self.next();
                Some(punct)
            }
            _ => None,
        }
    }

    /// Takes the next token if it is this word.
    pub(crate) fn next_word(&mut self, word: &str) -> Option<Ident> {
        match self.peek()? {
            TokenTree::Ident(ident) if ident.to_string() == word => self.next_ident(),
            _ => None,
        }
    }

    /// Takes the next token if it is a word.
    pub(crate) fn next_ident(&mut self) -> Option<Ident> {
        match self.peek()? {
            TokenTree::Ident(ident) => {
                let ident = ident.clone();
                self.next();
                Some(ident)
            }
            _ => None,
        }
    }

    /// Takes the next token if it is a group in these delimiters.
    pub(crate) fn next_group(&mut self, delimiter: Delimiter) -> Option<Group> {
        match self.peek()? {
            TokenTree::Group(group) if group.delimiter() == delimiter => {
                let group = group.clone();
                self.next();
                Some(group)
            }
            _ => None,
        }
    }

    /// Takes the last token, out of its invisible groups.
    pub(crate) fn next_back(&mut self) -> Option<TokenTree> {
        let mut last = self.rest.pop_back()?;
        while let TokenTree::Group(group) = &last {
            if group.delimiter() != Delimiter::None {
                break;
            }
            self.rest.extend(group.stream());
            last = self.rest.pop_back()?;
        }
        Some(last)
    }

    /// All that is left, as it came.
    pub(crate) fn into_rest(self) -> TokenStream {
        self.rest.into_iter().collect()
    }

    fn open_invisible_groups(&mut self) {
        while let Some(TokenTree::Group(group)) = self.rest.front() {
            if group.delimiter() != Delimiter::None {
                return;
            }
            let inside = group.stream();
            self.rest.pop_front();
            for token in inside.into_iter().collect::<Vec<_>>().into_iter().rev() {
                self.rest.push_front(token);
            }
        }
    }
}
