//! Logging in at every rendezvous, and staying known there.

use astrarium_node::Endpoint;

use super::config::Config;
use super::host::Host;
use super::message::Body;
use super::{Context, Message, PortClass, Timer};

/// Requests at once before the next sign of life is due.
const TRIES: u32 = 3;

/// What a host knows of its logins.
#[derive(Debug, Clone, Default)]
pub(super) struct Login {
    /// Servers that have answered the last round, one bit each.
    answered: u32,
    /// Requests of this round so far.
    tries: u32,
    /// The round is over; the next one starts when the timer fires.
    resting: bool,
    /// The listening socket, as a server saw it last.
    pub(super) mapped: Option<Endpoint>,
}

impl<M: Message> Host<M> {
    /// A new round: every server.
    pub(super) fn log_in(&mut self, config: &Config, cx: &mut Context<'_, M>) {
        self.login.answered = 0;
        self.login.tries = 0;
        self.login.resting = false;
        self.ask_to_log_in(config, cx);
    }

    fn ask_to_log_in(&mut self, config: &Config, cx: &mut Context<'_, M>) {
        let (id, time) = (cx.me(), cx.now());
        self.login.tries += 1;
        for (at, server) in config.servers.iter().enumerate() {
            if self.login.answered & (1 << at) == 0 {
                let body = Body::Login { id, time, signer: id };
                self.emit(config.listen_port, server.main(), body, config, cx);
            }
        }
        if !config.servers.is_empty() {
            cx.set_timer(Timer::Login, config.punch_retry);
        }
    }

    pub(super) fn login_timeout(&mut self, config: &Config, cx: &mut Context<'_, M>) {
        if self.login.resting {
            self.log_in(config, cx);
            return;
        }
        // At most eight servers.
        let all = (1_u32 << config.servers.len()) - 1;
        if self.login.answered == all || self.login.tries >= TRIES {
            self.login.resting = true;
            cx.set_timer(Timer::Login, config.keepalive);
            return;
        }
        self.ask_to_log_in(config, cx);
    }

    pub(super) fn on_login(
        &mut self,
        from: Endpoint,
        mapped: Endpoint,
        config: &Config,
        cx: &mut Context<'_, M>,
    ) {
        let Some(at) = config.servers.iter().position(|server| server.main() == from) else {
            self.counts.forged += 1;
            return;
        };
        self.login.answered |= 1 << at;
        self.login.mapped = Some(mapped);
        // Servers were out of reach when the survey ran, or the address outside has changed since.
        let moved = self.profile.port.wan != Some(mapped.ip) && self.profile.class() != PortClass::MultiIp;
        if self.profile.ready && moved {
            self.begin_survey(config, cx);
        }
    }
}
