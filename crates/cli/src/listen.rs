//! The address to listen on.

use std::{
    io::{Error, ErrorKind},
    net::SocketAddr,
};

use cardea_server::config::{Config, ConfigProblem};
use tokio::net::TcpListener;

use crate::holder::Holder;

/// Listens on the address of the configuration, or says what is wrong and what to do.
pub(crate) async fn bind(config: &Config) -> Result<TcpListener, ConfigProblem> {
    let problem = |what: String| config.places.locate(ConfigProblem::new("listen", what));
    let address = config
        .listen_address()
        .map_err(|p| config.places.locate(p))?;
    let bound = TcpListener::bind(address).await;
    bound.map_err(|error| {
        let what = failed(address, &error);
        problem(format!("{what}; {}", advice(address, &error)))
    })
}

/// Why an address cannot be listened on.
pub(crate) fn failed(address: SocketAddr, error: &Error) -> String {
    match error.kind() {
        ErrorKind::AddrInUse => {
            let holder = Holder::of(address.port());
            let by = holder.map_or(String::new(), |holder| format!(" by {holder}"));
            format!(
                "port {} is taken{by}, so {address} is not free",
                address.port()
            )
        }
        _ => format!("{address}: {error}"),
    }
}

/// What to do about it.
pub(crate) fn advice(address: SocketAddr, error: &Error) -> String {
    match error.kind() {
        ErrorKind::AddrInUse => {
            let mut other = address;
            other.set_port(address.port().checked_add(1).unwrap_or(9000));
            format!("stop that program, or set listen to another port, such as \"{other}\"")
        }
        ErrorKind::PermissionDenied => {
            "set listen to a port from 1024 on, with a proxy in front, or give the process CAP_NET_BIND_SERVICE".to_owned()
        }
        ErrorKind::AddrNotAvailable => {
            "this machine does not have the address; set listen to one that it has".to_owned()
        }
        _ => "set listen to an address of this machine".to_owned(),
    }
}
