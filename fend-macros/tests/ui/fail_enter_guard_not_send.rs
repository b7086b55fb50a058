fn send<T: Send>(_: T) {}

fn main() {
    let runtime = fend::Runtime::new().unwrap();
    send(runtime.enter());
}
