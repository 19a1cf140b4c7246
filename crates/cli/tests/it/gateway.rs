use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::Command,
};

use cardea_testkit::{block_until, free_port};

use crate::bench::Bench;

/// A server that answers everything with its name; its port.
pub(crate) fn named(name: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut buffer = [0; 4096];
            let _ = stream.read(&mut buffer);
            let length = name.len();
            let head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}");
            let _ = write!(stream, "{head}\r\n\r\n{name}");
        }
    });
    port
}

pub(crate) fn ask(port: u16) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let host = format!("Host: localhost:{port}");
    write!(
        stream,
        "GET / HTTP/1.1\r\n{host}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

pub(crate) fn configure(bench: &Bench, port: u16, upstream: u16) {
    let text = format!(
        "listen = [\"127.0.0.1:{port}\"]\nhosts = [\"localhost:{port}\"]\n\
         [[upstreams]]\nname = \"app\"\nurl = \"http://127.0.0.1:{upstream}\"\n\
         [[routes]]\nprefix = \"/\"\nupstream = \"app\"\n"
    );
    bench.write("gateway.toml", &text);
}

#[test]
fn the_gateway_reloads_its_file_on_sighup_and_refuses_an_invalid_one() {
    let (bench, port) = (Bench::empty(), free_port());
    configure(&bench, port, named("one"));
    let gateway = bench.gateway(port);
    assert!(ask(port).ends_with("one"));
    let hang_up = || {
        let pid = gateway.pid().to_string();
        let told = Command::new("kill").args(["-HUP", &pid]).status().unwrap();
        assert!(told.success());
    };
    configure(&bench, port, named("two"));
    hang_up();
    block_until("the new file", || ask(port).ends_with("two"));
    bench.write("gateway.toml", "hosts = [\"localhost\"]\n[[rooutes]]\n");
    hang_up();
    gateway.until_logged("configuration not reloaded");
    assert!(ask(port).ends_with("two"));
    let said = gateway.terminate().fine().err;
    assert!(
        said.contains("gateway.toml:2") && said.contains("`routes`"),
        "{said}"
    );
    assert!(said.contains("the gateway has stopped"), "{said}");
}

#[test]
fn a_gateway_that_cannot_start_says_which_key() {
    let bench = Bench::empty();
    bench.write("gateway.toml", "hosts = [\"localhost\"]\n");
    let told = bench.run(&["gateway"]).complaint();
    assert!(told.contains("routes: not set"), "{told}");
    let port = free_port();
    let _taken = TcpListener::bind(("127.0.0.1", port)).unwrap();
    configure(&bench, port, 9);
    let told = bench.run(&["gateway"]).complaint();
    assert!(
        told.contains("listen: ") && told.contains(&port.to_string()),
        "{told}"
    );
}
