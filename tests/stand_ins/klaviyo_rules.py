"""What Klaviyo's own specification allows to be asked of each endpoint."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.stand_ins.calls import Call

SPECIFICATION = Path(__file__).resolve().parents[1] / "data" / "payloads" / "klaviyo"
CONDITION = re.compile(r"([a-z-]+)\(([\w.]+),(\"[^\"]*\"|\[[^]]*\]|[^,()\"]*)\)")

MOST_VALUES = 100
"""So many values a filter may name; not published, but a page holds no more."""

Condition = tuple[str, str, str]


def endpoints() -> Mapping[str, Any]:
    """Return parameters, rate and scopes by method and path."""
    rules: Mapping[str, Any] = json.loads((SPECIFICATION / "parameters.json").read_text())
    return rules


def rates(endpoint: Mapping[str, Any]) -> tuple[int, int]:
    """Return how many calls an endpoint allows per second and per minute."""
    burst, steady = endpoint["rate"]["burst"], endpoint["rate"]["steady"]
    return int(burst.removesuffix("/s")), int(steady.removesuffix("/m"))


def fault(call: Call, parameters: Mapping[str, Any]) -> str:
    """Return what of a call the specification does not allow, "" if it allows all of it."""
    for name, values in call.query.items():
        rule = parameters.get(name)
        if rule is None:
            return f"'{name}' is not a valid parameter."
        for value in values[0].split(",") if "enum" in rule else values:
            if "enum" in rule and value not in rule["enum"]:
                return f"'{value}' is not allowed for {name}."
            if "maximum" in rule and not rule["minimum"] <= int(value) <= rule["maximum"]:
                return f"{name} is not between {rule['minimum']} and {rule['maximum']}."
    return _fault_of_filter(call.one("filter"), parameters.get("filter", {}).get("filters", {}))


def conditions(text: str) -> list[Condition]:
    """Return the conditions of a filter as operator, field and value; raise ``ValueError``."""
    found = CONDITION.findall(text)
    if ",".join(f"{how}({name},{value})" for how, name, value in found) != text:
        raise ValueError(text)
    return found


def _fault_of_filter(text: str, allowed: Mapping[str, list[str]]) -> str:
    try:
        found = conditions(text)
    except ValueError:
        return "Unable to parse filter."
    for how, name, value in found:
        if how not in allowed.get(name, []):
            return f"'{how}' is not a valid operator for {name}."
        if (how == "any") is not value.startswith("["):
            return f"{name} has not what '{how}' compares with."
        if how == "any" and not 0 < len(json.loads(value)) <= MOST_VALUES:
            return f"{name} is compared with too many values, or with none."
    return ""
