//! The options of resolv.conf(5) and of RES_OPTIONS.
//!
//! The C library looks at how a word begins, so that `rotate;` is `rotate`; and so do we. Words that begin like none of the options
//! are skipped. `debug`, `inet6`, `ip6-bytestring`, `ip6-dotint`, `no-ip6-dotint` and `no-check-names` have no effect in C any more,
//! and none here.

use std::time::Duration;

use super::ResolvConf;
use crate::config::line::words;

const MAX_NDOTS: u8 = 15;
/// Seconds.
const MAX_TIMEOUT: u8 = 30;
const MAX_ATTEMPTS: u8 = 5;

impl ResolvConf {
    /// Takes one line of options; a later one overrides an earlier one.
    pub(super) fn set_options(&mut self, line: &[u8]) {
        for word in words(line) {
            if !self.set_number(word) {
                self.set_flag(word);
            }
        }
    }

    /// Options with a number. Numbers below the least that works become that least; what is no number is 0, as of atoi(3).
    fn set_number(&mut self, word: &[u8]) -> bool {
        if let Some(number) = word.strip_prefix(b"ndots:") {
            // The field is unsigned in C: a negative number is a large one.
            let number = leading_number(number);
            self.ndots = if number < 0 { MAX_NDOTS } else { clamp(number, 0, MAX_NDOTS) };
        } else if let Some(number) = word.strip_prefix(b"timeout:") {
            self.timeout = Duration::from_secs(clamp(leading_number(number), 1, MAX_TIMEOUT).into());
        } else if let Some(number) = word.strip_prefix(b"attempts:") {
            self.attempts = clamp(leading_number(number), 1, MAX_ATTEMPTS);
        } else {
            return false;
        }
        true
    }

    fn set_flag(&mut self, word: &[u8]) {
        let flags: [(&[u8], &mut bool); 8] = [
            (b"rotate", &mut self.rotate),
            (b"edns0", &mut self.edns0),
            // And `single-request-reopen`: each question of ours has a socket of its own anyway.
            (b"single-request", &mut self.single_request),
            (b"no_tld_query", &mut self.no_tld_query),
            (b"no-reload", &mut self.no_reload),
            (b"use-vc", &mut self.use_tcp),
            (b"trust-ad", &mut self.trust_ad),
            (b"no-aaaa", &mut self.no_aaaa),
        ];
        for (name, flag) in flags {
            *flag |= word.starts_with(name);
        }
        self.no_tld_query |= word.starts_with(b"no-tld-query");
    }
}

fn clamp(number: i64, least: u8, most: u8) -> u8 {
    u8::try_from(number.clamp(least.into(), most.into())).unwrap_or(most)
}

/// atoi(3) of a word, except that a number too large stays large.
fn leading_number(text: &[u8]) -> i64 {
    let (sign, digits) = match text {
        [b'-', digits @ ..] => (-1, digits),
        [b'+', digits @ ..] => (1, digits),
        digits => (1, digits),
    };
    let digits = digits.iter().take_while(|byte| byte.is_ascii_digit());
    sign * digits.fold(0_i64, |number, digit| number.saturating_mul(10).saturating_add((digit - b'0').into()))
}
