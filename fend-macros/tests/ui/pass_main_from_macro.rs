//! Pieces that come out of a `macro_rules!` macro, in their invisible groups.
macro_rules! entry {
    ($visibility:vis $name:ident, $workers:expr, $dispatcher:literal, $output:ty, $body:block) => {
        #[fend::main(worker_threads = $workers, dispatcher = $dispatcher)]
        $visibility async fn $name() -> $output $body
    };
}

entry!(main, 2, "poll", Result<(), std::fmt::Error>, { Ok(()) });
entry!(pub(crate) other, 1, "epoll", u8, { 1 });

mod caller {
    pub(super) fn call() -> u8 {
        crate::other()
    }
}

const _: fn() -> u8 = caller::call;
