//! Status codes: their reasons, and what a reply with them may carry.

/// The reason that goes with a status when the program gives none: that of RFC 2616, as libevent
/// writes it, or else the name of the status' class.
pub fn reason(code: i32) -> &'static str {
    match code {
        100 => "Continue",
        101 => "Switching Protocols",
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        203 => "Non-Authoritative Information",
        204 => "No Content",
        205 => "Reset Content",
        206 => "Partial Content",
        300 => "Multiple Choices",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        305 => "Use Proxy",
        307 => "Temporary Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        407 => "Proxy Authentication Required",
        408 => "Request Time-out",
        409 => "Conflict",
        410 => "Gone",
        411 => "Length Required",
        412 => "Precondition Failed",
        413 => "Request Entity Too Large",
        414 => "Request-URI Too Large",
        415 => "Unsupported Media Type",
        416 => "Requested range not satisfiable",
        417 => "Expectation Failed",
        426 => "Upgrade Required",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Time-out",
        505 => "HTTP Version not supported",
        _ => match code / 100 {
            1 => "Informational",
            2 => "Success",
            3 => "Redirection",
            4 => "Client Error",
            5 => "Server Error",
            _ => "Unknown Status Class",
        },
    }
}

/// Whether a reply with this status can have a body.
pub fn has_body(code: i32) -> bool {
    !(100..200).contains(&code) && code != 204 && code != 304
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons() {
        assert_eq!(reason(200), "OK");
        assert_eq!(reason(307), "Temporary Redirect");
        assert_eq!(reason(418), "Client Error");
        assert_eq!(reason(102), "Informational");
        assert_eq!(reason(700), "Unknown Status Class");
        assert_eq!(reason(-5), "Unknown Status Class");
    }

    #[test]
    fn bodies() {
        let without = [100, 101, 199, 204, 304];
        assert!(without.iter().all(|code| !has_body(*code)));
        assert!([200, 205, 404, 500].iter().all(|code| has_body(*code)));
    }
}
