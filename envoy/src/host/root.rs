//! A configuration of the module, in one worker of the proxy.

use std::cell::RefCell;
use std::rc::Rc;

use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{ContextType, LogLevel};

use super::metrics::Metrics;
use super::request::Request;
use crate::senders::Senders;
use crate::settings::Settings;

/// What every request of a configuration shares.
pub(super) struct Shared {
    pub(super) settings: Settings,
    pub(super) senders: RefCell<Senders>,
    pub(super) metrics: Metrics,
    /// Bytes held of all deliveries under way.
    pub(super) held: RefCell<usize>,
}

/// The root; without a configuration it lets everything pass.
#[derive(Default)]
pub(super) struct Root(Option<Rc<Shared>>);

impl Context for Root {}

impl RootContext for Root {
    fn on_configure(&mut self, _: usize) -> bool {
        let text = self.get_plugin_configuration().unwrap_or_default();
        match Settings::read(&text) {
            Ok(settings) => {
                let mut senders = Senders::new(|| super::ALLOCATOR.allocated());
                if settings.refuses_unsaid {
                    senders = senders.refuse_unsaid();
                }
                if settings.reads_unproven {
                    senders = senders.read_unproven();
                }
                if let Some(rules) = &settings.rules {
                    senders = senders.with_rules(rules.clone());
                }
                self.0 = Some(Rc::new(Shared {
                    settings,
                    senders: RefCell::new(senders),
                    metrics: Metrics::define(),
                    held: RefCell::new(0),
                }));
                true
            }
            Err(error) => {
                // The proxy says no more than that the configuration was refused.
                let _ = hostcalls::log(
                    LogLevel::Critical,
                    &format!("oom-envoy: the plugin's configuration cannot be used: {error}"),
                );
                false
            }
        }
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Request::new(self.0.clone())))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}
