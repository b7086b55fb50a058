//! What is said when there is no connection.

use std::error::Error;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use fend::dns::LookupError;
use fend::net::{ConnectAttempt, ConnectError};

use crate::full_listener::{FullListener, attempts_end};
use crate::zone::{Zone, refusing, resolver};

on_every_dispatcher!(
    every_address_is_named_with_its_error_and_time,
    an_address_that_was_given_is_named_once,
    no_answer_in_time_tells_each_address,
    a_lookup_tells_what_was_asked_of_whom,
    a_lookup_that_lasts_ends_with_the_time,
    an_unknown_service_is_the_callers_mistake,
    what_is_no_target_fails_when_it_is_awaited,
);

/// The detail of a step, where the docs say that it is.
fn detail<E: Error + 'static>(error: &io::Error) -> &E {
    let source = error.source().unwrap_or_else(|| panic!("no source: {error}"));
    source.downcast_ref().unwrap_or_else(|| panic!("another source: {source:?}"))
}

async fn every_address_is_named_with_its_error_and_time() -> io::Result<()> {
    let (_refusing, port) = refusing([0; 4], 0)?;
    let start = Instant::now();
    let error = fend::connect(("two.test", port)).resolver(&resolver()?).await.unwrap_err();
    let took = start.elapsed();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    let detail = detail::<ConnectError>(&error);
    let [first, second] = detail.attempts().collect::<Vec<_>>()[..] else { panic!("{detail}") };
    let expected = [[127, 0, 0, 1], [127, 0, 0, 2]].map(|ip| SocketAddr::from((ip, port)));
    assert_eq!([first, second].map(ConnectAttempt::address), expected);
    for attempt in [first, second] {
        assert_eq!(attempt.error().raw_os_error(), Some(libc::ECONNREFUSED));
        assert!(attempt.elapsed().expect("its turn came") <= took);
    }
    assert_eq!(error.to_string(), format!("connect two.test:{port}: no connection to {first}; {second}"));
    Ok(())
}

async fn an_address_that_was_given_is_named_once() -> io::Result<()> {
    let (_refusing, port) = refusing([127, 0, 0, 1], 0)?;
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    for error in
        [fend::connect(address).await, fend::connect(address.to_string()).await].map(Result::unwrap_err)
    {
        let text = error.to_string();
        let begin = format!("connect {address}: Connection refused (os error 111) after ");
        assert!(text.starts_with(&begin) && text.ends_with(" ms"), "{text}");
        assert_eq!(detail::<ConnectError>(&error).attempts().len(), 1);
    }
    Ok(())
}

async fn no_answer_in_time_tells_each_address() -> io::Result<()> {
    let silent = FullListener::new()?;
    let port = silent.address.port();
    // Time enough to begin the first attempt on a busy machine, and never the second.
    let (limit, delay) = (Duration::from_millis(500), Duration::from_secs(5));
    let connect = fend::connect(("two.test", port)).resolver(&resolver()?).timeout(limit);
    let error = connect.attempt_delay(delay).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    let text = error.to_string();
    let asked = format!(
        "connect two.test:{port}: no connection to 127.0.0.1:{port}: no answer within 500ms, tried for "
    );
    assert!(text.starts_with(&asked), "{text}");
    assert!(text.ends_with(&format!("; 127.0.0.2:{port}: not tried within 500ms")), "{text}");
    attempts_end(silent.address).await?;
    Ok(())
}

async fn a_lookup_tells_what_was_asked_of_whom() -> io::Result<()> {
    let server = UdpSocket::bind("127.0.0.1:0")?;
    let address = server.local_addr()?;
    // NXDOMAIN for all.
    std::thread::spawn(move || {
        let mut question = [0; 512];
        while let Ok((length, client)) = server.recv_from(&mut question) {
            let end = 12 + question[12..length].iter().position(|&byte| byte == 0).unwrap() + 5;
            let head = [question[0], question[1], 0x85, 0x83, 0, 1, 0, 0, 0, 0, 0, 0];
            server.send_to(&[&head, &question[12..end]].concat(), client).unwrap();
        }
    });
    let zone = Zone::new("", "")?;
    let connect = fend::connect("nowhere.test.:80").resolver(&zone.resolver(address)?);
    let error = connect.await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    let lookup = detail::<LookupError>(&error);
    assert!(lookup.is_not_found() && lookup.server() == Some(address), "{lookup:?}");
    assert_eq!(error.to_string(), format!("connect nowhere.test.:80: {lookup}"));
    Ok(())
}

async fn a_lookup_that_lasts_ends_with_the_time() -> io::Result<()> {
    let silent = UdpSocket::bind("127.0.0.1:0")?;
    let resolver = Zone::new("", "")?.resolver(silent.local_addr()?)?;
    let connect = fend::connect("nowhere.test.:80").resolver(&resolver).timeout(Duration::from_millis(50));
    let error = connect.await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert_eq!(error.to_string(), "connect nowhere.test.:80: lookup nowhere.test.: not over within 50ms");
    Ok(())
}

async fn an_unknown_service_is_the_callers_mistake() -> io::Result<()> {
    let error = fend::connect("one.test:nosuchservice").resolver(&resolver()?).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{error}");
    assert!(error.to_string().contains("nosuchservice"), "{error}");
    assert!(detail::<LookupError>(&error).is_invalid_input());
    Ok(())
}

async fn what_is_no_target_fails_when_it_is_awaited() -> io::Result<()> {
    for target in ["", "localhost", ":80", "::1:80", "localhost:70000", "http://localhost"] {
        let error = fend::connect(target).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{error}");
        let tls = fend::connect_tls(target).await.map(drop).unwrap_err();
        assert_eq!(tls.to_string(), error.to_string());
        assert!(error.to_string().starts_with(&format!("connect {target:?}: ")), "{error}");
    }
    Ok(())
}
