//! The gateway as one value: answers requests by the current table.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwap;
use cardea_client::Entropy;
use cardea_web::{
    clock::Clock,
    inbound::{listener::Answers, request_id::RequestIds},
};
use http::{Request, Response};
use hyper::body::Incoming;
use tokio_util::sync::CancellationToken;

use crate::{
    body::ResponseBody,
    config::GatewayConfig,
    measure,
    problem::{ConfigProblem, ConfigProblems, Problems},
    receive::receive,
    table::Table,
    via::Via,
};

/// Answers requests; a clone is another handle on the same gateway.
#[derive(Clone)]
pub struct Gateway(pub(crate) Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) table: ArcSwap<Table>,
    pub(crate) ids: RequestIds,
    pub(crate) via: Via,
    pub(crate) stop: CancellationToken,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Entropy,
    // The source of the table; locked while another one is built.
    config: Mutex<GatewayConfig>,
}

impl Gateway {
    /// A gateway of this configuration; when `stop` is cancelled it reports that it is not ready.
    ///
    /// # Errors
    /// Names each invalid key of hosts, routes and upstreams, and what is expected. [`Prepared`](crate::Prepared) checks the rest.
    pub fn new(
        config: GatewayConfig,
        clock: Arc<dyn Clock>,
        entropy: Entropy,
        stop: CancellationToken,
    ) -> Result<Self, ConfigProblems> {
        let table = Table::build(&config, None, &clock);
        let table = table.map_err(|problems| problems.located(&config.places))?;
        Ok(Self(Arc::new(Shared {
            table: ArcSwap::from_pointee(table),
            ids: RequestIds::new(u64::from_le_bytes(entropy.bytes())),
            via: Via::new(u64::from_le_bytes(entropy.bytes())),
            stop,
            clock,
            entropy,
            config: Mutex::new(config),
        })))
    }

    /// Uses another configuration for all later requests. Requests in progress keep theirs; connections stay open.
    ///
    /// # Errors
    /// When it is invalid, or changes what requires a restart; then the old one stays in use.
    pub fn reload(&self, config: GatewayConfig) -> Result<(), ConfigProblems> {
        let places = config.places.clone();
        let replaced = self.replace(config);
        measure::reloaded(replaced.is_ok());
        replaced.map_err(|problems| problems.located(&places))
    }

    fn replace(&self, config: GatewayConfig) -> Result<(), ConfigProblems> {
        let shared = &self.0;
        let mut current = shared.config.lock().unwrap_or_else(PoisonError::into_inner);
        let mut problems = Problems::default();
        for (key, same) in [
            ("listen", current.listen == config.listen),
            ("tls", current.tls == config.tls),
            ("redirect.listen", current.redirect == config.redirect),
            // The listener counts the connections of a network by them.
            ("proxy.trusted", current.proxy == config.proxy),
            ("forward_auth", has_same_forward_auth(&current, &config)),
        ] {
            if !same {
                problems.add(ConfigProblem::new(key, "a change requires a restart"));
            }
        }
        problems.settle(Some(()))?;
        let before = shared.table.load();
        let table = Table::build(&config, Some(&before), &shared.clock)?;
        if table.longest_idle() > before.longest_idle().max(crate::serving::KEEP_ALIVE) {
            let what = "a longer timeout than any before requires a restart";
            return Err(ConfigProblem::new("routes.idle_timeout", what).into());
        }
        shared.table.store(Arc::new(table));
        *current = config;
        Ok(())
    }

    /// The files of the current configuration, which are watched like it.
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

    /// The configured host of this name, for URLs with https.
    pub(crate) fn public_name(&self, name: &str) -> Option<String> {
        let table = self.0.table.load();
        table.named(name).map(|host| host.name.to_string())
    }
}

fn has_same_forward_auth(one: &GatewayConfig, other: &GatewayConfig) -> bool {
    match (&one.forward_auth, &other.forward_auth) {
        (None, None) => true,
        (Some(one), Some(other)) => one.is_same(other),
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
