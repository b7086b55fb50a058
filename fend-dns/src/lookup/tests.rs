use std::net::SocketAddr;

use super::*;
use crate::hints::Family;

/// A server that is bound and says nothing, and a resolver that asks it alone.
fn silent() -> (std::net::UdpSocket, Resolver) {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let none = "/nonexistent/file";
    let files = Resolver::builder().hosts(none).resolv_conf(none).nsswitch(none);
    let resolver = files.name_server(socket.local_addr().unwrap()).build().unwrap();
    (socket, resolver)
}

#[test]
fn it_is_small_and_can_go_anywhere() {
    fn check<T: Send + Unpin + fmt::Debug + 'static>() {}
    check::<Lookup>();
    assert!(mem::size_of::<Lookup>() <= 128, "{}", mem::size_of::<Lookup>());
}

#[test]
fn a_wait_that_is_over_can_be_taken_up_again() {
    let (_socket, resolver) = silent();
    let mut lookup = resolver.lookup("a.example", 80);
    for _ in 0..2 {
        let error = lookup.wait(Duration::from_millis(10)).unwrap_err();
        assert!(error.is_timeout());
        assert_eq!(error.to_string(), "lookup a.example: no answer within 10ms");
    }
    assert_eq!(resolver.shared().under_way.len(), 2);
    drop(lookup);
    assert_eq!(resolver.shared().under_way.len(), 0);
}

#[test]
fn waiting_without_end_is_legal_and_gives_the_answer() {
    let list = lookup("192.0.2.1", 80).wait(Duration::MAX).unwrap();
    assert_eq!(list[0].socket_addr(), SocketAddr::from(([192, 0, 2, 1], 80)));
    assert_eq!(lookup("::1", 80).wait(Duration::ZERO).unwrap().len(), 1);
}

#[fend::test(dispatchers = "all")]
async fn a_task_may_wait_too() {
    assert!(!lookup("localhost", 80).wait(Duration::from_secs(5)).unwrap().is_empty());
}

#[test]
fn its_debug_text_says_how_far_it_is() {
    let (_socket, resolver) = silent();
    let mut lookup = resolver.lookup("a.example", 80);
    assert_eq!(format!("{lookup:?}"), r#"Lookup { host: "a.example", stage: "not polled yet" }"#);
    lookup.wait(Duration::ZERO).unwrap_err();
    assert_eq!(format!("{lookup:?}"), r#"Lookup { host: "a.example", stage: "waiting" }"#);
}

#[test]
#[should_panic(expected = "`Lookup` polled after it has returned")]
fn polling_it_after_its_answer_panics() {
    let mut lookup = lookup("192.0.2.1", 80);
    lookup.wait(Duration::MAX).unwrap();
    let _ = lookup.wait(Duration::MAX);
}

#[test]
#[should_panic(expected = "`Lookup::hints` called after it was polled")]
fn hints_come_too_late_after_a_poll() {
    let (_socket, resolver) = silent();
    let mut lookup = resolver.lookup("a.example", 80);
    lookup.wait(Duration::ZERO).unwrap_err();
    drop(lookup.hints(Hints::default()));
}

#[test]
fn what_cannot_be_asked_is_told_at_once() {
    let hints = Hints::default().numeric_host(true);
    assert!(lookup("a.example", 80).hints(hints).wait(Duration::ZERO).unwrap_err().is_invalid_input());
    assert!(lookup("a.example", "70000").wait(Duration::ZERO).unwrap_err().is_invalid_input());
    let error =
        lookup("127.0.0.1", 80).hints(Hints::default().family(Family::V6)).wait(Duration::ZERO).unwrap_err();
    assert!(error.is_no_data(), "{error}");
}
