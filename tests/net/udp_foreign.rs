//! Datagrams to and from the sockets of tokio and smol.

use std::io;
use std::net::SocketAddr;
use std::thread;

use fend::net::UdpSocket;

use crate::peer::noise;

on_every_dispatcher!(a_server_for_tokio, a_server_for_smol, a_client_of_tokio);

const SIZES: [usize; 6] = [1, 64, 1471, 0, 9000, 60_001];

/// Echoes until all of [`SIZES`] came.
async fn serve(socket: UdpSocket) -> io::Result<()> {
    let mut buf = vec![0; 65_535];
    for _ in SIZES {
        let (len, from) = socket.recv_from(&mut buf).await?;
        socket.send_to(&buf[..len], from).await?;
    }
    Ok(())
}

async fn a_server_for_tokio() -> io::Result<()> {
    async fn ask(server: SocketAddr) -> io::Result<()> {
        let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await?;
        socket.connect(server).await?;
        let mut buf = vec![0; 65_535];
        for size in SIZES {
            let bytes = noise(size);
            socket.send(&bytes).await?;
            assert_eq!(socket.recv(&mut buf).await?, size);
            assert!(buf[..size] == bytes);
        }
        Ok(())
    }
    let server = UdpSocket::bind("127.0.0.1:0").await?;
    let address = server.local_addr()?;
    let client = thread::spawn(move || {
        tokio::runtime::Builder::new_current_thread().enable_io().build()?.block_on(ask(address))
    });
    serve(server).await?;
    client.join().expect("the client")
}

async fn a_server_for_smol() -> io::Result<()> {
    let server = UdpSocket::bind("127.0.0.1:0").await?;
    let address = server.local_addr()?;
    let client = thread::spawn(move || {
        smol::block_on(async {
            let socket = smol::net::UdpSocket::bind("127.0.0.1:0").await?;
            let mut buf = vec![0; 65_535];
            for size in SIZES {
                let bytes = noise(size);
                socket.send_to(&bytes, address).await?;
                assert_eq!(socket.recv_from(&mut buf).await?, (size, address));
                assert!(buf[..size] == bytes);
            }
            io::Result::Ok(())
        })
    });
    serve(server).await?;
    client.join().expect("the client")
}

async fn a_client_of_tokio() -> io::Result<()> {
    let (say, address) = std::sync::mpsc::channel();
    let server = thread::spawn(move || {
        tokio::runtime::Builder::new_current_thread().enable_io().build()?.block_on(async {
            let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await?;
            say.send(socket.local_addr()?).expect("the client listens");
            let mut buf = vec![0; 65_535];
            for _ in SIZES {
                let (len, from) = socket.recv_from(&mut buf).await?;
                socket.send_to(&buf[..len], from).await?;
            }
            io::Result::Ok(())
        })
    });
    let client = UdpSocket::bind("127.0.0.1:0").await?;
    client.connect(address.recv().expect("an address")).await?;
    let mut buf = vec![0; 65_535];
    for size in SIZES {
        let bytes = noise(size);
        client.send(&bytes).await?;
        assert_eq!(client.recv(&mut buf).await?, size);
        assert!(buf[..size] == bytes);
    }
    server.join().expect("the server")
}
