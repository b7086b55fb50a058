//! resolv.conf and hosts: garbage, too much, and changes while lookups go on.

use std::fs;
use std::io::{self, Write};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use fend::dns::{Path, Resolver};

use crate::ask::{addresses, builder, failed, soon};
use crate::lying::LyingServer;
use crate::message::{NXDOMAIN, REAL, REAL_V6, Reply, honest};
use crate::place::Place;

on_every_dispatcher!(
    garbage_in_files_does_no_harm,
    a_hosts_file_of_a_megabyte_is_read,
    a_resolv_conf_of_a_megabyte_is_read,
    a_hosts_file_may_be_replaced_at_any_time,
    a_resolv_conf_may_be_replaced_at_any_time,
    what_is_no_file_does_no_harm,
);

/// Resolvers of these tests take their search list from the file.
fn of_files(resolv_conf: &str, hosts: &str, server: &LyingServer) -> Resolver {
    Resolver::builder()
        .path(Path::Native)
        .resolv_conf(resolv_conf)
        .hosts(hosts)
        .nsswitch("/nonexistent/nsswitch.conf")
        .name_server(server.address())
        .build()
        .expect("a resolver, whatever is in the files")
}

fn garbage() -> Vec<Vec<u8>> {
    let mut state = 88_172_645_463_325_252_u64;
    let mut byte = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[2]
    };
    let noise: Vec<u8> = (0..100_000).map(|_| byte()).collect();
    let mut nuls = b"nameserver\x00127.0.0.1\nsearch \x00\n127.0.0.1\x00localhost\n".to_vec();
    nuls.extend_from_slice(&[0; 1000]);
    vec![
        Vec::new(),
        noise,
        nuls,
        b"nameserver".to_vec(),
        b"nameserver 999.1.1.1\nnameserver ::zz\nnameserver\nsearch\noptions\noptions ndots\n".to_vec(),
        b"options ndots:99999999999999999999 timeout:-1 attempts:x rotate:rotate edns0 edns0\n".to_vec(),
        format!("search {}\n", "x".repeat(5000)).into_bytes(),
        format!("search {}\n", "example ".repeat(5000)).into_bytes(),
        format!("127.0.0.1 {}\n", "x".repeat(300)).into_bytes(),
        b"127.0.0.1\n::1\n999.9.9.9 bad\nfe80::1%nowhere scoped\n127.0.0.1 a..b .c d. -\n".to_vec(),
        "nameserver ٣.٣.٣.٣\nsearch ünïcode\n127.0.0.1 ünïcode\n".as_bytes().to_vec(),
        b"\xef\xbb\xbfnameserver 127.0.0.1\r\nsearch a.example\r\n# \r\n;\r\n\r\n".to_vec(),
    ]
}

/// DN9.
async fn garbage_in_files_does_no_harm() -> io::Result<()> {
    let (place, server) = (Place::new(), LyingServer::honest());
    for (number, garbage) in garbage().into_iter().enumerate() {
        let file = place.write("garbage", garbage);
        let resolver = of_files(&file, &file, &server);
        let found = soon(addresses(&resolver, "www.example.")).await.map_err(failed)?;
        assert_eq!(found, [IpAddr::V4(REAL), IpAddr::V6(REAL_V6)], "number {number}");
    }
    Ok(())
}

async fn what_is_no_file_does_no_harm() -> io::Result<()> {
    let (place, server) = (Place::new(), LyingServer::honest());
    let directory = place.path().to_str().expect("plain letters");
    for path in [directory, "/dev/null", "/nonexistent/at/all", "/proc/self/mem"] {
        let resolver = of_files(path, path, &server);
        let found = soon(addresses(&resolver, "www.example.")).await.map_err(failed)?;
        assert_eq!(found.len(), 2, "{path}");
    }
    Ok(())
}

/// DN9.
async fn a_hosts_file_of_a_megabyte_is_read() -> io::Result<()> {
    let (place, server) = (Place::new(), LyingServer::honest());
    let mut text = String::new();
    let mut count = 0;
    while text.len() < 1 << 20 {
        text += &format!(
            "10.{}.{}.{} host{count}.example alias{count}\n",
            count >> 16,
            count >> 8 & 255,
            count & 255
        );
        count += 1;
    }
    let resolver =
        builder().hosts(place.write("hosts", text)).name_server(server.address()).build().map_err(failed)?;
    for number in [0, 1, 1000, count - 1] {
        for name in [format!("host{number}.example"), format!("alias{number}")] {
            let found = soon(addresses(&resolver, &name)).await.map_err(failed)?;
            let [_, c, b, a] = (number as u32).to_be_bytes();
            assert_eq!(found, [IpAddr::from([10, c, b, a])], "{name}");
        }
    }
    assert_eq!(server.count(), 0, "{:?}", server.names());
    Ok(())
}

/// DN9.
async fn a_resolv_conf_of_a_megabyte_is_read() -> io::Result<()> {
    let (place, server) = (Place::new(), LyingServer::honest());
    let mut text = "search first.example\n".to_owned();
    text += &"# a comment to fill the file\noptions unknown\n".repeat((1 << 20) / 45);
    let resolver = of_files(&place.write("resolv.conf", text), "/nonexistent/hosts", &server);
    soon(addresses(&resolver, "host")).await.map_err(failed)?;
    assert!(server.names().iter().all(|(name, _)| name == "host.first.example"), "{:?}", server.names());
    Ok(())
}

/// Two contents of a file, written by turns until the end, by two ways.
struct Changing {
    ended: Arc<AtomicBool>,
    thread: thread::JoinHandle<()>,
}

impl Changing {
    fn start(place: &Arc<Place>, name: &'static str, contents: [String; 2]) -> Changing {
        let ended = Arc::new(AtomicBool::new(false));
        let (seen, place) = (ended.clone(), place.clone());
        let thread = thread::spawn(move || {
            for turn in (0..4).cycle() {
                if seen.load(SeqCst) {
                    return;
                }
                let content = &contents[turn & 1];
                if turn < 2 {
                    place.write(name, content);
                } else {
                    // Half a file is there for a moment.
                    let (head, tail) = content.split_at(content.len() / 2);
                    let mut file = fs::File::create(place.path().join(name)).expect("a file");
                    file.write_all(head.as_bytes()).expect("half a file");
                    thread::sleep(Duration::from_millis(1));
                    file.write_all(tail.as_bytes()).expect("the other half");
                }
                thread::sleep(Duration::from_millis(3));
            }
        });
        Changing { ended, thread }
    }

    fn end(self) {
        self.ended.store(true, SeqCst);
        self.thread.join().expect("no panic");
    }
}

/// Looks until it is as it should be: files are looked at once a second at most.
async fn in_the_end(mut as_it_should: impl AsyncFnMut() -> bool) {
    for _ in 0..3 {
        if as_it_should().await {
            return;
        }
        fend::time::advance(Duration::from_secs(1)).await;
    }
    panic!("the file's last content was not seen within two seconds");
}

/// How long files change and lookups go on.
const WHILE: Duration = Duration::from_millis(1500);

/// DN9.
async fn a_hosts_file_may_be_replaced_at_any_time() -> io::Result<()> {
    let place = Arc::new(Place::new());
    let server = LyingServer::replying(|question| Reply::to(question).rcode(NXDOMAIN));
    let content = |last: u8| format!("{}10.0.0.{last} changing.example\n", "# filling\n".repeat(1000));
    let file = place.write("hosts", content(1));
    let resolver = builder().hosts(&file).name_server(server.address()).build().map_err(failed)?;
    let changing = Changing::start(&place, "hosts", [content(1), content(2)]);
    let start = Instant::now();
    while start.elapsed() < WHILE {
        match addresses(&resolver, "changing.example").await {
            Ok(found) => {
                let known = [IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2])];
                assert!(found.len() == 1 && known.contains(&found[0]), "{found:?}");
            }
            // Half of the file was there.
            Err(error) => assert!(error.is_not_found(), "{error}"),
        }
        fend::time::advance(Duration::from_millis(700)).await;
    }
    changing.end();
    for last in [7, 8] {
        if last == 7 {
            place.write("hosts", content(last));
        } else {
            fs::write(&file, content(last))?;
        }
        in_the_end(async || {
            matches!(&addresses(&resolver, "changing.example").await, Ok(found) if *found == [IpAddr::from([10, 0, 0, last])])
        })
        .await;
    }
    Ok(())
}

/// DN9.
async fn a_resolv_conf_may_be_replaced_at_any_time() -> io::Result<()> {
    let (place, server) = (Arc::new(Place::new()), LyingServer::replying(honest));
    let content = |domain: &str| format!("{}search {domain}.example\n", "# filling\n".repeat(1000));
    let file = place.write("resolv.conf", content("one"));
    let resolver = of_files(&file, "/nonexistent/hosts", &server);
    let changing = Changing::start(&place, "resolv.conf", [content("one"), content("two")]);
    let start = Instant::now();
    while start.elapsed() < WHILE {
        soon(addresses(&resolver, "host")).await.map_err(failed)?;
        fend::time::advance(Duration::from_millis(700)).await;
    }
    changing.end();
    for domain in ["three", "four"] {
        if domain == "three" {
            place.write("resolv.conf", content(domain));
        } else {
            fs::write(&file, content(domain))?;
        }
        let wanted = format!("host.{domain}.example");
        in_the_end(async || {
            resolver.clear_cache();
            addresses(&resolver, "host").await.expect("an answer");
            server.names().last().is_some_and(|(name, _)| *name == wanted)
        })
        .await;
    }
    Ok(())
}
