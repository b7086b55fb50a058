use std::collections::HashSet;
use std::fs;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::task::{Context, Poll, Wake};

use super::*;
use crate::hints::Hints;

fn request(host: impl ToString) -> Request {
    Request { host: Some(host.to_string()), service: None, hints: Hints::new() }
}

fn host(question: &Question) -> &str {
    match question {
        Question::Addresses(request) => request.host.as_deref().unwrap(),
        Question::NameOf(_) => panic!("of addresses"),
    }
}

fn found(question: &Question) -> Outcome {
    Ok(Answer::Addresses(AddrList { list: Vec::new(), canonical_name: Some(host(question).to_owned()) }))
}

fn pool(
    name: &'static str,
    threads: usize,
    resolve: impl Fn(&Question) -> Outcome + Send + Sync + 'static,
) -> Pool {
    Pool::with(Settings { name, resolve: Arc::new(resolve), ..Settings::new(threads) })
}

/// A resolver that hangs until it is let go.
#[derive(Default)]
struct Gate {
    is_open: Mutex<bool>,
    opened: Condvar,
    calls: Mutex<Vec<String>>,
    called: Condvar,
}

impl Gate {
    fn pass(&self, question: &Question) -> Outcome {
        self.calls.lock().push(host(question).to_owned());
        self.called.notify_all();
        drop(self.opened.wait_while(self.is_open.lock(), |is_open| !*is_open).unwrap());
        found(question)
    }

    fn open(&self) {
        *self.is_open.lock() = true;
        self.opened.notify_all();
    }

    fn wait_for_calls(&self, count: usize) {
        drop(self.called.wait_while(self.calls.lock(), |calls| calls.len() < count).unwrap());
    }

    fn calls(&self) -> Vec<String> {
        self.calls.lock().clone()
    }
}

fn gated(name: &'static str, threads: usize) -> (Pool, Arc<Gate>) {
    let gate = Arc::new(Gate::default());
    let inner = gate.clone();
    (pool(name, threads, move |question| inner.pass(question)), gate)
}

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

type Lookup = Pin<Box<dyn Future<Output = Result<AddrList, LookupError>> + Send>>;

/// A lookup that has been polled once, and waits.
fn waiting(pool: &Pool, name: impl ToString) -> Lookup {
    let mut lookup: Lookup = Box::pin(pool.lookup(request(name)));
    assert!(poll(&mut lookup).is_pending());
    lookup
}

fn poll(lookup: &mut Lookup) -> Poll<Result<AddrList, LookupError>> {
    lookup.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

fn threads_named(name: &str) -> usize {
    let tasks = fs::read_dir("/proc/self/task").unwrap().flatten();
    tasks
        .filter(|task| fs::read_to_string(task.path().join("comm")).is_ok_and(|comm| comm.trim() == name))
        .count()
}

fn queued(pool: &Pool) -> usize {
    pool.0.lock().queue.len()
}

/// DN10.
#[fend::test(dispatchers = "all")]
async fn lookups_that_hang_do_not_delay_blocking_work() {
    let (pool, gate) = gated("dns-hung", 4);
    let hung: Vec<_> = (0..100).map(|number| waiting(&pool, number)).collect();
    fend_reactor::spawn_blocking(move || gate.wait_for_calls(4)).await.unwrap();
    let jobs: Vec<_> = (0..600).map(|number| fend_reactor::spawn_blocking(move || number)).collect();
    for (number, job) in jobs.into_iter().enumerate() {
        assert_eq!(job.await.unwrap(), number);
    }
    assert_eq!(queued(&pool), 96);
    drop(hung);
    assert_eq!(queued(&pool), 0);
}

#[fend::test(dispatchers = "all")]
async fn lookups_of_one_name_are_made_once_for_all_who_ask() {
    let (pool, gate) = gated("dns-merge", 4);
    let lookups: Vec<_> = (0..1000).map(|_| waiting(&pool, "same")).collect();
    let mut other_hints = request("same");
    other_hints.hints = Hints::new().passive(true);
    let mut other = Box::pin(pool.lookup(other_hints));
    assert!(other.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    gate.wait_for_calls(2);
    gate.open();
    for lookup in lookups {
        assert_eq!(lookup.await.unwrap().canonical_name(), Some("same"));
    }
    other.await.unwrap();
    assert_eq!(gate.calls().len(), 2);
    // What is answered is over: who asks then asks anew.
    pool.lookup(request("same")).await.unwrap();
    assert_eq!(gate.calls().len(), 3);
}

#[fend::test(dispatchers = "all")]
async fn a_lookup_that_nobody_waits_for_is_never_made() {
    let (pool, gate) = gated("dns-cancel", 1);
    let first = waiting(&pool, "first");
    gate.wait_for_calls(1);
    let (second, twin, third) = (waiting(&pool, "second"), waiting(&pool, "second"), waiting(&pool, "third"));
    assert_eq!(queued(&pool), 2);
    drop(second);
    assert_eq!(queued(&pool), 2, "its twin waits");
    drop(twin);
    assert_eq!(queued(&pool), 1);
    gate.open();
    first.await.unwrap();
    third.await.unwrap();
    assert_eq!(gate.calls(), ["first", "third"]);
}

/// A thread that hangs is not to be joined by another for the same name.
#[fend::test(dispatchers = "all")]
async fn a_lookup_under_way_that_was_given_up_serves_who_asks_next() {
    let (pool, gate) = gated("dns-again", 4);
    drop(waiting(&pool, "name"));
    let given_up = waiting(&pool, "name");
    gate.wait_for_calls(1);
    drop(given_up);
    let next = waiting(&pool, "name");
    gate.open();
    next.await.unwrap();
    assert_eq!(gate.calls().len(), 1);
}

/// DN8.
#[fend::test(dispatchers = "all")]
async fn ten_thousand_lookups_are_all_answered_by_a_few_threads() {
    // The test runs twice at the same time, once for each dispatcher.
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    let name = ["dns-many-1", "dns-many-2"][RUNS.fetch_add(1, Ordering::SeqCst)];
    let (pool, gate) = gated(name, 8);
    let mut lookups: Vec<_> = (0..20_000).map(|number| waiting(&pool, number)).collect();
    gate.wait_for_calls(8);
    assert_eq!(threads_named(name), 8);
    // Up to 8 places are kept for those who have been called in from outside.
    let bound = pool.0.settings.most_queued;
    assert!((bound - 8..=bound).contains(&queued(&pool)), "{}", queued(&pool));
    // Of those who wait outside two give up, of whom one may have been called.
    drop(lookups.drain(bound + 7..bound + 9));
    gate.open();
    for lookup in lookups {
        lookup.await.unwrap();
    }
    let calls = gate.calls();
    assert_eq!(calls.len(), 19_998);
    assert_eq!(calls.iter().collect::<HashSet<_>>().len(), calls.len());
    assert!(threads_named(name) <= 8);
}

/// DN8: nobody overtakes those who wait outside, a place that is not taken goes to the next, and nobody is forgotten.
#[test]
fn places_are_given_in_order() {
    let gate = Arc::new(Gate::default());
    let inner = gate.clone();
    let resolve = Arc::new(move |question: &Question| inner.pass(question));
    let pool = Pool::with(Settings { name: "dns-order", most_queued: 1, resolve, ..Settings::new(1) });
    let mut running = waiting(&pool, "running");
    gate.wait_for_calls(1);
    let queued_one = waiting(&pool, "queued");
    let (first, mut second, mut third) = (waiting(&pool, "1"), waiting(&pool, "2"), waiting(&pool, "3"));
    assert_eq!(queued(&pool), 1);
    drop(queued_one);
    // The place is kept for the first, who goes away; the third has not been called.
    assert!(poll(&mut third).is_pending());
    assert_eq!(queued(&pool), 0);
    let newcomer = waiting(&pool, "4");
    assert_eq!(queued(&pool), 0);
    drop(first);
    assert!(poll(&mut third).is_pending());
    assert_eq!(queued(&pool), 0);
    assert!(poll(&mut second).is_pending());
    assert_eq!(queued(&pool), 1);
    // Somebody outside whose question is queued by then joins it.
    let twin = waiting(&pool, "2");
    gate.open();
    fend_reactor::block_on(async {
        for lookup in [second, third, newcomer, twin] {
            lookup.await.unwrap();
        }
        (&mut running).await.unwrap();
    });
    assert_eq!(gate.calls(), ["running", "2", "3", "4"]);
}

struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("a waker of a foreign executor");
    }
}

#[test]
fn a_waker_that_panics_and_a_lookup_that_panics_leave_the_thread_alive() {
    let (pool, gate) = gated("dns-panic", 1);
    let mut lookup: Lookup = Box::pin(pool.lookup(request("name")));
    let panics = Waker::from(Arc::new(Panics));
    assert!(lookup.as_mut().poll(&mut Context::from_waker(&panics)).is_pending());
    let count = Arc::new(Count::default());
    let counts = Waker::from(count.clone());
    let mut twin: Lookup = Box::pin(pool.lookup(request("name")));
    assert!(twin.as_mut().poll(&mut Context::from_waker(&counts)).is_pending());
    gate.wait_for_calls(1);
    gate.open();
    fend_reactor::block_on(pool.lookup(request("other"))).unwrap();
    assert_eq!(count.0.load(Ordering::SeqCst), 1);
    assert!(poll(&mut twin).is_ready() && poll(&mut lookup).is_ready());

    let pool = self::pool("dns-panic-2", 1, |question| match host(question) {
        "bad" => panic!("in a module of the C library"),
        _ => found(question),
    });
    let error = fend_reactor::block_on(pool.lookup(request("bad"))).unwrap_err();
    assert!(error.to_string().contains("panicked"), "{error}");
    fend_reactor::block_on(pool.lookup(request("good"))).unwrap();
    assert_eq!(threads_named("dns-panic-2"), 1);
}

/// A stack larger than the address space stands for a limit of threads that is reached.
#[test]
fn without_any_thread_lookups_fail_and_say_so() {
    let settings =
        Settings { name: "dns-none", stack_size: Some(1 << 50), most_queued: 2, ..Settings::new(2) };
    let pool = Pool::with(settings);
    for _ in 0..3 {
        let error = fend_reactor::block_on(pool.lookup(request("name"))).unwrap_err();
        assert!(error.to_string().contains("cannot start thread \"dns-none\""), "{error}");
        assert_eq!(error.subject(), "name");
    }
    let state = pool.0.lock();
    assert_eq!((state.threads, state.queue.len()), (0, 0));
}

#[test]
fn a_thread_without_work_ends_and_the_next_lookup_starts_another() {
    let idle = Duration::from_millis(1);
    let pool = Pool::with(Settings { name: "dns-idle", idle, resolve: Arc::new(found), ..Settings::new(2) });
    for _ in 0..3 {
        fend_reactor::block_on(pool.lookup(request("name"))).unwrap();
        while threads_named("dns-idle") > 0 {
            thread::yield_now();
        }
        assert_eq!(pool.0.lock().threads, 0);
    }
}

#[test]
fn idle_threads_end_when_the_pool_is_dropped_and_lookups_are_answered_all_the_same() {
    let (pool, gate) = gated("dns-drop", 1);
    let (running, queued) = (waiting(&pool, "running"), waiting(&pool, "queued"));
    gate.wait_for_calls(1);
    drop(pool);
    gate.open();
    fend_reactor::block_on(async {
        running.await.unwrap();
        queued.await.unwrap();
    });
    while threads_named("dns-drop") > 0 {
        thread::yield_now();
    }
}

/// Any executor will do, and threads of several may wait for one lookup.
#[test]
fn threads_of_several_executors_wait_for_one_lookup() {
    let (pool, gate) = gated("dns-execs", 2);
    let pool = Arc::new(pool);
    let (sender, receiver) = mpsc::channel();
    for number in 0..4 {
        let (pool, sender) = (pool.clone(), sender.clone());
        thread::spawn(move || {
            let lookup = pin!(pool.lookup(request("name")));
            let result = if number % 2 == 0 {
                fend_reactor::block_on(lookup)
            } else {
                futures_lite::future::block_on(lookup)
            };
            sender.send(result).unwrap();
        });
    }
    drop(sender);
    gate.wait_for_calls(1);
    gate.open();
    for _ in 0..4 {
        receiver.recv().unwrap().unwrap();
    }
}

#[test]
fn signals_are_blocked_on_its_threads() {
    let pool = pool("dns-signals", 1, |question| {
        let status = fs::read_to_string("/proc/thread-self/status").unwrap();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigBlk:")).unwrap().trim();
        let mask = u64::from_str_radix(mask, 16).unwrap();
        let is_blocked = |signal: i32| mask & (1 << (signal - 1)) != 0;
        assert!(is_blocked(libc::SIGINT) && is_blocked(libc::SIGCHLD) && !is_blocked(libc::SIGSEGV));
        found(question)
    });
    fend_reactor::block_on(pool.lookup(request("name"))).unwrap();
}

#[fend::test(dispatchers = "all")]
async fn the_c_library_finds_localhost_and_its_name() {
    let pool = Pool::shared();
    let list = pool.lookup(request("localhost")).await.unwrap();
    assert!(list.iter().all(|info| info.ip().is_loopback()), "{list}");
    assert_eq!(pool.name_of([127, 0, 0, 1].into()).await.unwrap(), "localhost");
}
