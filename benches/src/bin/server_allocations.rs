//! `server`, and it counts what it allocates.

use benches::allocations::Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() {
    benches::server::main();
}
