//! Without arguments, under every lint: nothing in the expansion may trip them.
#![forbid(unsafe_code)]
#![deny(missing_docs, unused, unreachable_pub, unused_qualifications, clippy::all, clippy::pedantic)]

#[fend::main]
async fn main() {
    std::future::ready(()).await;
}
