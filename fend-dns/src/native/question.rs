//! [`Question`]: what is sent, and whether a message answers it.

use std::io;

use crate::name::Name;
use crate::record::RecordType;
use crate::sys;
use crate::wire::{self, CLASS_IN, Message, Query, Rcode};

/// The type of OPT, on the wire.
#[cfg(feature = "tls")]
const OPT: [u8; 2] = [0, 41];

/// EDNS options (RFC 7830), and the size that RFC 8467, section 4.1, has questions padded to a multiple of.
#[cfg(feature = "tls")]
const PADDING: [u8; 2] = [0, 12];
#[cfg(feature = "tls")]
const BLOCK: usize = 128;

/// Where a message has its question: behind the header.
const HEADER: usize = 12;

/// One question as it is sent once: each time it has another id, and another mix of case.
#[derive(Debug)]
pub(super) struct Question {
    id: u16,
    /// As it is sent.
    name: Name,
    /// With the case that it had before, when that was mixed.
    unmixed: Option<Name>,
    record_type: RecordType,
    bytes: Vec<u8>,
}

/// How a question is put.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    /// The size of datagrams that EDNS0 announces; `None`: no EDNS0.
    pub(super) edns: Option<u16>,
    pub(super) want_authentic: bool,
    pub(super) mix_case: bool,
}

impl Question {
    /// # Errors
    /// What getrandom(2) says.
    pub(super) fn new(name: &Name, record_type: RecordType, manner: Manner) -> io::Result<Question> {
        let mut id = [0; 2];
        sys::random(&mut id)?;
        let id = u16::from_ne_bytes(id);
        let unmixed = manner.mix_case.then(|| name.clone());
        let name = if manner.mix_case { mix_case(name)? } else { name.clone() };
        let mut bytes = Vec::new();
        let Manner { edns, want_authentic, mix_case: _ } = manner;
        Query { id, name: &name, record_type, edns, want_authentic }.encode(&mut bytes);
        Ok(Question { id, name, unmixed, record_type, bytes })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether the message, of which no more than header and question need be there, answers this question.
    ///
    /// A server that does not understand the question may leave it out of its answer (RFC 1035, section 7.3, has a resolver ready for
    /// that): such an answer says no more than that.
    pub(super) fn is_answered_by(&self, message: &Message) -> bool {
        message.id == self.id
            && message.is_response
            && message.opcode == 0
            && match (&message.question, message.question_count) {
                (Some(question), 1) => {
                    question.class == CLASS_IN
                        && question.record_type == self.record_type
                        && self.has_name(&question.name)
                }
                (None, 0) => matches!(message.rcode, Rcode::FORMAT_ERROR | Rcode::NOT_IMPLEMENTED),
                _ => false,
            }
    }

    fn has_name(&self, name: &Name) -> bool {
        if self.unmixed.is_some() { self.name.eq_exact(name) } else { self.name == *name }
    }

    /// Gives the question in an answer to it the case from before the mixing: the names of records may be pointers to there, and programs are
    /// not to be told of a host by a name that was mixed.
    pub(super) fn unmix(&self, answer: &mut [u8]) {
        let Some(unmixed) = &self.unmixed else { return };
        let Some(asked) = answer.get_mut(HEADER..HEADER + unmixed.as_wire().len()) else { return };
        if *asked == *self.name.as_wire() {
            asked.copy_from_slice(unmixed.as_wire());
        }
    }

    /// Pads to a multiple of 128 bytes, so that whoever sees the length of what is encrypted learns little. Only with EDNS0, at whose
    /// OPT record's end the padding goes.
    #[cfg(feature = "tls")]
    pub(super) fn padded(mut self) -> Question {
        // The OPT record comes last and is empty: root, type, class (the size), TTL (flags), length.
        let Some(opt) = self.bytes.len().checked_sub(11) else { return self };
        let is_empty_opt = self.bytes[opt] == 0
            && self.bytes[opt + 1..opt + 3] == OPT
            && self.bytes[opt + 9..] == [0, 0]
            // The count of additional records.
            && self.bytes[10..12] == [0, 1];
        if !is_empty_opt {
            return self;
        }
        let length = self.bytes.len() + 4;
        let padding = length.next_multiple_of(BLOCK) - length;
        let [high, low] = u16::try_from(padding).expect("it is less than a block").to_be_bytes();
        let [opt_high, opt_low] =
            u16::try_from(padding + 4).expect("it is little more than a block").to_be_bytes();
        self.bytes.truncate(opt + 9);
        self.bytes.extend([opt_high, opt_low, PADDING[0], PADDING[1], high, low]);
        self.bytes.resize(length + padding, 0);
        self
    }
}

/// One more bit for each letter that whoever forges an answer must guess.
fn mix_case(name: &Name) -> io::Result<Name> {
    let mut bits = [0; 32];
    sys::random(&mut bits)?;
    Ok(wire::mix_case(name, &bits))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Manner = Manner { edns: None, want_authentic: false, mix_case: false };

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    fn answer(id: u16, asked: &str) -> Message {
        Message {
            id,
            is_response: true,
            opcode: 0,
            is_authoritative: false,
            is_truncated: false,
            recursion_available: true,
            is_authentic: false,
            rcode: Rcode::NO_ERROR,
            question: Some(wire::Question { name: name(asked), record_type: RecordType::A, class: CLASS_IN }),
            question_count: 1,
            answers: Vec::new(),
            authorities: Vec::new(),
            has_edns: false,
        }
    }

    /// DN1.
    #[test]
    fn an_answer_fits_with_all_it_repeats_and_not_otherwise() {
        let question = Question::new(&name("example.org"), RecordType::A, PLAIN).unwrap();
        let fits = || answer(question.id, "Example.ORG");
        assert!(question.is_answered_by(&fits()));
        let spoil: [fn(&mut Message); 9] = [
            |message| message.id ^= 1,
            |message| message.is_response = false,
            |message| message.opcode = 4,
            |message| message.question_count = 2,
            |message| message.question_count = 0,
            |message| message.question = None,
            |message| message.question.as_mut().unwrap().name = name("example.com"),
            |message| message.question.as_mut().unwrap().record_type = RecordType::Aaaa,
            |message| message.question.as_mut().unwrap().class = 3,
        ];
        for (index, spoil) in spoil.iter().enumerate() {
            let mut message = fits();
            spoil(&mut message);
            assert!(!question.is_answered_by(&message), "{index}");
        }
    }

    #[test]
    fn only_who_does_not_understand_may_leave_the_question_out() {
        let question = Question::new(&name("example.org"), RecordType::A, PLAIN).unwrap();
        for (rcode, fits) in [
            (Rcode::FORMAT_ERROR, true),
            (Rcode::NOT_IMPLEMENTED, true),
            (Rcode::NO_ERROR, false),
            (Rcode::SERVER_FAILURE, false),
            (Rcode::NAME_ERROR, false),
        ] {
            let message =
                Message { question: None, question_count: 0, rcode, ..answer(question.id, "example.org") };
            assert_eq!(question.is_answered_by(&message), fits, "{rcode:?}");
        }
    }

    #[test]
    fn the_case_that_was_mixed_must_come_back() {
        let asked = name("a-name-with-many-letters-in-it.example.org");
        let question = Question::new(&asked, RecordType::A, Manner { mix_case: true, ..PLAIN }).unwrap();
        assert_eq!(question.name, asked);
        // One in 2^36.
        assert_ne!(question.name.as_wire(), asked.as_wire());
        assert!(!question.is_answered_by(&answer(question.id, "a-name-with-many-letters-in-it.example.org")));
        let mut message = answer(question.id, "example.org");
        message.question.as_mut().unwrap().name = question.name.clone();
        assert!(question.is_answered_by(&message));
    }

    #[test]
    fn ids_differ_from_question_to_question() {
        let ids: std::collections::HashSet<_> =
            (0..100).map(|_| Question::new(&name("example.org"), RecordType::A, PLAIN).unwrap().id).collect();
        assert!(ids.len() >= 90, "{}", ids.len());
    }

    #[cfg(feature = "tls")]
    #[test]
    fn padding_fills_blocks_and_needs_edns() {
        for letters in 1..=63 {
            let asked = name(&"x".repeat(letters));
            let question =
                Question::new(&asked, RecordType::A, Manner { edns: Some(1232), ..PLAIN }).unwrap();
            let before = question.bytes.clone();
            let question = question.padded();
            assert_eq!(question.bytes.len() % BLOCK, 0);
            let options = &question.bytes[before.len()..];
            assert_eq!(options[..2], PADDING);
            let padding = usize::from(u16::from_be_bytes([options[2], options[3]]));
            assert_eq!(options.len(), padding + 4);
            let length =
                u16::from_be_bytes([question.bytes[before.len() - 2], question.bytes[before.len() - 1]]);
            assert_eq!(usize::from(length), options.len());
            assert_eq!(question.bytes[..before.len() - 2], before[..before.len() - 2]);
        }
        let question = Question::new(&name("example.org"), RecordType::A, PLAIN).unwrap();
        let before = question.bytes.clone();
        assert_eq!(question.padded().bytes, before);
    }
}
