//! One exchange by datagrams: a question goes out from a socket of its own, and the first datagram that fits is the answer.
//!
//! What must fit: the server's address and port (the socket is connected, so that the kernel drops those of others), our port, the id, and
//! the question (RFC 5452, section 9.1). Others are thrown away and the wait goes on, but not for long: a stream of them is somebody's
//! guessing, for which each question has 65,536 possibilities and the port has to be known. After [`MAX_STRAY`] of them, which is a chance of
//! at most 1 in 655, the answer is asked for by TCP, where nobody can guess. That bounds the work as well.
//!
//! Datagrams get lost, most easily where many are asked for at once. The same question goes out again after [`AGAIN`], and after twice that: so a loss
//! costs a second, and not the whole time that the server has. It is the same question from the same port, and so no easier to answer for others.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use fend_net::UdpSocket;
use fend_net::udp::TruncatedError;
use fend_reactor::time::{now, timeout_at};

use super::failure::Failure;
use super::port;
use super::question::Question;
use crate::wire::Message;

/// Datagrams that do not fit, for one question.
const MAX_STRAY: u32 = 100;

/// How long to wait before the question is sent again. Few answers take longer. (RFC 1035, section 4.2.1, has 2 to 5 s, for the lines of its time.)
const AGAIN: Duration = Duration::from_secs(1);

/// Every host takes datagrams of this size (RFC 1035, section 4.2.1).
const PLAIN_SIZE: u16 = 512;

/// What came by datagram.
#[derive(Debug)]
pub(super) enum Reply {
    Message(Message),
    /// The answer is longer than a datagram may be.
    Truncated,
    /// Too many that do not fit.
    Flooded,
}

/// Asks, and waits without end: the caller has the clock. Dropping the future closes the socket.
///
/// # Errors
/// What the socket says, and what is wrong with an answer whose header and question fit.
pub(super) async fn exchange(
    server: SocketAddr,
    question: &Question,
    edns: Option<u16>,
) -> Result<Reply, Failure> {
    let socket = port::bind(server)?;
    exchange_on(&socket, server, question, edns).await
}

async fn exchange_on(
    socket: &UdpSocket,
    server: SocketAddr,
    question: &Question,
    edns: Option<u16>,
) -> Result<Reply, Failure> {
    socket.connect(server).await?;
    // Not always what it was connected to: for the kernel 0.0.0.0 and :: are this host, which answers from the loopback's address.
    let server = socket.peer_addr()?;
    socket.send(question.bytes()).await?;
    let mut buf = vec![0; usize::from(edns.unwrap_or(0).max(PLAIN_SIZE))];
    let mut patience = AGAIN;
    let mut again = now() + patience;
    let mut stray = 0;
    while stray < MAX_STRAY {
        let Ok(received) = timeout_at(again, socket.recv_from(&mut buf)).await else {
            socket.send(question.bytes()).await?;
            patience *= 2;
            again = now() + patience;
            continue;
        };
        stray += 1;
        // With the sender: what came between bind and connect may be anybody's.
        let (bytes, is_cut) = match received {
            Ok((length, sender)) if is_same(sender, server) => (&mut buf[..length], false),
            Err(error) if cut_from(&error).is_some_and(|sender| is_same(sender, server)) => {
                (&mut buf[..], true)
            }
            Err(error) if cut_from(&error).is_none() => return Err(error.into()),
            _ => continue,
        };
        if let Some(reply) = read(question, bytes, is_cut) {
            return reply;
        }
    }
    Ok(Reply::Flooded)
}

/// `None` when it is no answer to the question.
fn read(question: &Question, bytes: &mut [u8], is_cut: bool) -> Option<Result<Reply, Failure>> {
    let header = Message::parse_question(bytes).ok().filter(|header| question.is_answered_by(header))?;
    if is_cut || header.is_truncated {
        return Some(Ok(Reply::Truncated));
    }
    question.unmix(bytes);
    let message = Message::parse(bytes).map_err(|error| Failure::Malformed(error.0.to_owned()));
    Some(message.map(Reply::Message))
}

/// Whom a datagram is from that was longer than the buffer.
fn cut_from(error: &io::Error) -> Option<SocketAddr> {
    error.get_ref()?.downcast_ref::<TruncatedError>()?.sender()
}

/// The interface of a link-local address does not count: the kernel may know it of the one and not of the other.
fn is_same(sender: SocketAddr, server: SocketAddr) -> bool {
    sender.ip() == server.ip() && sender.port() == server.port()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::native::question::Manner;
    use crate::record::RecordType;

    /// The question with QR set, and with AA to tell it by.
    fn answer(question: &Question, is_authoritative: bool) -> Vec<u8> {
        let mut bytes = question.bytes().to_vec();
        bytes[2] |= if is_authoritative { 0x84 } else { 0x80 };
        bytes
    }

    /// A lost question, or a lost answer, costs a second.
    #[fend::test(dispatchers = "all", start_paused = true)]
    async fn a_question_is_sent_again_when_nothing_comes() {
        let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = server.local_addr().unwrap();
        let manner = Manner { edns: None, want_authentic: false, mix_case: false };
        let question = Question::new(&"a.example".parse().unwrap(), RecordType::A, manner).unwrap();
        let start = now();
        let answers = async {
            let mut buf = [0; 512];
            let mut times = Vec::new();
            let mut port = None;
            for _ in 0..3 {
                let (length, client) = server.recv_from(&mut buf).await.unwrap();
                assert_eq!(buf[..length], *question.bytes());
                assert_eq!(*port.get_or_insert(client), client);
                times.push((now() - start).as_secs());
            }
            server.send_to(&answer(&question, true), port.unwrap()).await.unwrap();
            times
        };
        let (reply, times) = futures_lite::future::zip(exchange(address, &question, None), answers).await;
        assert!(matches!(reply, Ok(Reply::Message(_))));
        assert_eq!(times, [0, 1, 3]);
    }

    /// DN1. Between bind and connect the socket takes everybody's datagrams.
    #[fend::test(dispatchers = "all")]
    async fn an_answer_of_a_stranger_from_before_the_connect_is_passed_over() {
        for any in ["127.0.0.1:0", "[::1]:0"] {
            let server = UdpSocket::bind(any).await.unwrap();
            let stranger = UdpSocket::bind(any).await.unwrap();
            let address = server.local_addr().unwrap();
            let manner = Manner { edns: None, want_authentic: false, mix_case: false };
            let question = Question::new(&"a.example".parse().unwrap(), RecordType::A, manner).unwrap();
            let socket = port::bind(address).unwrap();
            let to = SocketAddr::new(address.ip(), socket.local_addr().unwrap().port());
            stranger.send_to(&answer(&question, false), to).await.unwrap();
            // One that is cut, too.
            stranger.send_to(&[answer(&question, false), vec![0; 600]].concat(), to).await.unwrap();
            server.send_to(&answer(&question, true), to).await.unwrap();
            let reply = exchange_on(&socket, address, &question, None).await.unwrap();
            assert!(matches!(reply, Reply::Message(message) if message.is_authoritative), "{any}");
        }
    }

    /// In resolv.conf(5) they are in use for a server of this host.
    #[fend::test(dispatchers = "all")]
    async fn a_server_at_the_wildcard_address_is_that_of_this_host() {
        let servers = [("127.0.0.1:0", "0.0.0.0"), ("[::1]:0", "::"), ("127.0.0.1:0", "::ffff:127.0.0.1")];
        for (at, called) in servers {
            let server = UdpSocket::bind(at).await.unwrap();
            let address = SocketAddr::new(called.parse().unwrap(), server.local_addr().unwrap().port());
            let manner = Manner { edns: None, want_authentic: false, mix_case: false };
            let question = Question::new(&"a.example".parse().unwrap(), RecordType::A, manner).unwrap();
            let socket = port::bind(address).unwrap();
            let to =
                SocketAddr::new(at.parse::<SocketAddr>().unwrap().ip(), socket.local_addr().unwrap().port());
            // It is there before it is asked for.
            server.send_to(&answer(&question, true), to).await.unwrap();
            let reply = fend_reactor::time::timeout(
                std::time::Duration::from_secs(10),
                exchange_on(&socket, address, &question, None),
            );
            let reply = reply.await.expect("the answer is not passed over").unwrap();
            assert!(matches!(reply, Reply::Message(message) if message.is_authoritative), "{called}");
        }
    }
}
