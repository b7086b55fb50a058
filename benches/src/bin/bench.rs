//! Compares, and holds fend to what it cost before: `bench help`.

fn main() -> std::process::ExitCode {
    benches::conductor::main()
}
