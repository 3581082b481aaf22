//! What GraphML offers: understood as its standard says, or refused with its line.

use std::path::Path;

use astrarium_node::Span;

use super::*;

const GRAPHML: &str = r#"<?xml version="1.0"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
  <key id="d0" for="node" attr.name="region" attr.type="string"/>
  <key id="d1" for="node" attr.name="up_bps" attr.type="double"/>
  <key id="d2" for="edge" attr.name="latency_ms" attr.type="double"/>
  <key id="d3" for="node" attr.name="colour" attr.type="string"/>
  <graph edgedefault="undirected">
    <node id="a"><data key="d0">EU</data><data key="d1"> 2e7 </data></node>
    <edge source="a" target="c"/>
    <node id="b"/>
    <node id="c"><data key="d3">red</data></node>
    <edge source="b" target="a"><data key="d2">12.5</data></edge>
  </graph>
</graphml>
"#;

fn graphml(content: &str) -> Result<FileGraph, String> {
    parse(content, Path::new("g.xml")).map_err(|e| e.to_string())
}

#[test]
fn graphml_is_read() {
    let graph = graphml(GRAPHML).unwrap();
    assert_eq!(graph.nodes()[0].region.as_deref(), Some("EU"));
    assert_eq!(graph.nodes()[0].up_bps, Some(20_000_000));
    let attributes = graph.edge_attributes().unwrap();
    assert_eq!(attributes.get(&(0, 1)).unwrap().latency, Some(Span::from_micros(12_500)));
    assert_eq!(attributes.get(&(0, 2)), None);
    let mut links = graph.links();
    links.sort_unstable();
    assert_eq!(links, [(0, 1), (0, 2)]);
}

#[test]
fn what_is_wrong_with_graphml_is_named_with_its_line() {
    let why = |old: &str, new: &str| graphml(&GRAPHML.replace(old, new)).unwrap_err();
    assert!(
        why("target=\"c\"", "target=\"z\"").starts_with("g.xml:9: links the node `z`, which does not exist")
    );
    assert!(why("source=\"b\"", "source=\"a\"").starts_with("g.xml:12: links node 0 to itself"));
    assert!(why("source=\"b\" target=\"a\"", "source=\"c\" target=\"a\"").contains("a second time"));
    assert!(why("node id=\"b\"", "node id=\"a\"").starts_with("g.xml:10: has node `a` twice"));
    assert!(why("node id=\"b\"", "node").starts_with("g.xml:10: has a `node` without `id`"));
    assert!(why("12.5", "soon").starts_with("g.xml:12: has the latency `soon`"));
    assert!(why("undirected", "directed").starts_with("g.xml:9: has a directed edge"));
    assert!(why("</graph>", "").contains("not well-formed"));
    assert!(why("  </graph>\n</graphml>\n", "").contains("cut off"));
    assert!(graphml("").unwrap_err().contains("has no nodes"));
    assert!(graphml("<graphml><node id='a'><data key='k'>&x;").is_err());
}

#[test]
fn graphml_defaults_count_where_nothing_is_given() {
    let declared = |old: &str, new: &str| graphml(&GRAPHML.replace(old, new)).unwrap();
    let up = "\"up_bps\" attr.type=\"double\"/>";
    let graph = declared(up, "\"up_bps\"><desc>rate</desc><default> 1e6 </default></key>");
    let rates: Vec<_> = graph.nodes().iter().map(|n| n.up_bps).collect();
    assert_eq!(rates, [Some(20_000_000), Some(1_000_000), Some(1_000_000)]);
    let latency = "\"latency_ms\" attr.type=\"double\"/>";
    let graph = declared(latency, "\"latency_ms\"><default>7</default></key>");
    let attributes = graph.edge_attributes().unwrap();
    assert_eq!(attributes.get(&(0, 1)).unwrap().latency, Some(Span::from_micros(12_500)));
    assert_eq!(attributes.get(&(0, 2)).unwrap().latency, Some(Span::from_millis(7)));
    // The default of an attribute that means nothing may be anything.
    let colour = "\"colour\" attr.type=\"string\"/>";
    declared(colour, "\"colour\"><default><y:paint xmlns:y='y'>red</y:paint></default></key>");
}

#[test]
fn graphml_says_one_thing_in_several_ways() {
    let same = |old: &str, new: &str| {
        let text = GRAPHML.replace(old, new);
        assert_ne!(text, GRAPHML);
        assert_eq!(graphml(&text).unwrap(), graphml(GRAPHML).unwrap(), "{new}");
    };
    same("for=\"node\" attr.name=\"region\"", "for=\"all\" attr.name=\"region\"");
    same("for=\"edge\" ", "");
    same("12.5", "<![CDATA[12]]>.5");
    same("12.5", "1&#50;&#x2e;5");
    same("12.5", "12<!-- ms -->.5");
    same("<edge source=\"b\"", "<edge directed=\"false\" source=\"b\"");
    same("red", "<y:shape xmlns:y='y'><node id='z'/>red</y:shape>");
    same("<node id=\"b\"/>", "<node id=\"b\"><desc>a <b>bold</b> one</desc></node>");
    let directed = GRAPHML.replace("\"undirected\"", "\"directed\"");
    assert_eq!(
        graphml(&directed.replace("<edge ", "<edge directed=\"false\" ")).unwrap(),
        graphml(GRAPHML).unwrap()
    );
    let prefixed =
        "<g:graphml xmlns:g='g'><g:graph edgedefault='undirected'><g:node id='&lt;a'/></g:graph></g:graphml>";
    assert_eq!(graphml(prefixed).unwrap().nodes().len(), 1);
    let region = GRAPHML.replace(">EU<", ">A &amp; B<");
    assert_eq!(graphml(&region).unwrap().nodes()[0].region.as_deref(), Some("A & B"));
}

#[test]
fn graphml_that_is_not_understood_is_refused_with_its_line() {
    let why = |old: &str, new: &str| {
        assert!(GRAPHML.contains(old), "{old}");
        graphml(&GRAPHML.replacen(old, new, 1)).unwrap_err()
    };
    let b = "<node id=\"b\"/>";
    for (old, new, expected) in [
        ("<edge source=\"b\"", "<edge directed=\"true\" source=\"b\"", "g.xml:12: has a directed edge"),
        (
            "<edge source=\"b\"",
            "<edge directed=\"yes\" source=\"b\"",
            "g.xml:12: has an edge with directed=\"yes\"",
        ),
        (
            "<edge source=\"b\"",
            "<edge sourceport=\"n\" source=\"b\"",
            "g.xml:12: has an edge with `sourceport`",
        ),
        (" edgedefault=\"undirected\"", "", "g.xml:7: has a `graph` without `edgedefault`"),
        ("\"undirected\"", "\"both\"", "g.xml:7: has a graph with edgedefault=\"both\""),
        (
            b,
            "<node id=\"b\"><graph edgedefault=\"undirected\"/></node>",
            "g.xml:10: has a `graph` where none",
        ),
        ("</graphml>", "<graph edgedefault=\"undirected\"/></graphml>", "g.xml:14: has a second `graph`"),
        (b, "<node id=\"b\"><port name=\"p\"/></node>", "g.xml:10: has a `port` where none"),
        (b, "<hyperedge/><node id=\"b\"/>", "g.xml:10: has a `hyperedge` where none"),
        (b, "<node id=\"b\"><node id=\"x\"/></node>", "g.xml:10: has a `node` where none"),
        (b, "<y:node xmlns:y=\"y\" id=\"b\"/>", "g.xml:10: has a `y:node` where none"),
        (b, "<node id=\"b\">EU</node>", "g.xml:10: has text outside `data`"),
        (
            b,
            "<node id=\"b\"><data key=\"d9\">1</data></node>",
            "g.xml:10: has data of the key `d9`, which is not",
        ),
        (
            b,
            "<node id=\"b\"><data key=\"d2\">1</data></node>",
            "g.xml:10: has data of the key `d2` on the wrong kind",
        ),
        (
            b,
            "<data key=\"d0\">EU</data><node id=\"b\"/>",
            "g.xml:10: has data of the key `d0` on the wrong kind",
        ),
        (
            b,
            "<node id=\"b\"><data key=\"d1\">1</data><data key=\"d1\">2</data></node>",
            "g.xml:10: has data of the key `d1` twice",
        ),
        ("EU", "<b>EU</b>", "g.xml:8: has an element where a value is due"),
        ("EU", "&eu;", "g.xml:8: has an entity that XML does not define"),
        ("EU", "&#0;", "g.xml:8: "),
        (
            "for=\"node\" attr.name=\"region\"",
            "for=\"edge\" attr.name=\"region\"",
            "g.xml:3: has the attribute `region` for=\"edge\"",
        ),
        ("for=\"edge\"", "for=\"link\"", "g.xml:5: has a key for=\"link\""),
        ("attr.name=\"colour\"", "attr.name=\"nat\"", "g.xml:6: has the node attribute `nat`"),
        ("attr.name=\"colour\"", "attr.name=\"up_bps\"", "g.xml:6: declares the attribute `up_bps` twice"),
        ("id=\"d3\"", "id=\"d1\"", "g.xml:6: has the key `d1` twice"),
        (
            "\"latency_ms\" attr.type=\"double\"/>",
            "\"latency_ms\"><default>soon</default></key>",
            "g.xml:5: has the latency `soon`",
        ),
        (
            "</graphml>",
            "<key id=\"d7\" attr.name=\"loss\"/></graphml>",
            "g.xml:14: has a `key` after the graph",
        ),
        ("<graphml xmlns=", "<gexf xmlns=", "g.xml:2: has a `gexf` where none"),
    ] {
        let message = why(old, new);
        assert!(message.starts_with(expected), "{new}: {message}");
    }
}
