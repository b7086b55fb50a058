use std::rc::Rc;

fn main() {
    let shared = Rc::new(7);
    fend::spawn(async move {
        fend::yield_now().await;
        drop(shared);
    });
}
