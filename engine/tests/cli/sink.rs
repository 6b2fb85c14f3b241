//! A mail server that refuses what a test wants refused.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener};

/// A mail server that says, to each line that begins so, this; everything else is fine with it.
pub(crate) fn server(answers: &'static [(&'static str, &'static str)]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            // Whoever hangs up in the middle has heard enough.
            let _ = talk(stream.unwrap(), answers);
        }
    });
    address
}

fn talk(stream: std::net::TcpStream, answers: &[(&str, &str)]) -> std::io::Result<()> {
    let answer = |line: &str, usual: &str| {
        let found = answers.iter().find(|(begin, _)| line.starts_with(begin));
        found.map_or(usual, |(_, answer)| answer).to_owned() + "\r\n"
    };
    let mut out = stream.try_clone()?;
    out.write_all(answer("", "220 here").as_bytes())?;
    let mut in_mail = false;
    for line in BufReader::new(stream).lines() {
        let line = line?;
        let reply = match (in_mail, line.as_str()) {
            (true, ".") => answer(".", "250 taken"),
            (true, _) => continue,
            (false, "DATA") => answer("DATA", "354 go on"),
            (false, line) if line.starts_with("EHLO") => {
                answer("EHLO", "250-here\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME")
            }
            (false, line) => answer(line.split(' ').next().unwrap_or_default(), "250 fine"),
        };
        in_mail = reply.starts_with("354") || (in_mail && line != ".");
        out.write_all(reply.as_bytes())?;
    }
    Ok(())
}
