//! Names: addresses, records, one question for all who ask it, and connections by name. The name server is made here too.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use fend::dns::{Path, RecordType, Resolver, lookup};
use fend::io::AsyncFd;
use fend::net::{TcpListener, TcpStream, UdpSocket};
use fend::task::TaskGroup;
use socket2::{Domain, Socket, Type};

use crate::Outcome;

/// Answers for every name: one address of each family, or two addresses of this machine for `two.test`.
struct NameServer {
    address: SocketAddr,
    questions: Arc<AtomicUsize>,
    /// Ends with it.
    _task: TaskGroup<io::Result<()>>,
}

impl NameServer {
    async fn start() -> io::Result<NameServer> {
        let socket = UdpSocket::bind("127.0.0.1:0").await?;
        let (address, questions) = (socket.local_addr()?, Arc::new(AtomicUsize::new(0)));
        let (counter, mut task) = (questions.clone(), TaskGroup::new());
        task.spawn(async move {
            let mut question = [0; 512];
            loop {
                let (length, client) = socket.recv_from(&mut question).await?;
                counter.fetch_add(1, Ordering::Relaxed);
                if let Some(answer) = answer(&question[..length]) {
                    socket.send_to(&answer, client).await?;
                }
            }
        });
        Ok(NameServer { address, questions, _task: task })
    }

    fn resolver(&self) -> Result<Resolver, fend::dns::LookupError> {
        Resolver::builder().path(Path::Native).name_server(self.address).build()
    }

    fn questions(&self) -> usize {
        self.questions.load(Ordering::Relaxed)
    }
}

/// RFC 1035, section 4: a header, the question, and for each record a pointer to its name.
fn answer(question: &[u8]) -> Option<Vec<u8>> {
    let name_end = 12 + question.get(12..)?.iter().position(|&byte| byte == 0)? + 1;
    let (name, kind) = (&question[12..name_end], question.get(name_end..name_end + 2)?);
    let (v4, v6) = (Ipv4Addr::new(192, 0, 2, 1), Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1));
    let records: Vec<Vec<u8>> = match (kind, name) {
        ([0, 1], b"\x03two\x04test\0") => vec![vec![127, 0, 0, 1], vec![127, 0, 0, 2]],
        ([0, 1], _) => vec![v4.octets().to_vec()],
        ([0, 28], b"\x03two\x04test\0") => vec![],
        ([0, 28], _) => vec![v6.octets().to_vec()],
        ([0, 15], _) => vec![b"\x00\x0a\x04mail\xc0\x0c".to_vec()],
        ([0, 16], _) => vec![b"\x05hello\x05world".to_vec()],
        _ => vec![],
    };
    let mut out = question[..2].to_vec();
    out.extend([0x85, 0x80, 0, 1, 0, records.len() as u8, 0, 0, 0, 0]);
    out.extend(question.get(12..name_end + 4)?);
    for record in records {
        out.extend([0xc0, 12, kind[0], kind[1], 0, 1, 0, 0, 0, 60, 0, record.len() as u8]);
        out.extend(record);
    }
    Some(out)
}

/// The hosts file's, and addresses that nobody has to be asked for.
pub(crate) async fn addresses() -> Outcome {
    let local = lookup("localhost", 80).await?;
    ensure!(local.iter().all(|info| info.ip().is_loopback()), "localhost is {local:?}");
    let literal = lookup("::1", "https").await?;
    let address = literal[0].socket_addr();
    ensure!(address == SocketAddr::from((Ipv6Addr::LOCALHOST, 443)), "::1 and https are {address}");
    Ok(format!("http at localhost is {local}; https at ::1 is {address}"))
}

/// Records of several types, each asked for twice: the second answer comes from the cache.
pub(crate) async fn records() -> Outcome {
    let server = NameServer::start().await?;
    let resolver = server.resolver()?;
    let types = [RecordType::A, RecordType::Aaaa, RecordType::Mx, RecordType::Txt];
    let mut said = Vec::new();
    for round in 1..=2 {
        for record_type in types {
            let found = resolver.records("demo.test.", record_type).await?;
            if round == 1 {
                said.extend(found.iter().map(|record| record.data.to_string()));
            }
        }
    }
    let (asked, hits) = (server.questions(), resolver.cache_stats().hits);
    ensure!((asked, hits) == (4, 4), "{asked} questions were sent, and {hits} answers came from the cache");
    Ok(format!("{}; asked twice, sent once", said.join(", ")))
}

/// A thousand lookups of one name at once send one question for each family.
pub(crate) async fn merged() -> Outcome {
    const LOOKUPS: usize = 1000;
    let server = NameServer::start().await?;
    let resolver = server.resolver()?;
    let lookups: TaskGroup<_> = (0..LOOKUPS).map(|_| resolver.lookup("many.test.", 80)).collect();
    for found in lookups.join_all().await {
        let count = found??.len();
        ensure!(count == 2, "a lookup found {count} addresses");
    }
    let asked = server.questions();
    ensure!(asked == 2, "{asked} questions were sent");
    Ok(format!("{LOOKUPS} lookups, {asked} questions: A and AAAA"))
}

/// A name with two addresses, of which the first is dead.
pub(crate) async fn connect() -> Outcome {
    let server = NameServer::start().await?;
    let (_dead, listener) = dead_and_alive().await?;
    let port = listener.local_addr()?.port();
    let resolver = server.resolver()?;
    let start = Instant::now();
    let stream = fend::connect(("two.test.", port)).resolver(&resolver).await?;
    let took = start.elapsed();
    ensure!(stream.peer_addr()? == listener.local_addr()?, "connected to {}", stream.peer_addr()?);
    ensure!(took >= Duration::from_millis(250), "the first address had no chance: {took:?}");

    let local = TcpListener::bind("127.0.0.1:0").await?;
    fend::connect(format!("localhost:{}", local.local_addr()?.port())).await?;
    Ok(format!("localhost, and a name whose first address is dead, after {} ms", took.as_millis()))
}

/// The addresses of `two.test` with one port. The queue of the first is full with one connection: the kernel drops what comes then.
async fn dead_and_alive() -> io::Result<((Socket, TcpStream), TcpListener)> {
    loop {
        let listener = TcpListener::bind("127.0.0.2:0").await?;
        let dead = SocketAddr::from((Ipv4Addr::LOCALHOST, listener.local_addr()?.port()));
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        if socket.bind(&dead.into()).is_ok() {
            socket.listen(0)?;
            let first = TcpStream::connect(dead).await?;
            // It is connected here before it is in the queue there.
            AsyncFd::new(&socket)?.readable().await?;
            return Ok(((socket, first), listener));
        }
    }
}
