//! What a scenario can set about an attack, and what an attack measures.

use astrarium_runner::{Complaint, Kind, MetricSpec, ParamSpec, Params};

/// The words of `adversary.strategy`.
pub(crate) const STRATEGIES: &[&str] = &["none", "double-spend", "reorg", "selfish-mining"];

/// Parameters of the strategies, besides the coalition's share of the hash power and its number of nodes.
pub(crate) fn params() -> Vec<ParamSpec> {
    [double_spend(), giving_up(), selfish_mining()].concat()
}

fn double_spend() -> Vec<ParamSpec> {
    vec![
        ParamSpec::new(
            "adversary.confirmations",
            Kind::integer(1, 1_000),
            "double-spend: the merchant hands over the goods when the payment has so many confirmations on its best chain",
            "Nakamoto 2008 §11",
        )
        .default("6"),
        ParamSpec::new(
            "adversary.premined",
            Kind::integer(0, 10),
            "double-spend: blocks that the coalition mines in advance; it starts afresh whenever the public chain grows before it has them, and pays when it has them",
            "Rosenfeld 2014 §5 counts 1",
        )
        .default("1"),
        ParamSpec::new(
            "adversary.patience",
            Kind::span("0 s", "1 d"),
            "double-spend: how long the coalition waits after it has seen the confirmations, so that the merchant sees them too before the private chain appears",
            "model: a few times the propagation delay",
        )
        .default("\"0 s\""),
        ParamSpec::new(
            "adversary.depth",
            Kind::integer(1, 100_000),
            "reorg: least number of public blocks to replace",
            "scenario",
        )
        .default("6"),
        ParamSpec::new(
            "adversary.horizon",
            Kind::integer(1, 20_000),
            "reorg: the coalition stops when the public chain has grown by more blocks than this; without it only hopelessness stops it",
            "scenario",
        )
        .optional(),
    ]
}

fn giving_up() -> Vec<ParamSpec> {
    vec![
        ParamSpec::new(
            "adversary.give_up",
            Kind::number(0.0, 1.0),
            "double-spend, reorg: the coalition gives up when it is so far behind that its chance (q/p)^(deficit+1) is at most this. The measured success falls short of the unlimited race by less",
            "gambler's ruin, Feller I, XIV.2",
        )
        .default("1e-6"),
        ParamSpec::new(
            "adversary.deficit_limit",
            Kind::integer(1, 1_000_000),
            "double-spend, reorg: the coalition gives up at this deficit in any case; for q ≥ p, where no deficit is hopeless, nothing else stops it",
            "model",
        )
        .default("1000"),
    ]
}

fn selfish_mining() -> Vec<ParamSpec> {
    vec![
        ParamSpec::new(
            "adversary.tie_share",
            Kind::Share,
            "selfish-mining: share of the honest hash power that is made to see the coalition's block first when two blocks tie (Eyal and Sirer's gamma), by delaying the rival block within `adversary.delta`. The finder of the rival block always prefers its own, so with n equal miners at most 1 - 1/n is reached. Without it nothing is delayed and the network decides",
            "Eyal, Sirer 2014 §3.2",
        )
        .optional(),
        ParamSpec::new(
            "adversary.delta",
            Kind::span("0 s", "1 d"),
            "selfish-mining with `tie_share`: the most that the coalition may delay a message of others; more than it takes the coalition to hear of a block and to answer",
            "model's Δ",
        )
        .default("\"10 us\""),
        ParamSpec::new(
            "adversary.reach",
            Kind::Choice(&["peers", "everybody"]),
            "selfish-mining: to whom the coalition sends a block that ties. Honest nodes do not pass such a block on, so this decides who can see it. `everybody`: it keeps a connection to every node",
            "model",
        )
        .default("\"everybody\""),
    ]
}

/// Metrics of the strategies.
pub(crate) fn metrics() -> Vec<MetricSpec> {
    vec![
        MetricSpec::event(
            "attack_success",
            "double-spend: after the merchant handed over the goods, the conflicting transaction was on its best chain; reorg: an honest node (the merchant) gave up at least `adversary.depth` blocks at once",
        ),
        MetricSpec::event(
            "attack_undecided",
            "the run ended before the coalition had succeeded or given up (counted as no success)",
        ),
        MetricSpec::event(
            "goods_released",
            "double-spend: the payment reached the confirmations on the merchant's best chain",
        ),
        MetricSpec::quantity(
            "reorg_depth",
            "",
            "mean number of blocks that honest nodes gave up at once, over all times they gave up any",
        ),
        MetricSpec::quantity(
            "revenue_share",
            "",
            "selfish-mining: the coalition's blocks per block of the merchant's best chain, without its last blocks (a tenth of them, at most 100), which may still be replaced",
        ),
        MetricSpec::quantity(
            "gamma_measured",
            "",
            "selfish-mining: share of the honest hash power that mines on the coalition's block when a tie ends by an honest block; mean over such ties",
        ),
    ]
}

/// Rejects combinations that no range can.
///
/// # Errors
/// The key to blame.
pub(crate) fn validate(params: &Params) -> Result<(), Complaint> {
    let complain = |key: &str, problem: String, help: &str| {
        Err(Complaint { key: key.to_owned(), problem, help: help.to_owned() })
    };
    let (strategy, share) = (params.text("adversary.strategy"), params.share("adversary.share"));
    if strategy == "none" {
        return Ok(());
    }
    if share <= 0.0 {
        let problem = format!("the strategy `{strategy}` needs hash power, but the coalition's share is 0");
        return complain("adversary.share", problem, "give a share above 0, or strategy = \"none\"");
    }
    if strategy == "reorg" && params.has("adversary.horizon") {
        let (depth, horizon) = (params.integer("adversary.depth"), params.integer("adversary.horizon"));
        if horizon < depth {
            let problem = format!(
                "the coalition would stop after {horizon} blocks, before the {depth} it is to replace"
            );
            return complain("adversary.horizon", problem, "give at least `adversary.depth`");
        }
    }
    if strategy == "selfish-mining" && params.has("adversary.tie_share") {
        if params.share("adversary.tie_share") > 0.0 && params.span("adversary.delta").is_zero() {
            let problem = "ties cannot be steered without delaying anybody".to_owned();
            return complain(
                "adversary.delta",
                problem,
                "give a few times the one-way delay, or leave `tie_share` out",
            );
        }
        if params.text("adversary.reach") != "everybody" {
            let problem = "ties cannot be steered at nodes that the coalition does not reach".to_owned();
            return complain(
                "adversary.reach",
                problem,
                "set reach = \"everybody\", or leave `tie_share` out",
            );
        }
    }
    Ok(())
}
