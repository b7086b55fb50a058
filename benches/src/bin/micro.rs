//! Cases that run inside one process: `micro --help`.

fn main() {
    benches::micro::main();
}
