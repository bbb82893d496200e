"""The page of what is kept stays true: every item, queue, topic, log group, secret and time."""

import re

import pytest

from chalicelib import limits
from chalicelib.store.first_emails import COUNTER_KEPT_DAYS
from tests.pages import rows, section, text_of

PAGE = text_of("docs/reference/retention.md")
TEMPLATE = text_of("infra/resources.yaml")
HOLDERS = (
    "AWS::SQS::Queue",
    "AWS::SNS::Topic",
    "AWS::Logs::LogGroup",
    "AWS::SecretsManager::Secret",
    "AWS::DynamoDB::Table",
    "AWS::S3::Bucket",
)


def kept_items() -> dict[str, str]:
    """Return how long each item of the table is kept."""
    table = list(rows(section(PAGE, "What the table keeps")))
    assert all(len(cells) == 3 and all(cells) for cells in table)
    return {cells[0]: cells[2] for cells in table if cells[0] != "item"}


def kept_elsewhere() -> dict[str, str]:
    """Return how long each resource of the template keeps what it holds."""
    table = list(rows(section(PAGE, "What else keeps it")))
    assert all(len(cells) == 3 and all(cells) for cells in table)
    return {name: cells[2] for cells in table for name in re.findall(r"`([A-Z]\w+)`", cells[0])}


def resources() -> dict[str, str]:
    """Return the resources that hold anything, and the text of each.

    One that is an alias (`ApiLogs: &logs`, `PublicLogs: *logs`) has the text of the first.
    """
    bodies: dict[str, str] = dict(re.findall(r"^  (\w+):(.*\n(?:    .*\n|\n)*)", TEMPLATE, re.M))
    anchors = {found[1]: body for body in bodies.values() if (found := re.match(r" &(\w+)", body))}
    aliases = {name: re.match(r" \*(\w+)", body) for name, body in bodies.items()}
    whole = {
        name: anchors[alias[1]] if alias else bodies[name]
        for name, alias in aliases.items()
        if not alias or alias[1] in anchors
    }
    return {
        name: body
        for name, body in whole.items()
        if any(f"Type: {kind}\n" in body for kind in HOLDERS)
    }


def test_each_item_of_the_data_model_is_there() -> None:
    model = section(text_of("docs/reference/data-model.md"), "Items")
    assert list(kept_items()) == [cells[0] for cells in rows(model) if cells[0] != "item"]


def test_each_resource_that_holds_anything_is_there() -> None:
    assert kept_elsewhere().keys() - {"HandoffTopic"} == resources().keys() - {"HandoffTopic"}
    assert {"QualifyFailures", "FeedbackLogs", "HandoffTopic"} <= resources().keys()


def test_what_expires_does_so_as_the_data_model_says() -> None:
    model = rows(section(text_of("docs/reference/data-model.md"), "Items"))
    said = {
        cells[0]: re.search(r"`expires_at_epoch_s`(?: \((\d+) days)?", cells[3]) for cells in model
    }
    assert {name for name, found in said.items() if found} >= {"event", "receipt", "job"}
    for name, kept in kept_items().items():
        found = said[name]
        days = set(re.findall(r"(\d+) days", kept))
        assert found or not days, name
        assert not found or not found[1] or days == {found[1]}, name


@pytest.mark.parametrize(
    ("item", "days"),
    [
        ("event", limits.HORIZON_DAYS),
        ("receipt", limits.SUBMISSION_KEPT_DAYS),
        ("job", limits.JOB_KEPT_DAYS),
        ("reply", limits.REPLY_KEPT_DAYS),
        ("count of first emails", COUNTER_KEPT_DAYS),
    ],
)
def test_the_days_are_those_of_the_code(item: str, days: int) -> None:
    assert f"{days} days" in kept_items()[item]


def test_queues_and_logs_keep_for_the_days_of_the_template() -> None:
    kept = kept_elsewhere()
    for name, body in resources().items():
        if seconds := re.search(r"MessageRetentionPeriod: (\d+)", body):
            assert re.search(rf"\b{int(seconds[1]) // 86_400} days?", kept[name]), name
        if days := re.search(r"(?:RetentionInDays|ExpirationInDays): (\d+)", body):
            assert f"{days[1]} days" in kept[name], name


def test_each_parameter_of_retention_is_named_there() -> None:
    declared = set(re.findall(r"^  (Retention\w+):$", TEMPLATE, re.M))
    assert set(re.findall(r"`(Retention\w+)`", PAGE)) == declared


def test_each_piece_of_personal_data_has_a_purpose() -> None:
    table = list(rows(section(PAGE, "What each piece is for")))
    assert len(table) > 10
    assert all(len(cells) == 3 and all(cells) for cells in table)
