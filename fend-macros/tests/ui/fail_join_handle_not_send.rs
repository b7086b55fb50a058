use std::rc::Rc;

fn send<T: Send>(_: T) {}

fn main() {
    fend::block_on(async {
        send(fend::spawn_local(async { Rc::new(7) }));
    });
}
