//! A host finds out what stands between it and the world: the pure machines of `classify.rs` and `ttl.rs`, carried out with
//! sockets, tries and timers.

use astrarium_node::{Endpoint, Ip};

use super::classify::{Answer, NatClass, PortRule, PortVerdict, Question, Rfc3489, Step};
use super::config::Config;
use super::host::Host;
use super::message::{Body, Change};
use super::socket::Owner;
use super::ttl::{Probing, TtlRange, TtlSearch, TtlStep};
use super::{Context, Message, PortClass, Timer};

/// What a host knows of its middleboxes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Profile {
    /// By the port rule.
    pub port: PortVerdict,
    /// By RFC 3489; `None` when not asked for or not yet known.
    pub nat: Option<NatClass>,
    /// Times to live for punches that shall die on the way.
    pub ttl: Option<TtlRange>,
    /// Whether the survey is over.
    pub ready: bool,
}

impl Profile {
    /// How ports behave.
    #[must_use]
    pub const fn class(&self) -> PortClass {
        self.port.rule
    }

    /// The address outside, or the own one while it is not known.
    pub(super) fn wan(&self, own: Ip) -> Ip {
        self.port.wan.unwrap_or(own)
    }
}

/// The survey under way.
#[derive(Debug, Clone, Default)]
pub(super) struct Survey {
    task: Task,
    /// Fresh sockets of this task, in the order in which the machine numbers them.
    sockets: Vec<u16>,
    pending: Option<Pending>,
    probing: Option<Probing>,
}

#[derive(Debug, Clone, Default)]
enum Task {
    #[default]
    Idle,
    PortRule(PortRule),
    Rfc(Rfc3489),
    Ttl(TtlSearch),
}

/// A question without an answer yet.
#[derive(Debug, Clone, Copy)]
struct Pending {
    question: Question,
    port: u16,
    id: u64,
    tries: u32,
}

impl<M: Message> Host<M> {
    /// Starts with the port rule: its servers must not have sent this host anything unasked.
    pub(super) fn begin_survey(&mut self, config: &Config, cx: &mut Context<'_, M>) {
        if config.servers.is_empty() {
            self.end_survey(config, cx);
            return;
        }
        self.profile.ready = false;
        self.survey.task = Task::PortRule(PortRule::default());
        self.survey_step(None, config, cx);
    }

    /// The machine of the task goes on.
    fn survey_step(&mut self, answer: Option<Answer>, config: &Config, cx: &mut Context<'_, M>) {
        self.survey.pending = None;
        match &mut self.survey.task {
            Task::PortRule(machine) => match machine.next(answer) {
                Step::Ask(question) => self.ask(question, config, cx),
                Step::Done(verdict) => {
                    self.profile.port = verdict;
                    self.drop_survey_sockets();
                    let known = verdict.rule != PortClass::Unknown;
                    if known && config.classifies() {
                        self.survey.task = Task::Rfc(Rfc3489::default());
                        self.survey_step(None, config, cx);
                    } else {
                        self.begin_ttl(config, cx);
                    }
                }
            },
            Task::Rfc(machine) => match machine.next(answer) {
                Step::Ask(question) => self.ask(question, config, cx),
                Step::Done(class) => {
                    self.profile.nat = Some(class);
                    self.drop_survey_sockets();
                    self.begin_ttl(config, cx);
                }
            },
            Task::Idle | Task::Ttl(_) => {}
        }
    }

    fn ask(&mut self, question: Question, config: &Config, cx: &mut Context<'_, M>) {
        while self.survey.sockets.len() <= question.socket {
            // At most four sockets of a survey are open at a time, and attempts leave room (`Config::validate`).
            let Some(port) = self.sockets.open(Owner::Survey) else {
                self.counts.table_full += 1;
                self.drop_survey_sockets();
                self.end_survey(config, cx);
                return;
            };
            self.survey.sockets.push(port);
        }
        let port = self.survey.sockets[question.socket];
        let id = cx.rng().word();
        self.survey.pending = Some(Pending { question, port, id, tries: 1 });
        self.put(question, port, id, config, cx);
    }

    fn put(&mut self, question: Question, port: u16, id: u64, config: &Config, cx: &mut Context<'_, M>) {
        let Some(server) = config.servers.first() else { return };
        let to = server.socket(question.to.ip, question.to.port);
        self.emit(port, to, Body::StunRequest { id, change: question.change }, config, cx);
        cx.set_timer(Timer::Survey, config.stun_interval);
    }

    pub(super) fn on_survey_answer(
        &mut self,
        port: u16,
        id: u64,
        mapped: Endpoint,
        config: &Config,
        cx: &mut Context<'_, M>,
    ) {
        if let Some(pending) = self.survey.pending.filter(|p| p.id == id && p.port == port) {
            let local = self.local(pending.port);
            self.survey_step(Some(Answer { local, mapped }), config, cx);
            return;
        }
        let learning = self.survey.probing.as_ref().and_then(|p| p.learning);
        if learning.is_some_and(|(asked, _)| asked == id) {
            self.probe(mapped, config, cx);
        }
        // Else the second answer to a question that was asked twice.
    }

    pub(super) fn survey_timeout(&mut self, config: &Config, cx: &mut Context<'_, M>) {
        if let Some(pending) = &mut self.survey.pending {
            if pending.tries >= config.stun_tries {
                self.survey_step(None, config, cx);
                return;
            }
            pending.tries += 1;
            let Pending { question, port, id, .. } = *pending;
            self.put(question, port, id, config, cx);
            return;
        }
        self.probe_timeout(config, cx);
    }

    fn drop_survey_sockets(&mut self) {
        for port in std::mem::take(&mut self.survey.sockets) {
            self.sockets.close(port);
        }
    }

    fn begin_ttl(&mut self, config: &Config, cx: &mut Context<'_, M>) {
        let verdict = self.profile.port;
        let known = !matches!(verdict.rule, PortClass::Unknown | PortClass::MultiIp);
        if !config.limits_ttl() || verdict.public || !known {
            self.end_survey(config, cx);
            return;
        }
        let mut search = TtlSearch::new(config.ttl_probe_max, verdict.rule.predictable());
        let step = search.begin();
        self.survey.task = Task::Ttl(search);
        self.ttl_step(step, config, cx);
    }

    fn ttl_step(&mut self, step: TtlStep, config: &Config, cx: &mut Context<'_, M>) {
        if let Some(old) = self.survey.probing.take() {
            self.sockets.close(old.port);
        }
        let (ttl, last) = match step {
            TtlStep::Done(range) => {
                self.profile.ttl = range;
                self.end_survey(config, cx);
                return;
            }
            TtlStep::Probe(ttl) => (ttl, None),
            TtlStep::Sweep(first, last) => (first, Some(last)),
        };
        let Some(port) = self.sockets.open(Owner::Survey) else {
            self.counts.table_full += 1;
            self.end_survey(config, cx);
            return;
        };
        let nonce = cx.rng().word();
        let mut probing = Probing { port, nonce, learning: None, ttl, reached: None, sweep: last.is_some() };
        match last {
            Some(last) => {
                for ttl in ttl..=last {
                    self.send_probe(port, nonce, ttl, config, cx);
                }
                cx.set_timer(Timer::Survey, config.probe_wait);
            }
            None if self.profile.class() == PortClass::Host => {
                self.survey.probing = Some(probing);
                let target = Endpoint::new(self.profile.wan(self.ip), port);
                self.probe(target, config, cx);
                return;
            }
            None => {
                let id = cx.rng().word();
                probing.learning = Some((id, 1));
                self.learn(port, id, config, cx);
                cx.set_timer(Timer::Survey, config.stun_interval);
            }
        }
        self.survey.probing = Some(probing);
    }

    /// Asks the server where a socket is seen.
    pub(super) fn learn(&self, port: u16, id: u64, config: &Config, cx: &mut Context<'_, M>) {
        if let Some(server) = config.servers.first() {
            self.emit(port, server.main(), Body::StunRequest { id, change: Change::NONE }, config, cx);
        }
    }

    /// A packet that goes only so far, to the second address of the server.
    fn send_probe(&self, port: u16, nonce: u64, ttl: u8, config: &Config, cx: &mut Context<'_, M>) {
        if let Some(server) = config.servers.first() {
            super::send(cx, self.local(port), server.socket(1, 0), ttl, Body::Probe { nonce, ttl });
        }
    }

    /// The probe proper, and the request to answer to where its socket is believed to be.
    fn probe(&mut self, target: Endpoint, config: &Config, cx: &mut Context<'_, M>) {
        let Some(probing) = &mut self.survey.probing else { return };
        probing.learning = None;
        let Probing { port, nonce, ttl, .. } = *probing;
        self.send_probe(port, nonce, ttl, config, cx);
        if let Some(server) = config.servers.first() {
            let body = Body::ProbeRequest { nonce, target };
            self.emit(config.listen_port, server.main(), body, config, cx);
        }
        cx.set_timer(Timer::Survey, config.probe_wait);
    }

    pub(super) fn on_probe_reply(
        &mut self,
        nonce: u64,
        reached: u8,
        config: &Config,
        cx: &mut Context<'_, M>,
    ) {
        let Some(probing) = self.survey.probing.as_mut().filter(|p| p.nonce == nonce) else {
            self.counts.unexpected += 1;
            return;
        };
        if probing.sweep {
            let least = probing.reached.map_or(reached, |old| old.min(reached));
            probing.reached = Some(least).filter(|ttl| *ttl > 0);
        } else {
            self.probed(true, config, cx);
        }
    }

    fn probed(&mut self, answered: bool, config: &Config, cx: &mut Context<'_, M>) {
        if let Task::Ttl(search) = &mut self.survey.task {
            let step = search.probed(answered);
            self.ttl_step(step, config, cx);
        }
    }

    fn probe_timeout(&mut self, config: &Config, cx: &mut Context<'_, M>) {
        let Some(probing) = &mut self.survey.probing else { return };
        match probing.learning {
            Some((id, tries)) if tries < config.stun_tries => {
                probing.learning = Some((id, tries + 1));
                let port = probing.port;
                self.learn(port, id, config, cx);
                cx.set_timer(Timer::Survey, config.stun_interval);
            }
            _ if probing.sweep => {
                let reached = probing.reached;
                if let Task::Ttl(search) = &self.survey.task {
                    let step = search.swept(reached);
                    self.ttl_step(step, config, cx);
                }
            }
            _ => self.probed(false, config, cx),
        }
    }

    fn end_survey(&mut self, config: &Config, cx: &mut Context<'_, M>) {
        self.survey.task = Task::Idle;
        self.profile.ready = true;
        self.dial_waiting(config, cx);
    }
}
