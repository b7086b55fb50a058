//! TCP: many connections, both directions, and the ways a connection ends.

use std::io::{self, Read, Write};
use std::mem::MaybeUninit;
use std::net;
use std::time::{Duration, Instant};

use fend::net::{Shutdown, TcpListener, TcpStream};
use fend::task::TaskGroup;
use fend::time::sleep;
use futures_lite::{StreamExt, future};
use socket2::SockRef;

use crate::Outcome;

/// Both ends of a connection.
async fn pair() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let client = TcpStream::connect(listener.local_addr()?).await?;
    let (server, _) = listener.accept().await?;
    Ok((client, server))
}

pub(crate) async fn echo() -> Outcome {
    const CLIENTS: usize = 200;
    const ROUNDS: usize = 100;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = fend::spawn(serve(listener));
    let start = Instant::now();
    let mut clients: TaskGroup<io::Result<()>> = (0..CLIENTS).map(|_| ask(address, ROUNDS)).collect();
    while let Some(client) = clients.join_next().await {
        client??;
    }
    let took = start.elapsed();
    server.abort();
    let per_second = (CLIENTS * ROUNDS) as f64 / took.as_secs_f64();
    Ok(format!("{CLIENTS} connections, {ROUNDS} round trips each: {per_second:.0} a second"))
}

async fn serve(listener: TcpListener) -> io::Result<()> {
    let mut incoming = listener.incoming();
    let mut connections = TaskGroup::new();
    while let Some(stream) = incoming.next().await {
        connections.spawn(answer(stream?));
    }
    Ok(())
}

async fn answer(stream: TcpStream) -> io::Result<()> {
    let mut buffer = vec![0; 4096];
    loop {
        match stream.recv(&mut buffer).await? {
            0 => return Ok(()),
            count => stream.send_all(&buffer[..count]).await?,
        }
    }
}

async fn ask(address: net::SocketAddr, rounds: usize) -> io::Result<()> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    for round in 0..rounds {
        let question = (round as u64).to_le_bytes();
        let mut answer = [0; 8];
        stream.send_all(&question).await?;
        stream.recv_exact(&mut answer).await?;
        if answer != question {
            return Err(io::Error::other("the answer is not the question"));
        }
    }
    Ok(())
}

/// Far more than the kernel's buffers hold, in both directions at once: whoever only sends, or only receives, gets stuck.
pub(crate) async fn both_ways() -> Outcome {
    const BYTES: usize = 32 * 1024 * 1024;
    let (client, server) = pair().await?;
    let start = Instant::now();
    let send = |stream: TcpStream| async move {
        let block = vec![7; 64 * 1024];
        for _ in 0..BYTES / block.len() {
            stream.send_all(&block).await?;
        }
        stream.shutdown(Shutdown::Write)
    };
    let receive = |stream: TcpStream| async move {
        let (mut buffer, mut total) = (vec![0; 64 * 1024], 0);
        loop {
            match stream.recv(&mut buffer).await? {
                0 => return io::Result::Ok(total),
                count => total += count,
            }
        }
    };
    let senders = [client.clone(), server.clone()].map(|stream| fend::spawn(send(stream)));
    let receivers = [client, server].map(|stream| fend::spawn(receive(stream)));
    for sender in senders {
        sender.await??;
    }
    for receiver in receivers {
        let received = receiver.await??;
        ensure!(received == BYTES, "{received} of {BYTES} bytes arrived");
    }
    let rate = (2 * BYTES) as f64 / start.elapsed().as_secs_f64() / 1e6;
    Ok(format!("32 MiB in each direction at once: {rate:.0} MB/s"))
}

pub(crate) async fn half_close() -> Outcome {
    let (client, server) = pair().await?;
    let asks = async {
        client.send_all(b"what is left to say?").await?;
        client.shutdown(Shutdown::Write)?;
        read_to_end(&client).await
    };
    let answers = async {
        let question = read_to_end(&server).await?;
        server.send_all(format!("you sent {} bytes", question.len()).as_bytes()).await?;
        server.shutdown(Shutdown::Write)
    };
    let (answer, ()) = future::try_zip(asks, answers).await?;
    ensure!(answer == b"you sent 20 bytes", "the answer was {:?}", String::from_utf8_lossy(&answer));
    Ok("the client closed its direction, and still got the answer".to_owned())
}

async fn read_to_end(stream: &TcpStream) -> io::Result<Vec<u8>> {
    let (mut all, mut buffer) = (Vec::new(), [0; 1024]);
    loop {
        match stream.recv(&mut buffer).await? {
            0 => return Ok(all),
            count => all.extend_from_slice(&buffer[..count]),
        }
    }
}

/// Long work for a client that goes away: the server hears of it without reading what the client has sent.
pub(crate) async fn peer_closed() -> Outcome {
    let (client, server) = pair().await?;
    client.send_all(b"a question").await?;
    let work = async {
        sleep(Duration::from_secs(3600)).await;
        Ok("the answer")
    };
    let gone = async {
        server.peer_closed().await?;
        io::Result::Ok("gone")
    };
    drop(client);
    let first = future::or(work, gone).await?;
    ensure!(first == "gone", "the work was done: {first}");
    let question = read_to_end(&server).await?;
    ensure!(question == b"a question", "{} bytes were left to read", question.len());
    Ok("an hour's work given up as the client left, its data still readable".to_owned())
}

/// A byte of urgent data, from a peer of std, kept apart from ordinary data.
pub(crate) async fn urgent_data() -> Outcome {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let mut peer = net::TcpStream::connect(listener.local_addr()?)?;
    let (stream, _) = listener.accept().await?;
    SockRef::from(&peer).send_out_of_band(b"!")?;
    stream.priority().await?;
    let count = SockRef::from(&stream).recv_out_of_band(&mut [MaybeUninit::uninit(); 8])?;
    ensure!(count == 1, "{count} urgent bytes, not 1");
    stream.send_all(b"seen").await?;
    let mut answer = [0; 4];
    peer.read_exact(&mut answer)?;
    peer.write_all(b"ordinary")?;
    let mut buffer = [0; 16];
    let count = stream.recv(&mut buffer).await?;
    ensure!(&buffer[..count] == b"ordinary", "after it came {:?}", &buffer[..count]);
    Ok("one urgent byte reported and read apart from the others".to_owned())
}
