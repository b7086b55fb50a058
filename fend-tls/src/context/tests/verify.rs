//! Whom each side believes, and what the opt-outs let pass. A server has one error or several; the client accepts some of them.

use std::sync::Mutex;

use super::*;
use crate::error::code;

/// What is wrong with the server's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wrong {
    expired: bool,
    host: bool,
    /// Of one certificate that has signed itself, or of a chain whose root is sent and not trusted.
    root: Root,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Root {
    Trusted,
    SelfSigned,
    UnknownSent,
    Unknown,
}

fn all_wrongs() -> Vec<Wrong> {
    let mut all = Vec::new();
    for root in [Root::Trusted, Root::SelfSigned, Root::UnknownSent, Root::Unknown] {
        for (expired, host) in [(false, false), (true, false), (false, true), (true, true)] {
            all.push(Wrong { expired, host, root });
        }
    }
    all
}

/// A server that is wrong in this way, and a client's builder that knows what there is to know.
fn parties(wrong: Wrong) -> (ContextBuilder, Context) {
    let authority = Authority::new("root");
    let validity = if wrong.expired { Validity::Past } else { Validity::Now };
    let names: &[&str] = if wrong.host { &["b.example", "127.0.0.1"] } else { &["a.example"] };
    let issued = authority.issue_for(names, validity);
    let identity = match wrong.root {
        Root::Trusted | Root::Unknown => issued,
        Root::SelfSigned => authority::self_signed(names, validity),
        Root::UnknownSent => {
            let chain = vec![issued.certificate().clone(), authority.certificate()];
            Identity::new(chain, issued.key().clone()).unwrap()
        }
    };
    let mut client = Context::builder(Mode::Client).system_roots(false);
    if wrong.root == Root::Trusted {
        client = client.ca(authority.certificate());
    }
    (client, Context::server(identity).unwrap())
}

/// The opt-outs of a client.
#[derive(Debug, Clone, Copy)]
struct OptOuts {
    expired: bool,
    host: bool,
    self_signed: bool,
}

impl OptOuts {
    fn apply(self, mut client: ContextBuilder) -> ContextBuilder {
        if self.expired {
            client = client.danger_accept_expired_certs();
        }
        if self.host {
            client = client.danger_accept_invalid_hostnames();
        }
        if self.self_signed {
            client = client.danger_accept_self_signed_certs();
        }
        client
    }

    /// Whether nothing is wrong but what it accepts.
    fn cover(self, wrong: Wrong) -> bool {
        (self.expired || !wrong.expired)
            && (self.host || !wrong.host)
            && match wrong.root {
                Root::Trusted => true,
                Root::SelfSigned | Root::UnknownSent => self.self_signed,
                Root::Unknown => false,
            }
    }
}

#[test]
fn an_opt_out_lets_its_own_error_pass_and_no_other() {
    let flags = || [false, true].into_iter();
    for wrong in all_wrongs() {
        let (_, server) = parties(wrong);
        for (expired, host, self_signed) in
            flags().flat_map(|a| flags().flat_map(move |b| flags().map(move |c| (a, b, c))))
        {
            let opt_outs = OptOuts { expired, host, self_signed };
            let (client, server) = match wrong.root {
                // Its root is made with the server.
                Root::Trusted => parties(wrong),
                _ => (Context::builder(Mode::Client).system_roots(false), server.clone()),
            };
            let pair = Dial::new(&opt_outs.apply(client).build().unwrap(), &server).run();
            assert_eq!(pair.is_connected(), opt_outs.cover(wrong), "{wrong:?} {opt_outs:?}");
            let passed = pair.client.state().passed();
            let is_wrong = wrong.expired || wrong.host || wrong.root != Root::Trusted;
            if pair.is_connected() {
                assert_eq!(passed.is_some(), is_wrong, "{wrong:?} {opt_outs:?} {passed:?}");
                assert!(pair.client.state().take_failure().is_none());
            } else {
                let failure = pair.refused();
                assert!(!pardoned(opt_outs, failure.code), "{wrong:?} {opt_outs:?} {failure:?}");
            }
        }
    }
}

fn pardoned(opt_outs: OptOuts, code: i32) -> bool {
    match code {
        code::CERT_HAS_EXPIRED => opt_outs.expired,
        code::HOSTNAME_MISMATCH => opt_outs.host,
        code::DEPTH_ZERO_SELF_SIGNED_CERT | code::SELF_SIGNED_CERT_IN_CHAIN => opt_outs.self_signed,
        _ => false,
    }
}

#[test]
fn whoever_accepts_anything_accepts_anything_and_can_tell_what() {
    for wrong in all_wrongs() {
        let (client, server) = parties(wrong);
        let client = client.danger_accept_invalid_certs().build().unwrap();
        let pair = Dial::new(&client, &server).run().connected();
        let passed = pair.client.state().passed().unwrap_or_default();
        assert_eq!(passed.contains("certificate has expired"), wrong.expired, "{wrong:?}: {passed}");
        assert_eq!(passed.contains("hostname mismatch"), wrong.host, "{wrong:?}: {passed}");
        assert_eq!(
            passed.contains("self-signed certificate"),
            wrong.root == Root::SelfSigned || wrong.root == Root::UnknownSent
        );
        assert_eq!(passed.contains("unable to get local issuer"), wrong.root == Root::Unknown, "{passed}");
    }
}

#[test]
fn a_refusal_says_which_certificate_it_is() {
    let right = Wrong { expired: false, host: false, root: Root::Trusted };
    let refused = |wrong| {
        let (client, server) = parties(wrong);
        let pair = Dial::new(&client.build().unwrap(), &server).run();
        assert!(pair.server.error().contains("alert"), "{}", pair.server.error());
        pair.refused()
    };
    let failure = refused(Wrong { expired: true, ..right });
    assert_eq!((failure.code, failure.depth, &*failure.subject), (code::CERT_HAS_EXPIRED, 0, "CN=a.example"));
    assert!(failure.names.is_empty());
    let failure = refused(Wrong { host: true, ..right });
    assert_eq!(failure.code, code::HOSTNAME_MISMATCH);
    assert_eq!(failure.names, ["b.example", "127.0.0.1"]);
    let failure = refused(Wrong { root: Root::SelfSigned, ..right });
    assert_eq!((failure.code, failure.depth), (code::DEPTH_ZERO_SELF_SIGNED_CERT, 0));
    let failure = refused(Wrong { root: Root::UnknownSent, ..right });
    assert_eq!(
        (failure.code, failure.depth, &*failure.subject),
        (code::SELF_SIGNED_CERT_IN_CHAIN, 1, "CN=root")
    );
    assert_eq!(refused(Wrong { root: Root::Unknown, ..right }).code, code::UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
}

#[test]
fn not_valid_yet_and_wrong_address_have_their_own_codes() {
    let authority = Authority::new("root");
    let client = Context::builder(Mode::Client).ca(authority.certificate());
    let future = Context::server(authority.issue_for(&["a.example"], Validity::Future)).unwrap();
    let strict = client.clone().build().unwrap();
    assert_eq!(Dial::new(&strict, &future).run().refused().code, code::CERT_NOT_YET_VALID);
    let lenient = client.clone().danger_accept_expired_certs().build().unwrap();
    Dial::new(&lenient, &future).run().connected();

    let server = Context::server(authority.issue(&["127.0.0.1"])).unwrap();
    Dial::new(&strict, &server).host("127.0.0.1").server_name(None).run().connected();
    let failure = Dial::new(&strict, &server).host("127.0.0.2").server_name(None).run().refused();
    assert_eq!((failure.code, failure.names), (code::IP_ADDRESS_MISMATCH, vec!["127.0.0.1".to_owned()]));
    let lenient = client.danger_accept_invalid_hostnames().build().unwrap();
    Dial::new(&lenient, &server).host("127.0.0.2").server_name(None).run().connected();
}

#[test]
fn an_expired_intermediate_is_named_by_its_depth() {
    let root = Authority::new("root");
    let key = openssl::pkey::PKey::ec_gen("prime256v1").unwrap();
    let middle = root.issue_with("middle", key.clone(), Validity::Past, authority::make_authority);
    let middle = Authority::of(middle, key);
    let server = Context::server(middle.issue(&["a.example"])).unwrap();
    let client = Context::builder(Mode::Client).ca(root.certificate());
    let failure = Dial::new(&client.clone().build().unwrap(), &server).run().refused();
    assert_eq!((failure.code, failure.depth, &*failure.subject), (code::CERT_HAS_EXPIRED, 1, "CN=middle"));
    let lenient = client.danger_accept_expired_certs().build().unwrap();
    Dial::new(&lenient, &server).run().connected();
}

#[test]
fn a_forged_signature_is_no_matter_of_dates_or_roots() {
    // Two roots of one name: the leaf is signed by the other.
    let (real, forged) = (Authority::new("root"), Authority::new("root"));
    let server = Context::server(forged.issue_for(&["a.example"], Validity::Past)).unwrap();
    let client = Context::builder(Mode::Client).ca(real.certificate());
    let client = client.danger_accept_expired_certs().danger_accept_self_signed_certs();
    let client = client.danger_accept_invalid_hostnames().build().unwrap();
    let failure = Dial::new(&client, &server).run().refused();
    assert!(!pardoned(OptOuts { expired: true, host: true, self_signed: true }, failure.code), "{failure:?}");
}

#[test]
fn the_callback_has_the_last_word() {
    let right = Wrong { expired: false, host: false, root: Root::Trusted };
    let shake = |wrong, callback: fn(bool, &VerifyInfo<'_>) -> bool| {
        let (client, server) = parties(wrong);
        Dial::new(&client.verify_callback(callback).build().unwrap(), &server).run()
    };
    // Refusing what is good.
    let failure = shake(right, |_, info| info.depth() > 0).refused();
    assert_eq!((failure.code, failure.depth), (code::APPLICATION_VERIFICATION, 0));
    assert_eq!(failure.reason.as_deref(), Some("refused by the verify callback"));
    // Accepting what is bad, and only that.
    let expired = |ok: bool, info: &VerifyInfo<'_>| ok || info.error() == Some("certificate has expired");
    shake(Wrong { expired: true, ..right }, expired).connected();
    assert_eq!(shake(Wrong { host: true, ..right }, expired).refused().code, code::HOSTNAME_MISMATCH);
    assert_eq!(
        shake(Wrong { expired: true, host: true, ..right }, expired).refused().code,
        code::HOSTNAME_MISMATCH
    );
    let pair = shake(Wrong { expired: true, ..right }, expired);
    let passed = "certificate has expired (depth 0, subject \"CN=a.example\")";
    assert_eq!(pair.client.state().passed().as_deref(), Some(passed));
}

#[test]
fn the_callback_can_refuse_what_an_opt_out_lets_pass() {
    for accept in
        [ContextBuilder::danger_accept_invalid_certs, ContextBuilder::danger_accept_self_signed_certs]
    {
        let (client, server) = parties(Wrong { expired: false, host: false, root: Root::SelfSigned });
        let seen = Arc::new(Mutex::new(Vec::new()));
        let copy = Arc::clone(&seen);
        let client = accept(client).verify_callback(move |ok, info| {
            let subject = info.certificate().map(|certificate| certificate.subject());
            copy.lock().unwrap().push((ok, info.error_code(), subject, info.chain().len()));
            false
        });
        let failure = Dial::new(&client.build().unwrap(), &server).run().refused();
        assert_eq!(failure.code, code::APPLICATION_VERIFICATION);
        let subject = Some("CN=a.example".to_owned());
        assert_eq!(*seen.lock().unwrap(), [(true, code::DEPTH_ZERO_SELF_SIGNED_CERT, subject, 1)]);
    }
}

#[test]
fn the_depth_is_that_of_intermediate_certificates() {
    let root = Authority::new("root");
    let server = Context::server(root.intermediate("middle").issue(&["a.example"])).unwrap();
    let client =
        |depth| Context::builder(Mode::Client).ca(root.certificate()).verify_depth(depth).build().unwrap();
    Dial::new(&client(1), &server).run().connected();
    let failure = Dial::new(&client(0), &server).run().refused();
    assert_eq!(sys::verify_result_text(failure.code), "certificate chain too long");
}
