//! The gateway as one value: answers requests by the table of the moment.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use cardea_client::Entropy;
use cardea_web::clock::Clock;
use cardea_web::inbound::listener::Answers;
use cardea_web::inbound::request_id::RequestIds;
use http::{Request, Response};
use hyper::body::Incoming;
use tokio_util::sync::CancellationToken;

use crate::body::ResponseBody;
use crate::checked::ConfigProblem;
use crate::config::GatewayConfig;
use crate::measure;
use crate::receive::receive;
use crate::table::Table;

/// Answers requests; a clone is another handle on the same gateway.
#[derive(Clone)]
pub struct Gateway(pub(crate) Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) table: ArcSwap<Table>,
    pub(crate) ids: RequestIds,
    pub(crate) stop: CancellationToken,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Entropy,
    // What the table was made of; held while another is made.
    config: Mutex<GatewayConfig>,
}

impl Gateway {
    /// A gateway of this configuration; `stop` makes it unready.
    ///
    /// # Errors
    /// Names the first key that can't be, and says what would be right.
    pub fn new(
        config: GatewayConfig,
        clock: Arc<dyn Clock>,
        entropy: Entropy,
        stop: CancellationToken,
    ) -> Result<Self, ConfigProblem> {
        let table = Table::build(&config, None, &clock)?;
        Ok(Self(Arc::new(Shared {
            table: ArcSwap::from_pointee(table),
            ids: RequestIds::new(u64::from_le_bytes(entropy.bytes())),
            stop,
            clock,
            entropy,
            config: Mutex::new(config),
        })))
    }

    /// Takes another configuration for all requests from now on. Those under way end as they began; connections stay.
    ///
    /// # Errors
    /// When it can't be, or changes what only a restart can; then the old one stays.
    pub fn reload(&self, config: GatewayConfig) -> Result<(), ConfigProblem> {
        let taken = self.replace(config);
        measure::reloaded(taken.is_ok());
        taken
    }

    fn replace(&self, config: GatewayConfig) -> Result<(), ConfigProblem> {
        let shared = &self.0;
        let mut current = shared.config.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, same) in [
            ("listen", current.listen == config.listen),
            ("tls", current.tls == config.tls),
            ("redirect.listen", current.redirect == config.redirect),
            ("forward_auth", same_login(&current, &config)),
        ] {
            if !same {
                return Err(ConfigProblem::new(key, "changing it takes a restart"));
            }
        }
        let before = shared.table.load();
        let table = Table::build(&config, Some(&before), &shared.clock)?;
        if table.longest_idle() > before.longest_idle().max(crate::serving::KEEP_ALIVE) {
            let what = "a time longer than any before takes a restart";
            return Err(ConfigProblem::new("routes.idle_timeout", what));
        }
        shared.table.store(Arc::new(table));
        *current = config;
        Ok(())
    }

    /// The files that belong to the configuration of the moment: a change of one is a change of it.
    pub(crate) fn files(&self) -> Vec<String> {
        let config = self.0.config.lock().unwrap_or_else(PoisonError::into_inner);
        let files = config.upstreams.iter().flat_map(|upstream| {
            [
                &upstream.ca_file,
                &upstream.client_cert_file,
                &upstream.client_key_file,
            ]
        });
        files.flatten().cloned().collect()
    }

    pub(crate) fn longest_idle(&self) -> Duration {
        self.0.table.load().longest_idle()
    }

    /// How browsers find the host of this name by https.
    pub(crate) fn public_name(&self, name: &str) -> Option<String> {
        let table = self.0.table.load();
        table.named(name).map(|host| host.name.to_string())
    }
}

fn same_login(one: &GatewayConfig, other: &GatewayConfig) -> bool {
    match (&one.forward_auth, &other.forward_auth) {
        (None, None) => true,
        (Some(one), Some(other)) => one.is_like(other),
        _ => false,
    }
}

impl Answers for Gateway {
    type Body = ResponseBody;

    fn answer(
        &self,
        request: Request<Incoming>,
    ) -> impl Future<Output = Response<ResponseBody>> + Send + 'static {
        let shared = Arc::clone(&self.0);
        async move { receive(&shared, request).await }
    }
}
