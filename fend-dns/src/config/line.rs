//! Lines and words, as the C library takes them apart in all of these files: bytes of any kind, without an end to their length.

/// The lines, without their ends. A NUL ends the text of its line, as it does in C.
pub(super) fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|&byte| byte == b'\n').map(|line| until(line, 0))
}

/// What stands before the first `end`; all of it when there is none.
pub(super) fn until(line: &[u8], end: u8) -> &[u8] {
    let length = line.iter().position(|&byte| byte == end).unwrap_or(line.len());
    &line[..length]
}

/// What stands between white space. The CR of a line that ends in CR and LF is white space too.
pub(super) fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|&byte| is_space(byte)).filter(|word| !word.is_empty())
}

/// The same, of words that are text; others are left out.
pub(super) fn text_words(line: &[u8]) -> impl Iterator<Item = &str> {
    words(line).filter_map(|word| std::str::from_utf8(word).ok())
}

/// isspace(3) of the "C" locale.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_ends_at_lf_or_nul_and_words_at_any_white_space() {
        let lines: Vec<_> = lines(b"a b\r\n\0c\nd\0e\n\nlast").collect();
        assert_eq!(lines, [&b"a b\r"[..], b"", b"d", b"", b"last"]);
        let words: Vec<_> = words(b" \ta\x0bb\x0c\rc ").collect();
        assert_eq!(words, [b"a", b"b", b"c"]);
    }

    #[test]
    fn a_word_that_is_no_text_is_left_out() {
        assert_eq!(text_words(b"a \xff b").collect::<Vec<_>>(), ["a", "b"]);
    }
}
