//! Structured concurrency: tasks that end before the code that started them goes on.
//!
//! `core` is the state the members share, `child` wraps what runs as a task of its own, `run` polls the body and waits
//! for the rest, `handle` is what users hold.

mod child;
mod core;
mod handle;
mod run;

#[cfg(all(test, not(loom)))]
mod tests;

use std::future::Future;

use self::child::Unfailing;
use self::core::Core;
pub use self::handle::{Cancelled, Scope, ScopedHandle, TryScope};
use self::run::Run;

/// Runs `body`, which may spawn children, and gives its value once the body and all children have ended.
///
/// `body` is called with a [`Scope`] to spawn children in. Those can be given a clone of it, and spawn more. The body
/// itself is no task: it runs inside the returned future, and may borrow what its caller can.
///
/// A panic of any member, the body included, cancels all others: each is dropped where it waits. Once all have ended,
/// the panic goes on here. For members that can fail otherwise, see [`try_scope`].
///
/// # Children own what they use
///
/// Children are `'static`, unlike the threads of [`std::thread::scope`]. A thread's scope can borrow to its threads
/// since it does not return before they have. A future cannot promise that: it may be dropped half-way, or forgotten,
/// while a child runs on another thread. Share with `Arc`, or give back through the value.
///
/// # Cancel safety
///
/// Not cancel safe: dropping the future drops the body and asks all children to end, without waiting for them. They
/// are dropped soon after by the threads that run them. A job of [`Scope::spawn_blocking`] that has begun runs on.
///
/// # Panics
///
/// With the first panic of a member. A result that nobody awaits is no member: its destructor may run a moment after
/// the scope has ended, and a panic in it is ignored, as for any task.
///
/// # Examples
///
/// ```
/// # use fend_reactor as fend;
/// use fend::task::scope;
///
/// # fend::block_on(async {
/// let words = vec!["the", "quick", "brown", "fox"];
/// let total = scope(async |s| {
///     let lengths: Vec<_> = words.iter().map(|&word| s.spawn(async move { word.len() })).collect();
///     let mut total = 0;
///     for length in lengths {
///         total += length.await.unwrap();
///     }
///     total
/// })
/// .await;
/// assert_eq!(total, 16);
/// # });
/// ```
pub async fn scope<T, F, Fut>(body: F) -> T
where
    F: FnOnce(Scope) -> Fut,
    Fut: Future<Output = T>,
{
    match try_scope(|inner| Unfailing::new(body(Scope::new(inner)))).await {
        Ok(value) => value,
        Err(never) => match never {},
    }
}

/// Like [`scope`], for members that can fail: the first error of any, the body included, cancels all others.
///
/// Gives the body's value when nobody failed, else the first error, in either case once all members have ended. What
/// the cancelled members would have returned is lost.
///
/// # Errors
///
/// The first error that a member returned.
///
/// # Cancel safety
///
/// Not cancel safe, as [`scope`] is not: the children are asked to end and not waited for.
///
/// # Panics
///
/// When a member panics, also when another failed before: a panic outranks an error.
///
/// # Examples
///
/// ```
/// # use fend_reactor as fend;
/// use fend::task::try_scope;
///
/// # fend::block_on(async {
/// let result = try_scope(async |s| {
///     let never = s.spawn(std::future::pending::<Result<(), String>>());
///     s.spawn(async { Err::<(), _>("no route".to_string()) });
///     // Cancelled in here, as the other child is.
///     never.await.map_err(|error| error.to_string())
/// })
/// .await;
/// assert_eq!(result, Err("no route".to_string()));
/// # });
/// ```
pub async fn try_scope<T, E, F, Fut>(body: F) -> Result<T, E>
where
    F: FnOnce(TryScope<E>) -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    let core = Core::new();
    let scope = TryScope::new(core.clone());
    Run::new(core, || body(scope)).await
}
