"""A model published on the deployed stack: leads move, reads are right at once, and back again."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.e2e.driver import Driver
from tests.sizes import SIZES

LEADS = SIZES.published_leads
AT_ONCE = 100
DOMAIN = "many.example"


def send(driver: Driver, method: str, path: str, body: bytes) -> tuple[int, Any]:
    """A private request; its status and answer."""
    headers = {
        "Authorization": f"Bearer {driver.stack.admin_token}",
        "Content-Type": "application/json",
    }
    status, _, answer = driver.http(method, path, body, headers)
    return status, json.loads(answer)


def ask(driver: Driver, path: str, data: Any, status: int = 200) -> Any:
    found, answer = send(driver, "POST", path, json.dumps(data).encode())
    assert found == status, answer
    return answer


def take(driver: Driver) -> None:
    """Import many people of one company."""
    for first in range(0, LEADS, AT_ONCE):
        lines = [
            json.dumps({"email": f"n{number}@{DOMAIN}"}) for number in range(first, first + AT_ONCE)
        ]
        status, answer = send(driver, "POST", "/v1/leads/import", "\n".join(lines).encode())
        assert (status, answer) == (200, {"imported": AT_ONCE, "rejected": []})


def disqualified(driver: Driver) -> int:
    """How many of them are in the list of disqualified leads."""
    path, found = "/v1/leads?stage=disqualified&limit=200", 0
    page = driver.get(path)
    while page["next_cursor"]:
        found += _of_them(page)
        page = driver.get(f"{path}&cursor={page['next_cursor']}")
    return found + _of_them(page)


def _of_them(page: Any) -> int:
    return sum(lead["email"].endswith(DOMAIN) for lead in page["leads"])


def finished(driver: Driver, job: Any) -> Any:
    """Return the job when it is over."""

    def over() -> Any:
        found = driver.get(f"/v1/jobs/{job['id']}")
        return found if found["state"] != "running" else None

    return driver.until(over, f"the job {job['kind']} is over")


def moved(driver: Driver, job: Any) -> int:
    """Return how many leads a publish has disqualified so far."""
    report = driver.get(f"/v1/jobs/{job['id']}")["report"] or {}
    return int(report.get("moved", {}).get("lead->disqualified", 0))


def simulated(driver: Driver, version: int) -> int:
    """How many leads a version would move."""
    status, answer = send(
        driver, "POST", "/v1/model/simulate", json.dumps({"version": version}).encode()
    )
    assert status in (200, 202), answer
    report = answer if status == 200 else finished(driver, answer)["report"]
    return sum(report["changes"].values())


def active_is(driver: Driver, version: int) -> None:
    """Wait until a version is the active one."""
    driver.until(
        lambda: driver.get("/v1/model")["version"] == version, f"version {version} is active"
    )


@contextmanager
def afterwards_as_before(driver: Driver) -> Iterator[None]:
    """Publishes what was active again, when the test is over."""
    before = driver.get("/v1/model")["version"]
    try:
        yield
    finally:
        ask(driver, f"/v1/model/versions/{before}/publish", {"force": True}, 202)
        active_is(driver, before)


def test_a_publish_moves_leads_and_reads_are_right_at_once(
    driver: Driver,
) -> None:
    """And the model before is published again."""
    take(driver)
    draft = driver.get("/v1/model")
    draft["rules"]["undesirables"]["competitor"]["matches"] = [DOMAIN]
    with afterwards_as_before(driver):
        version = ask(driver, "/v1/model", draft)["version"]
        ask(driver, f"/v1/model/versions/{version}/publish", {"expected_changes": LEADS}, 409)
        expected = simulated(driver, version)
        assert expected >= LEADS
        job = ask(
            driver, f"/v1/model/versions/{version}/publish", {"expected_changes": expected}, 202
        )
        active_is(driver, version)
        read = driver.lead(f"n7@{DOMAIN}")
        assert read["score"]["model_version"] == version
        assert "competitor" in {line["rule"] for line in read["score"]["reasons"]}
        driver.until(lambda: moved(driver, job) == LEADS, "all leads have moved")
        assert disqualified(driver) == LEADS
        done = finished(driver, job)
        assert (done["state"], done["report"]["moved"]["lead->disqualified"]) == ("done", LEADS)
