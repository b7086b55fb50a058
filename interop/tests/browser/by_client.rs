//! Clients that are no browser: good ones, and those that a server must bear.

use std::io;
use std::net::SocketAddr;

use async_tungstenite::tungstenite::protocol::CloseFrame;
use async_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use async_tungstenite::tungstenite::{Error, Message};
use fend::net::{TcpSocket, TcpStream};
use fend::process::Command;
use fend::runtime::Dispatcher;
use futures_lite::StreamExt;
use futures_lite::io::AsyncReadExt;

use crate::is_installed;
use crate::member::Member;
use crate::server::Server;

async fn members_meet_talk_and_leave(dispatcher: Dispatcher) -> io::Result<()> {
    let server = Server::start(dispatcher, &["--members", "3"]).await?;
    let mut ann = Member::join(server.address, "ann").await;
    let mut bob = Member::connect(server.address).await;
    bob.sends("join\nlobby\n bob ").await;
    bob.hears("here\nann\nbob").await;
    ann.hears("joins\nbob").await;
    ann.sends("say\n  two\nlines ").await;
    ann.hears_from("ann", "two\nlines").await;
    bob.hears_from("ann", "two\nlines").await;

    let mut eve = Member::connect(server.address).await;
    for (sent, why) in [
        ("say\nhello", "you have not joined"),
        ("join\nlobby\nann", "there is a ann already"),
        ("join\nlobby\n", "a name has 1 to 32 letters"),
        ("join\nlobby\na\u{7}b", "a name has no control characters"),
        ("join\nlobby", "to join takes a room and a name"),
        ("leave", "that is neither join nor say"),
    ] {
        eve.sends(sent).await;
        eve.hears(&format!("refused\n{why}")).await;
    }
    eve.sends("join\nlobby\neve").await;
    eve.hears("here\nann\nbob\neve").await;
    // What was said before.
    eve.hears_from("ann", "two\nlines").await;
    eve.sends("say\n \n").await;
    eve.hears("refused\nthere is nothing in it").await;

    let mut late = Member::connect(server.address).await;
    late.sends("join\nlobby\nlate").await;
    late.hears("refused\nthe room is full").await;
    late.sends("join\nanother\nann").await;
    late.hears("here\nann").await;

    eve.0.close(Some(CloseFrame { code: CloseCode::Normal, reason: "".into() })).await.expect("a close");
    assert_eq!(eve.is_closed().await.0, CloseCode::Normal);
    drop(bob);
    for expected in ["joins\neve", "leaves\neve", "leaves\nbob"] {
        ann.hears(expected).await;
    }
    Ok(())
}

async fn curl_gets_the_page_and_what_belongs_to_it(dispatcher: Dispatcher) -> io::Result<()> {
    if !is_installed("curl") {
        return Ok(());
    }
    let server = Server::start(dispatcher, &[]).await?;
    let curl = async |arguments: &[&str]| {
        let output = Command::new("curl").arg("-si").args(arguments).output().await.expect("curl");
        String::from_utf8(output.stdout).expect("text").to_ascii_lowercase()
    };
    for (path, media_type) in [
        ("/", "text/html; charset=utf-8"),
        ("/page.css", "text/css; charset=utf-8"),
        ("/page.js", "text/javascript; charset=utf-8"),
        ("/icon.svg", "image/svg+xml"),
    ] {
        let answer = curl(&[&server.url(path)]).await;
        assert!(answer.starts_with("http/1.1 200 ok\r\n"), "{answer}");
        for field in [
            format!("content-type: {media_type}\r\n"),
            "content-security-policy: default-src 'none'; script-src 'self'; ".to_owned(),
            "x-content-type-options: nosniff\r\n".to_owned(),
        ] {
            assert!(answer.contains(&field), "no {field:?} in {answer}");
        }
        assert!(!answer.contains("https://"), "{path} has something of elsewhere");
    }
    let head = curl(&["-I", &server.url("/")]).await;
    assert!(head.starts_with("http/1.1 200 ok\r\n") && head.ends_with("\r\n\r\n"), "{head}");
    assert!(curl(&[&server.url("/none")]).await.starts_with("http/1.1 404 "));
    let refused = curl(&["-d", "x", &server.url("/")]).await;
    assert!(refused.starts_with("http/1.1 405 ") && refused.contains("allow: get, head\r\n"), "{refused}");
    Ok(())
}

/// A handshake that a good client sends, with a line in place of another one.
fn handshake(address: SocketAddr, line: &str, other: &str) -> String {
    let good = format!(
        "GET /chat HTTP/1.1\r\nHost: {address}\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nOrigin: http://{address}\r\n\r\n"
    );
    assert!(good.contains(line));
    good.replace(line, other)
}

async fn a_bad_handshake_is_refused_and_says_why(dispatcher: Dispatcher) -> io::Result<()> {
    let mut server = Server::start(dispatcher, &["--allow-origin", "https://friend.example"]).await?;
    let own = format!("Origin: http://{}\r\n", server.address);
    let key = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";
    for (line, other, status, field) in [
        ("", "", "101", "sec-websocket-accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI=\r\n"),
        (&own, "", "101", "upgrade: websocket\r\n"),
        (&own, "Origin: https://friend.example\r\n", "101", "connection: Upgrade\r\n"),
        (&own, "Origin: https://enemy.example\r\n", "403", ""),
        (&own, "Origin: null\r\n", "403", ""),
        (&own, &format!("{own}Origin: https://enemy.example\r\n"), "403", ""),
        ("Version: 13", "Version: 8", "426", "sec-websocket-version: 13\r\n"),
        ("Sec-WebSocket-Version: 13\r\n", "", "426", "sec-websocket-version: 13\r\n"),
        (key, "", "400", ""),
        (key, "Sec-WebSocket-Key: short==\r\n", "400", ""),
        ("Upgrade: websocket\r\n", "", "426", "upgrade: websocket\r\n"),
        ("keep-alive, Upgrade", "keep-alive", "426", ""),
        ("HTTP/1.1", "HTTP/1.0", "426", ""),
        ("/chat", "/elsewhere", "404", ""),
    ] {
        let client = TcpStream::connect(server.address).await?;
        client.send_all(handshake(server.address, line, other).as_bytes()).await?;
        let mut head = String::new();
        let mut byte = [0];
        while !head.ends_with("\r\n\r\n") {
            client.recv_exact(&mut byte).await?;
            head.push(byte[0].into());
        }
        assert_eq!(head.split(' ').nth(1), Some(status), "{line:?} -> {other:?}: {head}");
        assert!(head.contains(field), "{line:?} -> {other:?}: {head}");
    }
    server.logs("refused to a page from Some(\"https://enemy.example\")").await
}

async fn who_breaks_the_rules_is_told_which(dispatcher: Dispatcher) -> io::Result<()> {
    let mut server = Server::start(dispatcher, &["--largest", "100"]).await?;
    let mut ann = Member::join(server.address, "ann").await;

    let mut eve = Member::join(server.address, "eve").await;
    eve.sends(&format!("say\n{}", "x".repeat(96))).await;
    eve.hears_from("eve", &"x".repeat(96)).await;
    // More than the server reads before it closes.
    let _ = eve.0.send(Message::text(format!("say\n{}", "x".repeat(300_000)))).await;
    assert_eq!(eve.is_closed().await, (CloseCode::Size, "sent too large a message".to_owned()));

    let mut eve = Member::join(server.address, "eve").await;
    eve.0.send(Message::binary(vec![1, 2, 3])).await.expect("the server takes it");
    assert_eq!(eve.is_closed().await, (CloseCode::Unsupported, "sent what is not text".to_owned()));

    // A frame that is not masked, as those of servers are.
    let eve = Member::join(server.address, "eve").await;
    eve.0.get_ref().send_all(b"\x81\x05say\nx").await?;
    server.logs("unmasked frame from client").await?;

    for expected in
        ["joins\neve", "said", "leaves\neve", "joins\neve", "leaves\neve", "joins\neve", "leaves\neve"]
    {
        let heard = ann.next().await;
        assert!(heard.starts_with(expected), "{heard:?} in place of {expected:?}");
    }
    Ok(())
}

async fn who_receives_too_slowly_is_put_out(dispatcher: Dispatcher) -> io::Result<()> {
    let mut server = Server::start(dispatcher, &["--rate", "1000000"]).await?;
    let mut ann = Member::join(server.address, "ann").await;
    let mut bob = Member::join(server.address, "bob").await;
    ann.hears("joins\nbob").await;
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(4096)?;
    let mut slow = Member::over(socket.connect(server.address).await?, server.address).await;
    slow.sends("join\nlobby\nslow").await;
    ann.hears("joins\nslow").await;
    bob.hears("joins\nslow").await;

    let text = "x".repeat(4000);
    let mut rounds = 0;
    let left = loop {
        ann.sends(&format!("say\n{text}")).await;
        let heard = [ann.next().await, bob.next().await];
        if let Some(other) = heard.iter().find(|message| !message.starts_with("said\n")) {
            break other.clone();
        }
        rounds += 1;
    };
    // Far more than waits for a member, since the socket holds some too.
    assert!(rounds > 256 && left == "leaves\nslow", "{left:?} after {rounds}");
    server.logs("\"slow\" in \"lobby\": received too slowly").await?;
    // What was on its way arrives, and then the reason, if that still went out.
    loop {
        match slow.0.next().await {
            Some(Ok(Message::Close(Some(frame)))) => {
                assert_eq!(frame.code, CloseCode::Policy);
                break;
            }
            Some(Ok(_)) => {}
            Some(Err(Error::Io(_) | Error::Protocol(_))) | None => break,
            Some(Err(error)) => panic!("{error}"),
        }
    }
    Ok(())
}

async fn who_answers_no_ping_is_gone(dispatcher: Dispatcher) -> io::Result<()> {
    let mut server = Server::start(dispatcher, &["--ping", "0.2"]).await?;
    // Nobody reads its messages, and so nobody answers. That it has joined is what the log says.
    let mut dead = Member::connect(server.address).await;
    dead.sends("join\nlobby\ndead").await;
    server.logs("\"dead\" in \"lobby\": was silent for too long").await?;
    // Which is the first that she is told, even if she is too slow in turn.
    let mut ann = Member::connect(server.address).await;
    ann.sends("join\nlobby\nann").await;
    ann.hears("here\nann").await;
    Ok(())
}

async fn a_server_that_is_told_to_end_says_goodbye(dispatcher: Dispatcher) -> io::Result<()> {
    let mut server = Server::start(dispatcher, &[]).await?;
    let mut ann = Member::join(server.address, "ann").await;
    let mut stranger = Member::connect(server.address).await;
    let idle = TcpStream::connect(server.address).await?;
    idle.send_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").await?;
    idle.recv_exact(&mut [0; 15]).await?;
    server.terminate()?;
    for member in [&mut ann, &mut stranger] {
        assert_eq!(member.is_closed().await, (CloseCode::Away, "the server ends".to_owned()));
    }
    let mut rest = Vec::new();
    (&idle).read_to_end(&mut rest).await?;
    assert!(rest.ends_with(b"</html>\n"));
    drop((ann, stranger, idle));
    let (status, printed) = server.finish().await?;
    assert!(status.success(), "{status}");
    assert!(printed.starts_with("SIGTERM: ") && printed.ends_with(" finished, 0 aborted\n"), "{printed}");
    Ok(())
}

on_every_dispatcher_told!(
    members_meet_talk_and_leave,
    curl_gets_the_page_and_what_belongs_to_it,
    a_bad_handshake_is_refused_and_says_why,
    who_breaks_the_rules_is_told_which,
    who_receives_too_slowly_is_put_out,
    who_answers_no_ping_is_gone,
    a_server_that_is_told_to_end_says_goodbye,
);
