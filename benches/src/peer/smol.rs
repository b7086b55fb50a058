//! smol: its executor, attended by the calling thread and, for more workers, by threads beside it.

use std::future::Future;
use std::thread;
use std::time::Duration;

use smol::{Executor, Task, Timer, unblock};

use super::Peer;

/// The executor is the process's, as that of `smol::spawn` is.
static EXECUTOR: Executor<'static> = Executor::new();

/// The executor of smol, and its threads.
#[derive(Debug)]
pub struct Smol {
    /// Each of the threads beside has the other end; it ends when this goes.
    _alive: smol::channel::Sender<()>,
}

/// [`Timer`] with nothing to say.
#[derive(Debug)]
pub struct Sleep(Timer);

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: std::pin::Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> std::task::Poll<()> {
        std::pin::Pin::new(&mut self.0).poll(cx).map(drop)
    }
}

impl Peer for Smol {
    type Task<T: Send + 'static> = Task<T>;
    type Sleep = Sleep;
    type Spawner = &'static Executor<'static>;

    fn new(workers: usize) -> Self {
        let (alive, ended) = smol::channel::bounded::<()>(1);
        for _ in 1..workers {
            let ended = ended.clone();
            thread::spawn(move || {
                smol::block_on(EXECUTOR.run(ended.recv())).expect_err("nothing is ever sent");
            });
        }
        Smol { _alive: alive }
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        smol::block_on(EXECUTOR.run(future))
    }

    fn spawner(&self) -> Self::Spawner {
        &EXECUTOR
    }

    fn spawn_from<F>(spawner: &Self::Spawner, future: F) -> Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        spawner.spawn(future)
    }

    fn spawn<F>(future: F) -> Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        EXECUTOR.spawn(future)
    }

    fn detach<T: Send + 'static>(task: Task<T>) {
        task.detach();
    }

    fn yield_now() -> impl Future<Output = ()> + Send + 'static {
        smol::future::yield_now()
    }

    fn sleep(duration: Duration) -> Sleep {
        Sleep(Timer::after(duration))
    }

    fn spawn_blocking<T: Send + 'static>(job: impl FnOnce() -> T + Send + 'static) -> Task<T> {
        unblock(job)
    }
}
