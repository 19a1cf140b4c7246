//! A mail server on loopback (RFC 5321), a thread a connection.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex},
    thread,
};

/// A mail that was taken.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Taken {
    pub(crate) to: String,
    pub(crate) message_id: String,
    /// Whether its sender got the reply.
    pub(crate) answered: bool,
}

struct State {
    taken: Vec<Taken>,
    /// So many more mails get their reply at once; those after them never.
    answers: usize,
}

#[derive(Clone)]
pub(crate) struct Sink {
    pub(crate) port: u16,
    state: Arc<(Mutex<State>, Condvar)>,
}

impl Sink {
    /// That answers so many mails.
    pub(crate) fn start(answers: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let state = State {
            taken: Vec::new(),
            answers,
        };
        let sink = Self {
            port: listener.local_addr().unwrap().port(),
            state: Arc::new((Mutex::new(state), Condvar::new())),
        };
        let accepting = sink.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let sink = accepting.clone();
                thread::spawn(move || sink.talk(&stream));
            }
        });
        sink
    }

    pub(crate) fn taken(&self) -> Vec<Taken> {
        self.state.0.lock().unwrap().taken.clone()
    }

    /// Answers all mails that come from now on.
    pub(crate) fn answer_all(&self) {
        self.state.0.lock().unwrap().answers = usize::MAX;
    }

    fn talk(&self, stream: &TcpStream) -> Option<()> {
        let mut reader = BufReader::new(stream);
        let mut hear = || {
            let mut line = String::new();
            let read = reader.read_line(&mut line).ok()?;
            (read > 0).then_some(line)
        };
        let say = |reply: &str| {
            let mut stream = stream;
            stream.write_all(format!("{reply}\r\n").as_bytes()).ok()
        };
        say("220 sink.example ESMTP")?;
        let mut to = String::new();
        loop {
            let line = hear()?;
            match line.get(..4).unwrap_or_default() {
                "EHLO" => say("250-sink.example\r\n250 8BITMIME")?,
                "RCPT" => {
                    to = line.split(['<', '>']).nth(1)?.to_owned();
                    say("250 ok")?;
                }
                "DATA" => {
                    say("354 go on")?;
                    let mut message_id = String::new();
                    loop {
                        let line = hear()?;
                        if line == ".\r\n" {
                            break;
                        }
                        if let Some(id) = line.strip_prefix("Message-ID: ") {
                            message_id = id.trim().to_owned();
                        }
                    }
                    self.take(&to, message_id)?;
                    say("250 taken")?;
                }
                "QUIT" => return say("221 bye"),
                _ => say("250 ok")?,
            }
        }
    }

    /// `None` for a mail that gets no reply: its connection stays open until the sender is gone.
    fn take(&self, to: &str, message_id: String) -> Option<()> {
        let (state, wait) = &*self.state;
        let mut state = state.lock().unwrap();
        let answered = state.answers > 0;
        state.answers = state.answers.saturating_sub(1);
        state.taken.push(Taken {
            to: to.to_owned(),
            message_id,
            answered,
        });
        if answered {
            return Some(());
        }
        // Nothing wakes it.
        drop(wait.wait_while(state, |_| true));
        None
    }
}
