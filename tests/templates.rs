//! What `new` prints is a scenario: it loads, and runs at its smoke size.
#![allow(missing_docs, reason = "tests")]

mod common;

use common::Desk;

/// The systems that the command knows, as `list` names them.
fn systems(desk: &Desk) -> Vec<String> {
    let list = desk.expect(0, "list").out;
    let names =
        list.lines().skip_while(|line| *line != "Systems:").skip(1).take_while(|line| !line.is_empty());
    names.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

#[test]
fn every_template_loads_and_runs() {
    let desk = Desk::new();
    let systems = systems(&desk);
    assert!(systems.len() >= 11 && systems.contains(&"bootstrap".to_owned()), "{systems:?}");
    for system in systems {
        let template = desk.expect(0, &format!("new {system}")).out;
        desk.write("new.toml", template);
        desk.expect(0, &format!("run new.toml --size smoke --replicas 1 --quiet --out {system}"));
    }
}
