//! Every argument, a trailing comma, and a `Result` whose error `?` converts and `return` coerces.
use std::error::Error;

#[fend::main(worker_threads = 2, drivers = 2, dispatcher = "poll", start_paused = false, crate = "fend",)]
async fn main() -> Result<(), Box<dyn Error>> {
    let number: u8 = "7".parse()?;
    if number == 8 {
        return Err(Box::new(std::fmt::Error));
    }
    Ok(())
}
