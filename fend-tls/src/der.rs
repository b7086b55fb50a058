//! As much of DER as it takes to tell what a file is, and to find a certificate's public key as it stands there.

/// The outermost element of some bytes.
#[derive(Clone, Copy)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    /// Tag, length and contents.
    pub(crate) whole: &'a [u8],
    pub(crate) contents: &'a [u8],
    /// What follows it.
    pub(crate) rest: &'a [u8],
}

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(crate) const SEQUENCE: u8 = 0x30;
/// The version of a certificate.
const CONTEXT_0: u8 = 0xa0;

/// The first element, with a tag of one byte and a length that is given: BER's others do not occur in what is looked at here.
pub(crate) fn element(bytes: &[u8]) -> Option<Element<'_>> {
    let (&tag, after_tag) = bytes.split_first()?;
    let (&first, after_length) = after_tag.split_first()?;
    let (length, after_length) = if first < 0x80 {
        (usize::from(first), after_length)
    } else {
        let count = usize::from(first & 0x7f);
        if count == 0 || count > 4 {
            return None;
        }
        let (digits, rest) = after_length.split_at_checked(count)?;
        (digits.iter().fold(0, |sum, &digit| sum << 8 | usize::from(digit)), rest)
    };
    let (contents, rest) = after_length.split_at_checked(length)?;
    Some(Element { tag, whole: &bytes[..bytes.len() - rest.len()], contents, rest })
}

/// Whether this is one SEQUENCE and nothing else. Text that begins with a "0" is none.
pub(crate) fn is_sequence(bytes: &[u8]) -> bool {
    element(bytes).is_some_and(|outer| outer.tag == SEQUENCE && outer.rest.is_empty())
}

/// How many bytes follow the first element.
pub(crate) fn trailing(bytes: &[u8]) -> usize {
    element(bytes).map_or(0, |outer| outer.rest.len())
}

/// Whether this is an EncryptedPrivateKeyInfo of PKCS #8: an algorithm, and octets.
pub(crate) fn is_encrypted_key(bytes: &[u8]) -> bool {
    let parts = || {
        let algorithm = element(element(bytes)?.contents)?;
        Some((algorithm.tag, element(algorithm.contents)?.tag, element(algorithm.rest)?.tag))
    };
    parts() == Some((SEQUENCE, OBJECT_IDENTIFIER, OCTET_STRING))
}

/// The SubjectPublicKeyInfo of a certificate.
pub(crate) fn public_key_info(certificate: &[u8]) -> Option<&[u8]> {
    let signed = element(element(certificate)?.contents)?;
    let mut field = element(signed.contents)?;
    if field.tag == CONTEXT_0 {
        field = element(field.rest)?;
    }
    if field.tag != INTEGER {
        return None;
    }
    // Serial number, signature algorithm, issuer, validity, subject.
    for _ in 0..5 {
        field = element(field.rest)?;
    }
    (field.tag == SEQUENCE).then_some(field.whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_and_never_believed() {
        let short = element(&[SEQUENCE, 2, 1, 2, 9]).unwrap();
        assert_eq!((short.contents, short.rest, short.whole.len()), (&[1, 2][..], &[9][..], 4));
        let mut long = vec![SEQUENCE, 0x82, 1, 0];
        long.resize(4 + 256, 7);
        assert_eq!(element(&long).unwrap().contents.len(), 256);
        for bad in
            [&[][..], &[SEQUENCE], &[SEQUENCE, 1], &[SEQUENCE, 0x80, 0, 0], &[SEQUENCE, 0x84, 255, 255]]
        {
            assert!(element(bad).is_none());
        }
        assert!(element(&[SEQUENCE, 0x84, 255, 255, 255, 255, 0]).is_none());
    }

    #[test]
    fn any_cut_of_anything_is_survived() {
        let bytes: Vec<u8> = (0..200_u8).map(|n| [SEQUENCE, 0x81, n, INTEGER][usize::from(n) % 4]).collect();
        for start in 0..bytes.len() {
            for end in start..bytes.len() {
                let cut = &bytes[start..end];
                let _ = (public_key_info(cut), is_encrypted_key(cut), is_sequence(cut), trailing(cut));
            }
        }
    }
}
