"""Spam on the stack: what machines send makes no lead, and a person can release it."""

import json
from urllib.parse import quote

from tests.e2e.driver import Driver

BOTS = [
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "MOZILLA/5.0 (COMPATIBLE; BINGBOT/2.0; +HTTP://WWW.BING.COM/BINGBOT.HTM)",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
]


def test_bots_make_no_lead_until_a_person_releases_it(email: str, driver: Driver) -> None:
    address = quote(email)
    sent = [("baton_message=buy+now", "Mozilla/5.0 (X11; Linux x86_64; rv:127.0)")]
    sent += [("first_name=Bot", agent) for agent in BOTS]
    for more, agent in sent:
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "text/html",
            "User-Agent": agent,
        }
        body = f"email={address}&{more}&_visitor_id={address}".encode()
        assert driver.http("POST", "/v1/forms/demo", body, headers)[0] == 303
        pixel = f"/v1/pixel?anonymousId={address}&url=https%3A%2F%2Fk.example%2Fpricing"
        assert driver.http("GET", pixel, headers={"User-Agent": agent})[0] == 204
    ours: list[dict[str, str]] = []

    def is_listed() -> bool:
        listed = driver.get("/v1/leads?stage=spam&limit=200")["leads"]
        ours[:] = [one for one in listed if one["email"] == email]
        return len(ours) == len(sent)

    driver.until(is_listed, "all of it is listed as spam")
    assert {one["reason"] for one in ours} == {"known_bot", "honeypot"}
    assert driver.lead(email) is None
    status, _, body = driver.http(
        "POST",
        f"/v1/leads/{ours[0]['lead_id']}/release",
        json.dumps({"event_ids": [ours[0]["event_id"]]}).encode(),
        {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {driver.stack.admin_token}",
        },
    )
    assert (status, json.loads(body)["email"]) == (200, email)
    assert driver.lead(email)["score"]["groups"]["intent"] == 30
