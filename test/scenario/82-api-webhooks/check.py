import hashlib
import hmac
import json
import re
import sys
import time

from sapa_api import Api, administrator, wait

base, port, part = sys.argv[1:4]
V1 = "/api/v1"
admin = administrator(base)
URL = f"http://127.0.0.1:{port}/events?for=sapa"


def hook(number):
    return admin.get(f"{V1}/webhooks/{number}").json


def received():
    """Every delivery that was receipted, of one webhook: its events in order, signatures held against the secret."""
    state = json.load(open("made.state"))
    by_hook = {}
    for line in open("received.jsonl"):
        one = json.loads(line)
        headers, body = one["headers"], one["body"]
        number = headers["sapa-webhook"]
        if number not in state:
            continue  # of those that were made in passing
        wanted = hmac.new(state[number].encode(), f"{headers['sapa-timestamp']}.{body}".encode(), hashlib.sha256).hexdigest()
        assert headers["sapa-signature"] == "v1=" + wanted
        assert abs(int(headers["sapa-timestamp"]) - time.time()) < 300
        events = json.loads(body)["events"]
        assert int(headers["sapa-offset"]) >= int(events[-1]["id"])
        by_hook.setdefault(number, []).append(events)
    return by_hook


def refused():
    # before a setting allows it, nothing is sent to this machine
    new = admin.post(V1 + "/webhooks", {"url": URL, "from": "1"}, 201).json
    number = new["webhook"]["id"]
    told = wait(lambda: (lambda h: h if h["failures"] > 0 else None)(hook(number)))
    assert told["state"] == "failing" and "private" in told["last_error"] and told["next_try"] and told["lag"] > 0, told
    assert re.search(rf'sapa_webhook_failing{{webhook="{number}"}} 1', admin.get("/metrics").body.decode())
    admin.delete(f"{V1}/webhooks/{number}")
    admin.get(f"{V1}/webhooks/{number}", 404)
    assert admin.get(V1 + "/webhooks").json["items"] == []


def made():
    for body, status in (({}, 400), ({"url": "ftp://x"}, 400), ({"url": "http://u:p@x/"}, 400), ({"url": URL, "events": ["nothing"]}, 400),
                         ({"url": URL, "events": []}, 400), ({"url": URL, "clients": ["nobody"]}, 400), ({"url": URL, "more": 1}, 400),
                         ({"url": URL, "secret_ref": "trunk-password"}, 400), ({"url": URL, "from": "x"}, 400),
                         ({"url": "http://x/" + "a" * 600}, 400)):
        admin.post(V1 + "/webhooks", body, status)
    admin.get(V1 + "/webhooks/99", 404)
    admin.delete(V1 + "/webhooks/99", 404)
    for role in ("supervisor", "viewer", "auditor"):
        other = Api(base, admin.post(V1 + "/tokens", {"user": role, "role": role}, 201).json["secret"])
        other.get(V1 + "/webhooks", 403)
        other.post(V1 + "/webhooks", {"url": URL}, 403)
    secrets = {}
    for body in ({"url": URL, "from": "1", "personal": True}, {"url": URL, "events": ["contact_ended"], "clients": ["shop"]}):
        new = admin.post(V1 + "/webhooks", body, 201).json
        secrets[new["webhook"]["id"]] = new["secret"]
        assert new["webhook"]["state"] == "active"
    assert len(secrets) == 2 and all(s.startswith("whsec_") for s in secrets.values())
    assert "whsec_" not in admin.get(V1 + "/webhooks").body.decode()
    json.dump(secrets, open("made.state", "w"))
    # many at once: each has a number of its own
    import threading
    numbers = []

    def some():
        own = Api(base, admin.token)
        for _ in range(3):
            numbers.append(own.post(V1 + "/webhooks", {"url": URL, "events": ["api_write"]}, 201).json["webhook"]["id"])

    threads = [threading.Thread(target=some) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(set(numbers)) == 24, numbers
    for number in numbers:
        admin.put(f"{V1}/webhooks/{number}", {"active": False})
        assert hook(number)["state"] == "paused"
        admin.delete(f"{V1}/webhooks/{number}")
    audit = [e for e in admin.get(V1 + "/audit?limit=500").json["items"] if e["what"] == "POST /api/v1/webhooks"]
    assert audit and not [e for e in audit if "events?for" in e["detail"]], "an address may have a password in it"


def failing():
    for number in json.load(open("made.state")):
        told = wait(lambda: (lambda h: h if h["failures"] > 1 else None)(hook(number)))
        assert told["state"] == "failing" and told["last_error"] and told["delivered"] > 0, told
        before = told["lag"]
        wait(lambda: hook(number)["lag"] > before)
    assert re.search(r'sapa_webhook_lag{webhook="\d+"} [1-9]', admin.get("/metrics").body.decode())


def complete():
    first, second = sorted(json.load(open("made.state")), key=int)
    wait(lambda: all(hook(n)["lag"] == 0 and hook(n)["state"] == "active" for n in (first, second)), 60)
    by_hook = received()
    ids = {}
    for number, deliveries in by_hook.items():
        for events in deliveries:
            numbers = [int(e["id"]) for e in events]
            assert numbers == sorted(numbers)
            for e in events:
                known = ids.setdefault(number, {}).setdefault(int(e["id"]), e)
                assert known == e, "the same place, the same event"
        order = list(ids[number])
        assert order == sorted(order), "what comes again comes in order"
    # what the second was told is what the first was told, and what the API says of the past
    ended = {e["data"]["contact"]: e["data"] for e in ids[first].values() if e["type"] == "contact_ended"}
    past, cursor = [], None
    while True:
        page = admin.get(V1 + "/contacts/past?limit=500" + (f"&cursor={cursor}" if cursor else "")).json
        past += page["items"]
        cursor = page["next"]
        if not cursor:
            break
    assert len(past) == 30 and {c["contact"]: c["outcome"] for c in past} == {k: d["outcome"] for k, d in ended.items()}
    assert {e["data"]["contact"] for e in ids[second].values()} == set(ended)
    assert all(e["type"] == "contact_ended" and e["data"]["client"] == "shop" for e in ids[second].values())
    arrived = [e for e in ids[first].values() if e["type"] == "contact_arrived"]
    assert {e["data"]["address"] for e in arrived} == {c["address"] for c in past}
    assert not [k for e in ids[second].values() for k in e["data"] if k in ("address", "name")]
    # all of it again, on request
    before = sum(len(events) for events in by_hook[second])
    admin.post(f"{V1}/webhooks/{second}/replay", {"from": str(min(ids[second]))})
    wait(lambda: sum(len(events) for events in received()[second]) >= before + len(ids[second]))
    again = [int(e["id"]) for events in received()[second] for e in events][before:]
    assert sorted(set(again)) == sorted(ids[second]), (again, ids[second])
    admin.post(f"{V1}/webhooks/{second}/replay", {"from": "99999999999"}, 400)


{"refused": refused, "made": made, "failing": failing, "complete": complete}[part]()
print("covered:", " ".join(sorted(Api.document.covered)))
