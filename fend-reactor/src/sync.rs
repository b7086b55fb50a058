//! The one place that chooses between std's primitives and loom's.
//!
//! Modules that loom models (the task state word, the run queue, source readiness, the parker) take their atomics,
//! cells and locks from here. `--cfg loom` swaps them for loom's, under which those modules' models run.

#[cfg(loom)]
pub(crate) use loom::sync::atomic;
use std::time::Duration;

#[cfg(not(loom))]
pub(crate) use std::sync::atomic;

/// A sequentially consistent fence, for a thread that has just said what it has to say by an atomic read-modify-write operation with
/// [`AcqRel`](atomic::Ordering::AcqRel). (A compiler may make a store of one with less, when nobody wants its result.)
///
/// On x86 those are fences themselves: nothing is moved across a locked instruction (Intel's manual, volume 3, section 9.2.3.9 "Loads and
/// Stores Are Not Reordered with Locked Instructions"), so that only the compiler has to be told. An `mfence` takes more time than two of them.
#[inline]
pub(crate) fn fence_after_rmw() {
    #[cfg(all(target_arch = "x86_64", not(loom)))]
    atomic::compiler_fence(atomic::Ordering::SeqCst);
    #[cfg(any(not(target_arch = "x86_64"), loom))]
    atomic::fence(atomic::Ordering::SeqCst);
}

/// A sequentially consistent fence, for any other thread.
///
/// On x86 a locked instruction on a word that nobody else sees does what an `mfence` does (as above, and section 9.2.5 of that volume), in
/// less than half the time.
#[inline]
pub(crate) fn fence_seq_cst() {
    #[cfg(all(target_arch = "x86_64", not(loom)))]
    {
        let word = atomic::AtomicUsize::new(0);
        // The compiler must take it for one that others see.
        std::hint::black_box(&word).swap(1, atomic::Ordering::SeqCst);
        atomic::compiler_fence(atomic::Ordering::SeqCst);
    }
    #[cfg(any(not(target_arch = "x86_64"), loom))]
    atomic::fence(atomic::Ordering::SeqCst);
}

/// A mutex without poisoning: a panic inside user code (a waker, a destructor) never holds a lock of ours, so a
/// poisoned lock tells nothing, and an error path for it would only be dead code.
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(#[cfg(not(loom))] std::sync::Mutex<T>, #[cfg(loom)] loom::sync::Mutex<T>);

#[cfg(not(loom))]
pub(crate) type MutexGuard<'a, T> = std::sync::MutexGuard<'a, T>;
#[cfg(loom)]
pub(crate) type MutexGuard<'a, T> = loom::sync::MutexGuard<'a, T>;

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        #[cfg(not(loom))]
        return Mutex(std::sync::Mutex::new(value));
        #[cfg(loom)]
        return Mutex(loom::sync::Mutex::new(value));
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        match self.0.try_lock() {
            Ok(guard) => Some(guard),
            Err(std::sync::TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(std::sync::TryLockError::WouldBlock) => None,
        }
    }
}

/// A condition variable for [`Mutex`].
#[derive(Debug, Default)]
pub(crate) struct Condvar(#[cfg(not(loom))] std::sync::Condvar, #[cfg(loom)] loom::sync::Condvar);

impl Condvar {
    pub(crate) fn new() -> Self {
        Condvar::default()
    }

    pub(crate) fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        self.0.wait(guard).unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Waits for at most `timeout`, or less: whoever calls looks at the clock.
    pub(crate) fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        timeout: Duration,
    ) -> MutexGuard<'a, T> {
        self.0.wait_timeout(guard, timeout).unwrap_or_else(|poisoned| poisoned.into_inner()).0
    }

    pub(crate) fn notify_one(&self) {
        self.0.notify_one();
    }

    pub(crate) fn notify_all(&self) {
        self.0.notify_all();
    }
}

/// `UnsafeCell` with loom's closure interface, so that loom sees every access.
#[derive(Debug)]
pub(crate) struct UnsafeCell<T>(
    #[cfg(not(loom))] std::cell::UnsafeCell<T>,
    #[cfg(loom)] loom::cell::UnsafeCell<T>,
);

impl<T> UnsafeCell<T> {
    pub(crate) fn new(value: T) -> Self {
        #[cfg(not(loom))]
        return UnsafeCell(std::cell::UnsafeCell::new(value));
        #[cfg(loom)]
        return UnsafeCell(loom::cell::UnsafeCell::new(value));
    }

    #[inline(always)]
    pub(crate) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        #[cfg(not(loom))]
        return f(self.0.get());
        #[cfg(loom)]
        return self.0.with(f);
    }

    #[inline(always)]
    pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        #[cfg(not(loom))]
        return f(self.0.get());
        #[cfg(loom)]
        return self.0.with_mut(f);
    }
}

/// Runs a loom model with at most `preemptions` forced switches per execution. Most ordering bugs show with two
/// (Musuvathi and Qadeer, "Iterative context bounding", PLDI 2007); without a bound, models with locks do not end.
#[cfg(all(test, loom))]
pub(crate) fn model(preemptions: usize, f: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(f);
}
