//! Against a server that does as it is told.

mod server;
#[cfg(feature = "tls")]
mod tls;

use std::future::{Future, poll_fn};
use std::net::Ipv4Addr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use fend_net::{TcpListener, TcpSocket, UdpSocket};
use fend_reactor::runtime::Runtime;
use fend_reactor::time::{advance, now, timeout};
use futures_lite::future::zip;

use super::*;
use crate::error::Cause;
use crate::record::RecordData;
use crate::wire::Rcode;
use server::{Asked, By, Reply, Server};

const SECOND: Duration = Duration::from_secs(1);
const RIGHT: [u8; 4] = [192, 0, 2, 1];
const FORGED: [u8; 4] = [203, 0, 113, 66];

fn settings(servers: impl IntoIterator<Item = NameServer>) -> Settings {
    Settings {
        servers: servers.into_iter().collect(),
        timeout: 5 * SECOND,
        attempts: 2,
        rotate: false,
        edns: Some(1232),
        trust_ad: false,
        use_tcp: false,
        mix_case: false,
        sockets: 16,
        #[cfg(feature = "tls")]
        tls: None,
    }
}

fn client(servers: &[SocketAddr]) -> Client {
    Client::new(settings(servers.iter().copied().map(NameServer::new)))
}

fn name() -> Name {
    "a.example".parse().unwrap()
}

async fn ask(client: &Client) -> Result<Answer, LookupError> {
    client.query(&name(), RecordType::A).await
}

fn right(asked: &Asked) -> Reply {
    Reply::to(asked).a("a.example", RIGHT)
}

fn forged(asked: &Asked) -> Reply {
    Reply::to(asked).a("a.example", FORGED)
}

fn assert_right(answer: &Answer) {
    let addresses: Vec<_> = answer
        .records
        .iter()
        .filter_map(|record| match record.data {
            RecordData::A(address) => Some(address),
            _ => None,
        })
        .collect();
    assert_eq!((answer.outcome, addresses), (Outcome::Found, vec![Ipv4Addr::from(RIGHT)]));
}

/// A server that never says anything.
async fn silent() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

/// A port where everybody is refused, and that nobody else takes as long as the socket is there: for the kernel all its datagrams but those of
/// its own peer are for nobody.
async fn down() -> (UdpSocket, SocketAddr) {
    let (socket, address) = silent().await;
    socket.connect("127.0.0.1:9").await.unwrap();
    (socket, address)
}

/// A socket at a port that refuses TCP, and that nobody else listens at as long as the first is there.
async fn without_tcp() -> (TcpSocket, UdpSocket) {
    loop {
        let refusing = TcpSocket::new_v4().unwrap();
        refusing.bind("127.0.0.1:0").unwrap();
        if let Ok(socket) = UdpSocket::bind(refusing.local_addr().unwrap()).await {
            return (refusing, socket);
        }
    }
}

/// DN1.
#[fend::test(dispatchers = "all")]
async fn datagrams_that_do_not_fit_are_passed_over() {
    let server = Server::start(|asked| {
        let junk = Reply(vec![0xff; 100]);
        let long = Reply([vec![0; 12], vec![1; 1300]].concat());
        // Id, QR, count of questions, name, type, class.
        let spoiled = [0, 1, 5, 13, 24, 26].map(|index| forged(asked).spoiled(index));
        let question = forged(asked).changed(|bytes| bytes[2] &= 0x7f);
        [vec![junk, long, question], spoiled.to_vec(), vec![right(asked)]].concat()
    })
    .await;
    let answer = ask(&client(&[server.address])).await.unwrap();
    assert_right(&answer);
    assert_eq!((answer.server, answer.ttl, server.count()), (server.address, 60, 1));
}

/// DN6: nothing is guessed by sheer number, and the work ends.
#[fend::test(dispatchers = "all")]
async fn a_flood_of_forged_datagrams_leads_to_tcp() {
    let server = Server::start(|asked| match asked.by {
        By::Datagram => vec![forged(asked).spoiled(1); 150],
        By::Stream => vec![right(asked)],
    })
    .await;
    assert_right(&ask(&client(&[server.address])).await.unwrap());
    assert_eq!(server.asked().iter().map(|asked| asked.by).collect::<Vec<_>>(), [By::Datagram, By::Stream]);
}

#[fend::test(dispatchers = "all")]
async fn a_flood_without_tcp_is_told() {
    let (_refusing, server) = without_tcp().await;
    let address = server.local_addr().unwrap();
    fend_reactor::spawn(async move {
        let mut buf = [0; 512];
        loop {
            let Ok((length, from)) = server.recv_from(&mut buf).await else { continue };
            for _ in 0..150 {
                let _ = server.send_to(&buf[..length], from).await;
            }
        }
    });
    let error = ask(&client(&[address])).await.unwrap_err();
    assert!(error.is_try_again() && error.to_string().contains("forged"), "{error}");
}

/// DN3.
#[fend::test(dispatchers = "all")]
async fn a_truncated_answer_is_asked_for_by_tcp_over_one_connection() {
    let server = Server::start(|asked| match asked.by {
        By::Datagram if asked.before == 0 => vec![forged(asked).truncated()],
        // Longer than the datagrams that are announced.
        By::Datagram => vec![forged(asked).record("a.example", RecordType::Txt, &[0; 2000])],
        // An answer of before must not be taken for this one's.
        By::Stream if asked.before == 1 => vec![forged(asked).spoiled(0), right(asked)],
        By::Stream => vec![right(asked)],
    })
    .await;
    let client = client(&[server.address]);
    assert_right(&ask(&client).await.unwrap());
    assert_right(&ask(&client).await.unwrap());
    assert_eq!((server.count(), server.connections()), (4, 1));
}

/// DN3.
#[fend::test(dispatchers = "all")]
async fn what_is_truncated_by_tcp_too_is_no_answer() {
    let server = Server::start(|asked| vec![forged(asked).truncated()]).await;
    let error = ask(&client(&[server.address])).await.unwrap_err();
    assert!(matches!(error.cause(), Cause::Malformed(_)), "{error}");
}

#[fend::test(dispatchers = "all")]
async fn an_answer_of_64_kib_is_whole() {
    let text = |index: usize| vec![u8::try_from(index % 256).unwrap(); 16_000];
    let server = Server::start(move |asked| {
        let reply = (0..4).fold(Reply::to(asked), |reply, index| {
            reply.record("a.example", RecordType::Other(999), &text(index))
        });
        vec![reply]
    })
    .await;
    let client = Client::new(Settings { use_tcp: true, ..settings([server.address.into()]) });
    let answer = client.query(&name(), RecordType::Other(999)).await.unwrap();
    let expected: Vec<_> =
        (0..4).map(|index| RecordData::Other(999, text(index).into_boxed_slice())).collect();
    assert_eq!(answer.records.into_iter().map(|record| record.data).collect::<Vec<_>>(), expected);
}

/// DN3.
#[fend::test(dispatchers = "all")]
async fn a_server_that_sends_byte_after_byte_is_left_at_the_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    fend_reactor::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut byte = 0xff;
        while stream.send_all(&[byte]).await.is_ok() {
            byte = 0;
            fend_reactor::time::sleep(Duration::from_millis(1)).await;
        }
    });
    let timeout = Duration::from_millis(300);
    let client = Client::new(Settings { timeout, attempts: 1, ..settings([NameServer::tcp(address)]) });
    let start = now();
    let error = ask(&client).await.unwrap_err();
    assert!(error.is_timeout() && error.to_string().contains("300ms"), "{error}");
    assert!(now() - start >= timeout && now() - start < 10 * timeout, "{:?}", now() - start);
}

#[fend::test(dispatchers = "all")]
async fn a_connection_that_died_while_it_waited_costs_no_attempt() {
    let server = Server::start(|asked| if asked.before == 1 { vec![] } else { vec![right(asked)] }).await;
    let servers = [NameServer::tcp(server.address)];
    let client = Client::new(Settings { attempts: 1, ..settings(servers) });
    assert_right(&ask(&client).await.unwrap());
    assert_right(&ask(&client).await.unwrap());
    assert_eq!((server.count(), server.connections()), (3, 2));
}

/// DN7.
#[fend::test(dispatchers = "all", start_paused = true)]
async fn a_silent_server_costs_its_timeout_once() {
    let (_socket, silent) = silent().await;
    let server = Server::start(|asked| vec![right(asked)]).await;
    let client = client(&[silent, server.address]);
    let start = now();
    let answer = ask(&client).await.unwrap();
    assert_eq!((now() - start >= 5 * SECOND, now() - start < 6 * SECOND), (true, true));
    assert_eq!(answer.server, server.address);
    let start = now();
    assert_right(&ask(&client).await.unwrap());
    assert!(now() - start < SECOND, "{:?}", now() - start);
}

#[fend::test(dispatchers = "all", start_paused = true)]
async fn whoever_loses_patience_is_not_led_to_the_silent_server_again() {
    let (_socket, silent) = silent().await;
    let server = Server::start(|asked| vec![right(asked)]).await;
    let client = client(&[silent, server.address]);
    timeout(2 * SECOND, ask(&client)).await.unwrap_err();
    let answer = timeout(2 * SECOND, ask(&client)).await.unwrap();
    assert_right(&answer.unwrap());
}

/// DN7.
#[fend::test(dispatchers = "all", start_paused = true)]
async fn all_of_it_takes_as_long_as_attempts_servers_and_timeout_say() {
    let ((_one, one), (_two, two)) = zip(silent(), silent()).await;
    let start = now();
    let error = ask(&client(&[one, two])).await.unwrap_err();
    let taken = now() - start;
    assert!(taken >= 20 * SECOND && taken < 21 * SECOND, "{taken:?}");
    assert_eq!(error.to_string(), format!("lookup a.example (A): no answer within 20s (server {two})"));
}

/// DN7.
#[fend::test(dispatchers = "all")]
async fn a_server_that_is_down_is_passed_at_once() {
    let (_down, down) = down().await;
    let server = Server::start(|asked| vec![right(asked)]).await;
    let start = now();
    assert_right(&ask(&client(&[down, server.address])).await.unwrap());
    assert!(now() - start < 4 * SECOND);
    let error = ask(&client(&[down])).await.unwrap_err();
    assert!(error.is_refused() && error.server() == Some(down), "{error}");
}

/// DN7.
#[fend::test(dispatchers = "all")]
async fn an_answer_is_final_and_an_excuse_is_not() {
    let excuses: [fn(&Asked) -> Reply; 5] = [
        |asked| Reply::to(asked).rcode(Rcode::SERVER_FAILURE),
        |asked| Reply::to(asked).rcode(Rcode::REFUSED),
        |asked| Reply::to(asked).rcode(Rcode::FORMAT_ERROR),
        // Lame.
        |asked| Reply::to(asked).changed(|bytes| bytes[3] = 0),
        // A record that ends too early.
        |asked| right(asked).changed(|bytes| bytes.truncate(bytes.len() - 1)),
    ];
    for excuse in excuses {
        let (first, second) =
            zip(Server::start(move |asked| vec![excuse(asked)]), Server::start(|asked| vec![right(asked)]))
                .await;
        assert_right(&ask(&client(&[first.address, second.address])).await.unwrap());
    }
    for (rcode, outcome) in [(Rcode::NAME_ERROR, Outcome::NotFound), (Rcode::NO_ERROR, Outcome::NoData)] {
        let (first, second) = zip(
            Server::start(move |asked| vec![Reply::to(asked).rcode(rcode)]),
            Server::start(|asked| vec![right(asked)]),
        )
        .await;
        let answer = ask(&client(&[first.address, second.address])).await.unwrap();
        assert_eq!((answer.outcome, answer.ttl, second.count()), (outcome, 0, 0));
    }
}

#[fend::test(dispatchers = "all")]
async fn the_error_names_the_question_and_the_server_that_failed() {
    let server = Server::start(|asked| vec![Reply::to(asked).rcode(Rcode::SERVER_FAILURE)]).await;
    let ((_down, down), address) = (down().await, server.address);
    let error = ask(&client(&[address, down])).await.unwrap_err();
    let text = format!("lookup a.example (A): no answer for now, try again: SERVFAIL (server {address})");
    assert_eq!((error.to_string(), error.is_try_again(), server.count()), (text, true, 2));
    let error = ask(&client(&[])).await.unwrap_err();
    assert!(error.is_try_again() && error.server().is_none(), "{error}");
}

#[fend::test(dispatchers = "all")]
async fn a_server_that_does_not_know_edns_is_asked_without() {
    for rcode in [Rcode::FORMAT_ERROR, Rcode::NOT_IMPLEMENTED] {
        let server = Server::start(move |asked| match asked.has_edns() {
            true => vec![Reply::to(asked).rcode(rcode)],
            false => vec![right(asked)],
        })
        .await;
        let client = client(&[server.address]);
        assert_right(&ask(&client).await.unwrap());
        assert_right(&ask(&client).await.unwrap());
        let edns: Vec<_> = server.asked().iter().map(Asked::has_edns).collect();
        assert_eq!(edns, [true, false, false]);
    }
}

/// DN5.
#[fend::test(dispatchers = "all")]
async fn a_chain_is_asked_along_for_16_names_at_most() {
    let server = Server::start(|asked| {
        let name = asked.name().to_string();
        let number: usize = name.trim_end_matches('.').strip_prefix('n').unwrap().parse().unwrap();
        match number {
            16 | 50 => vec![Reply::to(asked).a(&name, RIGHT)],
            _ => vec![Reply::to(asked).cname(&name, &format!("n{}", number + 1))],
        }
    })
    .await;
    let client = client(&[server.address]);
    let answer = client.query(&"n0".parse().unwrap(), RecordType::A).await.unwrap();
    assert_right(&answer);
    assert_eq!((answer.records.len(), answer.name, server.count()), (17, "n16".parse().unwrap(), 17));
    let error = client.query(&"n20".parse().unwrap(), RecordType::A).await.unwrap_err();
    assert!(error.to_string().contains("more than 16 CNAME"), "{error}");
    assert_eq!(server.count(), 34);
}

#[fend::test(dispatchers = "all")]
async fn questions_wait_for_a_socket_without_loss_of_their_time() {
    let server = Server::start(|asked| vec![right(asked)]).await;
    let client = Arc::new(Client::new(Settings { sockets: 2, ..settings([server.address.into()]) }));
    let lookups: Vec<_> = (0..100)
        .map(|_| {
            let client = client.clone();
            fend_reactor::spawn(async move { ask(&client).await })
        })
        .collect();
    for lookup in lookups {
        assert_right(&lookup.await.unwrap().unwrap());
    }
}

#[fend::test(dispatchers = "all", start_paused = true)]
async fn the_wait_for_a_socket_counts_against_no_limit() {
    let (_socket, silent) = silent().await;
    let client = Client::new(Settings { sockets: 1, attempts: 1, ..settings([silent.into()]) });
    let start = now();
    let (one, two) = zip(ask(&client), ask(&client)).await;
    assert!(one.unwrap_err().to_string().contains("within 5s"));
    assert!(two.unwrap_err().to_string().contains("within 5s"));
    assert!(now() - start >= 10 * SECOND);
}

/// DN8.
#[fend::test(dispatchers = "all")]
async fn dropping_a_question_closes_its_socket_and_frees_its_place() {
    let server = Server::start(|asked| if asked.before == 0 { vec![] } else { vec![right(asked)] }).await;
    let client = Client::new(Settings { sockets: 1, ..settings([server.address.into()]) });
    let mut query = Box::pin(ask(&client));
    let mut asked = pin!(server.until_asked(1));
    poll_fn(|cx| {
        assert!(query.as_mut().poll(cx).is_pending());
        asked.as_mut().poll(cx)
    })
    .await;
    let port = server.asked()[0].from.port();
    let own = SocketAddr::from(([127, 0, 0, 1], port));
    assert!(std::net::UdpSocket::bind(own).is_err());
    drop(query);
    // At once, unless another thread has just looked for events (ppoll(2)), or a child of another test has a copy.
    let free = async {
        while std::net::UdpSocket::bind(own).is_err() {
            fend_reactor::yield_now().await;
        }
    };
    timeout(2 * SECOND, free).await.unwrap();
    assert_right(&ask(&client).await.unwrap());
}

#[fend::test(dispatchers = "all")]
async fn a_question_outlives_the_runtime_that_it_began_in() {
    let server = Server::start(|asked| if asked.before == 0 { vec![] } else { vec![right(asked)] }).await;
    let client = Client::new(Settings { attempts: 1, ..settings([server.address.into()]) });
    let mut query = Box::pin(ask(&client));
    let other = Runtime::new().unwrap();
    other.block_on(poll_fn(|cx| {
        assert!(query.as_mut().poll(cx).is_pending());
        Poll::Ready(())
    }));
    server.until_asked(1).await;
    drop(other);
    assert_right(&query.await.unwrap());
}

#[fend::test(dispatchers = "all")]
async fn connections_stay_in_their_runtime() {
    let server = Server::start(|asked| vec![right(asked)]).await;
    let client = Arc::new(Client::new(settings([NameServer::tcp(server.address)])));
    // It stays alive, so that its connection would do.
    let other = Runtime::new().unwrap();
    let elsewhere = client.clone();
    let asked = fend_reactor::spawn_blocking(move || {
        let answer = other.block_on(async { ask(&elsewhere).await });
        (other, answer)
    });
    let (_other, answer) = asked.await.unwrap();
    assert_right(&answer.unwrap());
    assert_right(&ask(&client).await.unwrap());
    assert_right(&ask(&client).await.unwrap());
    assert_eq!(server.connections(), 2);
}

#[fend::test(dispatchers = "all")]
async fn a_connection_with_more_than_the_answer_is_not_used_again() {
    let server = Server::start(|asked| vec![right(asked), forged(asked)]).await;
    let client = Client::new(settings([NameServer::tcp(server.address)]));
    for _ in 0..2 {
        assert_right(&ask(&client).await.unwrap());
    }
    assert_eq!((client.connections.idle(), server.connections()), (0, 2));
}

#[fend::test(dispatchers = "all", start_paused = true)]
async fn few_connections_wait_and_not_for_long() {
    let server = Server::start(|asked| vec![right(asked)]).await;
    let client = Arc::new(Client::new(settings([NameServer::tcp(server.address)])));
    let mut queries: Vec<_> = (0..6).map(|_| Box::pin(ask(&client))).collect();
    // All have begun before any is done.
    for query in &mut queries {
        let begun = poll_fn(|cx| Poll::Ready(query.as_mut().poll(cx))).await;
        assert!(begun.is_pending());
    }
    for query in queries {
        assert_right(&query.await.unwrap());
    }
    assert_eq!((client.connections.idle(), server.connections()), (4, 6));
    advance(10 * SECOND).await;
    assert_right(&ask(&client).await.unwrap());
    assert_eq!((client.connections.idle(), server.connections()), (1, 7));
}

#[fend::test(dispatchers = "all")]
async fn the_case_is_mixed_and_the_answer_must_repeat_it() {
    let server = Server::start(|asked| {
        let mut lower = forged(asked);
        lower.0.make_ascii_lowercase();
        // Where the name was in lower case already, this one would be right.
        let is_mixed = lower.0[12..26] != forged(asked).0[12..26];
        if is_mixed { vec![lower, right(asked)] } else { vec![right(asked)] }
    })
    .await;
    let client = Client::new(Settings { mix_case: true, ..settings([server.address.into()]) });
    for _ in 0..4 {
        assert_right(&ask(&client).await.unwrap());
    }
    let names: std::collections::HashSet<_> =
        server.asked().iter().map(|asked| asked.name().as_wire().to_vec()).collect();
    assert!(names.len() > 1);
}

/// Names in an answer may be pointers to the question: what was mixed there would be told as the name of the host.
#[fend::test(dispatchers = "all")]
async fn the_mixed_case_does_not_get_into_what_is_told() {
    let server = Server::start(|asked| {
        // "a.example" by pointer, a CNAME to "www" and a pointer to the question's "example", which has the address.
        let reply = Reply::to(asked).changed(|bytes| {
            bytes[7] = 2;
            bytes.extend([0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 6, 3, b'w', b'w', b'w', 0xc0, 14]);
            let target = u8::try_from(bytes.len() - 6).unwrap();
            bytes.extend([0xc0, target, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
            bytes.extend(RIGHT);
        });
        vec![reply]
    })
    .await;
    let client = Client::new(Settings { mix_case: true, ..settings([server.address.into()]) });
    for _ in 0..4 {
        let answer = client.query(&"a.Example".parse().unwrap(), RecordType::A).await.unwrap();
        assert_right(&answer);
        let names: Vec<_> = answer.records.iter().map(|record| record.name.to_string()).collect();
        assert_eq!(names, ["a.Example.", "www.Example."]);
        assert_eq!(answer.name.to_string(), "www.Example.");
    }
}
