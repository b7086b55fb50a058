#[fend::main]
fn main() {
    used();
}

fn used() {}

#[fend::test]
fn test() {}
