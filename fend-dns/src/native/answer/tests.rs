use std::net::Ipv4Addr;

use super::*;
use crate::record::Soa;
use crate::wire::Rcode;

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn a(owner: &str, ttl: u32) -> Record {
    Record { name: name(owner), ttl, data: RecordData::A(Ipv4Addr::new(192, 0, 2, 1)) }
}

fn cname(owner: &str, ttl: u32, target: &str) -> Record {
    Record { name: name(owner), ttl, data: RecordData::Cname(name(target)) }
}

fn ns(owner: &str) -> Record {
    Record { name: name(owner), ttl: 60, data: RecordData::Ns(name("ns.example")) }
}

fn soa(owner: &str, ttl: u32, minimum: u32) -> Record {
    let soa = Soa {
        primary: name("ns.example"),
        mailbox: name("hostmaster.example"),
        serial: 1,
        refresh: 1,
        retry: 1,
        expire: 1,
        minimum,
    };
    Record { name: name(owner), ttl, data: RecordData::Soa(soa) }
}

fn message(rcode: Rcode, answers: Vec<Record>, authorities: Vec<Record>) -> Message {
    Message {
        id: 0,
        is_response: true,
        opcode: 0,
        is_authoritative: false,
        is_truncated: false,
        recursion_available: true,
        is_authentic: false,
        rcode,
        question: None,
        question_count: 1,
        answers,
        authorities,
        has_edns: false,
    }
}

fn chain() -> Chain {
    Chain::new(&name("a.example"), RecordType::A)
}

fn end(chain: &mut Chain, message: Message) -> End {
    match chain.follow(message) {
        Ok(Step::End(end)) => end,
        other => panic!("{other:?}"),
    }
}

#[test]
fn records_of_other_names_are_no_part_of_the_answer() {
    let answers = vec![a("b.example", 5), a("A.Example", 60), a("a.example", 50), ns("a.example")];
    let end = end(&mut chain(), message(Rcode::NO_ERROR, answers, vec![]));
    assert_eq!((end.outcome, end.ttl, end.name), (Outcome::Found, 50, name("a.example")));
    assert_eq!(end.records, [a("a.example", 60), a("a.example", 50)]);
}

#[test]
fn a_chain_is_followed_in_whatever_order_it_comes() {
    let links = [cname("a.example", 90, "b.example"), cname("b.example", 30, "c.example")];
    let answers = vec![a("c.example", 60), links[1].clone(), links[0].clone(), a("d.example", 1)];
    let end = end(&mut chain(), message(Rcode::NO_ERROR, answers, vec![]));
    assert_eq!((end.outcome, end.ttl, end.name), (Outcome::Found, 30, name("c.example")));
    assert_eq!(end.records, [links[0].clone(), links[1].clone(), a("c.example", 60)]);
}

#[test]
fn a_chain_goes_on_over_several_messages() {
    let mut chain = chain();
    let first = message(Rcode::NO_ERROR, vec![cname("a.example", 9, "b.example")], vec![]);
    assert!(matches!(chain.follow(first), Ok(Step::Onward)));
    assert_eq!(*chain.name(), name("b.example"));
    let end = end(&mut chain, message(Rcode::NO_ERROR, vec![a("b.example", 60)], vec![]));
    assert_eq!((end.outcome, end.ttl, end.records.len()), (Outcome::Found, 9, 2));
}

#[test]
fn who_asks_for_a_cname_gets_that_one() {
    let mut chain = Chain::new(&name("a.example"), RecordType::Cname);
    let answers = vec![cname("a.example", 60, "b.example"), cname("b.example", 5, "c.example")];
    let end = end(&mut chain, message(Rcode::NO_ERROR, answers, vec![]));
    assert_eq!((end.ttl, end.name, end.records.len()), (60, name("a.example"), 1));
}

#[test]
fn who_asks_for_all_gets_all_that_the_name_has() {
    let mut chain = Chain::new(&name("a.example"), RecordType::Other(ANY));
    let answers = vec![cname("a.example", 60, "b.example"), ns("a.example"), a("b.example", 1)];
    assert_eq!(end(&mut chain, message(Rcode::NO_ERROR, answers, vec![])).records.len(), 2);
}

/// DN5.
#[test]
fn a_chain_that_leads_back_is_an_error() {
    for target in ["a.example", "A.EXAMPLE"] {
        let answers = vec![cname("a.example", 60, "b.example"), cname("b.example", 60, target)];
        let error = chain().follow(message(Rcode::NO_ERROR, answers, vec![])).unwrap_err();
        assert!(error.contains("lead back"), "{error}");
    }
    let itself = message(Rcode::NO_ERROR, vec![cname("a.example", 60, "a.example")], vec![]);
    assert!(chain().follow(itself).is_err());
    // Over two messages.
    let mut chain = chain();
    let first = message(Rcode::NO_ERROR, vec![cname("a.example", 60, "b.example")], vec![]);
    assert!(matches!(chain.follow(first), Ok(Step::Onward)));
    assert!(
        chain.follow(message(Rcode::NO_ERROR, vec![cname("b.example", 60, "a.example")], vec![])).is_err()
    );
}

/// DN5.
#[test]
fn a_chain_has_16_links_at_most() {
    let links = |count: usize| -> Vec<_> {
        let link = |index: usize| cname(&format!("n{index}.example"), 60, &format!("n{}.example", index + 1));
        (0..count).rev().map(link).collect()
    };
    let follow = |count: usize| {
        let mut answers = links(count);
        answers.push(a(&format!("n{count}.example"), 60));
        Chain::new(&name("n0.example"), RecordType::A).follow(message(Rcode::NO_ERROR, answers, vec![]))
    };
    assert!(matches!(follow(16), Ok(Step::End(_))));
    let error = follow(17).unwrap_err();
    assert!(error.contains("more than 16"), "{error}");
    assert!(follow(1000).is_err());
}

/// DN7: the two kinds of "no" are told apart.
#[test]
fn a_no_is_kept_as_long_as_its_zone_says() {
    for (rcode, outcome) in [(Rcode::NAME_ERROR, Outcome::NotFound), (Rcode::NO_ERROR, Outcome::NoData)] {
        let ttl = |authorities| {
            let end = end(&mut chain(), message(rcode, vec![], authorities));
            assert_eq!((end.outcome, end.records.len()), (outcome, 0));
            end.ttl
        };
        assert_eq!(ttl(vec![soa("example", 300, 60)]), 60);
        assert_eq!(ttl(vec![soa("EXAMPLE", 30, 60)]), 30);
        assert_eq!(ttl(vec![soa(".", 30, 60)]), 30);
        assert_eq!(ttl(vec![soa("a.example", 30, 60)]), 30);
        assert_eq!(ttl(vec![]), 0);
        // Of zones in which the name does not lie.
        assert_eq!(ttl(vec![soa("other", 300, 60), soa("x.a.example", 300, 60), soa("ample", 300, 60)]), 0);
        // RFC 2181, section 8.
        assert_eq!(ttl(vec![soa("example", 300, u32::MAX)]), 0);
    }
}

#[test]
fn a_no_at_the_end_of_a_chain_is_about_the_end() {
    let answers = || vec![cname("a.example", 20, "b.test")];
    for (rcode, outcome) in [(Rcode::NAME_ERROR, Outcome::NotFound), (Rcode::NO_ERROR, Outcome::NoData)] {
        let end = end(&mut chain(), message(rcode, answers(), vec![soa("test", 300, 60)]));
        assert_eq!((end.outcome, end.name, end.ttl), (outcome, name("b.test"), 20));
        assert_eq!(end.records, answers());
    }
    // The first name's zone says nothing about the last name.
    let other = message(Rcode::NO_ERROR, answers(), vec![soa("example", 300, 60)]);
    assert!(matches!(chain().follow(other), Ok(Step::Onward)));
}

#[test]
fn a_no_with_records_of_the_type_is_a_no() {
    let end = end(&mut chain(), message(Rcode::NAME_ERROR, vec![a("a.example", 60)], vec![]));
    assert_eq!((end.outcome, end.records.len()), (Outcome::NotFound, 0));
}

#[test]
fn an_answer_is_lame_only_without_anything_of_use() {
    let lame = |message: Message| is_lame(&message, &name("a.example"));
    let referral = || message(Rcode::NO_ERROR, vec![], vec![ns("example")]);
    let empty = || Message { recursion_available: false, ..message(Rcode::NO_ERROR, vec![], vec![]) };
    assert!(lame(referral()));
    assert!(lame(empty()));
    assert!(!lame(message(Rcode::NO_ERROR, vec![], vec![])));
    assert!(!lame(Message { is_authoritative: true, ..referral() }));
    assert!(!lame(Message { is_authoritative: true, ..empty() }));
    assert!(!lame(Message { answers: vec![a("a.example", 1)], ..empty() }));
    assert!(lame(Message { answers: vec![a("b.example", 1)], ..empty() }));
    assert!(!lame(Message { authorities: vec![ns("example"), soa("example", 1, 1)], ..empty() }));
    assert!(!lame(Message { rcode: Rcode::SERVER_FAILURE, ..empty() }));
}
