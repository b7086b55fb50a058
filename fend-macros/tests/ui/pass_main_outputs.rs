//! Whatever a function may return, at any name, visibility and place.
use std::process::{ExitCode, Termination};

#[fend::main(worker_threads = 1)]
async fn exit_code() -> ExitCode {
    ExitCode::SUCCESS
}

#[fend::main(worker_threads = 1usize)]
async fn opaque() -> impl Termination {
    ExitCode::SUCCESS
}

#[fend::main(worker_threads = 0x1)]
async fn never() -> ! {
    std::process::exit(0)
}

/// Documented.
#[expect(unused_variables, reason = "an expectation must be met once, inside")]
#[fend::main(dispatcher = r"epoll")]
pub(crate) async fn bounded() -> u8
where
    String: Clone,
{
    #![expect(unused_mut, reason = "an inner attribute stays inside")]
    let unused = 1;
    let mut answer = 42;
    answer
}

mod inner {
    pub(super) type Answer = &'static str;

    pub(super) struct Holder;

    impl Holder {
        #[fend::main]
        pub(super) async fn associated() -> super::inner::Answer {
            "here"
        }
    }

    #[fend::main]
    pub(super) async fn r#try() -> Answer {
        "raw"
    }
}

fn main() {
    let _: ExitCode = exit_code();
    let _ = opaque();
    assert_eq!(bounded(), 42);
    assert_eq!(inner::Holder::associated(), "here");
    assert_eq!(inner::r#try(), "raw");
    never();
}
