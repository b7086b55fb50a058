//! The outline of the annotated function.
//!
//! ```text
//! #[ignore]  pub(crate)  async  fn name  <T>       (arguments)  -> Outcome where ..  { body }
//! attributes visibility  qualifiers name generics  arguments    output               body
//! ```

use proc_macro::{Delimiter, Group, Ident, Spacing, Span, TokenStream, TokenTree};

use crate::cursor::Cursor;
use crate::error::Error;
use crate::expand::Flavor;

/// A function, cut into the pieces that an expansion puts together again.
pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: TokenStream,
    pub(crate) qualifiers: Vec<TokenTree>,
    pub(crate) fn_word: Ident,
    pub(crate) name: Ident,
    pub(crate) generics: TokenStream,
    pub(crate) arguments: Group,
    /// `-> Outcome` and the `where` clause, as far as there are any.
    pub(crate) output: TokenStream,
    /// The braces, or the semicolon that stands in their place.
    pub(crate) body: TokenTree,
}

/// `#[name ..]`. A doc comment is one too: `#[doc = ".."]`.
pub(crate) struct Attribute {
    pub(crate) name: Option<Ident>,
    pub(crate) tokens: TokenStream,
}

impl Function {
    /// Takes a function apart. Only an item that is no function is an error here; see [`Function::check`].
    pub(crate) fn parse(flavor: Flavor, item: TokenStream) -> Result<Function, Error> {
        let mut cursor = Cursor::new(item);
        let attributes = parse_attributes(&mut cursor);
        let visibility = parse_visibility(&mut cursor);
        let start = cursor.peek().map_or_else(Span::call_site, TokenTree::span);
        let no_function = || Error::new(start, format!("{} goes on an `async fn`", flavor.attribute()));

        let qualifiers = parse_qualifiers(&mut cursor);
        let fn_word = cursor.next_word("fn").ok_or_else(no_function)?;
        let name = cursor.next_ident().ok_or_else(no_function)?;
        let generics = parse_generics(&mut cursor);
        let arguments = cursor.next_group(Delimiter::Parenthesis).ok_or_else(no_function)?;
        let body = cursor.next_back().ok_or_else(no_function)?;
        let output = cursor.into_rest();
        Ok(Function { attributes, visibility, qualifiers, fn_word, name, generics, arguments, output, body })
    }

    /// Everything that keeps this function from being a `main` or a test.
    pub(crate) fn check(&self, flavor: Flavor) -> Vec<Error> {
        let mut errors = Vec::new();
        self.check_attributes(flavor, &mut errors);
        self.check_qualifiers(flavor, &mut errors);
        let attribute = flavor.attribute();
        if !self.generics.is_empty() {
            let message = format!("a function under {attribute} cannot be generic");
            errors.push(Error::across(self.generics.clone(), self.name.span(), message));
        }
        self.check_arguments(flavor, &mut errors);
        if !matches!(self.body, TokenTree::Group(_)) {
            errors.push(Error::new(self.body.span(), format!("a function under {attribute} needs a body")));
        }
        errors
    }

    /// Whether the first argument is `self`, so that this is a method.
    pub(crate) fn receiver(&self) -> Option<Ident> {
        self.arguments.stream().into_iter().map_while(before_colon).find_map(|token| match token {
            TokenTree::Ident(word) if word.to_string() == "self" => Some(word),
            _ => None,
        })
    }

    fn check_attributes(&self, flavor: Flavor, errors: &mut Vec<Error>) {
        if !matches!(flavor, Flavor::Test) {
            return;
        }
        for name in self.attributes.iter().filter_map(|attribute| attribute.name.as_ref()) {
            if name.to_string() == "test" {
                errors.push(Error::new(
                    name.span(),
                    "`#[fend::test]` stands for `#[test]` too: remove this one",
                ));
            }
        }
    }

    fn check_qualifiers(&self, flavor: Flavor, errors: &mut Vec<Error>) {
        let attribute = flavor.attribute();
        let mut is_async = false;
        for token in &self.qualifiers {
            match token.to_string().as_str() {
                "async" => is_async = true,
                word @ ("const" | "unsafe" | "safe" | "extern") => {
                    let message = format!("a function under {attribute} cannot be `{word}`");
                    errors.push(Error::new(token.span(), message));
                }
                // The ABI after `extern`.
                _ => {}
            }
        }
        if !is_async {
            let message = format!("{attribute} goes on an `async fn`: write `async fn {}`", self.name);
            errors.push(Error::new(self.fn_word.span(), message));
        }
    }

    fn check_arguments(&self, flavor: Flavor, errors: &mut Vec<Error>) {
        let attribute = flavor.attribute();
        if let Some(receiver) = self.receiver() {
            let message = format!("{attribute} goes on a free function: it cannot take `self`");
            errors.push(Error::new(receiver.span(), message));
        } else if !self.arguments.stream().is_empty() {
            let message = format!("a function under {attribute} cannot take arguments");
            errors.push(Error::across(self.arguments.stream(), self.arguments.span(), message));
        }
    }
}

fn parse_attributes(cursor: &mut Cursor) -> Vec<Attribute> {
    let mut attributes = Vec::new();
    while let Some(hash) = cursor.next_punct('#') {
        let mut tokens = TokenStream::from(TokenTree::from(hash));
        let mut name = None;
        if let Some(brackets) = cursor.next_group(Delimiter::Bracket) {
            name = single_name(brackets.stream());
            tokens.extend([TokenTree::from(brackets)]);
        }
        attributes.push(Attribute { name, tokens });
    }
    attributes
}

/// The attribute's name, where that is one word and not a path.
fn single_name(inside: TokenStream) -> Option<Ident> {
    let mut cursor = Cursor::new(inside);
    let name = cursor.next_ident()?;
    match cursor.next_punct(':') {
        Some(_) => None,
        None => Some(name),
    }
}

fn parse_visibility(cursor: &mut Cursor) -> TokenStream {
    let Some(word) = cursor.next_word("pub") else {
        return TokenStream::new();
    };
    let mut tokens = TokenStream::from(TokenTree::from(word));
    tokens.extend(cursor.next_group(Delimiter::Parenthesis).map(TokenTree::from));
    tokens
}

fn parse_qualifiers(cursor: &mut Cursor) -> Vec<TokenTree> {
    let mut qualifiers = Vec::new();
    while let Some(token) = cursor.peek() {
        let qualifies = match token {
            TokenTree::Ident(word) => {
                matches!(word.to_string().as_str(), "const" | "async" | "unsafe" | "safe" | "extern")
            }
            TokenTree::Literal(_) => true,
            _ => false,
        };
        if !qualifies {
            break;
        }
        qualifiers.extend(cursor.next());
    }
    qualifiers
}

/// Everything from `<` to its `>`. A parenthesis may stand in between (`F: Fn(u8) -> u8`), and `->` closes nothing.
fn parse_generics(cursor: &mut Cursor) -> TokenStream {
    let mut tokens = Vec::new();
    let mut depth = 0_usize;
    let mut after_minus = false;
    loop {
        match cursor.peek() {
            Some(TokenTree::Punct(punct)) => {
                match punct.as_char() {
                    '<' => depth += 1,
                    '>' if !after_minus => depth = depth.saturating_sub(1),
                    _ => {}
                }
                after_minus = punct.as_char() == '-' && punct.spacing() == Spacing::Joint;
            }
            Some(_) if depth > 0 => after_minus = false,
            _ => break,
        }
        tokens.extend(cursor.next());
    }
    tokens.into_iter().collect()
}

/// Lets through what comes before an argument's type or the next argument: its pattern.
fn before_colon(token: TokenTree) -> Option<TokenTree> {
    match &token {
        TokenTree::Punct(punct) if matches!(punct.as_char(), ':' | ',') => None,
        _ => Some(token),
    }
}
