//! What a literal's source text means.
//!
//! `proc_macro::Literal` gives its text and nothing more.

/// Why a literal is no number of workers.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum CountError {
    /// Text, a float, a character, or an integer of another type than `usize`.
    NotAnInteger,
    /// Zero.
    Zero,
    /// More than a `usize` holds.
    TooLarge,
}

/// Reads an integer literal (`2`, `1_000`, `0x10`, `4usize`) that is at least one.
pub(crate) fn count(text: &str) -> Result<usize, CountError> {
    let (radix, digits) = split_radix(text);
    let digits = digits.strip_suffix("usize").unwrap_or(digits).replace('_', "");
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return Err(CountError::NotAnInteger);
    }
    match usize::from_str_radix(&digits, radix) {
        Ok(0) => Err(CountError::Zero),
        Ok(count) => Ok(count),
        // Only digits are left, so nothing but the size can be wrong.
        Err(_) => Err(CountError::TooLarge),
    }
}

fn split_radix(text: &str) -> (u32, &str) {
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            return (radix, digits);
        }
    }
    (10, text)
}

/// The text inside a string literal, plain or raw; `None` for every other literal.
///
/// Escapes stay as they are written: no word or path that is looked for holds any.
pub(crate) fn string(text: &str) -> Option<&str> {
    let quoted = match text.strip_prefix('r') {
        Some(raw) => raw.trim_matches('#'),
        None => text,
    };
    quoted.strip_prefix('"')?.strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_in_every_radix() {
        for (text, value) in
            [("1", 1), ("1_000", 1000), ("0x1f", 31), ("0o17", 15), ("0b101", 5), ("4usize", 4)]
        {
            assert_eq!(count(text), Ok(value), "{text}");
        }
    }

    #[test]
    fn zero_is_zero_however_it_is_written() {
        for text in ["0", "0_0", "0x0", "0usize"] {
            assert_eq!(count(text), Err(CountError::Zero), "{text}");
        }
    }

    #[test]
    fn other_literals_are_no_counts() {
        for text in ["1.0", "1e3", "2u8", "2i64", "\"2\"", "'2'", "b'2'", "1f32", "0b2", "usize"] {
            assert_eq!(count(text), Err(CountError::NotAnInteger), "{text}");
        }
    }

    #[test]
    fn a_count_must_fit() {
        assert_eq!(count("340282366920938463463374607431768211455"), Err(CountError::TooLarge));
        assert_eq!(count(&usize::MAX.to_string()), Ok(usize::MAX));
    }

    #[test]
    fn strings_lose_their_quotes() {
        assert_eq!(string("\"poll\""), Some("poll"));
        assert_eq!(string("r\"poll\""), Some("poll"));
        assert_eq!(string("r##\"poll\"##"), Some("poll"));
        assert_eq!(string("\"\""), Some(""));
    }

    #[test]
    fn other_literals_are_no_strings() {
        for text in ["1", "'p'", "b\"poll\"", "c\"poll\"", "\""] {
            assert_eq!(string(text), None, "{text}");
        }
    }
}
