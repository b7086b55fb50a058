//! What a service may be given as: a port's number, or a name of services(5).

use std::fmt;

use crate::error::LookupError;

/// A service, as a lookup takes it: `"https"`, `"443"`, `443`, or none (`None`, `""`, `"*"`) for port 0.
pub trait IntoService: sealed::Sealed {
    #[doc(hidden)]
    fn into_service(self) -> Given;
}

/// A service as it was given. Nobody outside can name it.
#[doc(hidden)]
#[derive(Debug, Clone)]
pub enum Given {
    None,
    Port(u16),
    Text(String),
}

mod sealed {
    pub trait Sealed {}
}

impl sealed::Sealed for &str {}
impl IntoService for &str {
    fn into_service(self) -> Given {
        Given::Text(self.to_owned())
    }
}

impl sealed::Sealed for String {}
impl IntoService for String {
    fn into_service(self) -> Given {
        Given::Text(self)
    }
}

impl sealed::Sealed for &String {}
impl IntoService for &String {
    fn into_service(self) -> Given {
        Given::Text(self.clone())
    }
}

impl sealed::Sealed for Option<&str> {}
impl IntoService for Option<&str> {
    fn into_service(self) -> Given {
        self.map_or(Given::None, IntoService::into_service)
    }
}

impl sealed::Sealed for u16 {}
impl IntoService for u16 {
    fn into_service(self) -> Given {
        Given::Port(self)
    }
}

/// A service, understood.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Service {
    /// Port 0.
    None,
    Port(u16),
    /// To be looked up in services(5), for each protocol by itself.
    Name(String),
}

impl Service {
    /// Understands what was given. `subject` is what the lookup is for.
    ///
    /// Digits are a port's number and all else a name. C takes blanks and signs before the digits too, and of a number above 65535 the
    /// lower 16 bits: that is nobody's wish.
    pub(crate) fn of(subject: &str, given: &Given, is_numeric: bool) -> Result<Service, LookupError> {
        match given {
            Given::None => Ok(Service::None),
            Given::Port(port) => Ok(Service::Port(*port)),
            Given::Text(text) => Service::parse(subject, text, is_numeric),
        }
    }

    fn parse(subject: &str, text: &str, is_numeric: bool) -> Result<Service, LookupError> {
        if matches!(text, "" | "*") {
            return Ok(Service::None);
        }
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            let too_large = || format!("the port {text} is not a number of 0 to 65535");
            return text.parse().map(Service::Port).map_err(|_| LookupError::input(subject, too_large()));
        }
        if is_numeric {
            let message =
                format!("the service {text:?} is not a port's number, which numeric_service asks for");
            return Err(LookupError::input(subject, message));
        }
        Ok(Service::Name(text.to_owned()))
    }

    /// For the C library, which wants none, a number or a name.
    pub(crate) fn into_text(self) -> Option<String> {
        match self {
            Service::None => None,
            Service::Port(port) => Some(port.to_string()),
            Service::Name(name) => Some(name),
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Service::None => f.write_str("0"),
            Service::Port(port) => write!(f, "{port}"),
            Service::Name(name) => write!(f, "{name:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(service: impl IntoService) -> Result<Service, LookupError> {
        Service::of("host", &service.into_service(), false)
    }

    #[test]
    fn a_service_is_a_port_a_name_or_none() {
        assert_eq!(parse(443).unwrap(), Service::Port(443));
        assert_eq!(parse("443").unwrap(), Service::Port(443));
        assert_eq!(parse(String::from("00080")).unwrap(), Service::Port(80));
        let last = String::from("65535");
        assert_eq!(parse(&last).unwrap(), Service::Port(65535));
        assert_eq!(parse(last).unwrap(), Service::Port(65535));
        assert_eq!(parse("https").unwrap(), Service::Name("https".to_owned()));
        assert_eq!(parse("+80").unwrap(), Service::Name("+80".to_owned()));
        for none in [None, Some(""), Some("*")] {
            assert_eq!(parse(none).unwrap(), Service::None);
        }
    }

    #[test]
    fn a_number_that_is_no_port_is_an_error_that_names_it() {
        for number in ["65536", "70000", "99999999999999999999999"] {
            let error = parse(number).unwrap_err();
            assert!(error.is_invalid_input() && error.to_string().contains(number), "{error}");
        }
    }

    #[test]
    fn a_name_is_an_error_where_a_number_is_asked_for() {
        let error = Service::parse("host", "https", true).unwrap_err();
        assert!(error.is_invalid_input() && error.to_string().contains("\"https\""), "{error}");
        assert_eq!(Service::parse("host", "80", true).unwrap(), Service::Port(80));
        assert_eq!(Service::of("host", &Given::None, true).unwrap(), Service::None);
    }
}
