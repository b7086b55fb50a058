//! Names with letters beyond ASCII, as ASCII: IDNA, by the crate of that name.

use crate::error::LookupError;

/// The ASCII form of `name` (UTS 46, not transitional: "straße" keeps its "ß").
///
/// What ASCII letters a name may have is not this function's to say, since names with underscores are in use.
///
/// # Errors
///
/// Letters that no name may have.
#[cfg(feature = "idna")]
pub(super) fn of(name: &str) -> Result<String, LookupError> {
    let ascii = idna::domain_to_ascii_cow(name.as_bytes(), idna::AsciiDenyList::EMPTY).map_err(|_| {
        LookupError::input(name, "no internationalized name has these letters in this order (IDNA)")
    })?;
    if ascii.is_empty() {
        return Err(LookupError::input(name, "nothing is left of it by the rules of IDNA"));
    }
    Ok(ascii.into_owned())
}

/// # Errors
///
/// Always: it takes the feature.
#[cfg(not(feature = "idna"))]
pub(super) fn of(name: &str) -> Result<String, LookupError> {
    Err(LookupError::input(name, "a name with letters beyond ASCII takes the feature \"idna\" of fend"))
}
