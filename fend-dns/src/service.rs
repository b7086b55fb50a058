//! What a service may be given as: a port's number, or a name of services(5).

/// A service, as a lookup takes it: `"https"`, `"443"`, `443`, or none (`None`, `""`) for port 0.
pub trait IntoService: sealed::Sealed {
    #[doc(hidden)]
    fn into_service(self) -> Option<String>;
}

mod sealed {
    pub trait Sealed {}
}

impl sealed::Sealed for &str {}
impl IntoService for &str {
    fn into_service(self) -> Option<String> {
        Some(self.to_owned())
    }
}

impl sealed::Sealed for u16 {}
impl IntoService for u16 {
    fn into_service(self) -> Option<String> {
        Some(self.to_string())
    }
}
