//! The reverse proxy between curl, or a client of std, and nginx, or a server of std.

mod fields;
mod pages;
mod peers;
mod trouble;
mod upgrade;

use crate::program::{refused, run};

#[test]
fn help_and_mistakes() {
    let (status, output) = run("reverse_proxy", &["--help"], &[]);
    assert!(status.success() && output.starts_with("usage: reverse_proxy --upstream URL..."), "{output}");
    for (arguments, message) in [
        (&[][..], "--upstream is missing"),
        (&["--upstream", "127.0.0.1:80"], "--upstream \"127.0.0.1:80\": not a URL of a server"),
        (&["--upstream", "ftp://a"], "--upstream \"ftp://a\": neither http nor https"),
        (&["--upstream", "http://a/b"], "--upstream \"http://a/b\": requests keep their own paths"),
        (&["--upstream", "http://a:99999"], "--upstream \"http://a:99999\": not a URL of a server"),
        (&["--upstream", "http://:80"], "--upstream \"http://:80\": not a URL of a server"),
        (&["--upstream=http://a", "--cool-down=1e19"], "--cool-down \"1e19\": more than 1000000000 seconds"),
        (&["--upstream", "http://me@a"], "--upstream \"http://me@a\": a user's name in a URL is not sent"),
        (&["--upstream=http://a", "--timeout=0"], "--timeout \"0\": not a time above 0"),
        (&["--upstream=http://a", "--key=a"], "--key needs --cert"),
        (&["--to=a"], "unknown argument \"--to\""),
    ] {
        let said = refused("reverse_proxy", arguments);
        assert!(said.contains(message), "{arguments:?}: {said}");
    }
    let (status, output) = run("reverse_proxy", &["--upstream=http://a", "--upstream-ca=/nowhere.pem"], &[]);
    assert!(status.code() == Some(1) && output.contains("/nowhere.pem"), "{output}");
}
