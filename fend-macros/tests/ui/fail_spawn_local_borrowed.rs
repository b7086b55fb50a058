fn main() {
    let text = String::from("borrowed");
    fend::block_on(async {
        let task = fend::spawn_local(async { println!("{}", &text) });
        task.await.unwrap();
    });
}
