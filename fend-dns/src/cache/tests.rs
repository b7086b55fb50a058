use std::net::{Ipv4Addr, SocketAddr};

use super::*;
use crate::record::{Record, RecordData, Txt};

const DAY: Duration = Duration::from_secs(24 * 3600);

fn cache(limit: usize) -> Cache {
    Cache::new(limit, DAY)
}

fn question(name: &str) -> Question {
    Question { name: name.parse().unwrap(), record_type: RecordType::A }
}

fn answer(name: &str, ttl: u32) -> Arc<Answer> {
    let name: Name = name.parse().unwrap();
    let record = Record { name: name.clone(), ttl, data: RecordData::A(Ipv4Addr::LOCALHOST) };
    let server = SocketAddr::from(([127, 0, 0, 1], 53));
    Arc::new(Answer {
        outcome: Outcome::Found,
        records: vec![record],
        name,
        ttl,
        server,
        is_authentic: false,
    })
}

fn no(name: &str, ttl: u32) -> Arc<Answer> {
    let found = Answer::clone(&answer(name, ttl));
    Arc::new(Answer { outcome: Outcome::NotFound, records: Vec::new(), ..found })
}

fn large(name: &str, bytes: usize) -> Arc<Answer> {
    let mut answer = Answer::clone(&answer(name, 300));
    let strings = vec![vec![b'x'; bytes].into_boxed_slice()];
    answer.records[0].data = RecordData::Txt(Txt { strings });
    Arc::new(answer)
}

fn after(start: Instant, seconds: u64) -> Instant {
    start + Duration::from_secs(seconds)
}

#[test]
fn an_answer_is_kept_for_its_ttl_and_not_a_second_longer() {
    let (cache, start) = (cache(1 << 20), Instant::now());
    cache.insert(&question("a.example"), &answer("a.example", 300), 0, start);
    // Whatever the case of letters.
    assert_eq!(cache.get(&question("A.Example"), 0, start).unwrap().age, 0);
    assert_eq!(cache.get(&question("a.example"), 0, after(start, 299)).unwrap().age, 299);
    assert_eq!(cache.stats().entries, 1);
    assert!(cache.get(&question("a.example"), 0, after(start, 300)).is_none());
    assert_eq!((cache.stats().entries, cache.stats().bytes), (0, 0));
}

#[test]
fn types_are_kept_apart() {
    let (cache, start) = (cache(1 << 20), Instant::now());
    cache.insert(&question("a.example"), &no("a.example", 300), 0, start);
    let other = Question { record_type: RecordType::Aaaa, ..question("a.example") };
    assert!(cache.get(&other, 0, start).is_none());
}

#[test]
fn what_has_a_ttl_of_zero_is_not_kept() {
    let (cache, start) = (cache(1 << 20), Instant::now());
    cache.insert(&question("a.example"), &answer("a.example", 0), 0, start);
    assert_eq!(cache.stats().entries, 0);
}

#[test]
fn a_yes_is_kept_for_a_day_at_most_and_a_no_for_an_hour() {
    let (cache, start) = (cache(1 << 20), Instant::now());
    cache.insert(&question("yes.example"), &answer("yes.example", u32::MAX), 0, start);
    cache.insert(&question("no.example"), &no("no.example", u32::MAX), 0, start);
    assert!(cache.get(&question("no.example"), 0, after(start, 3599)).is_some());
    assert!(cache.get(&question("no.example"), 0, after(start, 3600)).is_none());
    assert!(cache.get(&question("yes.example"), 0, after(start, 86_399)).is_some());
    assert!(cache.get(&question("yes.example"), 0, after(start, 86_400)).is_none());
}

#[test]
fn a_cache_of_no_bytes_keeps_nothing() {
    let (cache, start) = (cache(0), Instant::now());
    cache.insert(&question("a.example"), &answer("a.example", 300), 0, start);
    assert!(cache.get(&question("a.example"), 0, start).is_none());
    assert_eq!(cache.stats(), CacheStats::default());
}

#[test]
fn an_answer_that_is_too_large_is_not_kept() {
    let (cache, start) = (cache(1 << 20), Instant::now());
    cache.insert(&question("a.example"), &large("a.example", 63 * 1024), 0, start);
    assert_eq!(cache.stats().entries, 1);
    cache.insert(&question("b.example"), &large("b.example", 64 * 1024), 0, start);
    assert_eq!(cache.stats().entries, 1);
    assert!(cache.stats().bytes > 63 * 1024);
}

#[test]
fn it_never_takes_more_than_its_limit_and_what_is_asked_for_often_stays() {
    let (cache, start) = (cache(32 * 1024), Instant::now());
    let favourite = question("favourite.example");
    cache.insert(&favourite, &answer("favourite.example", 300), 0, start);
    for number in 0..10_000 {
        let name = format!("n{number}.example");
        cache.insert(&question(&name), &answer(&name, 300), 0, start);
        assert!(cache.stats().bytes <= 32 * 1024);
        assert!(cache.get(&favourite, 0, start).is_some(), "gone after {number}");
    }
    let stats = cache.stats();
    assert!(stats.entries > 20 && stats.evicted as usize == 10_001 - stats.entries, "{stats:?}");
    // Slots are used again.
    assert!(cache.slots.lock().entries.len() <= stats.entries + 2);
}

#[test]
fn what_has_grown_old_goes_first() {
    let (cache, start) = (cache(32 * 1024), Instant::now());
    let mut kept = 0;
    while cache.stats().evicted == 0 {
        let name = format!("n{kept}.example");
        cache.insert(&question(&name), &answer(&name, 300), 0, start);
        kept += 1;
    }
    let later = after(start, 300);
    for number in 0..kept / 2 {
        let name = format!("m{number}.example");
        cache.insert(&question(&name), &answer(&name, 300), 0, later);
    }
    assert_eq!(cache.stats().evicted, 1);
}

#[test]
fn the_same_question_again_takes_the_place_of_its_answer() {
    let (cache, start) = (cache(1 << 20), Instant::now());
    for _ in 0..3 {
        cache.insert(&question("a.example"), &answer("a.example", 300), 0, start);
    }
    let once = cache.stats();
    assert_eq!(once.entries, 1);
    cache.clear();
    assert_eq!((cache.stats().entries, cache.stats().bytes), (0, 0));
    cache.insert(&question("a.example"), &answer("a.example", 300), 0, start);
    assert_eq!(cache.stats().bytes, once.bytes);
}

#[test]
fn another_configuration_empties_it_and_answers_of_an_older_one_are_not_kept() {
    let (cache, start) = (cache(1 << 20), Instant::now());
    cache.insert(&question("a.example"), &answer("a.example", 300), 1, start);
    assert!(cache.get(&question("a.example"), 2, start).is_none());
    assert_eq!(cache.stats().entries, 0);
    cache.insert(&question("a.example"), &answer("a.example", 300), 1, start);
    assert_eq!(cache.stats().entries, 0);
    cache.insert(&question("a.example"), &answer("a.example", 300), 2, start);
    assert!(cache.get(&question("a.example"), 1, start).is_none());
    assert!(cache.get(&question("a.example"), 2, start).is_some());
}

#[test]
fn an_answer_from_a_clock_that_is_far_ahead_is_none() {
    let (cache, start) = (cache(1 << 20), Instant::now());
    cache.insert(&question("a.example"), &answer("a.example", 300), 0, after(start, 3600));
    assert!(cache.get(&question("a.example"), 0, start).is_none());
}
