#[fend::main]
async fn main<T>() {}

#[fend::test]
async fn test<F: Fn(u8) -> u8, const N: usize>() {}
