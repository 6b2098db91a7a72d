//! A file server for this machine alone.

use std::error::Error;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::thread;
use std::time::Duration;

/// Most bytes of a request that are read.
const MAX_REQUEST: u64 = 64 << 10;
/// How long a browser may take for a request, or for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The content type of each kind of file that the page and the package have.
const TYPES: &[(&str, &str)] = &[
    ("css", "text/css; charset=utf-8"),
    ("html", "text/html; charset=utf-8"),
    ("js", "text/javascript; charset=utf-8"),
    ("wasm", "application/wasm"),
];

/// Serves `folder` until it is stopped. Port 0 is any that is free; the first line of the output says
/// which.
pub(crate) fn serve(folder: &Path, port: &str) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port.parse::<u16>()?))?;
    println!("http://{}/", listener.local_addr()?);
    for stream in listener.incoming() {
        let folder = folder.to_owned();
        // A browser that has gone away is no reason to stop.
        thread::spawn(move || stream.and_then(|stream| answer(&folder, stream)));
    }
    Ok(())
}

/// Answers the one request of a connection.
fn answer(folder: &Path, mut stream: TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut request = String::new();
    let mut lines = BufReader::new(stream.try_clone()?.take(MAX_REQUEST));
    lines.read_line(&mut request)?;
    // The rest is read as well: to close with something unread would cut the answer off.
    let mut line = String::new();
    while lines.read_line(&mut line)? > 0 && !line.trim().is_empty() {
        line.clear();
    }
    let mut words = request.split(' ');
    let found = match (words.next(), words.next()) {
        (Some("GET"), Some(url)) => file(folder, url),
        _ => None,
    };
    let (status, kind, bytes) = found.map_or(
        (
            "404 Not Found",
            "text/plain",
            b"There is no such file.\n".to_vec(),
        ),
        |(bytes, kind)| ("200 OK", kind, bytes),
    );
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\
         Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n",
        bytes.len()
    )?;
    stream.write_all(&bytes)
}

/// The file that a URL names; nothing outside the folder, and of no other kind.
fn file(folder: &Path, url: &str) -> Option<(Vec<u8>, &'static str)> {
    let named = url.split(['?', '#']).next()?;
    let mut path = PathBuf::from(named.trim_start_matches('/'));
    if named.ends_with('/') {
        path.push("index.html");
    }
    let is_inside = path
        .components()
        .all(|component| matches!(component, Component::Normal(_)));
    let ending = path.extension()?.to_str()?;
    let (_, kind) = TYPES.iter().find(|(known, _)| *known == ending)?;
    let bytes = is_inside.then(|| fs::read(folder.join(&path)).ok())??;
    Some((bytes, kind))
}

#[cfg(test)]
mod tests {
    use super::file;
    use std::path::Path;

    #[test]
    fn serves_nothing_from_outside() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../page");
        for url in ["/", "/index.html", "/?x=y/z", "/index.html#/"] {
            assert!(file(&folder, url).is_some(), "{url}");
        }
        for url in [
            "/../package/json.js",
            "//etc/x.js",
            "/none.js",
            "/examples",
            "",
        ] {
            assert!(file(&folder, url).is_none(), "{url}");
        }
    }
}
