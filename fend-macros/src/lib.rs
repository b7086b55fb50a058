//! The attributes `#[fend::main]` and `#[fend::test]`.
//!
//! Programs use them through the `fend` crate. Each rewrites one `async fn` into a plain function that builds a runtime
//! and waits for the async one, which moves inside it just as it was written:
//!
//! ```text
//! #[fend::main(worker_threads = 2)]        fn main() -> Outcome {
//! async fn main() -> Outcome {                 async fn main() -> Outcome {
//!     body                            =>           body
//! }                                            }
//!                                              ::fend::__macro::main(
//!                                                  ::fend::runtime::Builder::new().worker_threads(2), main())
//!                                          }
//! ```
//!
//! Because the inner function keeps its signature and its spans, `?`, coercions of the returned value and
//! `-> impl Termination` work as in any async function, and errors in the body point at the user's code. An
//! `async { .. }` block would know nothing of the return type. Everything that decides how a runtime runs is in
//! `fend::__macro`, so that this crate only translates.
//!
//! # How it works
//!
//! `arguments` reads what stands in the parentheses, `function` takes the annotated function apart, `expand` puts
//! the result together. `cursor` walks over tokens for both readers; `literal` and `suggestion` are plain text
//! functions; `error` turns a message into a `compile_error!` at a place. A mistake never hides the function: it is
//! still emitted, so that the compiler does not go on to say that `main` is missing.
//!
//! # Why there is no syn here
//!
//! The compiler has parsed the item before it calls the attribute, so what arrives is a valid item and only the outline
//! of a function has to be found: attributes, qualifiers, name, argument list, return type, body. The insides of all of
//! these pass through untouched. With syn, `cursor` and the upper half of `function` would go, about two hundred short
//! lines; the checks, the messages and the expansion would stay as they are. That is not worth three more crates in every
//! program that uses fend.

use proc_macro::TokenStream;

mod arguments;
mod cursor;
mod error;
mod expand;
mod function;
mod literal;
mod suggestion;

use expand::Flavor;

/// Runs an `async fn` as the program's `main`, on a runtime built for it.
///
/// The function may return whatever a plain `main` may return: anything that is
/// [`Termination`](std::process::Termination). It takes no arguments and no generic parameters. It need not be called
/// `main`; any free function becomes one that builds a runtime, runs the body on it and returns its value. The body is
/// a function inside a function, so within an `impl` block it can use the type's name but not `Self`.
///
/// When the function returns, the runtime shuts down: futures of tasks are dropped, and jobs that block are waited for
/// up to 5 s.
///
/// # Arguments
///
/// | argument | value | without it |
/// |---|---|---|
/// | `worker_threads` | a whole number, at least 1; 1 is the single-threaded runtime | `FEND_WORKER_THREADS`, else one worker for each available CPU |
/// | `drivers` | a whole number from 1 to the number of workers | one for every 8 workers begun |
/// | `dispatcher` | `"epoll"` or `"poll"` | `FEND_DISPATCHER`, else epoll |
/// | `start_paused` | `true` or `false`: the runtime's clock stands still and jumps to the next deadline | `false` |
/// | `crate` | where fend is found, as a path or as a string | `::fend` |
///
/// `FEND_WORKER_THREADS` and `FEND_DISPATCHER` are variables of the environment. For the other settings of a runtime (names
/// and stacks of threads, the blocking pool, what happens to panics) `main` is written by hand, in as many lines; see the
/// last example.
///
/// # Panics
///
/// The function panics when the runtime cannot be built, for want of file descriptors, or because a number is out of its
/// range.
///
/// # Examples
///
/// ```no_run
/// #[fend::main]
/// async fn main() {
///     fend::yield_now().await;
///     println!("done");
/// }
/// ```
///
/// With arguments, and a result to return:
///
/// ```no_run
/// #[fend::main(worker_threads = 2, dispatcher = "poll")]
/// async fn main() -> Result<(), Box<dyn std::error::Error>> {
///     let port: u16 = "8080".parse()?;
///     println!("port {port}");
///     Ok(())
/// }
/// ```
///
/// When Cargo.toml names the dependency differently, or fend is reached through another crate:
///
/// ```no_run
/// mod prelude {
///     pub use fend as runtime;
/// }
///
/// #[fend::main(crate = crate::prelude::runtime)]
/// async fn main() {}
/// ```
///
/// What cannot work is an error at the place where it is written:
///
/// ```compile_fail
/// #[fend::main(worker_threads = 0)] // must be at least 1
/// async fn main() {}
/// ```
///
/// By hand, with settings for which there is no argument:
///
/// ```
/// fn main() -> std::io::Result<()> {
///     let runtime = fend::Runtime::builder().thread_name("web").max_blocking_threads(16).build()?;
///     runtime.block_on(async {
///         fend::yield_now().await;
///         Ok(())
///     })
/// }
/// ```
#[proc_macro_attribute]
pub fn main(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(Flavor::Main, arguments, item)
}

/// Makes an `async fn` a test, each with a runtime of its own.
///
/// The runtime has one worker, the thread of the test, unless `worker_threads` says otherwise. The function may return
/// whatever a plain test may return. `#[ignore]`, `#[should_panic]`, `#[cfg(..)]`, lint levels and doc comments keep
/// their meaning.
///
/// # Arguments
///
/// | argument | value | without it |
/// |---|---|---|
/// | `worker_threads` | a whole number, at least 1 | 1; `FEND_WORKER_THREADS` is ignored |
/// | `drivers` | a whole number from 1 to the number of workers | one for every 8 workers begun |
/// | `dispatcher` | `"epoll"` or `"poll"` | `FEND_DISPATCHER`, else epoll |
/// | `dispatchers` | `"all"`: one test for each dispatcher | one test |
/// | `start_paused` | `true` or `false`: the runtime's clock stands still and jumps to the next deadline | `false` |
/// | `crate` | where fend is found, as a path or as a string | `::fend` |
///
/// So a test has as many threads everywhere, and `FEND_DISPATCHER=poll cargo test` runs on poll whatever does not say
/// otherwise.
///
/// When the test returns, its runtime shuts down, as that of [`main`](macro@main) does.
///
/// # On every dispatcher
///
/// `#[fend::test(dispatchers = "all")] async fn echo()` makes the tests `echo_epoll` and `echo_poll`, which share one
/// body. They are functions beside the one that was written, and not in a module of their own, so that the return type
/// and the path given to `crate` mean what they mean at that place, and no name that the test uses is shadowed.
/// `cargo test echo` runs both, `cargo test _poll` the whole suite on poll. Lint levels and doc comments go to the
/// shared function, every other attribute to each test.
///
/// # Panics
///
/// The test panics, and so fails, when the runtime cannot be built.
///
/// # Examples
///
/// ```no_run
/// # fn main() {}
/// #[fend::test]
/// async fn a_task_gives_back_its_value() {
///     let task = fend::spawn(async { 6 * 7 });
///     assert_eq!(task.await.unwrap(), 42);
/// }
///
/// #[fend::test(dispatchers = "all", start_paused = true)]
/// async fn a_number_is_read() -> Result<(), std::num::ParseIntError> {
///     assert_eq!("42".parse::<u8>()?, 42);
///     Ok(())
/// }
///
/// #[fend::test(worker_threads = 2)]
/// #[should_panic(expected = "on purpose")]
/// async fn a_panic_is_seen() {
///     panic!("on purpose");
/// }
/// ```
#[proc_macro_attribute]
pub fn test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(Flavor::Test, arguments, item)
}
