//! Edge lists: lines `u v [latency_ms [loss [bps]]]`.

use std::path::Path;

use super::EdgeAttributes;
use super::file::{FileGraph, latency, probability, rate};
use crate::error::NetError;
use crate::text;

/// Node numbers of a file end here: ten million nodes.
const MOST_NODES: u32 = 10_000_000;

pub(super) fn parse(content: &str, path: &Path) -> Result<FileGraph, NetError> {
    let mut graph = FileGraph::new(path);
    for (index, line) in content.lines().enumerate() {
        let number = index as u64 + 1;
        let words: Vec<&str> = line.split('#').next().unwrap_or("").split_whitespace().collect();
        if words.is_empty() {
            continue;
        }
        let (u, v, attributes) = edge(&words).map_err(|problem| {
            text::error(path, Some(number), problem, "a line is `u v [latency_ms [loss [bps]]]`")
        })?;
        graph.add(u, v, attributes, number)?;
    }
    Ok(graph)
}

fn edge(words: &[&str]) -> Result<(u32, u32, EdgeAttributes), String> {
    if !(2..=5).contains(&words.len()) {
        return Err(format!("has {} words in this line", words.len()));
    }
    let attributes = EdgeAttributes {
        latency: words.get(2).map(|w| latency(w)).transpose()?,
        loss: words.get(3).map(|w| probability(w)).transpose()?,
        bps: words.get(4).map(|w| rate(w)).transpose()?,
    };
    Ok((node(words[0])?, node(words[1])?, attributes))
}

fn node(word: &str) -> Result<u32, String> {
    match word.parse::<u32>() {
        Ok(id) if id < MOST_NODES => Ok(id),
        _ => Err(format!("has the node `{word}`, which is not a whole number below {MOST_NODES}")),
    }
}
