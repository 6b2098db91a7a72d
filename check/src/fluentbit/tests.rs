//! Configurations are read and written as they were, but for what is changed.

use std::collections::HashMap;
use std::fs;

use super::file::{Document, Kind, Plugin};
use super::{filled, matches};

#[test]
fn knows_which_tag_a_pattern_matches() {
    for (pattern, tag, is) in [
        ("kernel", "kernel", true),
        ("kernel", "kernel.a", false),
        ("*", "", true),
        ("oom.*", "oom.pod", true),
        ("oom.*", "oom", false),
        ("*.a.*b", "x.a.yb", true),
        ("*.a.*b", "x.a.yc", false),
    ] {
        assert_eq!(matches(pattern, tag), is, "{pattern} {tag}");
    }
}

#[test]
fn fills_variables_in() {
    let variables = HashMap::from([("A".to_owned(), "1".to_owned())]);
    assert_eq!(filled("x${A}y${B}${C:-z}", &variables), "x1yz");
}

#[test]
fn keeps_both_forms() {
    let folder = std::env::temp_dir().join(format!("oom-check-test-{}", std::process::id()));
    fs::create_dir_all(folder.join("out")).unwrap();
    let yaml = "includes: [more.yaml]\nenv: {A: 1}\npipeline:\n  inputs:\n    - name: kmsg\n      tag: t\n  \
                filters:\n    - name: modify\n      match: '*'\n      rules: [{z: 1}, {a: 2}]\n";
    let classic = "@SET A=1\n@INCLUDE part*.conf\n[INPUT]\n    name kmsg\n    # a remark\n    Tag t\n\
                   [FILTER]\n    Name modify\n    Match *\n    Rename b c\n    Add a b\n    Rename d e\n";
    for (name, text) in [
        ("main.yaml", yaml),
        ("more.yaml", "service: {flush: 5, http_server: on}\n"),
        ("main.conf", classic),
        ("part1.conf", "[SERVICE]\n    Flush 5\n    HTTP_Server on\n"),
    ] {
        fs::write(folder.join(name), text).unwrap();
    }
    for name in ["main.yaml", "main.conf"] {
        let document = Document::read(&folder.join(name)).unwrap();
        assert_eq!(document.variables(), [("A".to_owned(), "1".to_owned())]);
        let mut seen = Vec::new();
        document.each(&mut |kind, plugin| seen.push((kind, plugin.name())));
        let expected = [
            (Kind::Service, ""),
            (Kind::Input, "kmsg"),
            (Kind::Filter, "modify"),
        ];
        assert_eq!(seen, expected.map(|(kind, name)| (kind, name.to_owned())));
        let mut change = |kind: Kind, mut plugin: Plugin| {
            plugin.set("tag", "other");
            if kind == Kind::Service {
                plugin.keep(&["flush"]);
            }
            (kind != Kind::Filter || name == "main.conf").then_some(plugin)
        };
        let written = document
            .write(&folder.join("out"), &mut change, &[])
            .unwrap();
        let again = Document::read(&written).unwrap();
        let mut plugins = Vec::new();
        again.each(&mut |kind, plugin| plugins.push((kind, plugin.clone())));
        assert_eq!(plugins[0].1.text("Flush").as_deref(), Some("5"));
        assert_eq!(plugins[0].1.text("http_server"), None);
        assert_eq!(plugins[1].1.text("tag").as_deref(), Some("other"));
        if name == "main.conf" {
            let keys: Vec<&str> = plugins[2].1.0.iter().map(|(key, _)| key.as_str()).collect();
            assert_eq!(keys, ["Name", "Match", "Rename", "Add", "Rename", "tag"]);
        } else {
            assert_eq!(plugins.len(), 2);
        }
    }
    fs::remove_dir_all(folder).unwrap();
}
