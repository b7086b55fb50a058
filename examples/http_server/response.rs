//! Writes responses behind each other into one buffer, to be sent together.

use std::io::Write;
use std::time::SystemTime;

use crate::date::write_date;
use crate::page::Page;
use crate::request::{Method, Refusal, Request, Version};

/// Appends the answer to `request`. The page has `about` the connection in it.
pub(crate) fn answer(request: &Request<'_>, about: &str, output: &mut Vec<u8>) {
    let page = Page::at(request.path, about);
    let connection = match (request.keep_alive, request.version) {
        (false, _) => "Connection: close\r\n",
        // What HTTP/1.1 does anyway, HTTP/1.0 wants to be told.
        (true, Version::Http10) => "Connection: keep-alive\r\n",
        (true, Version::Http11) => "",
    };
    write_response(&page, connection, request.method, output);
}

/// Appends the error with which the connection ends.
pub(crate) fn refuse(refusal: Refusal, output: &mut Vec<u8>) {
    let (status, allow) = match refusal {
        Refusal::BadRequest => ("400 Bad Request", ""),
        Refusal::MethodNotAllowed => ("405 Method Not Allowed", "Allow: GET, HEAD\r\n"),
        Refusal::BodyNotTaken => ("413 Content Too Large", ""),
        Refusal::UriTooLong => ("414 URI Too Long", ""),
        Refusal::HeadTooLarge => ("431 Request Header Fields Too Large", ""),
        Refusal::EncodingNotImplemented => ("501 Not Implemented", ""),
        Refusal::VersionNotSupported => ("505 HTTP Version Not Supported", ""),
    };
    end_with(status, allow, output);
}

/// Appends the answer to a client that took too long to ask.
pub(crate) fn time_out(output: &mut Vec<u8>) {
    end_with("408 Request Timeout", "", output);
}

fn end_with(status: &'static str, fields: &str, output: &mut Vec<u8>) {
    let page = Page::text(status, format!("{status}\n"));
    write_response(&page, &format!("{fields}Connection: close\r\n"), Method::Get, output);
}

fn write_response(page: &Page, fields: &str, method: Method, output: &mut Vec<u8>) {
    let Page { status, media_type, body } = page;
    let head = |output: &mut Vec<u8>| {
        write!(output, "HTTP/1.1 {status}\r\nDate: ")?;
        write_date(SystemTime::now(), output)?;
        write!(output, "\r\nContent-Type: {media_type}\r\nContent-Length: {}\r\n", body.len())?;
        write!(output, "{fields}\r\n")
    };
    head(output).expect("a Vec takes everything");
    if method == Method::Get {
        output.extend_from_slice(body.as_bytes());
    }
}
