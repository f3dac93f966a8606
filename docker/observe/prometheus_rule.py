"""Writes the rules of docker/observe/rules as a PrometheusRule: `python -m docker.observe.prometheus_rule`, or
`make observe`."""

from pathlib import Path

import yaml

RULES = Path(__file__).with_name("rules") / "inkpaw.yaml"
PATH = Path(__file__).parents[1] / "kubernetes/components/prometheus-operator/rules.yaml"

_COMMENT = "# The rules of docker/observe/rules/inkpaw.yaml. `make observe` writes this file.\n"


def make_prometheus_rule() -> str:
    document = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "inkpaw", "namespace": "inkpaw"},
        "spec": yaml.safe_load(RULES.read_text()),
    }
    return _COMMENT + yaml.safe_dump(document, sort_keys=False, width=120)


if __name__ == "__main__":
    PATH.write_text(make_prometheus_rule())
