//! A mistake, the place it was made, and its way to the user.

use proc_macro::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};

/// A message and the tokens it is about.
pub(crate) struct Error {
    first: Span,
    last: Span,
    message: String,
}

impl Error {
    /// An error about one token.
    pub(crate) fn new(span: Span, message: impl Into<String>) -> Error {
        Error { first: span, last: span, message: message.into() }
    }

    /// An error about a run of tokens, or about `fallback` when there are none.
    pub(crate) fn across(tokens: TokenStream, fallback: Span, message: impl Into<String>) -> Error {
        let mut spans = tokens.into_iter().map(|token| token.span());
        let first = spans.next().unwrap_or(fallback);
        let last = spans.last().unwrap_or(first);
        Error { first, last, message: message.into() }
    }

    /// `::core::compile_error! { "message" }`. The compiler underlines from the first token's span to the last one's.
    pub(crate) fn into_compile_error(self) -> TokenStream {
        let mut message = Literal::string(&self.message);
        message.set_span(self.last);
        let mut braces = Group::new(Delimiter::Brace, TokenTree::from(message).into());
        braces.set_span(self.last);
        let mut tokens = TokenStream::new();
        tokens.extend(path_separator(self.first));
        tokens.extend([TokenTree::from(Ident::new("core", self.first))]);
        tokens.extend(path_separator(self.first));
        tokens.extend([
            TokenTree::from(Ident::new("compile_error", self.first)),
            punct('!', Spacing::Alone, self.first),
        ]);
        tokens.extend([TokenTree::from(braces)]);
        tokens
    }
}

fn path_separator(span: Span) -> [TokenTree; 2] {
    [punct(':', Spacing::Joint, span), punct(':', Spacing::Alone, span)]
}

fn punct(character: char, spacing: Spacing, span: Span) -> TokenTree {
    let mut punct = Punct::new(character, spacing);
    punct.set_span(span);
    punct.into()
}
