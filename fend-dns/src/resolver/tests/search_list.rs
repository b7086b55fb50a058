//! resolv.conf(5): which names a short name stands for.

use super::*;

async fn asked_for(host: &str, ndots: u8, search: &[&str]) -> Vec<String> {
    let server = Server::start().await;
    let resolver = builder(&server).ndots(ndots).search(search.iter().copied()).build().unwrap();
    assert!(of_family(&resolver, host, Family::V4).await.unwrap_err().is_not_found());
    server.names_asked()
}

#[fend::test(dispatchers = "all")]
async fn dots_decide_what_is_asked_for_first() {
    let list = ["one.example", "two.example"];
    assert_eq!(asked_for("a", 1, &list).await, ["a.one.example", "a.two.example", "a"]);
    assert_eq!(asked_for("a.b", 1, &list).await, ["a.b", "a.b.one.example", "a.b.two.example"]);
    assert_eq!(asked_for("a.b", 2, &list).await, ["a.b.one.example", "a.b.two.example", "a.b"]);
    assert_eq!(asked_for("a", 0, &list).await, ["a", "a.one.example", "a.two.example"]);
    assert_eq!(asked_for("a.", 15, &list).await, ["a"]);
    assert_eq!(asked_for("a", 1, &[]).await, ["a"]);
    assert_eq!(asked_for("a", 1, &["."]).await, ["a"]);
}

#[fend::test(dispatchers = "all")]
async fn a_name_that_gets_too_long_is_passed_over() {
    let long = ["x"; 4].map(|letter| letter.repeat(50)).join(".");
    let host = "y".repeat(63);
    assert_eq!(asked_for(&host, 1, &[&long, "example"]).await, [format!("{host}.example"), host]);
}

#[fend::test(dispatchers = "all")]
async fn the_first_name_that_has_addresses_ends_the_search() {
    let server = Server::start().await.a("a.two.example", "192.0.2.2").a("a", "192.0.2.3");
    // NODATA goes on as NXDOMAIN does, and so does SERVFAIL.
    let server = server.aaaa("a.one.example", "2001:db8::1").failing("a.zero.example", RecordType::A, 2);
    let list = ["zero.example", "one.example", "two.example"];
    let resolver = builder(&server).search(list).build().unwrap();
    assert_eq!(of_family(&resolver, "a", Family::V4).await.unwrap(), ["192.0.2.2"]);
    assert_eq!(server.names_asked(), ["a.zero.example", "a.one.example", "a.two.example"]);
}

#[fend::test(dispatchers = "all")]
async fn what_the_names_came_to_together_is_the_error() {
    let server = Server::start().await.aaaa("a.one.example", "2001:db8::1");
    let server = server.failing("b.one.example", RecordType::A, 2).failing("c.one.example", RecordType::A, 5);
    let server = server.failing("d.d", RecordType::A, 2).aaaa("d.d.one.example", "2001:db8::1");
    let resolver = builder(&server).search(["one.example", "two.example"]).build().unwrap();
    let error = async |host: &str| {
        let error = of_family(&resolver, host, Family::V4).await.unwrap_err();
        assert_eq!(error.subject(), host);
        (error, server.names_asked().len())
    };
    // NODATA before NXDOMAIN, SERVFAIL before NXDOMAIN; a refusal ends it.
    assert!(matches!(error("a").await, (error, 3) if error.is_no_data()));
    assert!(matches!(error("b").await, (error, 3) if error.is_try_again()));
    assert!(matches!(error("c").await, (error, 1) if error.is_refused()));
    // What the name as it is came to counts first.
    assert!(matches!(error("d.d").await, (error, 3) if error.is_try_again()));
}

#[fend::test(dispatchers = "all")]
async fn a_name_without_dots_is_not_asked_for_as_it_is_where_the_file_says_so() {
    let server = Server::start().await;
    let folder = Folder::new();
    let conf = folder.write("resolv.conf", "search one.example\noptions no-tld-query\n");
    let resolver = builder(&server).resolv_conf(conf).build().unwrap();
    assert!(of_family(&resolver, "a", Family::V4).await.unwrap_err().is_not_found());
    assert_eq!(server.names_asked(), ["a.one.example"]);
}
