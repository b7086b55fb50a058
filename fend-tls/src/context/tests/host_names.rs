//! How the names in a certificate are read.

use super::*;

#[test]
fn wildcards_and_common_names_are_read_strictly_unless_asked() {
    let authority = Authority::new("root");
    let key = openssl::pkey::PKey::ec_gen("prime256v1").unwrap();
    let nameless = authority.issue_with("a.example", key, Validity::Now, |_| {});
    type Allow = fn(ContextBuilder) -> ContextBuilder;
    let cases: [(Identity, &str, bool, Allow); 5] = [
        (authority.issue(&["*.b.example"]), "www.b.example", true, |client| client),
        (authority.issue(&["w*.b.example"]), "www.b.example", false, ContextBuilder::allow_partial_wildcards),
        (
            authority.issue(&["*.b.example"]),
            "x.y.b.example",
            false,
            ContextBuilder::allow_multi_label_wildcards,
        ),
        (nameless, "a.example", false, ContextBuilder::allow_common_name),
        // A certificate with names is for those, whatever its common name is.
        (
            authority.issue_with(
                "a.example",
                openssl::pkey::PKey::ec_gen("prime256v1").unwrap(),
                Validity::Now,
                |builder| {
                    authority::add_names(builder, &["b.example"]);
                },
            ),
            "b.example",
            true,
            |client| client,
        ),
    ];
    for (identity, host, strict, allow) in cases {
        let server = Context::server(identity).unwrap();
        let client = Context::builder(Mode::Client).ca(authority.certificate());
        let pair = Dial::new(&client.clone().build().unwrap(), &server).host(host).run();
        assert_eq!(pair.is_connected(), strict, "{host}");
        Dial::new(&allow(client).build().unwrap(), &server).host(host).run().connected();
    }
}
