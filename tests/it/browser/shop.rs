//! Serves one text at every address of a free port. Knows HTTP by its first line only.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::thread;

/// Serves this page until the tests end; its port.
pub fn serve(page: &str, headers: &str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let length = page.len();
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {length}\r\n{headers}Connection: close\r\n\r\n{page}"
    );
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let answer = answer.clone();
            // One thread each: a browser opens connections on which it sends nothing.
            thread::spawn(move || {
                let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
                if lines.any(|line| line.is_empty()) {
                    // The browser may have gone already.
                    let _ = (&stream).write_all(answer.as_bytes());
                }
            });
        }
    });
    port
}
