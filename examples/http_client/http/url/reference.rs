//! References of one URL to another: RFC 3986, sections 5.2 and 5.3.

/// The scheme and what is behind its colon, if the text has one.
pub(super) fn split_scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let mut letters = scheme.bytes();
    let begins = letters.next().is_some_and(|byte| byte.is_ascii_alphabetic());
    let goes_on = letters.all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    (begins && goes_on).then_some((scheme, rest))
}

pub(super) fn without_fragment(text: &str) -> &str {
    text.split_once('#').map_or(text, |(before, _)| before)
}

/// The path and query that `reference`, which has neither scheme nor host, means when it stands at the path and query `base`.
pub(super) fn resolve(base: &str, reference: &str) -> String {
    let reference = without_fragment(reference);
    let base_path = base.split_once('?').map_or(base, |(path, _)| path);
    let (path, query) = reference.split_at(reference.find('?').unwrap_or(reference.len()));
    match path {
        "" if query.is_empty() => base.to_owned(),
        "" => format!("{base_path}{query}"),
        _ if path.starts_with('/') => without_dots(path) + query,
        _ => {
            let folder = base_path.rfind('/').map_or("/", |slash| &base_path[..=slash]);
            without_dots(&format!("{folder}{path}")) + query
        }
    }
}

/// Works out the `.` and `..` of a path that begins with a slash.
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path[1..].split('/').peekable();
    while let Some(segment) = segments.next() {
        match segment {
            ".." => drop(kept.pop()),
            "." => {}
            _ => {
                kept.push(segment);
                continue;
            }
        }
        if segments.peek().is_none() {
            // The folder itself: its slash stays.
            kept.push("");
        }
    }
    format!("/{}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 3986, section 5.4, as far as they have neither scheme nor host.
    #[test]
    fn the_examples_of_the_rfc() {
        for (reference, meant) in [
            ("g", "/b/c/g"),
            ("./g", "/b/c/g"),
            ("g/", "/b/c/g/"),
            ("/g", "/g"),
            ("?y", "/b/c/d;p?y"),
            ("g?y", "/b/c/g?y"),
            ("#s", "/b/c/d;p?q"),
            ("g#s", "/b/c/g"),
            ("g?y#s", "/b/c/g?y"),
            (";x", "/b/c/;x"),
            ("g;x?y#s", "/b/c/g;x?y"),
            ("", "/b/c/d;p?q"),
            (".", "/b/c/"),
            ("./", "/b/c/"),
            ("..", "/b/"),
            ("../", "/b/"),
            ("../g", "/b/g"),
            ("../..", "/"),
            ("../../", "/"),
            ("../../g", "/g"),
            ("../../../g", "/g"),
            ("../../../../g", "/g"),
            ("/./g", "/g"),
            ("/../g", "/g"),
            ("g.", "/b/c/g."),
            (".g", "/b/c/.g"),
            ("g..", "/b/c/g.."),
            ("..g", "/b/c/..g"),
            ("./../g", "/b/g"),
            ("./g/.", "/b/c/g/"),
            ("g/./h", "/b/c/g/h"),
            ("g/../h", "/b/c/h"),
            ("g;x=1/./y", "/b/c/g;x=1/y"),
            ("g;x=1/../y", "/b/c/y"),
            ("g?y/./x", "/b/c/g?y/./x"),
            ("g?y/../x", "/b/c/g?y/../x"),
            ("g#s/../x", "/b/c/g"),
        ] {
            assert_eq!(resolve("/b/c/d;p?q", reference), meant, "{reference:?}");
        }
    }

    #[test]
    fn a_scheme_is_letters_digits_and_three_signs() {
        for (text, scheme) in [
            ("http://a", Some("http")),
            ("svn+ssh:x", Some("svn+ssh")),
            ("localhost:80", Some("localhost")),
            ("127.0.0.1:80", None),
            ("/a:b", None),
            ("?a:b", None),
            (":a", None),
        ] {
            assert_eq!(split_scheme(text).map(|(scheme, _)| scheme), scheme, "{text}");
        }
    }
}
