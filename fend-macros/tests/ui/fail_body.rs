//! The compiler's own errors point at what the user wrote.
#[fend::main]
async fn main() -> Result<(), std::fmt::Error> {
    missing().await;
    Ok(())
}
