//! The search list: which names a host's name may stand for, and what it means when none of them is there.
//!
//! The rules are those of resolv.conf(5) and res_search(3) of the GNU C library. A name with as many dots as `ndots` is asked for as it is first,
//! and then with each domain of the list behind it; one with fewer dots the other way round. A dot at the end makes it
//! absolute: it is asked for as it is, and nothing else.
//!
//! A "no", NXDOMAIN or NODATA, leads on to the next name, and so does a SERVFAIL, which is remembered. If none is found, the error is that of the
//! name as it is where that came first, else NODATA if any name had that, else SERVFAIL if any had that. Servers that do not
//! answer or refuse end the search at once (the C library goes on to ask them for the name as it is): they
//! would not do better for the next name, and the time that a lookup takes stays within what is configured for one.

use std::borrow::Cow;

use super::setup::Setup;
use crate::error::{Cause, LookupError};
use crate::name::Name;

/// A name to ask for, and whether it is the host's own, before the list.
pub(super) struct Candidate<'a> {
    pub(super) name: Cow<'a, Name>,
    pub(super) is_first_as_it_is: bool,
}

/// The names that `host` may stand for, in the order in which to ask. `name` is the host's own.
pub(super) fn candidates<'a>(
    setup: &'a Setup,
    host: &str,
    name: &'a Name,
) -> impl Iterator<Item = Candidate<'a>> + 'a {
    let is_absolute = host.ends_with('.');
    let dots = name.labels().count().saturating_sub(1);
    let as_it_is_first = is_absolute || dots >= usize::from(setup.ndots);
    let domains: &[Name] = if is_absolute { &[] } else { &setup.search };
    let as_it_is_last = !as_it_is_first
        && (dots > 0 || domains.is_empty() || !setup.no_tld_query())
        && !domains.iter().any(Name::is_root);

    let first = as_it_is_first.then_some(Candidate { name: Cow::Borrowed(name), is_first_as_it_is: true });
    let searched = domains.iter().filter_map(|domain| name.join(domain).ok().map(Cow::Owned));
    let last = std::iter::once(Cow::Borrowed(name)).filter(move |_| as_it_is_last);
    let others = searched.chain(last).map(|name| Candidate { name, is_first_as_it_is: false });
    first.into_iter().chain(others)
}

/// What has become of the names so far.
#[derive(Debug, Default)]
pub(super) struct Failures {
    as_it_is: Option<LookupError>,
    no_data: Option<LookupError>,
    try_again: Option<LookupError>,
    last: Option<LookupError>,
}

impl Failures {
    /// Takes down why a name has no addresses; the error itself when there is no point in going on.
    pub(super) fn note(&mut self, candidate: &Candidate<'_>, error: LookupError) -> Result<(), LookupError> {
        let kind = match error.cause() {
            Cause::NotFound => &mut self.last,
            Cause::NoData(_) => &mut self.no_data,
            Cause::TryAgain(_) => &mut self.try_again,
            _ => return Err(error),
        };
        if candidate.is_first_as_it_is {
            self.as_it_is = Some(error);
        } else {
            *kind = Some(error);
        }
        Ok(())
    }

    /// Why there is no answer. Without any name that could be asked for there is no such name.
    pub(super) fn verdict(self, host: &str) -> LookupError {
        let error = self.as_it_is.or(self.no_data).or(self.try_again).or(self.last);
        error.unwrap_or_else(|| LookupError::new(host, Cause::NotFound)).about(host)
    }
}
