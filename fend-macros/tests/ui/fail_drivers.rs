#[fend::main(drivers = 0)]
async fn none() {}

#[fend::main(drivers = -1)]
async fn negative() {}

#[fend::test(drivers = "2")]
async fn text() {}

#[fend::main(drivers = 99999999999999999999)]
async fn far_too_many() {}

#[fend::main(driver = 2)]
async fn singular() {}

fn main() {}
