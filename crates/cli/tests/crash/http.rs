//! HTTP/1.1 by hand, a connection a request: enough for a test, and it knows at once when the other side is gone.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    time::Duration,
};

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(k, _)| k == name)
            .map(|(_, v)| v.as_str())
    }

    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers
            .iter()
            .filter(move |(k, _)| k == name)
            .map(|(_, v)| v.as_str())
    }
}

pub(crate) fn get(at: &str, path: &str, cookies: &str) -> io::Result<Answer> {
    send(
        at,
        &format!(
            "GET {path} HTTP/1.1\r\nhost: {at}\r\ncookie: {cookies}\r\nconnection: close\r\n\r\n"
        ),
    )
}

pub(crate) fn post(
    at: &str,
    path: &str,
    cookies: &str,
    form: &[(&str, &str)],
) -> io::Result<Answer> {
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {at}\r\ncookie: {cookies}\r\nconnection: close\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    send(at, &(head + &body))
}

fn send(at: &str, request: &str) -> io::Result<Answer> {
    let mut stream = TcpStream::connect(at)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    stream.write_all(request.as_bytes())?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    parse(&text).ok_or_else(|| io::Error::other("no whole answer"))
}

/// An answer whose body is shorter than its head says was not acknowledged.
fn parse(text: &str) -> Option<Answer> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|l| l.split_once(": "))
        .map(|(k, v)| (k.to_lowercase(), v.to_owned()))
        .collect();
    let length: usize = headers
        .iter()
        .find(|(k, _)| k == "content-length")?
        .1
        .parse()
        .ok()?;
    (body.len() == length).then(|| Answer {
        status,
        headers,
        body: body.to_owned(),
    })
}
