//! Puts together what the attributes become.

use proc_macro::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};

use crate::arguments::{Arguments, Dispatcher, Dispatchers};
use crate::error::Error;
use crate::function::{Attribute, Function};

/// Which attribute is at work.
#[derive(Clone, Copy)]
pub(crate) enum Flavor {
    Main,
    Test,
}

impl Flavor {
    /// The attribute as users know it.
    pub(crate) fn attribute(self) -> &'static str {
        match self {
            Flavor::Main => "`#[fend::main]`",
            Flavor::Test => "`#[fend::test]`",
        }
    }

    /// The function in `fend::__macro` that runs the future.
    fn entry(self) -> &'static str {
        match self {
            Flavor::Main => "main",
            Flavor::Test => "test",
        }
    }
}

/// Expands one attribute on one item.
pub(crate) fn expand(flavor: Flavor, arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut arguments = Arguments::parse(flavor, arguments);
    let mut errors = std::mem::take(&mut arguments.errors);
    let mut expansion = match Function::parse(flavor, item.clone()) {
        Ok(function) => {
            let faults = function.check(flavor);
            let expansion =
                if faults.is_empty() { rewrite(flavor, &arguments, &function) } else { recover(&function) };
            errors.extend(faults);
            expansion
        }
        Err(error) => {
            errors.push(error);
            item
        }
    };
    expansion.extend(errors.into_iter().map(Error::into_compile_error));
    expansion
}

fn rewrite(flavor: Flavor, arguments: &Arguments, function: &Function) -> TokenStream {
    match arguments.dispatchers {
        Dispatchers::Default => nested(flavor, function, builder(flavor, arguments, None)),
        Dispatchers::One(dispatcher) => {
            nested(flavor, function, builder(flavor, arguments, Some(dispatcher)))
        }
        Dispatchers::All => on_every_dispatcher(flavor, arguments, function),
    }
}

/// One plain function with the async one inside. All attributes stay outside: lint levels reach inwards from there.
fn nested(flavor: Flavor, function: &Function, call: Call) -> TokenStream {
    let mut tokens = TokenStream::new();
    if matches!(flavor, Flavor::Test) {
        tokens.extend(source(TEST_ATTRIBUTE));
    }
    tokens.extend(function.attributes.iter().map(|attribute| attribute.tokens.clone()));
    tokens.extend(function.visibility.clone());
    let mut inside = async_function(function);
    inside.extend(call.tokens(&function.name));
    tokens.extend(plain_function(function, &function.name, inside));
    tokens
}

/// The async function where it stood, for tests only, and beside it a test for each dispatcher that calls it.
fn on_every_dispatcher(flavor: Flavor, arguments: &Arguments, function: &Function) -> TokenStream {
    let (shared, own): (Vec<&Attribute>, Vec<&Attribute>) =
        function.attributes.iter().partition(|attribute| belongs_to_the_body(attribute));

    let mut tokens = source("#[cfg(test)]");
    tokens.extend(shared.iter().map(|attribute| attribute.tokens.clone()));
    tokens.extend(function.visibility.clone());
    tokens.extend(async_function(function));

    for dispatcher in Dispatcher::ALL {
        tokens.extend(source(TEST_ATTRIBUTE));
        tokens.extend(own.iter().map(|attribute| attribute.tokens.clone()));
        let call = builder(flavor, arguments, Some(dispatcher));
        let name = suffixed(&function.name, dispatcher.name);
        tokens.extend(plain_function(function, &name, call.tokens(&function.name)));
    }
    tokens
}

/// Docs and lint levels are about the written code; whatever else there is tells how to run a test.
fn belongs_to_the_body(attribute: &Attribute) -> bool {
    let name = attribute.name.as_ref().map(Ident::to_string).unwrap_or_default();
    matches!(name.as_str(), "doc" | "allow" | "expect" | "warn" | "deny" | "forbid")
}

/// What is left of a function that cannot become a `main` or a test: enough for the rest of the program to find it.
///
/// A `main` must stay a `main` without arguments, or the compiler would complain of that too; the written code moves
/// inside, where it is checked as usual, and where nothing is said of its being unused. Any other function stays, less what async functions cannot have.
fn recover(function: &Function) -> TokenStream {
    let is_async = function.qualifiers.iter().any(|token| token.to_string() == "async");
    let mut written = TokenStream::new();
    let kept = |token: &&TokenTree| !(is_async && token.to_string() == "const");
    written.extend(function.qualifiers.iter().filter(kept).cloned());
    written.extend(signature(function, &function.name));
    written.extend([function.body.clone()]);

    let attributes = function.attributes.iter();
    let not_test = attributes.filter(|attribute| belongs_to_the_body(attribute));
    let mut tokens: TokenStream = not_test.map(|attribute| attribute.tokens.clone()).collect();
    tokens.extend(source("#[allow(unused)]"));
    tokens.extend(function.visibility.clone());
    if function.name.to_string() == "main" && function.receiver().is_none() {
        tokens.extend(source("fn main()"));
        tokens.extend([braces(written)]);
    } else {
        tokens.extend(written);
    }
    tokens
}

const TEST_ATTRIBUTE: &str = "#[::core::prelude::v1::test]";

/// `async fn name() -> Outcome { body }`, as it was written.
///
/// Its first word and its braces are marked as ours, so that no lint takes the function for one that could be changed:
/// `clippy::unused_async` would tell a test that awaits nothing to drop the `async` that the attribute asks for.
fn async_function(function: &Function) -> TokenStream {
    let mut tokens: TokenStream = function.qualifiers.iter().cloned().map(marked_as_ours).collect();
    tokens.extend(signature(function, &function.name));
    tokens.extend([marked_as_ours(function.body.clone())]);
    tokens
}

/// The same token at the same place, but as part of the expansion. What is inside a group stays the user's.
fn marked_as_ours(token: TokenTree) -> TokenTree {
    let span = Span::call_site().located_at(token.span());
    match token {
        TokenTree::Group(group) => {
            let mut group = Group::new(group.delimiter(), group.stream());
            group.set_span(span);
            group.into()
        }
        mut other => {
            other.set_span(span);
            other
        }
    }
}

/// `fn name() -> Outcome { inside }`.
fn plain_function(function: &Function, name: &Ident, inside: TokenStream) -> TokenStream {
    let mut tokens = signature(function, name);
    tokens.extend([braces(inside)]);
    tokens
}

/// `fn name<T>(arguments) -> Outcome where ..`.
fn signature(function: &Function, name: &Ident) -> TokenStream {
    let mut tokens =
        TokenStream::from_iter([TokenTree::from(function.fn_word.clone()), TokenTree::from(name.clone())]);
    tokens.extend(function.generics.clone());
    tokens.extend([TokenTree::from(function.arguments.clone())]);
    tokens.extend(function.output.clone());
    tokens
}

/// `name_epoll`, at the place of `name`.
fn suffixed(name: &Ident, suffix: &str) -> Ident {
    let text = name.to_string();
    let text = text.strip_prefix("r#").unwrap_or(&text);
    Ident::new(&format!("{text}_{suffix}"), name.span())
}

/// `::fend::__macro::main(builder, future)`, the future to be filled in.
struct Call {
    entry: TokenStream,
    builder: TokenStream,
}

impl Call {
    /// The call, with `name()` for the future.
    fn tokens(self, name: &Ident) -> TokenStream {
        let mut inside = self.builder;
        inside.extend(source(","));
        inside.extend([TokenTree::from(name.clone())]);
        inside.extend(source("()"));
        let mut tokens = self.entry;
        tokens.extend([TokenTree::from(Group::new(Delimiter::Parenthesis, inside))]);
        tokens
    }
}

/// `::fend::runtime::Builder::new()` with a method call for each argument.
fn builder(flavor: Flavor, arguments: &Arguments, dispatcher: Option<Dispatcher>) -> Call {
    let krate = || arguments.krate.clone().unwrap_or_else(|| source("::fend"));
    let at = |path: &str| krate().into_iter().chain(source(path)).collect::<TokenStream>();

    let mut builder = at("::runtime::Builder::new()");
    match (&arguments.worker_threads, flavor) {
        (Some(count), _) => builder.extend(method("worker_threads", TokenTree::from(count.clone()).into())),
        (None, Flavor::Test) => builder.extend(source(".worker_threads(1)")),
        (None, Flavor::Main) => {}
    }
    if let Some(count) = &arguments.drivers {
        builder.extend(method("drivers", TokenTree::from(count.clone()).into()));
    }
    if let Some(dispatcher) = dispatcher {
        let value = at(&format!("::runtime::Dispatcher::{}", dispatcher.variant));
        builder.extend(method("dispatcher", value));
    }
    if let Some(paused) = &arguments.start_paused {
        builder.extend(method("start_paused", TokenTree::from(paused.clone()).into()));
    }
    Call { entry: at(&format!("::__macro::{}", flavor.entry())), builder }
}

/// `.name(value)`.
fn method(name: &str, value: TokenStream) -> TokenStream {
    let mut tokens = source(&format!(".{name}"));
    tokens.extend([TokenTree::from(Group::new(Delimiter::Parenthesis, value))]);
    tokens
}

fn braces(inside: TokenStream) -> TokenTree {
    Group::new(Delimiter::Brace, inside).into()
}

/// Tokens from source text of ours. They resolve where the attribute stands.
fn source(text: &str) -> TokenStream {
    text.parse().expect("the text is ours and is valid Rust")
}
