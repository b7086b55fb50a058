//! The pages, served by hand: HTTP/1.1, and nothing that they have no use for.

use std::io;

use fend::net::TcpStream;

use crate::connection;
use crate::server::Options;

/// Listens, prints the address on a line of its own, and serves until it is told to end.
pub(crate) fn serve(options: Options) -> io::Result<()> {
    options.serve(serve_one)
}

async fn serve_one(stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    connection::serve(stream, "").await
}
