"""Files for Prometheus, Grafana and GitHub name what is there."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from driftloop.pipelines.cli import main
from driftloop.pipelines.config.schedule import Schedule
from driftloop.pipelines.telemetry.metrics import metrics
from driftloop.pipelines.telemetry.model_status import ModelStatus

ROOT = Path(__file__).resolve().parents[1]
ALERTS = ROOT / "docs" / "operations" / "alerts.yml"
BOARD: dict[str, Any] = json.loads((ROOT / "docs" / "operations" / "grafana.json").read_text("utf-8"))
SIX = datetime(2026, 1, 5, 6, tzinfo=UTC)


def exported() -> set[str]:
    """Names of all metrics of the service."""
    status = ModelStatus("m", "m.yaml", Schedule(cron="0 6 * * *"), SIX)
    text = metrics([status], SIX).decode()
    return set(re.findall(r"^# HELP (driftloop_\w+)", text, re.MULTILINE))


def named(text: str) -> set[str]:
    return set(re.findall(r"\bdriftloop_[a-z_]+", text))


@pytest.mark.parametrize("file", ["operations/alerts.yml", "operations/grafana.json", "prometheus.md"])
def test_each_metric_that_is_named_is_exported(file: str) -> None:
    """A renamed metric would leave an alert that never fires, and an empty panel."""
    found = named((ROOT / "docs" / file).read_text("utf-8"))
    assert len(found) > 5
    assert found - exported() == set()


def test_the_page_has_every_metric() -> None:
    """Those with a time of measurement next to them are described with the value."""
    page = named((ROOT / "docs" / "prometheus.md").read_text("utf-8"))
    timed = {name for name in exported() if name.endswith("_timestamp_seconds")}
    assert exported() - timed - page == set()


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_prometheus_takes_the_rules(tmp_path: Path) -> None:
    """`promtool` reads every rule, and a worse loss, an overdue check and a silent service fire."""
    checked = subprocess.run(["promtool", "check", "rules", str(ALERTS)], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    rules = [rule["alert"] for rule in yaml.safe_load(ALERTS.read_text())["groups"][0]["rules"]]
    assert f"{len(rules)} rules found" in checked.stdout
    series = [
        {"series": 'driftloop_loss_worse{model="m"}', "values": "1x20"},
        {"series": 'driftloop_check_hung{model="m"}', "values": "1x20"},
        {"series": 'driftloop_checks_total{model="m", outcome="failed"}', "values": "0 1 2+0x20"},
    ]
    fires = {
        name: [{"exp_labels": {"severity": severity, **labels}}]
        for name, severity, labels in [
            ("DriftloopLossWorse", "warning", {"model": "m"}),
            ("DriftloopCheckOverdue", "critical", {"model": "m"}),
            ("DriftloopDown", "critical", {}),
        ]
    }
    tests = []
    for name, expected in fires.items():
        rule = next(one for one in yaml.safe_load(ALERTS.read_text())["groups"][0]["rules"] if one["alert"] == name)
        notes = {key: text.replace("{{ $labels.model }}", "m") for key, text in rule["annotations"].items()}
        alerts = [{**one, "exp_annotations": notes} for one in expected]
        tests.append({"eval_time": "15m", "alertname": name, "exp_alerts": alerts})
    case = {
        "rule_files": [str(ALERTS)],
        "tests": [{"interval": "1m", "input_series": series, "alert_rule_test": tests}],
    }
    (tmp_path / "case.yml").write_text(yaml.safe_dump(case))
    done = subprocess.run(
        ["promtool", "test", "rules", str(tmp_path / "case.yml")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_dashboard_is_one_that_grafana_reads() -> None:
    """Panels have distinct ids, do not overlap, and take data source and model from the variables."""
    panels = BOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels) >= 6
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells
        assert {target["datasource"]["uid"] for target in panel["targets"]} == {"${datasource}"}
        assert all('model=~"$model"' in target["expr"] for target in panel["targets"])
    assert {one["name"] for one in BOARD["templating"]["list"]} == {"datasource", "model"}


def test_the_workflow_and_the_hooks_call_what_is_there() -> None:
    """GitHub runs `.ci/run`; hooks are commands of the environment; issue forms ask for `driftloop doctor`."""
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    steps = workflow["jobs"]["test"]["steps"]
    assert any(".ci/run" in step.get("run", "") for step in steps)
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [one["repo"] for one in hooks] == ["local"]
    assert all(hook["entry"].startswith(".venv/bin/ruff ") for hook in hooks[0]["hooks"])
    for form in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("[bi]*.yml"):
        fields = yaml.safe_load(form.read_text())["body"]
        assert len({field["id"] for field in fields}) == len(fields) >= 2
    assert "driftloop doctor" in (ROOT / ".github" / "ISSUE_TEMPLATE" / "bug.yml").read_text()


MANIFESTS: list[dict[str, Any]] = list(
    yaml.safe_load_all((ROOT / "docs" / "operations" / "kubernetes.yaml").read_text("utf-8"))
)


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda one: f"{one['kind']}-{one['metadata']['name']}")
def test_kubernetes_takes_each_manifest(manifest: dict[str, Any]) -> None:
    """Against the schemas of its API, unknown fields refused."""
    import kubernetes_validate

    kubernetes_validate.validate(manifest, "1.31", strict=True)


def test_manifests_name_each_other() -> None:
    """Whatever a pod mounts or reads is made by the file or by the command of its page; selectors match labels."""
    made = {(one["kind"], one["metadata"]["name"]) for one in MANIFESTS} | {("ConfigMap", "driftloop-models")}
    assert "create configmap driftloop-models" in (ROOT / "docs" / "kubernetes.md").read_text("utf-8")
    pods = {one["metadata"]["name"]: one["spec"]["template"] for one in MANIFESTS if one["kind"] == "Deployment"}
    for pod in pods.values():
        (container,) = pod["spec"]["containers"]
        for source in container["envFrom"]:
            kind = "ConfigMap" if "configMapRef" in source else "Secret"
            assert (kind, next(iter(source.values()))["name"]) in made
        for volume in pod["spec"]["volumes"]:
            assert "claimName" not in str(volume) or ("PersistentVolumeClaim", "driftloop-state") in made
            assert "configMap" not in volume or ("ConfigMap", volume["configMap"]["name"]) in made
        assert {one["name"] for one in container["volumeMounts"]} == {one["name"] for one in pod["spec"]["volumes"]}
    services = {one["metadata"]["name"]: one["spec"]["selector"] for one in MANIFESTS if one["kind"] == "Service"}
    for name, pod in (("driftloop", "driftloop-service"), ("driftloop-scorer", "driftloop-scorer")):
        assert services[name].items() <= pods[pod]["metadata"]["labels"].items()
    wait = pods["driftloop-service"]["spec"]["terminationGracePeriodSeconds"]
    (patience,) = (option.default for option in main.command_called("serve").params if option.name == "patience")
    assert wait > patience
