"""The commands that work on all leads of the deployed stack: rebuilt, exported, and a draft tried
on the export.
"""

import json
from pathlib import Path

from tests.e2e.driver import Driver


def test_a_rebuild_finds_nothing_and_a_draft_is_tried(driver: Driver, tmp_path: Path) -> None:
    """The rebuild is of all leads; the draft is tried on an export of them."""
    for form, name in (("guide", "one"), ("demo", "two")):
        assert (
            driver.post(f"/v1/forms/{form}", {"fields": {"email": f"{name}@few.example"}})[0] == 202
        )
    driver.until(
        lambda: driver.stage("one@few.example") and driver.stage("two@few.example"),
        "both are known",
    )
    assert driver.command(module="tools.rebuild").endswith(" 0 differed.\n")
    export, draft = tmp_path / "leads.jsonl", tmp_path / "model.yaml"
    assert "leads in" in driver.command(str(export), module="tools.export")
    draft.write_text(json.dumps(driver.get("/v1/model")))
    assert " 0 would change stage." in driver.command(
        str(draft), str(export), module="tools.simulate"
    )
