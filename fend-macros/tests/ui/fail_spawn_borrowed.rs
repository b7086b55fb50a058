fn main() {
    let text = String::from("borrowed");
    fend::block_on(async {
        let task = fend::spawn(async { println!("{}", &text) });
        task.await.unwrap();
    });
}
