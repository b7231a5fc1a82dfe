"""Checks what is in deploy/, as `make deploy-check` does: the queries of the dashboard and the alerts, the Helm chart
with each of its options against Kubernetes' schemas, and the compose file. Needs what `scripts/toolchain.sh deploy`
installs, in PYTHONPATH."""

import json
import sys
from pathlib import Path

import helm_python
import kubernetes_validate
import promql_parser
import yaml
from compose_spec import PyCompose

DEPLOY = Path(__file__).parent.parent / "deploy"
CHART = DEPLOY / "helm/temporal-bun-worker"
IMAGE = {"image": {"repository": "registry.example.com/orders", "tag": "2.1.0"}}
SERVER = {"temporal": {"address": "temporal:7233"}}
CLOUD = {"temporal": {"address": "eu.example.tmprl.cloud:7233", "apiKeySecret": "key", "tlsSecret": "tls"}}
SCALING = {"autoscaling": {"enabled": True, "taskQueue": "orders"}}
VERSION = {"versioning": {"deploymentName": "orders", "buildId": "2.1.0"}}
SHUTDOWN = {"shutdown": {"graceSeconds": 600, "marginSeconds": 30}}
PLACES = {
    "args": ["worker", "worker.ts"],
    "env": [{"name": "SHOP", "value": "north"}],
    "podAnnotations": {"team": "orders"},
    "nodeSelector": {"kubernetes.io/arch": "amd64"},
    "tolerations": [{"key": "spot", "operator": "Exists"}],
    "affinity": {"podAntiAffinity": {}},
    "imagePullSecrets": [{"name": "pull"}],
}
FITTING = [
    {**IMAGE, **SERVER},
    {**IMAGE, **CLOUD, **SCALING, **VERSION, **SHUTDOWN, **PLACES},
    {**IMAGE, **SERVER, **SCALING},
]
REFUSED = {
    "no image": SERVER,
    "no address": IMAGE,
    "root": {**IMAGE, **SERVER, "userId": 0},
    "no time between the grace period and the kill": {**IMAGE, **SERVER, "shutdown": {"marginSeconds": 0}},
    "autoscaling without a task queue": {**IMAGE, **SERVER, "autoscaling": {"enabled": True}},
    "a build of no deployment": {**IMAGE, **SERVER, "versioning": {"buildId": "2.1.0"}},
}

problems: list[str] = []


def check(holds: bool, problem: str) -> None:
    if not holds:
        problems.append(problem)


def check_queries() -> int:
    dashboard = json.loads((DEPLOY / "grafana/temporal-bun-worker.json").read_text())
    queries = [
        (f"panel {panel['title']}", target["expr"].replace("$__rate_interval", "1m"))
        for panel in dashboard["panels"]
        for target in panel.get("targets", [])
    ]
    for group in yaml.safe_load((DEPLOY / "prometheus/alerts.yml").read_text())["groups"]:
        for rule in group["rules"]:
            queries.append((f"alert {rule['alert']}", rule["expr"]))
            check(rule.keys() <= {"alert", "expr", "for", "labels", "annotations"}, f"{rule['alert']}: unknown keys")
            check("summary" in rule["annotations"], f"{rule['alert']}: no summary")
    for place, query in queries:
        try:
            promql_parser.parse(query)
        except ValueError as error:
            problems.append(f"{place}: {error}: {query}")
    return len(queries)


def check_pod(spec: dict, values: dict) -> None:
    """What doesn't follow from the schemas."""
    container = spec["containers"][0]
    grace = values["shutdown"]["graceSeconds"]
    check(spec["terminationGracePeriodSeconds"] >= grace + 10, "the pod is killed too soon after its grace period")
    check({"name": "SHUTDOWN_GRACE_SECONDS", "value": str(grace)} in container["env"], "the Worker isn't told")
    check(spec["securityContext"]["runAsUser"] > 0, "the user isn't a number above 0")
    check(container["securityContext"]["readOnlyRootFilesystem"] is True, "the root file system can be written")
    check({"name": "tmp", "mountPath": "/tmp"} in container["volumeMounts"], "there is no /tmp to write to")
    probes = {kind: container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("liveness", "readiness")}
    check(probes == {"liveness": "/live", "readiness": "/ready"}, f"probes: {probes}")
    names = [entry["name"] for entry in container["env"]]
    check(len(names) == len(set(names)), f"a variable is set twice: {names}")


def check_chart() -> int:
    count = 0
    with helm_python.Chart.load(str(CHART)) as chart:
        for values in FITTING:
            lint = helm_python.lint(str(CHART), values)
            problems.extend(lint["errors"])
            rendered = chart.render(values, name="orders", namespace="shop")
            documents = [document for text in rendered.values() for document in yaml.safe_load_all(text) if document]
            for document in documents:
                count += 1
                check(document["metadata"]["name"] == "orders", f"{document['kind']} isn't named by the release")
                # Of KEDA's kinds there is no schema.
                if not document["apiVersion"].startswith("keda.sh/"):
                    kubernetes_validate.validate(document, kubernetes_validate.latest_version(), strict=True)
            deployment = next(document for document in documents if document["kind"] == "Deployment")
            check_pod(deployment["spec"]["template"]["spec"], chart.merge_values(values))
            scales = "autoscaling" in values
            check(("replicas" in deployment["spec"]) != scales, "KEDA and the Deployment both set the number of pods")
            check(any(document["kind"] == "ScaledObject" for document in documents) == scales, "no ScaledObject")
        for what, values in REFUSED.items():
            try:
                chart.render(values, name="orders", namespace="shop")
                problems.append(f"the chart takes values with {what}")
            except helm_python.HelmError:
                pass
    return count


queries = check_queries()
objects = check_chart()
services = PyCompose.from_yaml((DEPLOY / "compose.yml").read_text()).service_names()
print(f"checked {queries} queries, {objects} Kubernetes objects, and a compose file with {', '.join(services)}")
for problem in problems:
    print(problem, file=sys.stderr)
sys.exit(1 if problems else 0)
