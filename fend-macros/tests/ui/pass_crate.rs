//! fend under another name, and what exactly is asked of it: one builder, one call.
/// Stands in for fend and writes down how it was called.
mod prelude {
    pub mod renamed {
        pub mod runtime {
            #[derive(Debug)]
            pub enum Dispatcher {
                Poll,
            }

            pub struct Builder(pub String);

            impl Builder {
                pub fn new() -> Builder {
                    Builder("new".to_owned())
                }
                pub fn worker_threads(self, count: usize) -> Builder {
                    Builder(format!("{} worker_threads {count}", self.0))
                }
                pub fn dispatcher(self, dispatcher: Dispatcher) -> Builder {
                    Builder(format!("{} dispatcher {dispatcher:?}", self.0))
                }
                pub fn start_paused(self, paused: bool) -> Builder {
                    Builder(format!("{} start_paused {paused}", self.0))
                }
            }
        }

        pub mod __macro {
            pub fn main<F: Future>(builder: super::runtime::Builder, _future: F) -> String {
                builder.0
            }
        }
    }
}

#[fend::main(crate = crate::prelude::renamed)]
async fn bare() -> String {
    unreachable!()
}

#[fend::main(crate = "crate::prelude::renamed", start_paused = true, dispatcher = "poll", worker_threads = 3)]
async fn full() -> String {
    unreachable!()
}

mod near {
    use crate::prelude::renamed as short;

    #[fend::main(crate = short, start_paused = false)]
    pub(super) async fn by_name() -> String {
        unreachable!()
    }
}

macro_rules! through_a_macro {
    ($name:ident) => {
        #[fend::main(crate = $crate::prelude::renamed, worker_threads = 4)]
        async fn $name() -> String {
            unreachable!()
        }
    };
}

through_a_macro!(dollar_crate);

fn main() {
    assert_eq!(bare(), "new");
    assert_eq!(full(), "new worker_threads 3 dispatcher Poll start_paused true");
    assert_eq!(dollar_crate(), "new worker_threads 4");
    assert_eq!(near::by_name(), "new start_paused false");
}
