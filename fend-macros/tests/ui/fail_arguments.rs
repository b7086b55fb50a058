#[fend::main]
async fn main(count: usize, names: &[String]) {
    let _ = (count, names);
}

#[fend::test]
async fn test(_: u8) {}
