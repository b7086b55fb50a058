#[fend::main]
struct Main;

#[fend::test]
pub mod tests {}

#[fend::main]
const VALUE: u8 = 1;

trait Run {
    #[fend::main]
    async fn run();
}

fn main() {}
