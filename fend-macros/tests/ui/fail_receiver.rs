struct Server;

impl Server {
    #[fend::main]
    async fn run(&self) {}

    #[fend::main]
    async fn stop(mut self: Box<Self>, now: bool) {
        self = Box::new(Server);
        let _ = now;
    }
}

fn main() {
    Server.run();
}
