//! The folder as kubectl renders it, and what a cluster would say of it.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use oom_fluentbit_test::{
    FluentBit, Folder, Receiver, Run, Running, Source, Tool, free_port, get, names_of, records,
    told, top,
};
use oom_suite::trial::{Skip, Tested, Trial};
use oom_suite::trials;
use serde_json::Value;

/// A user's own folder: an overlay with every output, and one's own address.
const ALL_OUTPUTS: &str = "\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [../journal]
components: [../outputs/slack, ../outputs/teams, ../outputs/loki, ../outputs/elasticsearch, ../outputs/opentelemetry]
patches:
  - patch: |
      apiVersion: apps/v1
      kind: DaemonSet
      metadata: {name: oom-fluent-bit}
      spec: {template: {spec: {containers: [
        {name: fluent-bit, env: [{name: LOKI_HOST, value: loki.example}]}]}}}
";

/// Longest manifest that `kubectl apply` can keep beside what it applies.
const LONGEST_APPLIED: usize = 256 * 1024;

/// What is rendered of one folder.
struct Rendered(Vec<Value>);

impl Rendered {
    /// Renders it, and checks it against the schemas of Kubernetes where they are there.
    fn new(folder: &Folder, name: &str, kubectl: &Path, schema: Option<&Path>) -> Self {
        let overlay = folder.path.join(name);
        let overlay = overlay.to_str().expect("a path that is text");
        let text = Tool::run(kubectl, &["kustomize", overlay]);
        let file = folder.path.join(format!("{name}.yaml"));
        fs::write(&file, text).expect("it can be written");
        let file = file.to_str().expect("a path that is text");
        if let Some(schema) = schema {
            Tool::run(schema, &["--strict", file]);
        }
        // A change that changes nothing here, for its JSON.
        let same = ["label", "--local", "-f", file, "-o", "json", "rendered=yes"];
        let objects = Tool::run(kubectl, &same);
        let objects = serde_json::Deserializer::from_str(&objects).into_iter();
        Self(objects.map(|object| object.expect("it is JSON")).collect())
    }

    /// The one object of a kind.
    fn one(&self, kind: &str) -> &Value {
        let mut objects = self.0.iter().filter(|object| object["kind"] == kind);
        let object = objects.next().unwrap_or_else(|| panic!("no {kind}"));
        assert!(objects.next().is_none(), "one {kind}");
        object
    }

    fn pod(&self) -> &Value {
        &self.one("DaemonSet")["spec"]["template"]["spec"]
    }

    /// Fluent Bit's.
    fn container(&self) -> &Value {
        self.container_of("fluent-bit")
    }

    fn container_of(&self, name: &str) -> &Value {
        let containers = self.pod()["containers"].as_array();
        let mut containers = containers.expect("it has some").iter();
        let container = containers.find(|container| container["name"] == name);
        container.unwrap_or_else(|| panic!("no {name}"))
    }

    /// The ConfigMap that has files of this kind, `data` or `binaryData`.
    fn map(&self, files: &str) -> &Value {
        let has = |object: &&Value| object["kind"] == "ConfigMap" && object[files].is_object();
        let mut maps = self.0.iter().filter(has);
        let map = maps.next().unwrap_or_else(|| panic!("no {files}"));
        assert!(maps.next().is_none(), "one with {files}");
        map
    }

    fn files(&self) -> Vec<&str> {
        let files = self.map("data")["data"].as_object();
        files
            .expect("it has files")
            .keys()
            .map(String::as_str)
            .collect()
    }

    fn variables(&self) -> Vec<&str> {
        let variables = self.container()["env"].as_array().expect("it has some");
        variables
            .iter()
            .map(|variable| variable["name"].as_str().expect("it has a name"))
            .collect()
    }
}

/// What holds of every overlay.
fn check(rendered: &Rendered, folder: &Folder) {
    for object in &rendered.0 {
        let kind = object["kind"].as_str().expect("it has a kind");
        let kinds = [
            "ConfigMap",
            "DaemonSet",
            "Namespace",
            "PriorityClass",
            "ServiceAccount",
        ];
        // No role: nothing is asked of the API server.
        assert!(kinds.contains(&kind), "{kind}");
        let length = object.to_string().len();
        assert!(length < LONGEST_APPLIED, "{kind}: {length} bytes");
    }
    assert_eq!(
        rendered.one("ServiceAccount")["automountServiceAccountToken"],
        false
    );
    let pod = rendered.pod();
    assert_eq!(pod["automountServiceAccountToken"], false);
    assert_eq!(pod["tolerations"].to_string(), r#"[{"operator":"Exists"}]"#);
    assert_eq!(
        pod["priorityClassName"],
        rendered.one("PriorityClass")["metadata"]["name"]
    );

    let container = rendered.container();
    assert_eq!(
        container["image"],
        "cr.fluentbit.io/fluent/fluent-bit:5.1.1"
    );
    assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], true);
    for limit in [
        "/requests/cpu",
        "/requests/memory",
        "/limits/cpu",
        "/limits/memory",
    ] {
        assert!(container["resources"].pointer(limit).is_some(), "{limit}");
    }
    // Each volume is mounted once, and only the state may be written.
    let volumes = pod["volumes"].as_array().expect("it has volumes");
    let mounts = container["volumeMounts"].as_array().expect("it has mounts");
    assert_eq!(volumes.len(), mounts.len());
    for volume in volumes {
        let mut of = mounts
            .iter()
            .filter(|mount| mount["name"] == volume["name"]);
        let mount = of.next().expect("it is mounted");
        assert_eq!(
            mount["readOnly"] == true,
            mount["mountPath"] != "/oom",
            "{mount}"
        );
    }

    for (volume, files) in [("config", "data"), ("module", "binaryData")] {
        let volume = volumes.iter().find(|found| found["name"] == volume);
        let name = volume.map(|volume| &volume["configMap"]["name"]);
        assert_eq!(name, Some(&rendered.map(files)["metadata"]["name"]));
    }
    let map = rendered.map("binaryData");
    let module = fs::read(folder.path.join("base/oom-fluentbit-names.wasm")).expect("it is there");
    let encoded = map["binaryData"]["oom-fluentbit-names.wasm"].as_str();
    let encoded = encoded.expect("the module is in the map");
    let letters = encoded.chars().filter(|letter| !letter.is_whitespace());
    // Four for three bytes.
    assert_eq!(letters.count(), module.len().div_ceil(3) * 4);
    let data = rendered.map("data")["data"]
        .as_object()
        .expect("it has files");
    for (name, text) in data {
        let file = [
            "base",
            "journal",
            "kmsg",
            "outputs/message",
            "outputs/slack",
            "outputs/teams",
        ]
        .into_iter()
        .chain([
            "outputs/loki",
            "outputs/elasticsearch",
            "outputs/opentelemetry",
        ])
        .map(|place| folder.path.join(place).join(name))
        .find_map(|path| fs::read_to_string(path).ok().filter(|file| text == file));
        assert!(file.is_some(), "{name} is none of the files");
        // What it wants of the environment is set.
        let text = text.as_str().expect("a file is text");
        for wanted in text.split("${").skip(1) {
            let (wanted, _) = wanted.split_once('}').expect("it ends");
            assert!(rendered.variables().contains(&wanted), "{name}: {wanted}");
        }
    }
}

/// The tests of this file.
pub fn tests() -> Vec<Trial> {
    trials![overlays, events, unprivileged, scraping, helm]
}

fn overlays() -> Tested {
    let (kubectl, folder) = (Tool::KUBECTL.find()?, Folder::lay_out("rendered")?);
    let schema = Tool::SCHEMA.find();
    let render = |name| Rendered::new(&folder, name, &kubectl, schema.as_deref().ok());
    folder.add("every-output", ALL_OUTPUTS);

    let journal = render("journal");
    check(&journal, &folder);
    let pod = &journal.pod()["securityContext"];
    assert_eq!(pod["runAsNonRoot"], true);
    assert_eq!(pod["seccompProfile"]["type"], "RuntimeDefault");
    let container = &journal.container()["securityContext"];
    assert_eq!(container["allowPrivilegeEscalation"], false);
    assert_eq!(container["capabilities"].to_string(), r#"{"drop":["ALL"]}"#);
    assert_eq!(container.get("privileged"), None);
    assert_eq!(
        journal.files(),
        [
            "fluent-bit.yaml",
            "lost.lua",
            "module.yaml",
            "output-stdout.yaml",
            "own.lua",
            "source.yaml"
        ]
    );

    // Root makes the folder of the state the user's, with nothing but what that takes, in the same image.
    let own = &journal.pod()["initContainers"][0];
    assert_eq!(own["image"], journal.container()["image"]);
    let capabilities = own["securityContext"]["capabilities"].to_string();
    assert_eq!(capabilities, r#"{"add":["CHOWN"],"drop":["ALL"]}"#);
    let user = format!("local USER = {}\n", pod["runAsUser"]);
    assert!(folder.read("journal/own.lua").contains(&user));

    // The values for Helm say the same.
    let values = folder.read("helm/values.yaml");
    let groups = pod["supplementalGroups"].to_string().replace(',', ", ");
    assert!(values.contains(&format!("  supplementalGroups: {groups}\n")));
    let own = folder.read("journal/daemonset.yaml");
    for line in [
        "args: [",
        "--prop=call=none",
        "drop: [ALL]",
        "add: [CHOWN]",
        "path: /var/lib/",
    ] {
        let line = own.lines().find(|own| own.contains(line)).expect(line);
        assert!(values.contains(line.trim()), "{line}");
    }
    for variable in journal.variables() {
        assert!(
            values.contains(&format!("  - name: {variable}\n")),
            "{variable}"
        );
    }

    let kmsg = render("kmsg");
    check(&kmsg, &folder);
    assert_eq!(kmsg.container()["securityContext"]["privileged"], true);
    assert!(kmsg.files().contains(&"once.lua"));

    for rendered in [&journal, &kmsg] {
        let labels = &rendered.one("Namespace")["metadata"]["labels"];
        assert_eq!(labels["pod-security.kubernetes.io/enforce"], "privileged");
    }

    let every = render("every-output");
    check(&every, &folder);
    let variables = every.container()["env"].to_string();
    assert!(variables.contains(r#"{"name":"LOKI_HOST","value":"loki.example"}"#));
    for output in [
        "message",
        "slack",
        "teams",
        "loki",
        "elasticsearch",
        "opentelemetry",
    ] {
        let name = format!("output-{output}.yaml");
        assert!(every.files().contains(&&*name), "{name}");
    }
    // All but the schema was checked.
    schema.map(|_| ())
}

/// A user's own folder with Events.
const EVENTS: &str = "\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [../kmsg]
components: [../outputs/events]
";

/// Of all containers one alone has a token, and it may make and change Events. It is no root beside one that is.
fn events() -> Tested {
    let (kubectl, folder) = (Tool::KUBECTL.find()?, Folder::lay_out("events-rendered")?);
    let schema = Tool::SCHEMA.find();
    folder.add("with-events", EVENTS);
    let rendered = Rendered::new(&folder, "with-events", &kubectl, schema.as_deref().ok());
    assert!(rendered.files().contains(&"output-events.yaml"));
    assert_eq!(
        rendered.one("ClusterRole")["rules"].to_string(),
        r#"[{"apiGroups":["events.k8s.io"],"resources":["events"],"verbs":["create","patch"]}]"#
    );
    let subject = &rendered.one("ClusterRoleBinding")["subjects"][0];
    let account = rendered.one("ServiceAccount");
    assert_eq!(subject["name"], account["metadata"]["name"]);
    assert_eq!(subject["namespace"], account["metadata"]["namespace"]);
    assert_eq!(rendered.pod()["serviceAccountName"], subject["name"]);
    assert_eq!(rendered.pod()["automountServiceAccountToken"], false);

    let container = rendered.container_of("events");
    let mounts = container["volumeMounts"].as_array().expect("it has one");
    assert_eq!(mounts.len(), 1);
    assert_eq!(mounts[0]["name"], "token");
    let mounts = rendered.container()["volumeMounts"].as_array();
    let mut mounts = mounts.expect("it has some").iter();
    assert!(mounts.all(|mount| mount["name"] != "token"));
    let context = &container["securityContext"];
    assert_eq!(context["runAsNonRoot"], true);
    assert_eq!(context["readOnlyRootFilesystem"], true);
    assert_eq!(context["allowPrivilegeEscalation"], false);
    assert_eq!(context["capabilities"].to_string(), r#"{"drop":["ALL"]}"#);

    // What is open to others is what answers probes and Prometheus.
    let policy = &rendered.one("NetworkPolicy")["spec"];
    let ports = |container: &Value| {
        let ports = container["ports"].as_array().expect("it has some").clone();
        ports.into_iter().map(|port| port["containerPort"].clone())
    };
    let open = policy["ingress"][0]["ports"]
        .as_array()
        .expect("it has some");
    let open: Vec<Value> = open.iter().map(|port| port["port"].clone()).collect();
    let named: Vec<Value> = ports(rendered.container())
        .chain(ports(container))
        .collect();
    assert_eq!(open, named);
    assert_eq!(
        policy["podSelector"]["matchLabels"],
        rendered.one("DaemonSet")["spec"]["selector"]["matchLabels"]
    );
    // All but the schema was checked.
    schema.map(|_| ())
}

/// As the pod of the overlay `journal` it starts where the kubelet made its directory of pods for root
/// alone, and reads the names in it.
fn unprivileged() -> Tested {
    let (kubectl, folder, fluent_bit, setpriv) = (
        Tool::KUBECTL.find()?,
        Folder::lay_out("unprivileged")?,
        FluentBit::find()?,
        Tool::SETPRIV.find()?,
    );
    let own = fs::metadata("/proc/self").expect("there is a /proc");
    if own.uid() != 0 {
        return Err(Skip::new("only root can run it as another user"));
    }
    let rendered = Rendered::new(&folder, "journal", &kubectl, None);
    let context = &rendered.pod()["securityContext"];
    let user = context["runAsUser"].as_u64().expect("it is a number");
    let user = user.try_into().expect("a user's number is short");
    let groups = context["supplementalGroups"].as_array();
    let groups: Vec<String> = groups
        .expect("it has some")
        .iter()
        .map(Value::to_string)
        .collect();

    let records = records(Source::Journal);
    // The container's file is gone: the names come from the directory of pods.
    let mut names = names_of(&records);
    names.containers.clear();
    let kills = told(&records, &names);
    let count_named = |records: &[Value]| {
        let names = records
            .iter()
            .filter(|kill| kill["kubernetes"]["pod_name"].is_string());
        names.count()
    };
    assert!(count_named(&kills) > 0);
    let mut run = Run::new(&folder, "journal", &records, &names);
    run.as_user(&setpriv, user, &groups.join(","));
    let (_, printed) = run.run(&fluent_bit, |_, printed| printed.len() == kills.len());
    assert_eq!(count_named(&printed), count_named(&kills));
    Ok(())
}

/// Some of what Fluent Bit has on its page.
const PAGE: &str = r#"
oom_kills_total{node="worker-1",level="container",k8s_namespace_name="shop",k8s_pod_name="cart-1"} 1
oom_kill_limit_bytes{node="worker-1",level="container",k8s_namespace_name="shop",k8s_pod_name="cart-1"} 20971520
fluentbit_process_start_time_seconds{node="worker-1",hostname="oom"} 1795277435
fluentbit_uptime{node="worker-1",hostname="oom"} 12
fluentbit_input_records_total{node="worker-1",name="systemd.0"} 7
fluentbit_input_records_total{node="worker-1",name="fluentbit_metrics.1"} 7
fluentbit_input_bytes_total{node="worker-1",name="systemd.0"} 700
fluentbit_filter_records_total{node="worker-1",name="wasm.0"} 7
fluentbit_output_retries_total{node="worker-1",name="slack.1"} 2
fluentbit_output_dropped_records_total{node="worker-1",name="slack.1"} 0
fluentbit_output_proc_records_total{node="worker-1",name="slack.1"} 7
"#;

/// Prometheus finds the pods, and takes of a page what the rules need.
fn scraping() -> Tested {
    let promtool = Tool::PROMTOOL.find()?;
    let kubernetes = top().join("fluentbit/kubernetes");
    let read = |name: &str| fs::read_to_string(kubernetes.join(name)).expect("it ships");
    let (scrape, daemonset) = (read("prometheus/scrape.yaml"), read("base/daemonset.yaml"));
    // Debian's Prometheus is built without the discovery of Kubernetes. What that would say of a pod
    // stands in its place.
    let (before, rest) = scrape
        .split_once("    kubernetes_sd_configs:\n")
        .expect("it asks Kubernetes");
    let (_, after) = rest
        .split_once("    relabel_configs:\n")
        .expect("it chooses pods");
    let receiver = Receiver::start(PAGE);
    let pod = format!(
        "    static_configs:\n      - targets: [\"{}\"]\n        labels:\n{}    relabel_configs:\n",
        receiver.address,
        "          __meta_kubernetes_pod_label_app_kubernetes_io_name: oom-fluent-bit\n          \
         __meta_kubernetes_pod_container_port_name: metrics\n          \
         __meta_kubernetes_pod_node_name: worker-1\n"
    );
    let config = format!("{before}{pod}{after}").replace("interval: 30s", "interval: 1s");
    let folder = std::env::temp_dir().join(format!("oom-scrape-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder for the test");
    let file = folder.join("scrape.yaml");
    fs::write(&file, config).expect("it can be written");
    let file = file.to_str().expect("a path that is text");
    Tool::run(&promtool, &["check", "config", file]);

    // Both are in one package.
    let program = promtool.with_file_name("prometheus");
    if Command::new(&program).arg("--version").output().is_err() {
        return Err(Skip::new("no prometheus beside promtool"));
    }
    let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let prometheus = Running::start(
        Command::new(program)
            .arg(format!("--config.file={file}"))
            .arg(format!(
                "--storage.tsdb.path={}",
                folder.join("data").display()
            ))
            .arg(format!("--web.listen-address={address}"))
            .stderr(Stdio::null()),
    );
    let series = || -> Vec<String> {
        let page = get(address, "/api/v1/series?match%5B%5D=%7Bjob%3D%22oom%22%7D");
        let answer: Value = serde_json::from_str(&page.unwrap_or_default()).unwrap_or_default();
        let series = answer["data"].as_array().into_iter().flatten();
        let mut series: Vec<String> = series
            .map(|labels| {
                let label = |name: &str| labels[name].as_str().unwrap_or("-");
                let labels = [
                    "__name__",
                    "node",
                    "k8s_namespace_name",
                    "k8s_pod_name",
                    "name",
                ]
                .map(label);
                labels.join(" ")
            })
            .filter(|series| !series.starts_with("scrape_"))
            .collect();
        series.sort();
        series
    };
    let begun = Instant::now();
    while series().is_empty() && begun.elapsed() < Duration::from_mins(1) {
        thread::sleep(Duration::from_millis(200));
    }
    assert_eq!(
        series(),
        [
            "fluentbit_input_records_total worker-1 - - systemd.0",
            "fluentbit_output_dropped_records_total worker-1 - - slack.1",
            "fluentbit_output_retries_total worker-1 - - slack.1",
            "fluentbit_process_start_time_seconds worker-1 - - -",
            "oom_kill_limit_bytes worker-1 shop cart-1 -",
            "oom_kills_total worker-1 shop cart-1 -",
            "up worker-1 - - -",
        ]
    );
    drop(prometheus);
    fs::remove_dir_all(folder).expect("it was written");

    let monitor = read("prometheus/podmonitor.yaml");
    for text in [&scrape, &monitor] {
        assert!(text.contains("oom-fluent-bit") && text.contains("metrics"));
    }
    let kept = |text: &str| {
        let mut lines = text.lines().map(str::trim);
        lines
            .find(|line| line.starts_with("regex: oom_"))
            .map(str::to_owned)
    };
    assert_eq!(kept(&scrape), kept(&monitor));
    assert!(daemonset.contains("app.kubernetes.io/name: oom-fluent-bit"));
    assert!(daemonset.contains("- name: metrics\n              containerPort: 2021"));
    assert!(monitor.contains("honorLabels: true") && scrape.contains("honor_labels: true"));
    Ok(())
}

/// The values of the Helm chart say what the overlay says.
fn helm() -> Tested {
    let Some(chart) = std::env::var_os("OOM_HELM_CHART") else {
        return Err(Skip::new(
            "OOM_HELM_CHART names no fluent-bit chart; it is in no package registry",
        ));
    };
    let helm = Tool::HELM.find()?;
    let values = top().join("fluentbit/kubernetes/helm/values.yaml");
    let [chart, values] = [Path::new(&chart), &values].map(|path| path.to_str().expect("text"));
    let arguments = [
        "template",
        "oom",
        chart,
        "--namespace",
        "oom",
        "--values",
        values,
    ];
    let rendered = Tool::run(&helm, &arguments);
    for expected in [
        "image: \"cr.fluentbit.io/fluent/fluent-bit:5.1.1\"",
        "--config=/fluent-bit/etc/conf/fluent-bit.yaml",
        "name: oom-fluent-bit-files",
        "readOnlyRootFilesystem: true",
        "runAsNonRoot: true",
        "path: /var/log/journal",
        "automountServiceAccountToken: false",
        "initContainers:",
        "--prop=script=/fluent-bit/etc/conf/own.lua",
        "path: /var/lib/oom-fluent-bit-journal",
    ] {
        assert!(rendered.contains(expected), "{expected}\n{rendered}");
    }
    assert!(!rendered.contains("kind: ClusterRole"), "{rendered}");
    assert!(!rendered.contains("/var/lib/docker"), "{rendered}");
    Ok(())
}
