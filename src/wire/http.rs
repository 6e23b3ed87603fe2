//! HTTP/1.1: bytes into the checked head of a request, and the head of a response into bytes. Knows no sockets, no routes and no files.
//!
//! What two readers could understand in two ways is refused: then nobody can hide
//! one request in another.

use std::borrow::Cow;

use super::LEAST_PAGE;

/// The longest target of a request, in bytes.
const TARGET: usize = 2_048;
/// The longest method that is looked at, with the blank behind it.
const METHOD: usize = 32;

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// A resource.
    Get,
    /// What a GET would be answered, without the body.
    Head,
    /// To store the body.
    Put,
    /// Another method of RFC 9110 or RFC 5789. No route takes it.
    Other,
}

/// A request that is refused before any route is looked at, and the connection with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The status of the answer.
    pub status: u16,
    /// What is wrong, and what to do.
    pub sentence: Cow<'static, str>,
}

impl Refusal {
    /// A refusal with this status and sentence.
    pub fn new(status: u16, sentence: impl Into<Cow<'static, str>>) -> Refusal {
        Refusal { status, sentence: sentence.into() }
    }
}

/// How large a head may be.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// All of it, in bytes.
    pub bytes: usize,
    /// Its fields.
    pub lines: usize,
}

/// The head of a request, checked: it has one meaning only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// What is asked for.
    pub method: Method,
    /// The path, as it came: nothing is decoded.
    pub path: Box<str>,
    /// What follows the question mark, if there is one.
    pub query: Option<Box<str>>,
    /// The only `Host`, not judged yet.
    pub host: Box<str>,
    /// How long the body is, if the peer said it.
    pub length: Option<u64>,
    /// Whether the connection ends after the answer.
    pub close: bool,
    fields: Fields,
}

/// All fields, in one piece of memory: of many small ones, some would stay with the thread.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Fields {
    /// Names in small letters, each with its value behind it.
    text: String,
    /// Where each name ends in it, and its value.
    ends: Vec<(u32, u32)>,
}

impl Head {
    /// The values of the field `name`, which is written in small letters.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields.all(name)
    }

    /// The value of the field `name`, if it is there.
    ///
    /// # Errors
    /// It is there twice, and the two may contradict each other.
    pub fn one<'a>(&'a self, name: &'a str) -> Result<Option<&'a str>, Refusal> {
        self.fields.one(name)
    }

    /// Whether the field `name` is a list that has `token`; letters may be small or large.
    pub fn lists(&self, name: &str, token: &str) -> bool {
        self.fields.lists(name, token)
    }

    /// Whether the peer has what `etag` names, by `If-None-Match`. A weak tag will do (RFC 9110, 13.1.2).
    pub fn knows(&self, etag: &str) -> bool {
        let mut known = self.all("if-none-match").flat_map(|list| list.split(',')).map(str::trim);
        known.any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == etag)
    }
}

impl Fields {
    fn of<'h>(headers: impl Iterator<Item = &'h httparse::Header<'h>>) -> Fields {
        let (mut text, mut ends) = (String::with_capacity(LEAST_PAGE), Vec::new());
        let length = |text: &String| u32::try_from(text.len()).unwrap_or(u32::MAX);
        for field in headers {
            text.extend(field.name.chars().map(|c| c.to_ascii_lowercase()));
            let name = length(&text);
            text.push_str(&String::from_utf8_lossy(field.value));
            ends.push((name, length(&text)));
        }
        Fields { text, ends }
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let starts = std::iter::once(0).chain(self.ends.iter().map(|(_, end)| *end as usize));
        starts.zip(&self.ends).filter_map(move |(start, (middle, end))| {
            let middle = *middle as usize;
            (&self.text[start..middle] == name).then(|| &self.text[middle..*end as usize])
        })
    }

    fn one<'a>(&'a self, name: &'a str) -> Result<Option<&'a str>, Refusal> {
        let mut values = self.all(name);
        match (values.next(), values.next()) {
            (first, None) => Ok(first),
            _ => Err(bad(format!("The field {name} is there twice; send it once."))),
        }
    }

    fn lists(&self, name: &str, token: &str) -> bool {
        self.all(name).flat_map(|value| value.split(',')).any(|part| part.trim().eq_ignore_ascii_case(token))
    }
}

fn bad(sentence: impl Into<Cow<'static, str>>) -> Refusal {
    Refusal::new(400, sentence)
}

/// Reads the head at the beginning of `bytes`; returns it, and how many bytes it takes.
/// `None`: it is not whole yet. Empty lines before it are skipped (RFC 9112, 2.2).
///
/// # Errors
/// What no further byte can put right.
///
/// ```
/// use roomful::wire::http::{Bounds, parse};
///
/// let bounds = Bounds { bytes: 16_384, lines: 100 };
/// assert_eq!(parse(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n", bounds), Ok(None));
/// let (head, length) = parse(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET", bounds).unwrap().unwrap();
/// assert_eq!((&*head.path, &*head.host, length), ("/", "127.0.0.1", 35));
/// assert_eq!(parse(b"GET / HTTP/1.1\nHost: x\n\n", bounds).unwrap_err().status, 400);
/// ```
pub fn parse(bytes: &[u8], bounds: Bounds) -> Result<Option<(Head, usize)>, Refusal> {
    let blank = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let text = &bytes[blank..];
    check_target(text)?;
    let mut fields = vec![httparse::EMPTY_HEADER; bounds.lines];
    let mut request = httparse::Request::new(&mut fields);
    let length = match request.parse(text) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) if bytes.len() <= bounds.bytes => return Ok(None),
        Ok(httparse::Status::Partial) => return Err(too_large(bounds)),
        Err(httparse::Error::TooManyHeaders) => return Err(too_large(bounds)),
        Err(httparse::Error::Version) if has_version(text) => {
            return Err(Refusal::new(505, "This server speaks HTTP/1.1 and HTTP/1.0 only."));
        }
        Err(error) => return Err(bad(format!("This is no request of HTTP/1.1: {error}."))),
    };
    if blank + length > bounds.bytes {
        return Err(too_large(bounds));
    }
    check_lines(&text[..length])?;
    let (method, target) = (request.method.unwrap_or_default(), request.path.unwrap_or_default());
    let old = request.version == Some(0);
    // In HTTP/1.0 it asks for nothing (RFC 9110, 7.8): a proxy that speaks no more may only have passed it on.
    let is_heard = |field: &httparse::Header<'_>| !(old && field.name.eq_ignore_ascii_case("upgrade"));
    let head = check(method, target, old, Fields::of(request.headers.iter().filter(|field| is_heard(field))))?;
    Ok(Some((head, blank + length)))
}

fn too_large(bounds: Bounds) -> Refusal {
    let Bounds { bytes, lines } = bounds;
    Refusal::new(431, format!("The head of a request has at most {bytes} bytes and {lines} fields here; send less."))
}

/// Refuses a target that is too long, also before all of it is here.
fn check_target(text: &[u8]) -> Result<(), Refusal> {
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let target = line.splitn(3, |byte| *byte == b' ').nth(1);
    if target.map_or(line.len() > METHOD + TARGET, |target| target.len() > TARGET) {
        return Err(Refusal::new(414, format!("The target of a request has at most {TARGET} bytes here.")));
    }
    Ok(())
}

/// Whether the first line ends with a version of HTTP, be it one that is not spoken here.
fn has_version(text: &[u8]) -> bool {
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let mut words = line.trim_ascii_end().split(|byte| *byte == b' ');
    let version = words.by_ref().nth(2).is_some_and(|word| word.starts_with(b"HTTP/"));
    version && words.next().is_none()
}

/// Refuses lines that do not end with CR and LF: another reader may see other lines.
fn check_lines(head: &[u8]) -> Result<(), Refusal> {
    let mut ends = memchr::memchr_iter(b'\n', head);
    if ends.any(|at| at == 0 || head[at - 1] != b'\r') {
        return Err(bad("A line of the head ends without CR; end each line with CR and LF."));
    }
    Ok(())
}

fn check(method: &str, target: &str, old: bool, fields: Fields) -> Result<Head, Refusal> {
    let method = match method {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "PUT" => Method::Put,
        "POST" | "DELETE" | "PATCH" | "OPTIONS" | "TRACE" | "CONNECT" => Method::Other,
        _ => return Err(Refusal::new(501, "This is a chat server, and it does not know this method.")),
    };
    let length = length_of(&fields)?;
    if matches!(method, Method::Get | Method::Head) && length.is_some_and(|length| length > 0) {
        return Err(bad("A GET has no body here; send it without Content-Length."));
    }
    let host = fields.one("host")?;
    let host = host.ok_or_else(|| bad("The field Host is missing; name the server that is meant."))?;
    let (path, query) = path_of(method, target, host)?;
    let (path, query, host) = (path.into(), query.map(Into::into), host.into());
    // HTTP/1.0 has no connections that stay, and nobody needs one there.
    let close = old || fields.lists("connection", "close");
    Ok(Head { method, path, query, host, length, close, fields })
}

/// How long the body is. Two lengths, or a length and a coding, would let a request hide in a body.
fn length_of(fields: &Fields) -> Result<Option<u64>, Refusal> {
    let length = fields.one("content-length")?;
    if fields.all("transfer-encoding").next().is_some() {
        return Err(match length {
            Some(_) => bad("Content-Length and Transfer-Encoding together have two meanings; send the length only."),
            None => Refusal::new(501, "No Transfer-Encoding is taken here; send a Content-Length."),
        });
    }
    let Some(length) = length else { return Ok(None) };
    let digits = length.bytes().all(|byte| byte.is_ascii_digit());
    let number = length.parse().ok().filter(|_| digits);
    number.map(Some).ok_or_else(|| bad("Content-Length must be one number in plain digits."))
}

/// The path and the query of a target. An absolute one must name the host that `Host` names (RFC 9112, 3.2.2).
fn path_of<'a>(method: Method, target: &'a str, host: &str) -> Result<(&'a str, Option<&'a str>), Refusal> {
    if !target.bytes().all(|byte| (b'!'..=b'~').contains(&byte) && byte != b'#' && byte != b'\\') {
        return Err(bad("The target has characters that no target has; encode them with %."));
    }
    let local = match target.get(..7) {
        Some(scheme) if scheme.eq_ignore_ascii_case("http://") => {
            let rest = &target[7..];
            let (authority, local) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
            if !authority.eq_ignore_ascii_case(host) {
                return Err(bad("The target and Host name two servers; name one."));
            }
            if local.is_empty() { "/" } else { local }
        }
        _ => target,
    };
    // Only methods that no route takes have other targets: `OPTIONS *`, `CONNECT host:port`.
    if !local.starts_with('/') && method != Method::Other {
        return Err(bad("The target of a request begins with a slash."));
    }
    Ok(local.split_once('?').map_or((local, None), |(path, query)| (path, Some(query))))
}

/// The head of one response.
#[derive(Debug)]
pub struct ResponseHead<'a> {
    /// The status code.
    pub status: u16,
    /// The fields that this response has beside those of all.
    pub fields: &'a [(&'static str, Cow<'static, str>)],
    /// How long the body is; `None` if this status has no length.
    pub length: Option<u64>,
    /// Whether the connection ends after it.
    pub close: bool,
    /// The time, as HTTP writes it.
    pub date: &'a str,
}

/// What every response has: no guessing of types, no address of ours in a `Referer`, nothing for other sites.
const ALWAYS: &str =
    "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\nCross-Origin-Resource-Policy: same-origin\r\n";

impl ResponseHead<'_> {
    /// Appends its bytes to `out`. No value can end its line early.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let mut text = format!("HTTP/1.1 {} {}\r\nDate: {}\r\n{ALWAYS}", self.status, reason(self.status), self.date);
        for (name, value) in self.fields {
            text.extend([*name, ": "]);
            text.extend(value.chars().filter(|c| !c.is_control()));
            text.push_str("\r\n");
        }
        if let Some(length) = self.length {
            text.push_str(&format!("Content-Length: {length}\r\n"));
        }
        if self.close {
            text.push_str("Connection: close\r\n");
        }
        out.extend_from_slice(text.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
}

/// The words beside a status code, for people who read along.
fn reason(status: u16) -> &'static str {
    match status {
        100 => "Continue",
        101 => "Switching Protocols",
        200 => "OK",
        201 => "Created",
        206 => "Partial Content",
        304 => "Not Modified",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        411 => "Length Required",
        413 => "Content Too Large",
        414 => "URI Too Long",
        416 => "Range Not Satisfiable",
        417 => "Expectation Failed",
        421 => "Misdirected Request",
        426 => "Upgrade Required",
        431 => "Request Header Fields Too Large",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        505 => "HTTP Version Not Supported",
        507 => "Insufficient Storage",
        _ => "Status",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOUNDS: Bounds = Bounds { bytes: 4_096, lines: 20 };

    /// On failure: statuses, left in the tables of the page about the protocol and right in the code.
    #[test]
    fn each_status_of_a_refusal_is_on_the_page_about_the_protocol() {
        let page = include_str!("../../docs/protocol.md");
        let tables = ["| status | when |", "| answer to `PUT` | when |"].map(|head| {
            let table = page.split_once(head).unwrap_or_else(|| panic!("no table {head}")).1;
            table.lines().skip(2).take_while(|line| line.starts_with('|')).collect::<Vec<_>>()
        });
        let cells = tables.iter().flatten().filter_map(|row| row.split('|').nth(1));
        let told = cells.flat_map(|cell| cell.split(',')).map(|status| status.trim().parse().expect("a number"));
        let mut told: Vec<u16> = told.filter(|status| *status >= 400).collect();
        told.sort_unstable();
        told.dedup();
        assert_eq!(told, (400..600).filter(|status| reason(*status) != "Status").collect::<Vec<_>>());
    }

    /// Requests that are right, and have some of what may vary.
    fn request() -> impl Strategy<Value = String> {
        let field = ("[A-Za-z][A-Za-z0-9-]{0,12}", "[!-~][ -~]{0,20}[!-~]")
            .prop_filter("these have a meaning", |(name, _)| {
                !["host", "content-length", "transfer-encoding"].contains(&name.to_ascii_lowercase().as_str())
            })
            .prop_map(|(name, value)| format!("{name}: {value}\r\n"));
        let target = "/[a-z0-9._~%/-]{0,20}(\\?[a-z=&%0-9]{0,10})?";
        let parts = ("(GET|HEAD|PUT|POST)", target, proptest::collection::vec(field, 0..6), 0_usize..3);
        parts.prop_map(|(method, target, fields, blank)| {
            format!("{}{method} {target} HTTP/1.1\r\nHost: a.example\r\n{}\r\n", "\r\n".repeat(blank), fields.concat())
        })
    }

    proptest! {
        #[test]
        fn a_head_is_whole_at_its_last_byte_and_not_before_whatever_follows(text in request(), more in "[ -~\r\n]{0,30}") {
            let whole = parse(text.as_bytes(), BOUNDS).unwrap().expect("it is whole");
            prop_assert_eq!(whole.1, text.len());
            for cut in 0..text.len() {
                prop_assert_eq!(parse(&text.as_bytes()[..cut], BOUNDS), Ok(None), "{}", cut);
            }
            prop_assert_eq!(parse(format!("{text}{more}").as_bytes(), BOUNDS).unwrap().unwrap(), whole);
        }

        #[test]
        fn what_is_taken_has_one_meaning_whatever_comes(text in request(), at in 0_usize..200, byte: u8, insert: bool) {
            let mut bytes = text.into_bytes();
            let at = at.min(bytes.len() - 1);
            if insert { bytes.insert(at, byte) } else { bytes[at] = byte }
            if let Ok(Some((head, length))) = parse(&bytes, BOUNDS) {
                // Line ends before a request are no part of it (RFC 9112, 2.2), and a bare one is one, too.
                let taken = bytes[..length].trim_ascii_start();
                prop_assert!(taken.ends_with(b"\r\n\r\n"));
                prop_assert_eq!(taken.iter().filter(|byte| **byte == b'\n').count(), taken.windows(2).filter(|two| two == b"\r\n").count());
                prop_assert!(!taken.contains(&0));
                prop_assert!(head.path.bytes().all(|byte| byte.is_ascii_graphic()));
                prop_assert_eq!(head.all("host").count(), 1);
                prop_assert!(head.all("transfer-encoding").next().is_none() && head.all("content-length").count() < 2);
            }
        }

        #[test]
        fn no_bytes_are_too_strange(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse(&bytes, BOUNDS);
        }
    }

    #[test]
    fn no_value_of_an_answer_can_end_its_line() {
        let fields = [("Content-Disposition", Cow::Borrowed("attachment; filename=\"a\r\nX: y\""))];
        let mut out = Vec::new();
        let date = "Thu, 26 Nov 2026 00:24:23 GMT";
        ResponseHead { status: 200, fields: &fields, length: Some(3), close: true, date }.encode(&mut out);
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("Content-Disposition: attachment; filename=\"aX: y\"\r\n"), "{text}");
        assert!(
            text.starts_with("HTTP/1.1 200 OK\r\nDate: ") && text.ends_with("\r\nConnection: close\r\n\r\n"),
            "{text}"
        );
    }

    #[test]
    fn fields_are_found_by_small_names_and_lists_have_any_letters() {
        let text = b"GET / HTTP/1.1\r\nHOST: a\r\nConnection: Keep-Alive, UpGrade\r\nRange: x\r\nrange: y\r\n\r\n";
        let (head, _) = parse(text, BOUNDS).unwrap().unwrap();
        assert!(head.lists("connection", "upgrade") && !head.lists("connection", "up") && !head.close);
        assert_eq!((head.one("host"), head.one("origin")), (Ok(Some("a")), Ok(None)));
        assert_eq!((head.one("range").unwrap_err().status, head.all("range").count()), (400, 2));
    }
}
