"""Settings: read once, and a shifted clock only where it belongs."""

from datetime import timedelta

import pytest

from chalicelib.settings import parse_offset, read_settings


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("", timedelta(0)),
        ("-15m", timedelta(minutes=-15)),
        ("+3d", timedelta(days=3)),
        ("3d", timedelta(days=3)),
        ("36h", timedelta(hours=36)),
        ("0m", timedelta(0)),
    ],
)
def test_an_offset_is_a_number_of_days_hours_or_minutes(text: str, offset: timedelta) -> None:
    assert parse_offset(text) == offset


@pytest.mark.parametrize(
    "text", ["15", "m", "--1m", "1s", "1.5h", "1 d", "15m\n", "-15M", "1234567d"]
)
def test_another_offset_is_refused_with_the_remedy(text: str) -> None:
    with pytest.raises(ValueError, match="for example -15m"):
        parse_offset(text)


def test_the_clock_is_shifted_in_dev_only() -> None:
    assert read_settings(
        {"BATON_ENVIRONMENT": "dev", "BATON_NOW_OFFSET": "-15m"}
    ).now_offset == timedelta(minutes=-15)
    assert read_settings(
        {"BATON_ENVIRONMENT": "prod", "BATON_NOW_OFFSET": ""}
    ).now_offset == timedelta(0)
    with pytest.raises(ValueError, match="dev only"):
        read_settings({"BATON_ENVIRONMENT": "prod", "BATON_NOW_OFFSET": "1m"})


def test_each_setting_has_its_variable_and_is_empty_without() -> None:
    names = (
        "TABLE",
        "IDENTITY_SECRET",
        "LINK_SECRET",
        "ADMIN_SECRET",
        "HANDOFF_TOPIC",
        "SENDER",
        "CONFIGURATION_SET",
    )
    full = read_settings(
        {f"BATON_{name}": name.lower() for name in names} | {"BATON_ENVIRONMENT": "prod"}
    )
    assert [getattr(full, name.lower()) for name in names] == [name.lower() for name in names]
    assert not full.is_dev
    empty = read_settings({})
    assert [getattr(empty, name.lower()) for name in names] == [""] * len(names)
    assert empty.is_dev
