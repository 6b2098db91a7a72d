//! What each output's receiver gets.

use std::cell::Cell;
use std::ops::RangeInclusive;

use oom_fluentbit_test::{
    FluentBit, Folder, Names, Received, Receiver, Run, Source, free_port, is_kill, names_of,
    records, told,
};
use oom_suite::trial::{Skip, Tested, Trial};
use oom_suite::trials;
use serde_json::{Value, json};

/// What one output sends of all kills of a capture, once `done` holds of it.
pub fn sent(
    output: &str,
    answer: &'static str,
    variables: &[&str; 2],
    done: impl Fn(&[Received], usize) -> bool,
) -> Result<(Vec<Received>, Vec<Value>), Skip> {
    let fluent_bit = FluentBit::find()?;
    let folder = Folder::lay_out(&format!("output-{output}"))?;
    let mut records = records(Source::Journal);
    // Some carriers tell the time of a line.
    for record in records.iter_mut().step_by(2) {
        let clock = record["_SOURCE_MONOTONIC_TIMESTAMP"].as_str();
        let clock: u64 = clock.and_then(|text| text.parse().ok()).expect("a number");
        record["__REALTIME_TIMESTAMP"] = (1_600_000_000_000_000 + clock).to_string().into();
    }
    let names = names_of(&records);
    let kills = told(&records, &names);
    let receiver = Receiver::start(answer);
    let mut run = Run::new(&folder, "journal", &records, &names);
    if output == "opentelemetry" {
        run.add(&folder, "outputs/opentelemetry/otlp.lua");
    }
    run.add(&folder, &format!("outputs/{output}/output-{output}.yaml"));
    let [host, port] = variables;
    run.set(host, &receiver.address.ip());
    run.set(port, &receiver.address.port());
    run.run(&fluent_bit, |_, printed| {
        printed.len() == kills.len() && done(&receiver.received(), kills.len())
    });
    Ok((receiver.received(), kills))
}

/// The lines of all bodies.
pub fn lines(received: &[Received]) -> impl Iterator<Item = Value> {
    received
        .iter()
        .flat_map(|received| received.body.split(|byte| *byte == b'\n'))
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).expect("a line is JSON"))
}

/// The tests of this file.
pub fn tests() -> Vec<Trial> {
    trials![
        loki,
        slack,
        slack_of_other_killer,
        slack_of_eviction,
        teams,
        away,
        away_long,
    ]
}

fn loki() -> Tested {
    let streams = |received: &[Received]| -> Vec<Value> {
        lines(received)
            .flat_map(|body| body["streams"].as_array().expect("it has streams").clone())
            .flat_map(|stream| {
                let values = stream["values"].as_array().expect("a stream has values");
                let line = |value: &Value| -> Value {
                    let text = value[1].as_str().expect("a line is text");
                    serde_json::from_str(text).expect("a line is JSON")
                };
                let labelled = |value| json!({"labels": stream["stream"], "line": line(value)});
                values.iter().map(labelled).collect::<Vec<_>>()
            })
            .collect()
    };
    let (received, kills) = sent(
        "loki",
        "",
        &["LOKI_HOST", "LOKI_PORT"],
        |received, count| streams(received).len() >= count,
    )?;
    let mut found = streams(&received);
    let mut expected: Vec<Value> = kills
        .iter()
        .map(|kill| {
            let mut labels = json!({
                "job": "oom",
                "node": "worker-1",
                "level": kill["oom"]["level"],
                "namespace": kill["kubernetes"]["namespace_name"],
                "container": kill["kubernetes"]["container_name"],
            });
            let fields = labels.as_object_mut().expect("it was made one");
            fields.retain(|_, value| !value.is_null());
            let mut line = kill.clone();
            let fields = line.as_object_mut().expect("a record is an object");
            fields.retain(|key, _| ["oom", "kubernetes", "MESSAGE"].contains(&key.as_str()));
            // What is a label is not in the line.
            for (object, keys) in [
                ("oom", &["level"][..]),
                ("kubernetes", &["namespace_name", "container_name"]),
            ] {
                if let Some(Value::Object(object)) = fields.get_mut(object) {
                    object.retain(|key, _| !keys.contains(&key.as_str()));
                }
            }
            json!({"labels": labels, "line": line})
        })
        .collect();
    // Each level is sent by itself, in no order.
    found.sort_by_key(Value::to_string);
    expected.sort_by_key(Value::to_string);
    assert_eq!(found, expected);
    Ok(())
}

/// Kills of processes with these numbers, whose reports the kernel left out.
fn bare_kills(numbers: RangeInclusive<usize>) -> Vec<Value> {
    let kill = |number: usize| {
        json!({
            "_TRANSPORT": "kernel",
            "_SOURCE_MONOTONIC_TIMESTAMP": (number * 1_000_000).to_string(),
            "MESSAGE": format!(
                "Memory cgroup out of memory: Killed process {number} (java) total-vm:8kB, \
                 anon-rss:4kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:4kB oom_score_adj:0"
            ),
        })
    };
    numbers.map(kill).collect()
}

/// A run over records with Loki and Slack away.
fn without_receivers(folder: &Folder, records: &[Value]) -> Run {
    let mut run = Run::new(folder, "journal", records, &Names::default());
    for file in ["message/message.lua", "message/output-message.yaml"] {
        run.add(folder, &format!("outputs/{file}"));
    }
    for service in ["loki", "slack"] {
        run.add(folder, &format!("outputs/{service}/output-{service}.yaml"));
        let upper = service.to_uppercase();
        run.set(&format!("{upper}_HOST"), &"127.0.0.1");
        // Nobody is there.
        run.set(&format!("{upper}_PORT"), &free_port());
    }
    run.set("SLACK_PATH", &"/");
    run.set("OOM_DASHBOARD", &"");
    run.tolerate("127.0.0.1");
    run.tolerate("output:loki");
    run.tolerate("output:http");
    run
}

/// How many kills a page of metrics counts, all of one container's.
fn is_counted(page: &str, kills: usize) -> bool {
    page.contains(&format!("killer=\"kernel\",origin=\"kernel\"}} {kills}\n"))
}

/// Outputs that are away hold nobody back: of a storm of kills, of which they keep the newest, all are
/// counted, and another output gets all.
fn away() -> Tested {
    const KILLS: usize = 10_000;
    let (fluent_bit, folder) = (FluentBit::find()?, Folder::lay_out("away")?);
    let run = without_receivers(&folder, &bare_kills(1..=KILLS));
    let (page, printed) = run.run(&fluent_bit, |page, printed| {
        printed.len() >= KILLS && is_counted(page, KILLS)
    });
    assert_eq!(printed.len(), KILLS);
    assert!(page.contains("fluentbit_output_retries_total"), "{page}");
    Ok(())
}

/// Nor do they for long: kills of different seconds wait in a file each, and more files than Fluent Bit
/// takes by default stop nothing.
fn away_long() -> Tested {
    const KILLS: usize = 200;
    let (fluent_bit, folder) = (FluentBit::find()?, Folder::lay_out("away-long")?);
    let run = without_receivers(&folder, &bare_kills(1..=1));
    // A second passes in a twentieth of one.
    let own = run.read("fluent-bit.yaml");
    let quick = own.replace("flush: 1\n", "flush: 0.05\n");
    assert_ne!(own, quick);
    run.write("fluent-bit.yaml", &quick);
    let told = Cell::new(1);
    let (_, printed) = run.run(&fluent_bit, |page, printed| {
        if told.get() < KILLS {
            told.update(|number| number + 1);
            for kill in bare_kills(told.get()..=told.get()) {
                run.append("records.jsonl", &format!("{kill}\n"));
            }
        }
        printed.len() >= KILLS && is_counted(page, KILLS)
    });
    assert_eq!(printed.len(), KILLS);
    Ok(())
}

/// What the service at `service` gets of all kills of a capture, with a process in it that
/// bears the name `hostile`, where one request of `every` is taken.
fn messages(
    service: &str,
    hostile: &str,
    every: usize,
) -> Result<(Vec<Received>, Vec<Value>), Skip> {
    let mut records = records(Source::Journal);
    let names = names_of(&records);
    for record in &mut records {
        let message = record["MESSAGE"].as_str().expect("it is text");
        let message = message.replace("(postgres)", &format!("({hostile})"));
        record["MESSAGE"] = message.into();
    }
    messages_of(service, &records, &names, every)
}

/// The same of these records.
fn messages_of(
    service: &str,
    records: &[Value],
    names: &Names,
    every: usize,
) -> Result<(Vec<Received>, Vec<Value>), Skip> {
    let fluent_bit = FluentBit::find()?;
    let folder = Folder::lay_out(&format!("output-{service}-{}", records.len()))?;
    let mut kills = told(records, names);
    kills.retain(|record| is_kill(record) || record["oom"]["event"] == "evicted");
    let receiver = Receiver::busy("ok", every);
    let mut run = Run::new(&folder, "journal", records, names);
    run.add(&folder, "outputs/message/message.lua");
    run.add(&folder, "outputs/message/output-message.yaml");
    let output = format!("output-{service}.yaml");
    run.add(&folder, &format!("outputs/{service}/{output}"));
    // What is tried again is so within seconds, and the receiver speaks no TLS.
    let own = run.read("fluent-bit.yaml");
    let own = own.replace(
        "service:\n",
        "service:\n  scheduler.base: 1\n  scheduler.cap: 2\n",
    );
    run.write("fluent-bit.yaml", &own);
    let plain = run.read(&output).replace("tls: on", "tls: off");
    assert!(plain.contains("tls: off"));
    run.write(&output, &plain);
    let upper = service.to_uppercase();
    run.set(&format!("{upper}_HOST"), &receiver.address.ip());
    run.set(&format!("{upper}_PORT"), &receiver.address.port());
    // What is in the address of a workflow of Teams'.
    run.set(&format!("{upper}_PATH"), &"/hook/T/B?sp=%2Frun&sig=a_b");
    run.set("OOM_DASHBOARD", &"https://grafana.example/d/oom-kills");
    run.tolerate("HTTP status=429");
    run.tolerate("failed to flush chunk");
    run.run(&fluent_bit, |_, _| receiver.received().len() >= kills.len());
    let requests = receiver.received();
    assert_eq!(requests.len(), kills.len(), "each kill is one message");
    assert!(requests.iter().all(|request| request.path == "/hook/T/B"));
    Ok((requests, kills))
}

/// The kill that a message tells of, by the number of the process in it.
fn told_in<'a>(text: &str, kills: &'a [Value]) -> &'a Value {
    let find = |kill: &&Value| {
        let pid = kill["oom"]["victim"]["pid"].as_u64().expect("it has one");
        text.contains(&format!("(pid {pid})"))
    };
    kills.iter().find(find).expect("it is one of them")
}

/// Names of whose process it was, as far as they are known.
fn owner(kill: &Value) -> String {
    let names = ["namespace_name", "pod_name", "container_name"];
    let names = names.map(|name| kill["kubernetes"][name].as_str());
    let names: Vec<&str> = names.into_iter().flatten().collect();
    if !names.is_empty() {
        return names.join(" / ");
    }
    let container = kill["oom"]["container"]["id"].as_str();
    let container = container.and_then(|id| id.get(..12));
    let unit = kill["oom"]["unit"].as_str().map(str::to_owned);
    unit.or_else(|| container.map(|id| format!("container {id}")))
        .unwrap_or_else(|| "no known pod".to_owned())
}

/// Slack takes one message a second: what it refused comes later, each once. No name is a command, a link,
/// or the end of the code that it stands in.
fn slack() -> Tested {
    let (received, kills) = messages("slack", "<!channel>`*&", 2)?;
    let mut all = String::new();
    for message in &received {
        let body: Value = serde_json::from_slice(&message.body).expect("it is JSON");
        let text = body["text"].as_str().expect("a message is text");
        let kill = told_in(text, &kills);
        let begin = format!("*OOM kill: {}* on worker-1\n", owner(kill));
        assert!(text.starts_with(&begin), "{begin}\n{text}");
        let namespace = kill["kubernetes"]["namespace_name"].as_str();
        let link = namespace.map_or(String::new(), |name| format!("?var-namespace={name}"));
        let link = format!("\n<https://grafana.example/d/oom-kills{link}|Dashboard>");
        assert!(text.ends_with(&link), "{text}");
        assert_eq!(text.matches('<').count(), 1, "{text}");
        assert_eq!(
            text.contains("Kubernetes does not tell"),
            survives(kill),
            "{text}"
        );
        all += text;
    }
    assert!(all.contains("`&lt;!channel&gt;'*&amp;` (pid "), "{all}");
    for part in [
        " was killed: the container reached its memory limit of 20.0 MiB",
        " was killed: the pod reached its memory limit of ",
        " was killed: the node ran out of memory",
        " was killed: all pods together reached what the node has for them",
        ". Of its own it held ",
        "`kubectl -n shop describe pod cart-7`",
        "`kubectl describe node worker-1`",
        "It is kill number 2 there.",
    ] {
        assert!(all.contains(part), "{part}\n{all}");
    }
    Ok(())
}

fn survives(kill: &Value) -> bool {
    kill["oom"]["container_outcome"] == "survives"
}

/// A kill by another program than the kernel has no process and nobody's limit, but that program's own words, in
/// which a path may be anybody's.
fn slack_of_other_killer() -> Tested {
    let text = "Killed /system.slice/a`<b due to memory pressure for /system.slice being 60.00% > 50.00% for > 20s \
                with reclaim activity";
    let record = json!({
        "MESSAGE": text, "_TRANSPORT": "journal", "_SYSTEMD_UNIT": "systemd-oomd.service", "_HOSTNAME": "worker-1",
    });
    let (received, _) = messages_of("slack", &[record], &Names::default(), 1)?;
    let body: Value = serde_json::from_slice(&received[0].body).expect("it is JSON");
    assert_eq!(
        body["text"],
        "*OOM kill: system.slice* on worker-1\n\
         Processes were killed by systemd-oomd: `memory pressure for /system.slice being 60.00% &gt; 50.00% for \
         &gt; 20s with reclaim activity`\n\
         It need not be what took the memory. Begin with: `kubectl describe node worker-1`\n\
         <https://grafana.example/d/oom-kills|Dashboard>"
    );
    Ok(())
}

/// An eviction is told as what it is: the pod, and why the kubelet ended it.
fn slack_of_eviction() -> Tested {
    let why =
        "The node was low on resource: memory. Threshold quantity: 100Mi, available: 58472Ki. ";
    let uid = "77f06c5c-4593-43e9-b970-987f6ecb825b";
    let records = [
        "\"Eviction manager: must evict pod(s) to reclaim\" resourceName=\"memory\"".to_owned(),
        format!("\"Evicting pod\" pod=\"shop/web-1\" podUID=\"{uid}\" message=\"{why}\""),
        "\"Eviction manager: pod is evicted successfully\" pod=\"shop/web-1\"".to_owned(),
    ]
    .map(|text| {
        json!({
            "MESSAGE": format!("I0617 16:18:42.212181 3814777 eviction_manager.go:392] {text}"),
            "_TRANSPORT": "stdout", "_SYSTEMD_UNIT": "kubelet.service", "_PID": "7", "_HOSTNAME": "worker-1",
        })
    });
    let (received, _) = messages_of("slack", &records, &Names::default(), 1)?;
    let body: Value = serde_json::from_slice(&received[0].body).expect("it is JSON");
    assert_eq!(
        body["text"],
        "*Eviction: shop / web-1* on worker-1\n\
         The kubelet evicted the pod, since its node is short of memory: `The node was low on resource: memory. \
         Threshold quantity: 104857600, available: 59875328.`\n\
         It need not be what took the memory. Begin with: `kubectl describe node worker-1`\n\
         <https://grafana.example/d/oom-kills?var-namespace=shop|Dashboard>"
    );
    Ok(())
}

/// A card of Teams': its texts are runs, which know no marks.
fn teams() -> Tested {
    let hostile = r#"[a](//b.c)"\x09"#;
    let (received, kills) = messages("teams", hostile, 1)?;
    let mut is_told = false;
    for message in &received {
        let body: Value = serde_json::from_slice(&message.body).expect("it is JSON");
        let card = &body["attachments"][0];
        assert_eq!(
            card["contentType"],
            "application/vnd.microsoft.card.adaptive"
        );
        let blocks = card["content"]["body"].as_array().expect("it has blocks");
        let runs = blocks.iter().flat_map(|block| {
            assert_eq!(block["type"], "RichTextBlock");
            block["inlines"].as_array().expect("it has runs")
        });
        let texts: Vec<&str> = runs
            .map(|run| {
                assert_eq!(run["type"], "TextRun");
                run["text"].as_str().expect("a run is text")
            })
            .collect();
        let kill = told_in(&texts.concat(), &kills);
        assert_eq!(texts[0], format!("OOM kill: {}", owner(kill)));
        assert_eq!(texts[1], " on worker-1");
        let name = kill["oom"]["victim"]["comm"].as_str();
        let name = name.filter(|name| !name.is_empty());
        assert_eq!(texts[2], name.unwrap_or("(no name)"));
        is_told |= texts[2].starts_with("[a](//b.c)\"");
        let url = card["content"]["actions"][0]["url"].as_str();
        assert!(url.is_some_and(|url| url.starts_with("https://grafana.example/d/oom-kills")));
    }
    assert!(is_told);
    Ok(())
}
