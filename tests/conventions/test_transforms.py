"""Rules of the dbt project that no linter knows."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.settings import PROJECT_ROOT, SAMPLE, TRANSFORMS
from pipeline.sources.catalogue import CONTRACT_SOURCES, schema_of
from tests.dbt_project import DbtProject

Node = dict[str, Any]

MAY_READ = {
    "staging": {"staging", "source", "seed"},
    "intermediate": {"staging", "intermediate", "sync", "seed"},
    "marts": {"intermediate", "marts", "seed"},
    "segments": {"marts", "segments", "sync", "seed"},
    "programmes": {"intermediate", "marts", "segments", "programmes", "sync", "seed"},
    "exports": {"intermediate", "marts", "segments", "programmes", "exports", "sync", "seed"},
}

CLOCKS_AND_LOTS = re.compile(
    r"\b(current_date|current_timestamp|today|now|get_current_\w+|random|uuid|gen_random_\w+)\b"
)

LONGEST = 120
LONGER_FOR_A_REASON = {
    "customer_groups": "one step per kind of group",
    "customer_activity": "the columns that the contract names, in one place",
    "customer_churn": "the columns that the contract names, in one place",
    "exp_calls__profiles": "everything that whoever calls has to know, in one place",
    "exp_email__profiles": "every property that a mail may use, in one place",
    "int_channel_permissions": "addresses, consents and reasons of every channel, a step each",
    "int_churn_model_histories": "every day that a history is held against, in one pass",
    "int_churn_model_months": "one lookup per end of a month",
    "int_churn_model_scores": "one chain from parameters to predictions, a step per formula",
    "churn_bands": "one chain from counts to a band, a step per formula",
    "int_consents_unioned": "every place where a consent may be told",
    "int_cycles": "gaps, months and customers are counted for shop and categories alike",
    "int_customers_described": "one step per place that a value may come from",
    "int_email_events_by_customer": "mails of those known by several names are joined apart",
    "int_email_mails": "what arrived is taken in, and what lost an event is gone through anew",
    "int_favourite_products_due": "one step per way to tell, so that each can be read alone",
    "int_contract_records_judged": "orders, their other versions and refunds are judged apart",
    "int_identity_groups": "keys that are alone, in pairs and tangled are grouped apart",
    "int_identity_links": "one step per place where people are named",
    "int_loyalty_by_customer": "products and categories are counted alike",
    "int_orders_unioned": "totals and exchange rates of all sources",
    "int_products_bought": "what came back is held against lines, orders and days",
    "int_products_paired": "one chain from baskets to lift, numbers instead of texts on the way",
    "int_purchase_trends": "one chain from baskets to signals, a step per formula",
    "int_purchases_with_rhythm": "one chain from purchase to dates, a step per formula",
    "int_suppressions": "one step per reason, so that each can be read alone",
    "int_reminders_by_customer": "one chain from reminders to purchases, a step per count",
    "int_refunds_unioned": "refunds and cancellations of all sources",
    "int_returns_compared": "counts of the person, the category and the shop side by side",
    "int_unhappiness_by_customer": "one step per reason, so that each can be read alone",
    "int_purchases_with_traits": "one step per trait",
    "int_vips_by_day": "one chain from revenue to the threshold of each day",
    "journey_differences": "one chain from counts to intervals, a step per formula",
    "lifecycle_monthly": "every count of a month from the same dates",
    "programme_answers": "what depends on all of a person's programmes is asked in one place",
    "programme_decisions": "one step for what was decided, one for how it is said",
    "programme_entries": "entries of programmes and of the global control side by side",
    "programme_entrants": "one step per cost and limit of what came of an entry",
    "programme_gates": "one step per gate, so that each can be read alone",
    "programme_ladders": "one step per fact that ends a ladder",
    "programme_lists": "what was taken before the day and on it, side by side",
    "programme_moves": "the offer is chosen in steps, so that each can be read alone",
    "programme_positions": "those who entered and those who would enter are followed alike",
    "programme_profits": "one chain from chances to profit, a step per formula",
    "programme_questions": "entering and going on are asked alike",
    "programme_results": "programmes, arms, steps and ends of ladders side by side",
    "programme_steps_taken": "one chain from steps to what became of their mails",
    "stg_online_retail__lines": "the overlap of two sheets, looked for only where it can be",
}

PERSONAL = re.compile(
    r"address|email|first_name|last_name|phone|birth_date(_newest)?|city|source_ids|account_id|key"
    r"|written_email|person_key|account_key|group_key|(google|meta)_\w+"
)
"""Names of columns that hold what tells who a person is."""

RFM_SEGMENTS = {
    "champions": r"5[45]",
    "loyal": r"[34][45]",
    "potential_loyalists": r"5[23]|4[23]",
    "new": r"51",
    "promising": r"41",
    "need_attention": r"33",
    "about_to_sleep": r"3[12]",
    "cant_lose": r"[12]5",
    "at_risk": r"[12][34]",
    "hibernating": r"2[12]",
    "lost": r"1[12]",
}
RFM_STAGES = {
    "vip": r"[345][45]",
    "new": r"[345][123]",
    "at_risk": r"[12][45]",
    "passive": r"[12][123]",
}
"""Which scores of recency and frequency lead where, whatever the money."""


def sql_files(folder: str = "models") -> list[Path]:
    return sorted((TRANSFORMS / folder).rglob("*.sql"))


def layer(node: Node) -> str:
    if node["resource_type"] == "source":
        return "sync" if node["source_name"] == "sync" else "source"
    return str(node["fqn"][1]) if node["resource_type"] == "model" else str(node["resource_type"])


def source_of(node: Node) -> str:
    """Return the folder of staging that a source or a model belongs to."""
    if node["resource_type"] != "source":
        return str(node["fqn"][2])
    name = str(node["source_name"]).removeprefix("raw_")
    return "contract" if name in (*CONTRACT_SOURCES, "quarantine") else name


def parents(project: DbtProject) -> Iterator[tuple[Node, Node]]:
    nodes = project.manifest["nodes"] | project.manifest["sources"]
    for model in project.models():
        for parent in model["depends_on"]["nodes"]:
            yield model, nodes[parent]


def seed(name: str) -> list[dict[str, str]]:
    with (TRANSFORMS / "seeds" / f"{name}.csv").open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def test_columns_that_are_described_are_those_that_are_built(empty_project: DbtProject) -> None:
    built: dict[tuple[str, str], set[str]] = {}
    for schema, table, column in empty_project.rows(
        "select table_schema, table_name, column_name from information_schema.columns"
    ):
        built.setdefault((schema, table), set()).add(column)
    differing = {
        model["name"]: built[model["schema"], model["name"]] ^ set(model["columns"])
        for model in empty_project.models()
        if built[model["schema"], model["name"]] != set(model["columns"])
    }
    assert differing == {}


def test_every_model_says_what_a_row_is_and_every_column_what_it_means(
    empty_project: DbtProject,
) -> None:
    no_grain = [
        model["name"]
        for model in empty_project.models()
        if not re.search(r"One row per [^.]+\.\s*$", model["description"])
    ]
    undescribed = [
        f"{model['name']}.{column['name']}"
        for model in empty_project.models()
        for column in model["columns"].values()
        if not column["description"]
    ]
    assert (no_grain, undescribed) == ([], [])


def test_every_macro_is_described() -> None:
    text = (TRANSFORMS / "macros" / "_macros.yml").read_text(encoding="utf-8")
    described = {macro["name"] for macro in yaml.safe_load(text)["macros"] if macro["description"]}
    written = {
        name
        for path in sql_files("macros")
        for name in re.findall(r"{%-? macro (\w+)", path.read_text(encoding="utf-8"))
    }
    assert described == written


def test_models_read_only_from_the_layers_before_them(empty_project: DbtProject) -> None:
    backwards = [
        f"{model['name']} reads {parent['name']}"
        for model, parent in parents(empty_project)
        if layer(parent) not in MAY_READ[layer(model)]
    ]
    assert backwards == []


def test_staging_reads_its_own_source_alone(empty_project: DbtProject) -> None:
    foreign = [
        f"{model['name']} reads {parent['name']}"
        for model, parent in parents(empty_project)
        if layer(model) == "staging"
        and parent["resource_type"] != "seed"
        and source_of(parent) != source_of(model)
    ]
    assert foreign == []


def test_dbt_knows_the_sources_of_the_contract_as_the_loader_does(
    empty_project: DbtProject,
) -> None:
    text = (TRANSFORMS / "dbt_project.yml").read_text(encoding="utf-8")
    variables = yaml.safe_load(text)["vars"]
    told = {name: tuple(entities) for name, entities in variables["contract_sources"].items()}
    tables = {
        (node["source_name"], node["name"]) for node in empty_project.manifest["sources"].values()
    }
    made = {
        (schema_of(source), table)
        for source, entities in CONTRACT_SOURCES.items()
        for table in ("loaded_files", *entities)
    }
    assert told == CONTRACT_SOURCES
    assert variables["account_namespaces"].keys() == {SAMPLE, *CONTRACT_SOURCES}
    others = ("raw_online_retail", "sync", "quarantine")
    assert {table for table in tables if table[0] not in others} == made


def test_every_segment_model_is_registered_and_joined() -> None:
    folder = TRANSFORMS / "models" / "segments"
    models = {path.stem.removeprefix("segment_") for path in folder.glob("segment_*.sql")}
    registered = {row["segment"] for row in seed("segments")}
    union = (folder / "segment_members.sql").read_text(encoding="utf-8")
    joined = set(re.findall(r"ref\('segment_(\w+)'\)", union))
    assert models - {"members"} == registered == joined


def test_every_programme_model_is_registered_joined_and_has_steps() -> None:
    folder = TRANSFORMS / "models" / "segments"
    candidates = folder / "programme_candidates.sql"
    models = {path.stem.removeprefix("programme_") for path in folder.glob("programme_*.sql")}
    named = {
        path.stem.removeprefix("programme_"): re.findall(
            r"'(\w+)' as programme", path.read_text(encoding="utf-8")
        )
        for path in folder.glob("programme_*.sql")
        if path != candidates
    }
    joined = re.findall(r"ref\('programme_(\w+)'\)", candidates.read_text(encoding="utf-8"))
    registered = [row["programme"] for row in seed("programmes")]
    assert named == {name: [name] for name in registered}
    assert models - {"candidates"} == set(registered)
    assert sorted(joined) == sorted(registered)
    for name in ("programme_steps", "programme_arms", "programme_periods"):
        assert {row["programme"] for row in seed(name)} - {"all"} == set(registered), name


def test_programmes_are_shipped_switched_off() -> None:
    assert {row["is_on"] for row in seed("programmes")} == {"false"}


def test_a_new_programme_touches_sql_yml_and_seeds_alone() -> None:
    names = {row["programme"] for row in seed("programmes")}
    # Some programmes are called like a segment or a state: only those that are not would tell.
    names -= {row["segment"] for row in seed("segments")} | {"birthday"}
    naming = [
        f"{path.relative_to(PROJECT_ROOT)} names {name}"
        for folder in ("pipeline", "assets", "expectations")
        for path in sorted((PROJECT_ROOT / folder).rglob("*.py"))
        for name in names
        if re.search(rf"\b{name}\b", path.read_text(encoding="utf-8"))
    ]
    assert naming == []


@pytest.mark.parametrize(
    ("seed_name", "column", "rules"),
    [("rfm_segments", "segment", RFM_SEGMENTS), ("rfm_stages", "stage", RFM_STAGES)],
)
def test_a_map_covers_every_cell_once_and_by_its_rule(
    seed_name: str, column: str, rules: dict[str, str]
) -> None:
    blocks = seed(seed_name)
    scores = range(1, 6)
    for r, f, m in [(r, f, m) for r in scores for f in scores for m in scores]:
        covering = [
            block[column]
            for block in blocks
            if int(block["r_from"]) <= r <= int(block["r_to"])
            and int(block["f_from"]) <= f <= int(block["f_to"])
            and int(block["m_from"]) <= m <= int(block["m_to"])
        ]
        # The first rule that fits: loyal leaves the best cells to champions.
        meant = next(name for name, rule in rules.items() if re.fullmatch(rule, f"{r}{f}"))
        assert covering == [meant], (r, f, m)


@pytest.mark.parametrize("path", sql_files(), ids=lambda path: path.stem)
def test_a_model_reads_no_clock_and_draws_no_lots(path: Path) -> None:
    sql = re.sub(r"--.*", "", path.read_text(encoding="utf-8").lower())
    assert CLOCKS_AND_LOTS.findall(sql) == []


def test_models_stay_short_unless_there_is_a_reason() -> None:
    long = {
        path.stem
        for path in sql_files()
        if len(path.read_text(encoding="utf-8").splitlines()) > LONGEST
    }
    assert long == set(LONGER_FOR_A_REASON)


def test_variables_are_declared_and_used() -> None:
    project = yaml.safe_load((TRANSFORMS / "dbt_project.yml").read_text(encoding="utf-8"))
    configured = (TRANSFORMS / "models").rglob("*.yml")
    sources = [*sql_files("models"), *sql_files("macros"), *sql_files("tests"), *configured]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    assert set(re.findall(r"""var\(["'](\w+)["']""", text)) == set(project["vars"])


def test_every_mart_has_a_key_that_is_tested(empty_project: DbtProject) -> None:
    tested = {
        node["attached_node"]
        for node in empty_project.manifest["nodes"].values()
        if node.get("test_metadata", {}).get("name") in ("unique", "is_key")
    }
    marts = {model["unique_id"] for model in empty_project.models() if model["schema"] == "marts"}
    assert marts - tested == set()


def test_columns_that_tell_who_a_person_is_are_marked(empty_project: DbtProject) -> None:
    unmarked = [
        f"{model['name']}.{column['name']}"
        for model in empty_project.models()
        for column in model["columns"].values()
        if bool(PERSONAL.fullmatch(column["name"])) != bool(column["meta"].get("pii"))
    ]
    assert unmarked == []


def test_customers_is_the_only_published_table_with_personal_data(
    empty_project: DbtProject,
) -> None:
    personal = {
        model["name"]
        for model in empty_project.models()
        if model["schema"] == "marts"
        and any(column["meta"].get("pii") for column in model["columns"].values())
    }
    assert personal == {"customers"}


def test_every_published_table_bears_the_as_of_date(empty_project: DbtProject) -> None:
    without = [
        model["name"]
        for model in empty_project.models()
        if model["schema"] == "marts" and "as_of_date" not in model["columns"]
    ]
    assert without == []
