# chart.py CHART FOLDER: Helm's own library lints and renders the chart, and what it renders is the overlays'.
import re
import sys

from helm_python import chart

path, overlays = sys.argv[1:]
loaded = chart.Chart.load(path)
found = chart.lint(path, {})
assert not found["errors"] and all(m["severity"] < 2 for m in found["messages"]), found

FORMS = {
    "journal": {},
    "kmsg": {"source": "kmsg"},
    "image": {"module": {"image": "registry.example/oom-fluentbit-names:1"}},
    "events": {"events": {"enabled": True}},
    "monitoring": {
        "prometheus": {"podMonitor": {"enabled": True}, "rules": {"enabled": True}},
        "grafana": {"dashboard": {"enabled": True}},
    },
}
rendered = {
    form: loaded.render(values, name="oom", namespace="oom") for form, values in FORMS.items()
}

# What the pods of the overlays have, the chart's have too.
for overlay in ["journal", "kmsg"]:
    pod = rendered[overlay]["oom-kills/templates/daemonset.yaml"]
    for file in ["base/daemonset.yaml", f"{overlay}/daemonset.yaml"]:
        text = open(f"{overlays}/{file}").read()
        for wanted in re.findall(r"(?:mountPath|name|path|value): ([/A-Z0-9][^\s]*)$", text, re.M):
            assert wanted in pod, f"{overlay}: {file} has {wanted}"
    for file in ["base/fluent-bit.yaml", f"{overlay}/source.yaml"]:
        for line in open(f"{overlays}/{file}"):
            assert line.strip() in rendered[overlay]["oom-kills/templates/configmap.yaml"], line

# The component for Events, and what it brings.
with_events = "".join(rendered["events"].values())
for file in ["daemonset.yaml", "output-events.yaml", "rights.yaml"]:
    text = open(f"{overlays}/outputs/events/{file}").read()
    for wanted in re.findall(r"(?:mountPath|path|verbs|uri|port|runAsUser|args?|- -): *([^\s].*)$", text, re.M):
        assert wanted in with_events, f"{file} has {wanted}"
assert "oom-events" not in "".join(rendered["journal"].values())

with_image = rendered["image"]["oom-kills/templates/configmap.yaml"]
assert "binaryData" in rendered["journal"]["oom-kills/templates/configmap.yaml"]
assert "binaryData" not in with_image

for wrong in [{"source": "both"}, {"imgae": {}}, {"outputs": {"loki": 1}}]:
    try:
        loaded.validate_schema(wrong)
    except Exception:
        continue
    raise AssertionError(f"the schema takes {wrong}")
print(f"the chart is rendered in {len(FORMS)} forms")
