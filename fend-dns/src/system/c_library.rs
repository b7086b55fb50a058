//! The C library's answers, and what its errors mean.

use std::ffi::CString;

use super::{Answer, Outcome, Question, Request};
use crate::error::{Cause, LookupError};
use crate::sys::{self, Failure};

/// Asks the C library. Blocks for as long as that takes.
pub(crate) fn answer(question: &Question) -> Outcome {
    match question {
        Question::Addresses(request) => addresses(question, request),
        Question::NameOf(address) => sys::getnameinfo(*address)
            .map(Answer::Name)
            .map_err(|failure| LookupError::new(question.subject(), meaning(&failure, None))),
    }
}

fn addresses(question: &Question, request: &Request) -> Outcome {
    let in_c = |text: &str| {
        CString::new(text)
            .map_err(|_| LookupError::input(question.subject(), format!("{text:?} has a NUL in it")))
    };
    let host = request.host.as_deref().map(in_c).transpose()?;
    // One of the two has to be there; of no service port 0 is meant.
    let service = request.service.as_deref().or(host.is_none().then_some("0")).map(in_c).transpose()?;
    let list = sys::getaddrinfo(host.as_deref(), service.as_deref(), &request.hints).map_err(|failure| {
        LookupError::new(question.subject(), meaning(&failure, request.service.as_deref()))
    })?;
    if list.is_empty() {
        return Err(LookupError::new(
            question.subject(),
            Cause::NoData("no address of the Internet".to_owned()),
        ));
    }
    Ok(Answer::Addresses(list))
}

/// What an error of the C library means to the caller.
fn meaning(failure: &Failure, service: Option<&str>) -> Cause {
    let text = failure.text();
    match failure.code {
        libc::EAI_NONAME => Cause::NotFound,
        libc::EAI_NODATA | EAI_ADDRFAMILY => Cause::NoData(text),
        libc::EAI_AGAIN => Cause::TryAgain(text),
        // "Non-recoverable": a server has said REFUSED, NOTIMP or FORMERR, and asking it once more will not help.
        libc::EAI_FAIL => Cause::Refused(text),
        libc::EAI_SERVICE => Cause::Input(format!("service {:?}: {text}", service.unwrap_or_default())),
        libc::EAI_SOCKTYPE | libc::EAI_FAMILY | libc::EAI_BADFLAGS => Cause::Input(text),
        libc::EAI_MEMORY => Cause::Io(std::io::Error::new(std::io::ErrorKind::OutOfMemory, text)),
        libc::EAI_SYSTEM => {
            Cause::Io(std::io::Error::new(failure.os_error.kind(), format!("{text}: {}", failure.os_error)))
        }
        code => Cause::Io(std::io::Error::other(format!("{text} (EAI {code})"))),
    }
}

/// glibc's number; it is not in the libc crate's list.
const EAI_ADDRFAMILY: libc::c_int = -9;

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::hints::{Family, Hints, SocketType};

    fn ask(host: Option<&str>, service: Option<&str>, hints: Hints) -> Outcome {
        let request = Request { host: host.map(str::to_owned), service: service.map(str::to_owned), hints };
        answer(&Question::Addresses(request))
    }

    #[test]
    fn localhost_is_found_with_its_canonical_name() {
        let hints = Hints::new().family(Family::V4).canonical_name(true);
        let list = ask(Some("localhost"), Some("80"), hints).unwrap().into_addresses();
        assert_eq!(list.first().unwrap().socket_addr(), ([127, 0, 0, 1], 80).into());
        assert_eq!(list.canonical_name(), Some("localhost"));
        let nobody = ask(None, None, Hints::new().passive(true)).unwrap().into_addresses();
        assert!(nobody.iter().all(|info| info.ip().is_unspecified() && info.port() == 0), "{nobody}");
    }

    #[test]
    fn an_address_has_a_name() {
        let name = answer(&Question::NameOf([127, 0, 0, 1].into())).unwrap().into_name();
        assert_eq!(name, "localhost");
    }

    #[test]
    fn errors_of_the_caller_and_of_families_are_told_apart() {
        let of_family = ask(Some("127.0.0.1"), None, Hints::new().family(Family::V6)).unwrap_err();
        assert!(of_family.is_no_data() && of_family.subject() == "127.0.0.1", "{of_family}");
        let service = ask(Some("127.0.0.1"), Some("no-such-service"), Hints::new()).unwrap_err();
        assert!(service.is_invalid_input() && service.to_string().contains("no-such-service"), "{service}");
        let kind = Hints::new().socket_type(SocketType::Stream).protocol(crate::Protocol::UDP);
        assert!(ask(Some("127.0.0.1"), None, kind).unwrap_err().is_invalid_input());
        let nul = ask(Some("a\0b"), None, Hints::new()).unwrap_err();
        assert!(nul.is_invalid_input(), "{nul}");
        let numeric = ask(Some("localhost"), None, Hints::new().numeric_host(true)).unwrap_err();
        assert!(numeric.is_not_found(), "{numeric}");
    }

    #[test]
    fn each_error_has_its_meaning() {
        let cause = |code| {
            let failure = Failure { code, os_error: io::Error::from_raw_os_error(libc::EMFILE) };
            LookupError::new("name", meaning(&failure, None))
        };
        assert!(cause(libc::EAI_NONAME).is_not_found());
        assert!(cause(libc::EAI_NODATA).is_no_data());
        assert!(cause(libc::EAI_AGAIN).is_try_again());
        assert!(cause(libc::EAI_FAIL).is_refused());
        let system = cause(libc::EAI_SYSTEM).to_string();
        assert!(system.contains("os error 24"), "{system}");
        assert_eq!(io::Error::from(cause(libc::EAI_MEMORY)).kind(), io::ErrorKind::OutOfMemory);
        assert!(cause(libc::EAI_OVERFLOW).to_string().contains("EAI -12"));
    }
}
