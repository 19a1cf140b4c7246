//! A mail server on loopback that follows a script (RFC 5321).

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};

/// What happens to a mail. Without a script it is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// RCPT gets this reply.
    Rcpt(&'static str),
    /// The end of DATA gets this reply.
    Data(&'static str),
    /// The connection is closed in the middle of DATA.
    Cut,
    /// It is taken, and the reply waits for [`Sink::release`].
    Hold,
}

#[derive(Default)]
struct State {
    script: VecDeque<Act>,
    taken: Vec<String>,
}

#[derive(Clone)]
pub(crate) struct Sink {
    pub(crate) port: u16,
    state: Arc<Mutex<State>>,
    released: Arc<Semaphore>,
}

impl Sink {
    pub(crate) async fn start(script: &[Act]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sink = Self {
            port: listener.local_addr().unwrap().port(),
            state: Arc::default(),
            released: Arc::new(Semaphore::new(0)),
        };
        sink.state.lock().unwrap().script = script.iter().copied().collect();
        let accepting = sink.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let sink = accepting.clone();
                tokio::spawn(async move { sink.talk(stream).await });
            }
        });
        sink
    }

    /// What was taken, as it came after DATA.
    pub(crate) fn taken(&self) -> Vec<String> {
        self.state.lock().unwrap().taken.clone()
    }

    /// Lets so many replies go that were held back.
    pub(crate) fn release(&self, replies: usize) {
        self.released.add_permits(replies);
    }

    fn next(&self) -> Option<Act> {
        self.state.lock().unwrap().script.pop_front()
    }

    async fn talk(self, stream: TcpStream) -> Option<()> {
        let mut stream = BufReader::new(stream);
        say(&mut stream, "220 sink.example ESMTP").await?;
        let mut act = None;
        loop {
            let line = hear(&mut stream).await?;
            let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
            match (verb.as_str(), act) {
                ("EHLO", _) => say(&mut stream, "250-sink.example\r\n250 8BITMIME").await?,
                ("MAIL", _) => {
                    act = self.next();
                    say(&mut stream, "250 sender ok").await?;
                }
                ("RCPT", Some(Act::Rcpt(reply))) => say(&mut stream, reply).await?,
                ("DATA", _) => {
                    say(&mut stream, "354 go on").await?;
                    let mut mail = String::new();
                    loop {
                        let line = hear(&mut stream).await?;
                        if act == Some(Act::Cut) {
                            return None;
                        }
                        if line == ".\r\n" {
                            break;
                        }
                        mail.push_str(line.strip_prefix('.').unwrap_or(&line));
                    }
                    match act {
                        Some(Act::Data(reply)) => say(&mut stream, reply).await?,
                        _ => {
                            self.state.lock().unwrap().taken.push(mail);
                            if act == Some(Act::Hold) {
                                self.released.acquire().await.ok()?.forget();
                            }
                            say(&mut stream, "250 taken").await?;
                        }
                    }
                }
                ("QUIT", _) => return say(&mut stream, "221 bye").await,
                _ => say(&mut stream, "250 ok").await?,
            }
        }
    }
}

async fn say(stream: &mut BufReader<TcpStream>, reply: &str) -> Option<()> {
    let reply = format!("{reply}\r\n");
    stream.write_all(reply.as_bytes()).await.ok()
}

async fn hear(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = String::new();
    let read = stream.read_line(&mut line).await.ok()?;
    (read > 0).then_some(line)
}
