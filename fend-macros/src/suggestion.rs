//! Finds the name that was probably meant.

/// The one of `known` nearest to `written`, if any is near.
///
/// Near is: part of the other word (`threads`), or no more than one edit for every three letters (`worker_theads`).
pub(crate) fn nearest<'a>(written: &str, known: &[&'a str]) -> Option<&'a str> {
    let distances = known.iter().map(|name| (distance(written, name), *name));
    let (edits, name) = distances.min_by_key(|(edits, _)| *edits)?;
    if edits * 3 <= name.len() {
        return Some(name);
    }
    known.iter().copied().find(|name| is_part(written, name) || is_part(name, written))
}

fn is_part(short: &str, long: &str) -> bool {
    short.len() >= 4 && long.contains(short)
}

/// Insertions, removals and replacements that turn one word into the other. `row[i]` holds the distance between what
/// was read of `from` and the first `i` letters of `to`.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (read, letter) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = read + 1;
        for (column, other) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[&str] = &["worker_threads", "drivers", "dispatcher", "start_paused", "crate"];

    #[test]
    fn distances_count_edits() {
        for (from, to, edits) in
            [("", "abc", 3), ("abc", "", 3), ("abc", "abc", 0), ("abc", "axc", 1), ("kitten", "sitting", 3)]
        {
            assert_eq!(distance(from, to), edits, "{from} to {to}");
            assert_eq!(distance(to, from), edits, "{to} to {from}");
        }
    }

    #[test]
    fn slips_and_parts_are_understood() {
        for (written, meant) in [
            ("worker_thread", "worker_threads"),
            ("workerthreads", "worker_threads"),
            ("threads", "worker_threads"),
            ("dispacther", "dispatcher"),
            ("driver", "drivers"),
            ("paused", "start_paused"),
            ("krate", "crate"),
        ] {
            assert_eq!(nearest(written, KNOWN), Some(meant), "{written}");
        }
    }

    #[test]
    fn strangers_get_no_suggestion() {
        for written in ["", "x", "unhandled_panic", "spawn", "pat"] {
            assert_eq!(nearest(written, KNOWN), None, "{written}");
        }
    }
}
