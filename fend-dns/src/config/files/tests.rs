use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::*;
use crate::hints::Family;

/// A directory of a test's own, gone with it.
pub(in crate::config) struct Directory(PathBuf);

impl Directory {
    pub(in crate::config) fn new() -> Directory {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("fend-dns-config-{}-{number}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Directory(path)
    }

    pub(in crate::config) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(in crate::config) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// As careful programs do it.
    fn replace(&self, name: &str, text: &str) {
        fs::rename(self.write("new", text), self.path(name)).unwrap();
    }

    fn paths(&self) -> Paths {
        Paths {
            resolv_conf: self.path("resolv.conf"),
            hosts: self.path("hosts"),
            nsswitch: self.path("nsswitch.conf"),
            services: self.path("services"),
            gai_conf: self.path("gai.conf"),
        }
    }

    fn files(&self, now: Instant) -> Files {
        Files::new_at(self.paths(), Environment::default(), now)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn server(config: &Config) -> SocketAddr {
    config.resolv_conf.servers[0]
}

fn address(last: u8) -> SocketAddr {
    ([10, 0, 0, last], 53).into()
}

fn has(config: &Config, name: &str) -> bool {
    !config.hosts.find(name, Family::Any).is_empty()
}

#[test]
fn without_files_there_is_what_the_c_library_has_without_them() {
    let directory = Directory::new();
    let config = directory.files(Instant::now()).current();
    assert_eq!(server(&config), ([127, 0, 0, 1], 53).into());
    assert_eq!(*config.order, HostsOrder::FilesDns);
    assert_eq!(config.services.port("https", "tcp"), Some(443));
    assert_eq!(*config.policy, Policy::parse(b""));
    assert_eq!(config.problems().count(), 0);
    assert_eq!(config.generation, 0);
}

#[test]
fn all_files_are_read_at_once() {
    let directory = Directory::new();
    directory.write("resolv.conf", "nameserver 10.0.0.1\n");
    directory.write("hosts", "10.9.9.9 name\n");
    directory.write("nsswitch.conf", "hosts: dns files\n");
    directory.write("services", "own 7777/tcp\n");
    directory.write("gai.conf", "label ::/0 9\n");
    let now = Instant::now();
    let config = directory.files(now).current_at(now);
    assert_eq!(server(&config), address(1));
    assert_eq!(config.hosts.name_of(IpAddr::from([10, 9, 9, 9])), Some("name"));
    assert_eq!(*config.order, HostsOrder::DnsFiles);
    assert_eq!(config.services.port("own", "tcp"), Some(7777));
    assert_eq!(config.services.port("https", "tcp"), None);
    assert_eq!(config.policy.labels.len(), 1);
    assert_eq!(config.hosts.read, now);
}

// DN9
#[fend::test(dispatchers = "all")]
async fn a_file_that_is_replaced_or_written_in_place_is_seen_within_a_second() {
    let directory = Directory::new();
    directory.write("resolv.conf", "nameserver 10.0.0.1\n");
    fend::time::pause();
    let files = Files::new(directory.paths(), Environment::default());
    let first = files.current();

    directory.replace("resolv.conf", "nameserver 10.0.0.2\n");
    fend::time::advance(INTERVAL - Duration::from_millis(1)).await;
    assert_eq!(server(&files.current()), address(1));
    fend::time::advance(Duration::from_millis(1)).await;
    let second = files.current();
    assert_eq!(server(&second), address(2));
    assert_eq!(second.generation, first.generation + 1);
    assert_eq!(second.resolv_conf.read, fend::time::now());

    directory.write("resolv.conf", "nameserver 10.0.0.3\n");
    fend::time::advance(INTERVAL).await;
    let third = files.current();
    assert_eq!(server(&third), address(3));
    assert_eq!(third.generation, second.generation + 1);
    // Whoever has a snapshot keeps it.
    assert_eq!((server(&first), server(&second)), (address(1), address(2)));
}

// DN9
#[test]
fn a_file_that_is_read_half_written_is_read_again() {
    let directory = Directory::new();
    directory.write("hosts", "10.0.0.1 first\n10.0.0.2 last\n");
    let now = Instant::now();
    let files = directory.files(now);
    directory.write("hosts", "");
    assert!(!has(&files.current_at(now + INTERVAL), "first"));
    directory.write("hosts", "10.0.0.1 fir");
    assert!(has(&files.current_at(now + 2 * INTERVAL), "fir"));
    directory.write("hosts", "10.0.0.1 first\n10.0.0.2 last\n");
    let config = files.current_at(now + 3 * INTERVAL);
    assert!(has(&config, "first") && has(&config, "last"));
}

#[test]
fn only_servers_search_and_order_make_a_new_generation() {
    let directory = Directory::new();
    let now = Instant::now();
    let files = directory.files(now);
    directory.write("hosts", "10.0.0.1 name\n");
    directory.write("services", "own 7777/tcp\n");
    directory.write("resolv.conf", "# only a comment\n");
    let config = files.current_at(now + INTERVAL);
    assert!(has(&config, "name"));
    assert_eq!(config.generation, 0);
    directory.write("nsswitch.conf", "hosts: dns\n");
    assert_eq!(files.current_at(now + 2 * INTERVAL).generation, 1);
    directory.write("resolv.conf", "search example.org\n");
    assert_eq!(files.current_at(now + 3 * INTERVAL).generation, 2);
    assert_eq!(files.current_at(now + 4 * INTERVAL).generation, 2);
}

// DN9
#[test]
fn a_file_that_cannot_be_read_leaves_what_was_read_before() {
    let directory = Directory::new();
    let path = directory.write("hosts", "10.0.0.1 name\n");
    let now = Instant::now();
    let files = directory.files(now);
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let config = files.current_at(now + INTERVAL);
    assert!(has(&config, "name"));
    assert_eq!(problem(&config), format!("read {}: no regular file", path.display()));
    fs::remove_dir(&path).unwrap();
    directory.write("hosts", "10.0.0.2 other\n");
    let config = files.current_at(now + 2 * INTERVAL);
    assert!(has(&config, "other") && !has(&config, "name"));
    assert_eq!(config.problems().count(), 0);
    fs::remove_file(&path).unwrap();
    assert!(!has(&files.current_at(now + 3 * INTERVAL), "other"));
}

fn problem(config: &Config) -> String {
    let problems: Vec<_> = config.problems().map(ToString::to_string).collect();
    problems.join("; ")
}

// DN9
#[test]
fn a_file_that_is_too_large_counts_as_empty_and_says_so() {
    let directory = Directory::new();
    let path = directory.write("services", "own 7777/tcp\n");
    let now = Instant::now();
    let files = directory.files(now);
    fs::File::options().write(true).open(&path).unwrap().set_len((16 << 20) + 1).unwrap();
    let config = files.current_at(now + INTERVAL);
    assert_eq!((config.services.port("own", "tcp"), config.services.port("https", "tcp")), (None, None));
    assert!(
        problem(&config).ends_with("services: more than 16 MiB; treated as empty"),
        "{}",
        problem(&config)
    );
}

#[test]
fn no_reload_keeps_resolv_conf_and_nothing_else() {
    let directory = Directory::new();
    directory.write("resolv.conf", "nameserver 10.0.0.1\noptions no-reload\n");
    directory.write("hosts", "10.0.0.1 name\n");
    let now = Instant::now();
    let files = directory.files(now);
    directory.write("resolv.conf", "nameserver 10.0.0.2\n");
    directory.write("hosts", "10.0.0.1 other\n");
    let config = files.current_at(now + INTERVAL);
    assert_eq!(server(&config), address(1));
    assert!(has(&config, "other"));
    let environment = Environment { res_options: Some(b"no-reload".into()), ..Environment::default() };
    assert_eq!(server(&Files::new_at(directory.paths(), environment, now).current_at(now)), address(2));
}

#[test]
fn a_clock_that_is_behind_another_does_not_wait_for_it() {
    let directory = Directory::new();
    let now = Instant::now();
    let files = directory.files(now + Duration::from_secs(3600));
    directory.write("hosts", "10.0.0.1 name\n");
    assert!(has(&files.current_at(now), "name"));
}

#[test]
fn snapshots_share_what_has_not_changed() {
    let directory = Directory::new();
    directory.write("resolv.conf", "nameserver 10.0.0.1\n");
    let now = Instant::now();
    let files = directory.files(now);
    let first = files.current_at(now);
    assert!(Arc::ptr_eq(&first, &files.current_at(now)));
    directory.write("hosts", "10.0.0.1 name\n");
    let second = files.current_at(now + INTERVAL);
    assert!(Arc::ptr_eq(&first.services.value, &second.services.value));
    assert!(!Arc::ptr_eq(&first.hosts.value, &second.hosts.value));
}

#[test]
fn the_first_that_asks_for_the_c_library_is_named() {
    let directory = Directory::new();
    let now = Instant::now();
    let files = directory.files(now);
    assert_eq!(files.current_at(now).beyond_us(), None);
    directory.write("resolv.conf", "sortlist 10.0.0.0\n");
    assert_eq!(files.current_at(now + INTERVAL).beyond_us(), Some("sortlist"));
    directory.write("nsswitch.conf", "hosts: files mdns4_minimal [NOTFOUND=return] dns\n");
    assert_eq!(files.current_at(now + 2 * INTERVAL).beyond_us(), Some("mdns4_minimal"));
}

// DN9
#[test]
fn while_a_file_is_replaced_again_and_again_readers_see_one_whole_version_or_another() {
    let directory = Directory::new();
    directory.write("resolv.conf", "nameserver 10.0.0.1\n");
    let start = Instant::now();
    let files = directory.files(start);
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut now = start;
                while !is_over.load(Ordering::Relaxed) {
                    now += INTERVAL;
                    assert!(!server(&files.current_at(now)).ip().is_loopback());
                }
            });
        }
        for number in 0..500_u32 {
            directory.replace("resolv.conf", &format!("nameserver 10.0.0.{}\n", number % 250));
        }
        directory.replace("resolv.conf", "nameserver 10.0.0.255\n");
        is_over.store(true, Ordering::Relaxed);
    });
    let end = start + Duration::from_secs(86_400 * 365);
    assert_eq!(server(&files.current_at(end)), address(255));
}

#[test]
fn the_usual_paths_are_those_of_the_system() {
    let paths = Paths::default();
    for path in [&paths.resolv_conf, &paths.hosts, &paths.nsswitch, &paths.services, &paths.gai_conf] {
        assert_eq!(path.parent(), Some(Path::new("/etc")));
    }
    let files = Files::new(paths, Environment::of_process());
    assert!(!files.current().resolv_conf.servers.is_empty());
}
