//! Every shape of cgroup path, from `data/cgroup_paths.tsv`.

use oom_filter::cgroup::identify;

#[test]
fn every_path_tells_what_its_row_says() {
    let rows: Vec<Vec<&str>> = include_str!("../data/cgroup_paths.tsv")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split('\t').collect())
        .collect();
    assert!(rows.len() > 300, "the table was cut short");
    let mut wrong = Vec::new();
    for row in rows {
        let [what, path, expected @ ..] = row.as_slice() else {
            panic!("a row of fewer columns: {row:?}");
        };
        let identity = identify(path.as_bytes());
        let json = |value: serde_json::Value| match value {
            serde_json::Value::String(text) => text,
            _ => "-".to_owned(),
        };
        let pod = serde_json::to_value(&identity.pod).unwrap();
        let container = serde_json::to_value(&identity.container).unwrap();
        let found = [
            identity.level.name().to_owned(),
            json(pod["uid"].clone()),
            json(pod["qos"].clone()),
            json(container["id"].clone()),
            json(container["runtime"].clone()),
            identity.unit.map_or("-".to_owned(), |unit| {
                String::from_utf8_lossy(unit).into_owned()
            }),
            identity.workload.map_or("-".to_owned(), |workload| {
                let parts = [
                    Some(workload.system.into_owned()),
                    workload.id,
                    workload.part,
                ];
                parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
            }),
            if identity.is_nested { "nested" } else { "-" }.to_owned(),
        ];
        if found != *expected {
            wrong.push(format!(
                "{what}: {path}\n  expected {expected:?}\n  found    {found:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
