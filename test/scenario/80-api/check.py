import csv
import json
import os
import subprocess
import sys
import time
import urllib.parse

from sapa_api import Api, administrator, bare, wait

base, sapa, part = sys.argv[1:4]
admin = administrator(base)
V1 = "/api/v1"


def pages(api, path):
    items, cursor = [], None
    for _ in range(200):
        reply = api.get(path + (f"&cursor={cursor}" if cursor else "")).json
        items += reply["items"]
        cursor = reply["next"]
        if cursor is None:
            return items
    raise AssertionError("pages without end")


def aim(scope, key, figure, value, start="2020-01-01", end=None):
    return {"scope": scope, "key": key, "figure": figure, "value": value, "from": start, "to": end}


def targets(own):
    """What is aimed at: set by who may, over what he has seen; seen with the figures everywhere."""
    path, shop, bank = V1 + "/targets", admin.as_role("supervisor", clients=["shop"]), admin.as_role("director", clients=["bank"])
    director = admin.as_role("director")
    assert director.get(path).json == {"items": [], "version": 0, "changed": None, "by": None, "comment": None, "owners": []}
    assert {t["scope"] for t in next(s for s in admin.get(V1 + "/standings").json["items"] if s["id"] == "queue:service")["targets"]} == {"description"}
    first = {"items": [aim("all", None, "aht", 1, end="2020-12-31"), aim("all", None, "aht", 86400000, "2021-01-01"), aim("client", "bank", "service_level_1", 0.99),
                       aim("queue", "service", "service_level_1", 0.5), aim("queue", "loans", "asa", 0)], "comment": "awal"}
    director.put(path, first, 428)
    director.put(path, first, 412, headers={"If-Match": '"1"'})
    for other in (shop, own, admin.as_role("supervisor"), admin.as_role("viewer"), bank):
        other.put(path, first, 403, headers={"If-Match": '"0"'})
    told = director.put(path, {"items": [aim("queue", "loans", "asa", -5)]}, 400, headers={"If-Match": '"0"'}).json["detail"]
    assert told == "target 1: value: milliseconds, 0 or more: 20000 are 20 seconds", told
    director.put(path, {"items": [{**aim("queue", "loans", "asa", 5), "owner": "nobody"}]}, 400, headers={"If-Match": '"0"'})
    director.put(path, {"items": "all of them"}, 400, headers={"If-Match": '"0"'})
    assert director.put(path, first, headers={"If-Match": '"0"'}).json["version"] == 1
    now = director.get(path)
    assert now.json["items"] == first["items"] and now.json["comment"] == "awal" and now.headers["etag"] == '"1"', now.json
    assert [t["key"] for t in shop.get(path).json["items"]] == [None, None, "service"] and [t["key"] for t in own.get(path).json["items"]] == [None, None]
    standing = {s["id"]: {t["figure"]: t for t in s["targets"]} for s in admin.get(V1 + "/standings").json["items"]}
    level = standing["queue:service"]["service_level_1"]
    assert (level["target"], level["scope"], level["better"], level["from"], level["to"]) == (0.5, "queue", "higher", "2020-01-01", None), level
    assert standing["queue:loans"]["service_level_1"]["scope"] == "client" and standing["queue:service"]["aht"]["target"] == 86400000
    assert standing["queue:service"]["aht"]["today"] == "met" and standing["all"]["aht"]["scope"] == "all" and "service_level_1" not in standing["all"]
    assert standing["queue:loans"]["asa"]["today"] == "missed", standing["queue:loans"]
    own_targets = {t["figure"]: t for t in own.get(V1 + "/me/figures").json["targets"]}
    assert set(own_targets) == {"aht"} and own_targets["aht"]["today"] in ("met", "none"), own_targets
    # reports have them beside the figures, and only where there are any
    row = [r for r in admin.get(V1 + "/reports/queues?by=day&only=service").json["items"]][-1]
    assert row["service_level_1_target"] == 0.5 and row["service_level_1_state"] == ("met" if row["service_level_1"] >= 0.5 else "missed"), row
    assert "asa_target" in row and row["asa_target"] is None and row["asa_state"] == "none"
    head = admin.get(V1 + "/reports/queues?by=day&format=csv").body.decode().split("\r\n")[0].split(",")
    assert head[head.index("service_level_1"):][:3] == ["service_level_1", "service_level_1_target", "service_level_1_state"], head
    # another version; what was before can be read
    assert director.put(path, {"items": []}, headers={"If-Match": "1"}).json["version"] == 2
    wait(lambda: not next(s for s in admin.get(V1 + "/standings").json["items"] if s["id"] == "all")["targets"])
    assert [(v["version"], v["count"], v["comment"]) for v in director.get(path + "/versions").json["items"]] == [(2, 0, None), (1, 5, "awal")]
    assert director.get(path + "?version=1").json["items"] == first["items"]
    director.get(path + "?version=3", 404)
    assert "service_level_1_target" not in admin.get(V1 + "/reports/queues?by=day&only=service").json["items"][-1]


def shifts(own, name):
    """Plans of who may plan, all or nothing; what came of them is one number everywhere, and each deviation says what it is."""
    path, leader = V1 + "/shifts", admin.as_role("supervisor")
    now = time.time() + 7 * 3600  # Jakarta
    day = time.strftime("%Y-%m-%d", time.gmtime(now))
    begin, after = int(now // 86400 * 86400), time.strftime("%Y-%m-%d", time.gmtime(now + 86400))

    def entry(activity, start, end, agent=name):
        return {"agent": agent, "activity": activity, "start": time.strftime("%Y-%m-%dT%H:%M", time.gmtime(start)), "end": time.strftime("%Y-%m-%dT%H:%M", time.gmtime(end))}

    start = max(begin, int(now // 60) * 60 - 3600)
    plan = {"agents": [name], "items": [entry("shift", start, start + 8 * 3600), entry("break", start + 4 * 3600, start + 4 * 3600 + 900)]}
    bounds, seen = f"?from={day}&to={after}", {"If-Match": '"0"'}
    assert own.get(f"{V1}/agents/{name}/day").json["adherence"] is None and leader.get(path).json == {**leader.get(path).json, "version": 0, "items": []}
    leader.put(path + bounds, plan, 428)
    leader.put(path + bounds, plan, 412, headers={"If-Match": '"7"'})
    for other in (own, admin.as_role("viewer"), admin.as_role("director")):
        other.put(path + bounds, plan, 403, headers=seen)
    leader.put(path + bounds, {**plan, "agents": ["nobody"]}, 400, headers=seen)
    leader.put(path + bounds, {**plan, "items": [{**plan["items"][0], "activity": "nap"}]}, 422, headers=seen)
    wrong = leader.put(path + bounds, {**plan, "items": plan["items"] + [entry("meeting", start - 7200, start - 3600)]}, 422, headers=seen).json
    assert wrong["errors"][0]["where"] == "items[2]" and wrong["more"] == 0 and leader.get(path).json["version"] == 0, wrong
    made = leader.put(path + bounds, plan, headers=seen).json
    assert made["version"] == 1 and made["entries"] == 2, made
    told = leader.get(path + bounds)
    assert told.json["items"] == plan["items"] and told.headers["etag"] == '"1"', told.json
    other_team = "day" if admin.get(f"{V1}/agents/{name}").json["team"] == "night" else "night"
    assert own.get(path + bounds).json["items"] == plan["items"] and leader.get(f"{path}{bounds}&team={other_team}").json["items"] == []
    leader.get(path + "?from=today", 400)
    leader.get(path + "?team=nobody", 404)
    mine = own.get(f"{V1}/agents/{name}/day").json
    assert 0 <= mine["adherence"] <= 1 and 0 < mine["scheduled_ms"] <= 3700000 and mine["plan"][0]["activity"] == "shift", mine
    assert {i["verdict"] for i in mine["items"]} <= {"as planned", "absent", "unknown", "busy", "unplanned"}, mine
    assert sum(i["contact_count"] for i in mine["items"] if i["actual"] in ("work", "contact")) > 0, mine["items"]
    [of_all] = [a for a in leader.get(V1 + "/adherence").json["agents"] if a["agent"] == name]
    assert of_all["scheduled_work_ms"] == of_all["scheduled_ms"] >= mine["scheduled_ms"], of_all
    assert [t["team"] for t in leader.get(V1 + "/adherence?team=" + of_all["team"]).json["teams"]] == [of_all["team"]]
    row = [r for r in admin.get(f"{V1}/reports/agents?by=day&only={name}").json["items"]][-1]
    assert row["scheduled_ms"] >= of_all["scheduled_ms"] and row["adherence"] is not None and row["conformance"] is not None, row
    assert own.get(V1 + "/me/figures").json["figures"]["adherence"] is not None
    own.get(V1 + "/agents/nobody/day", 404)
    leader.get(f"{V1}/agents/{name}/day?day=yesterday", 400)
    admin.as_role("supervisor", clients=["bank"]).get(V1 + "/adherence", 403)
    figures = {f["id"]: f for f in admin.get(V1 + "/figures").json["items"]}
    assert figures["adherence"]["better"] == "higher" and "without a plan" in figures["conformance"]["edge"], figures["adherence"]
    # out to a file and in again: the same plan; a wrong line is named and changes nothing
    env = {**os.environ, "SAPA_TOKEN": leader.token}
    out = subprocess.run([sapa, "shifts", "export", "plan.csv", "--url", base, "--from", day, "--to", after], env=env, capture_output=True, text=True)
    assert out.returncode == 0, out
    text = open("plan.csv").read()
    assert text.splitlines()[0] == "agent,start,end,activity" and len(text.splitlines()) == 3, text
    open("wrong.csv", "w").write(text + f"{name},{day}T00:00,{day}T00:10,nap\n")
    bad = subprocess.run([sapa, "shifts", "import", "wrong.csv", "--url", base], env=env, capture_output=True, text=True)
    assert bad.returncode != 0 and "wrong.csv:4: " in bad.stderr and leader.get(path).json["version"] == 1, bad
    good = subprocess.run([sapa, "shifts", "import", "plan.csv", "--url", base], env=env, capture_output=True, text=True)
    assert good.returncode == 0 and leader.get(path + bounds).json == {**told.json, "version": 2}, good
    write = [e for e in pages(admin, V1 + "/audit?limit=500") if e["what"] == "PUT /api/v1/shifts" and e["result"] == "OK"]
    assert len(write) == 2 and f"from={day}" in write[0]["detail"], write


def lines(text):
    return [json.loads(line) for line in text.splitlines() if line]


def live():
    nobody = Api(base)
    assert nobody.get("/health").json["alive"]
    assert nobody.get("/ready").json["ready"]
    nobody.get(V1 + "/contacts", 401)
    nobody.get(V1 + "/nothing", 401)  # what there is, is nobody's business either
    Api(base, "sapa_" + "0" * 64).get(V1 + "/me", 401)
    admin.get(V1 + "/nothing", 404)
    admin.get(V1 + "/contacts/abc", 404)
    admin.call("DELETE", V1 + "/contacts", want=405)
    admin.get(V1 + "/contacts?color=red", 400)
    admin.get(V1 + "/contacts?limit=x", 400)
    admin.get(V1 + "/contacts?limit=1&limit=2", 400)
    admin.get(V1 + "/contacts?queue=none", 404)
    admin.get(V1 + "/contacts?party_type=friend", 400)
    assert {c["party_type"] for c in pages(admin, V1 + "/contacts?limit=500&party_type=customer")} <= {"customer"}
    admin.post(V1 + "/tokens", {"user": "x"}, 400)
    admin.post(V1 + "/tokens", {"user": "x", "role": "king"}, 400)
    admin.post(V1 + "/tokens", {"user": "x", "role": "viewer", "more": 1}, 400)
    admin.call("POST", V1 + "/tokens", "{", want=400)
    head = f"Host: x\r\nAuthorization: Bearer {admin.token}\r\n"
    assert " 413 " in bare(base, f"POST {V1}/tokens HTTP/1.1\r\n{head}Content-Length: 70000\r\n\r\n").split("\r\n")[0]
    assert " 411 " in bare(base, f"POST {V1}/tokens HTTP/1.1\r\n{head}Transfer-Encoding: chunked\r\n\r\n").split("\r\n")[0]
    assert " 426 " in bare(base, f"GET {V1}/live HTTP/1.1\r\n{head}\r\n").split("\r\n")[0]
    assert admin.get(V1 + "/me").json["clients"] is None
    assert "sapa_contacts{" in admin.get("/metrics").body.decode()
    assert len(admin.get(V1 + "/numbers").json["items"]) == 3
    assert {q["id"] for q in admin.get(V1 + "/queues").json["items"]} >= {"service", "loans"}
    assert admin.get(V1 + "/queues/service").json["client"] == "shop"
    admin.get(V1 + "/queues/nothing", 404)
    # the whole at once, as `sapa top` shows it; and contacts with what only the core knows of them
    view = admin.get(V1 + "/view?language=en").json
    assert {q["id"] for q in view["queues"]} >= {"service", "loans"} and {a["id"] for a in view["agents"]} == {f"agent{i}" for i in range(1, 5)}
    assert view["language"] == "en" and admin.get(V1 + "/view?language=id").json["language"] == "id"
    admin.get(V1 + "/contacts?times=perhaps", 400)
    timed = wait(lambda: admin.get(V1 + "/contacts?times=true").json["items"])
    assert any("wait_ms" in c for c in timed) and not any("wait_ms" in c for c in admin.get(V1 + "/contacts").json["items"])
    agents = pages(admin, V1 + "/agents?limit=3")
    assert len(agents) == 4 and len({a["id"] for a in agents}) == 4
    assert admin.get(V1 + "/agents/agent1").json["extension"] == "1001"

    def some():
        items = admin.get(V1 + "/contacts").json["items"]
        return [c for c in items if c["agent"]]

    contact = wait(some)[0]
    detail = admin.get(f"{V1}/contacts/{contact['id']}").json
    assert (detail["live"] or detail["record"]["ended"]) and detail["record"]["contact"] == contact["id"]
    story = admin.get(f"{V1}/contacts/{contact['id']}/why?language=en").json
    assert len(story["lines"]) > 2 and any("offer" in line.lower() for line in story["lines"]), story
    address = contact["address"]
    assert address and "*" not in address
    # without the right to persons numbers are hidden
    viewer = admin.as_role("viewer")
    for c in viewer.get(V1 + "/contacts").json["items"]:
        assert c["address"] is None or set(c["address"][:-2]) <= {"*"}
    viewer.get(V1 + "/people?phone=1", 403)
    viewer.put(V1 + "/switches/surge", {"on": True}, 403)
    viewer.get(V1 + "/audit", 403)
    # bound to a client: the others are not there
    bank = admin.as_role("supervisor", clients=["bank"])
    assert bank.get(V1 + "/me").json["clients"] == ["bank"]
    bank.get(V1 + "/view", 403)
    admin.as_role("agent", agent="agent1").get(V1 + "/view", 403)
    bank.get(V1 + "/queues/service", 404)
    bank.get(V1 + "/contacts?queue=service", 404)
    bank.get(V1 + "/contacts?client=toko", 404)
    assert all(c["client"] == "bank" for c in bank.get(V1 + "/contacts").json["items"])
    assert all(q["client"] == "bank" for q in bank.get(V1 + "/queues").json["items"])
    assert all(n["client"] == "bank" for n in bank.get(V1 + "/numbers").json["items"])
    assert {r["queue"] for r in bank.get(V1 + "/reports/queues?by=day").json["items"]} == {"loans"}
    bank.get(V1 + "/reports/agents", 403)
    bank.get(V1 + "/centre", 403)
    shop = [c for c in admin.get(V1 + "/contacts").json["items"] if c["client"] == "shop"]
    for c in shop[:2]:
        bank.get(f"{V1}/contacts/{c['id']}", 404)
        bank.get(f"{V1}/contacts/{c['id']}/why", 404)
        bank.post(f"{V1}/contacts/{c['id']}/move", {"queue": "loans"}, 404)
    # an agent sees himself
    own = admin.as_role("agent", agent="agent1")
    assert [a["id"] for a in own.get(V1 + "/agents").json["items"]] == ["agent1"]
    own.get(V1 + "/agents/agent2", 404)
    own.post(V1 + "/agents/agent2/state", {"state": "ready"}, 404)
    assert all(c["agent"] == "agent1" for c in own.get(V1 + "/contacts").json["items"])


def report_rows(kind, *more):
    return lines(subprocess.run([sapa, "report", "--data", "data", f"--{kind}", "--format", "json", "--by", "day", *more],
                                capture_output=True, text=True, check=True).stdout)


def counted():
    """The contacts that a figure is made of: as many as the report counts, page by page, today, on a day, in a quarter of an hour, of a team."""
    path = V1 + "/figures/answered/contacts"
    quarters = [r for r in admin.get(V1 + "/reports/queues?by=15m&only=service").json["items"] if r["answered"]]
    [whole] = admin.get(V1 + "/reports/queues?by=day&only=service").json["items"]
    today = admin.get(path + "?queue=service&limit=500").json
    assert today["total"] == today["contacts"] == len(today["items"]) == whole["answered"] > 2 and not today["next"] and not today["cut"], today
    day = admin.get(f"{path}?queue=service&day={whole['from'][:10]}&limit=500").json
    assert [i["contact"] for i in day["items"]] == [i["contact"] for i in today["items"]] and day["to"]
    assert [i["contact"] for i in pages(admin, f"{path}?queue=service&limit=2")] == [i["contact"] for i in today["items"]], "pages"
    assert admin.get(path + "?queue=service&day=2020-01-01").json["items"] == []
    in_quarters = []
    for row in quarters:
        told = admin.get(f"{path}?queue=service&period=quarter&limit=500&from={urllib.parse.quote(row['from'])}").json
        assert told["total"] == row["answered"] and told["from"] and told["to"], (told, row)
        in_quarters += [i["contact"] for i in told["items"]]
    assert sorted(in_quarters) == sorted(i["contact"] for i in today["items"])
    admin.get(path + "?period=quarter", 400)
    admin.get(path + "?day=yesterday", 400)
    # a team's: what its agents had in hand
    agents = {a["id"]: a["team"] for a in admin.get(V1 + "/agents?limit=500").json["items"]}
    handled = sum(r["handled"] for r in admin.get(V1 + "/reports/agents?by=day").json["items"] if agents[r["agent"]] == "day")
    told = admin.get(V1 + "/figures/handled/contacts?team=day&limit=500").json
    assert told["total"] == handled == sum(i["times"] for i in told["items"]) > 0, (handled, told)
    assert all(any(agents[part["agent"]] == "day" for part in i["record"]["agents"]) for i in told["items"])
    admin.get(V1 + "/figures/handled/contacts?team=nobody", 404)
    bank = admin.as_role("supervisor", clients=["bank"])
    assert all(i["record"]["client"] == "bank" for i in bank.get(V1 + "/figures/handled/contacts?team=day").json["items"])


def said_at_last(contact):
    """What a customer is may be said when the call is long over: lists, commands and the figures of its own time follow."""
    assert contact["party_type"] == "customer"

    def figures():
        rows = report_rows("numbers")
        assert rows == admin.get(V1 + "/reports/numbers?by=day").json["items"]
        return [sum(r[k] for r in rows) for k in ("party_customers", "party_prospects", "internal")]

    def of(party):
        found = {c["contact"] for c in pages(admin, f"{V1}/contacts/past?limit=500&party_type={party}")}
        listed = subprocess.run([sapa, "contacts", "--data", "data", "--last", "100", "--json", "--party", party],
                                capture_output=True, text=True, check=True).stdout
        assert {c["contact"] for c in lines(listed)} == found, party
        return found

    customers, prospects, internal = figures()
    assert contact["contact"] in of("customer") and contact["contact"] not in of("prospect") | of("internal")
    for party in ("prospect", "prospect"):
        admin.put(f"{V1}/contacts/{contact['contact']}/party", {"party_type": party})
    assert figures() == [customers - 1, prospects + 1, internal]
    assert contact["contact"] in of("prospect") and contact["contact"] not in of("customer")
    listed = subprocess.run([sapa, "report", "--data", "data", "--calls", "--format", "csv"], capture_output=True, text=True, check=True).stdout
    assert [r["party_type"] for r in csv.DictReader(listed.splitlines()) if r["contact"] == contact["contact"]] == ["prospect"]
    admin.get(V1 + "/contacts/past?party_type=friend", 400)
    admin.put(f"{V1}/contacts/{contact['contact']}/party", {"party_type": "customer"})
    assert figures() == [customers, prospects, internal]
    admin.get(V1 + "/contacts?party_type=friend", 400)


def calls_and_nodes():
    """The lists that are made of the log itself: as the command has them, for whom they concern, numbers on request alone."""
    def listed(kind, *more):
        return lines(subprocess.run([sapa, "report", "--data", "data", "--" + kind, "--format", "json", *more], capture_output=True, text=True, check=True).stdout)

    calls = admin.get(V1 + "/reports/calls").json["items"]
    assert calls == listed("calls") and len(calls) >= 6
    assert not [c for c in calls if c["address"]] and [c for c in admin.get(V1 + "/reports/calls?customers=shown").json["items"] if c["address"]]
    assert admin.get(V1 + "/reports/calls?customers=shown").json["items"] == listed("calls", "--show-numbers")
    taken = [e for e in admin.get(V1 + "/audit?limit=500").json["items"] if e["what"] == "GET /api/v1/reports/calls"]
    assert len(taken) == 2, taken
    admin.as_role("viewer").get(V1 + "/reports/calls?customers=shown", 403)
    bank = admin.as_role("supervisor", clients=["bank"])
    assert bank.get(V1 + "/reports/calls").json["items"] == [c for c in calls if c["client"] == "bank"] != []
    assert admin.get(V1 + "/reports/calls?only=bank").json["items"] == [c for c in calls if c["client"] == "bank"]
    assert admin.get(V1 + "/reports/calls?format=csv").headers["content-type"].startswith("text/csv")
    admin.get(V1 + "/reports/calls?day=yesterday", 400)
    nodes = admin.get(V1 + "/reports/nodes").json["items"]
    assert nodes == listed("nodes") and nodes
    admin.get(V1 + "/reports/nodes?only=nobody", 404)
    bank.get(V1 + "/reports/nodes", 403)
    for path in ("/reports/calls", "/reports/nodes"):
        admin.as_role("agent", agent="agent1").get(V1 + path, 403)


def past():
    counted()
    for kind in ("queues", "clients", "numbers", "agents", "reasons"):
        assert admin.get(f"{V1}/reports/{kind}?by=day").json["items"] == report_rows(kind), kind
    table = subprocess.run([sapa, "report", "--data", "data", "--queues", "--format", "csv", "--by", "day"],
                         capture_output=True, text=True, check=True).stdout
    reply = admin.get(V1 + "/reports/queues?by=day&format=csv")
    assert reply.body.decode().replace("\r\n", "\n") == table and reply.headers["content-type"].startswith("text/csv")
    admin.get(V1 + "/reports/queues?only=nothing", 404)
    admin.get(V1 + "/reports/queues?from=yesterday", 400)
    assert pages(admin, V1 + "/denied-calls?limit=5") == [], "nobody called out"
    admin.get(V1 + "/denied-calls?from=yesterday", 400)
    calls_and_nodes()
    everything = pages(admin, V1 + "/contacts/past?limit=500")
    assert len(everything) >= 6
    assert [c["contact"] for c in pages(admin, V1 + "/contacts/past?limit=3")] == [c["contact"] for c in everything]
    command = lines(subprocess.run([sapa, "contacts", "--data", "data", "--last", "100", "--json", "--show-numbers"],
                                   capture_output=True, text=True, check=True).stdout)
    assert {c["contact"]: c for c in command} == {c["contact"]: c for c in everything}
    answered = [c for c in everything if c["outcome"] == "answered"]
    assert answered and pages(admin, V1 + "/contacts/past?limit=500&outcome=answered") == answered
    said_at_last(answered[0])
    everything = pages(admin, V1 + "/contacts/past?limit=500")
    answered = [c for c in everything if c["outcome"] == "answered"]
    one = admin.get(f"{V1}/contacts/{answered[0]['contact']}").json
    assert one["live"] is None and one["record"] == answered[0], (one, answered[0])
    admin.get(V1 + "/contacts/9999999999", 404)
    bank = admin.as_role("supervisor", clients=["bank"])
    assert all(c["client"] == "bank" for c in pages(bank, V1 + "/contacts/past?limit=500"))
    for c in everything:
        if c["client"] == "shop":
            bank.get(f"{V1}/contacts/{c['contact']}", 404)
            bank.get(f"{V1}/contacts/{c['contact']}/why", 404)
            break
    # recordings
    recordings = wait(lambda: pages(admin, V1 + "/recordings?limit=2"))
    one = [r for r in recordings if r["state"] == "complete" and r["recorded_ms"] > 500][0]
    assert admin.get(f"{V1}/recordings/{one['id']}").json == one
    viewer, auditor = admin.as_role("viewer"), admin.as_role("auditor")
    viewer.get(f"{V1}/recordings/{one['id']}", 403)
    assert auditor.get(f"{V1}/recordings/{one['id']}").json == one
    assert auditor.get(f"{V1}/recordings/{one['id']}?check=true").json == {**one, "intact": True}
    auditor.get(f"{V1}/recordings/{one['id']}/audio", 403)
    other = admin.as_role("supervisor", clients=["bank" if one["client"] == "shop" else "shop"])
    other.get(f"{V1}/recordings/{one['id']}", 404)
    other.get(f"{V1}/recordings/{one['id']}/audio", 404)
    audio = admin.get(f"{V1}/recordings/{one['id']}/audio")
    whole = audio.body
    assert whole[:4] == b"RIFF" and whole[8:12] == b"WAVE" and int.from_bytes(whole[40:44], "little") == len(whole) - 44
    assert audio.headers["accept-ranges"] == "bytes"
    subprocess.run([sapa, "recording", "--data", "data", one["id"], "api.wav"], check=True, capture_output=True)
    assert open("api.wav", "rb").read() == whole, "not the bytes of sapa recording"
    for wanted, part_of in (("bytes=0-99", whole[:100]), ("bytes=30-70", whole[30:71]), ("bytes=1001-", whole[1001:]),
                            ("bytes=-77", whole[-77:]), ("bytes=0-", whole), ("bytes=-99999999", whole)):
        reply = admin.get(f"{V1}/recordings/{one['id']}/audio", 206, Range=wanted)
        assert reply.body == part_of, wanted
        first = len(whole) - len(part_of) if wanted.startswith("bytes=-") else int(wanted[6:].split("-")[0])
        assert reply.headers["content-range"] == f"bytes {first}-{first + len(part_of) - 1}/{len(whole)}", reply.headers
    admin.get(f"{V1}/recordings/{one['id']}/audio", 416, Range=f"bytes={len(whole)}-")
    heard = [e for e in pages(admin, V1 + "/audit?limit=500") if e["what"].endswith("/audio")]
    assert len(heard) >= 7 and heard[0]["actor"] == "admin" and f"recording={one['id']}" in heard[0]["detail"], "who listened stands in the log"
    admin.get(V1 + "/recordings/424242", 404)
    admin.get(V1 + "/recordings/424242/audio", 404)
    coaching(one, whole)


def coaching(recording, whole):
    """What a coach says at a moment of a recording: written, heard by whom it is for without the right listen, finished, taken back."""
    coach, analyst = admin.as_role("trainer"), admin.as_role("director")
    who = admin.get(f"{V1}/contacts/{recording['contact']}").json["record"]["agents"][0]["agent"]
    marks, path = f"{V1}/recordings/{recording['id']}/coaching", f"{V1}/agents/{who}/coaching"
    own = admin.as_role("agent", agent=who)
    other = "agent1" if who != "agent1" else "agent2"
    assert coach.get(marks).json == {"items": [], "agents": [who]} and analyst.get(marks).json == {"items": [], "agents": []}
    own.get(marks, 403)  # role agent has no right to hear
    say = {"recording": recording["id"], "at_ms": 400, "text": "Salamnya terlalu cepat, Bu Ani bertanya dua kali."}
    analyst.post(path, say, 403)
    admin.as_role("supervisor", clients=["bank" if recording["client"] == "shop" else "shop"]).post(path, say, 404)
    coach.post(path, {**say, "at_ms": -1}, 400)
    coach.post(path, {**say, "at_ms": 86400001}, 400)
    coach.post(path, {**say, "at_ms": 86400000}, 400)
    coach.post(path, {**say, "text": ""}, 400)
    coach.post(path, {**say, "text": "a" * 501}, 400)
    coach.post(path, {**say, "recording": "424242"}, 404)
    coach.post(f"{V1}/agents/nobody/coaching", say, 404)
    took_part = {a["agent"] for a in admin.get(f"{V1}/contacts/{recording['contact']}").json["record"]["agents"]}
    if other not in took_part:
        coach.post(f"{V1}/agents/{other}/coaching", say, 409)
    note = coach.post(path, say, 201).json["note"]
    told = coach.get(marks).json["items"]
    assert [(n["id"], n["agent"], n["at_ms"], n["text"], n["by"], n["done"], n["own"]) for n in told] == [(note, who, 400, say["text"], "test-trainer", None, True)]
    assert [n["own"] for n in analyst.get(marks).json["items"]] == [False]
    # it stands in his work, and lets him hear this recording and no other
    assert [n["id"] for n in own.get(f"{V1}/agents/{who}/work").json["coaching"]] == [note]
    own.get(f"{V1}/recordings/{recording['id']}/audio", 403)
    assert own.get(f"{path}/{note}/audio").body == whole
    assert own.get(f"{path}/{note}/audio", 206, Range="bytes=30-70").body == whole[30:71]
    own.get(f"{path}/77/audio", 404)
    coach.get(f"{path}/{note}/audio", 403)
    admin.as_role("agent", agent=other).get(f"{path}/{note}/audio", 404)
    coach.post(f"{path}/{note}/done", None, 403)
    admin.post(f"{path}/{note}/done", None, 403)  # nobody says it in his place
    own.post(f"{path}/77/done", None, 404)
    own.post(f"{path}/{note}/done", None)
    assert own.get(f"{V1}/agents/{who}/work").json["coaching"] == []
    shown = coach.get(path).json
    assert shown["least"] == 20 and shown["items"][0]["note"]["done"] and [f["figure"] for f in shown["items"][0]["figures"]][:3] == ["aht", "wrapup_mean", "transfer_rate"]
    assert all(f["verdict"] == "few" and f["count_since"] == 0 for f in shown["items"][0]["figures"])
    analyst.get(path, 403)
    # taken back by who wrote it
    admin.call("DELETE", f"{path}/{note}", want=403)
    coach.call("DELETE", f"{path}/{note}")
    coach.call("DELETE", f"{path}/{note}", want=404)
    own.get(f"{path}/{note}/audio", 404)
    assert coach.get(marks).json["items"] == []
    audit = [e for e in pages(admin, V1 + "/audit?limit=500") if "/coaching" in e["what"]]
    assert {e["what"].split()[0] for e in audit} == {"GET", "POST", "DELETE"} and not any("Ani" in e["detail"] for e in audit), audit
    assert [e for e in audit if e["what"].endswith("/audio") and e["actor"] == "test-agent" and f"agent={who}" in e["detail"]], "who listened stands in the log"


def tickets(own, name, others, talking):
    """What a customer waits for: opened in the call, found by person, owner and status, changed with who and when, told to who looks on."""
    path, secret = V1 + "/tickets", "Kartu hilang di Blok M"
    new = {"contact": talking["id"], "subject": secret, "text": "minta kartu baru", "due": "2100-01-01T10:00:00+07:00", "priority": "high"}
    assert own.get(f"{path}?agent={name}").json == {"items": [], "next": None}
    for wrong in ({"subject": ""}, {"subject": "a\nb"}, {"subject": "x" * 201}, {"text": "x" * 2001}, {"priority": "urgent"}, {"due": "tomorrow"}, {"person": talking["person"]},
                  {"owner": name}, {"owner_kind": "agent", "owner": "nobody"}, {"owner_kind": "queue", "owner": "loans" if talking["client"] == "shop" else "sales"}, {"status": "open"}):
        own.post(path, {**new, **wrong}, 400)
    own.post(path, {**new, "contact": "4711"}, 404)
    own.post(path, {"subject": secret}, 400)
    admin.post(path, {"person": "424242", "subject": secret}, 404)
    admin.as_role("auditor").post(path, new, 403)
    elsewhere = admin.as_role("supervisor", clients=["bank" if talking["client"] == "shop" else "shop"])
    elsewhere.post(path, new, 404)
    key = {"Idempotency-Key": "a ticket once"}
    made = own.post(path, new, 201, headers=key).json
    number, one = made["ticket"], f"{path}/{made['ticket']}"
    assert made["version"] == 1 and own.post(path, new, 201, headers=key).json["ticket"] == number
    own.post(path, {**new, "subject": "x"}, 422, headers=key)
    shown = own.get(one).json
    ticket = shown["ticket"]
    assert (ticket["subject"], ticket["status"], ticket["priority"], ticket["due"]) == (secret, "open", "high", "2100-01-01T03:00:00.000Z"), ticket
    assert (ticket["owner_kind"], ticket["owner"], ticket["by"], ticket["client"]) == ("agent", name, name, talking["client"]) and ticket["contacts"] == [talking["id"]], ticket
    assert set(ticket["address"][:-2]) == {"*"} and admin.get(one).json["ticket"]["address"] == talking["address"]
    assert [(e["text"], e["by"], e["contact"], e["set"]) for e in shown["entries"]] == [("minta kartu baru", name, talking["id"], ["owner", "due", "priority"])], shown
    assert [c["contact"] for c in shown["contacts"]] == [talking["id"]]
    # it stands on the card, in his work, and with its person
    card = own.get(f"{V1}/contacts/{talking['id']}/card").json
    assert [t["id"] for t in card["tickets"]] == [number] and card["tickets"][0]["subject"] == secret, card
    assert [t["id"] for t in own.get(f"{V1}/agents/{name}/work").json["tickets"]] == [number]
    for which in (f"person={talking['person']}", f"agent={name}", "status=unresolved", f"client={talking['client']}&status=open"):
        assert [t["id"] for t in admin.get(f"{path}?{which}").json["items"]] == [number], which
    assert [t["id"] for t in own.get(f"{path}?person={talking['person']}").json["items"]] == [number]
    assert admin.get(f"{path}?status=resolved").json["items"] == [] and own.get(path, 403) and own.get(f"{path}?agent={name}&queue={talking['queue']}", 400)
    assert admin.as_role("viewer").get(one).json["ticket"]["subject"] is None
    for nobody in (elsewhere,) + (() if others.get(V1 + "/me").json["agent"] in {h["agent"] for h in card["history"]} else (others,)):
        nobody.get(one, 404), nobody.put(one, {"status": "resolved"}, 404), nobody.post(one + "/entries", {"text": "x"}, 404)
    assert elsewhere.get(path).json["items"] == [] and elsewhere.get(f"{path}?client={talking['client']}", 404)
    # changed: an entry each
    own.put(one, {}, 400)
    own.put(one, {"status": "gone"}, 400)
    own.put(one, {"text": "x", "contact": "4711"}, 404)
    own.post(one + "/entries", {"text": ""}, 400)
    own.post(one + "/entries", {}, 400)
    own.put(f"{path}/9999", {"status": "open"}, 404)
    own.get(f"{path}/9999", 404)
    assert own.post(one + "/entries", {"text": "kurir sudah berangkat", "contact": talking["id"]}, 201).json["version"] == 2
    own.put(one, {"status": "waiting"}, 412, headers={"If-Match": '"1"'})
    own.put(one, {"status": "waiting"}, 400, headers={"If-Match": '"x"'})
    assert own.put(one, {"status": "waiting", "due": None}, headers={"If-Match": '"2"'}).json["version"] == 3
    admin.put(one, {"owner_kind": "queue", "owner": talking["queue"]})
    assert [t["id"] for t in admin.get(f"{path}?queue={talking['queue']}").json["items"]] == [number] and own.get(f"{V1}/agents/{name}/work").json["tickets"] == []
    admin.put(one, {"status": "resolved", "text": "kartu diterima"})
    assert own.get(f"{V1}/contacts/{talking['id']}/card").json["tickets"] == []
    admin.put(one, {"status": "open", "owner_kind": "team", "owner": "day"})
    admin.put(one, {"owner_kind": None, "owner": None})
    shown = admin.get(one).json
    assert [e["set"] for e in shown["entries"][1:]] == [[], ["status", "due"], ["owner"], ["status"], ["status", "owner"], ["owner"]], shown["entries"]
    assert shown["ticket"]["owner"] is None and shown["ticket"]["resolved"] is None and shown["ticket"]["changed_by"] == "admin" and shown["ticket"]["version"] == 7
    second = admin.post(path, {"person": talking["person"], "subject": "Tagihan ganda"}, 201).json["ticket"]
    assert [t["id"] for t in pages(admin, path + "?limit=1")] == [second, number]
    audit = [e for e in pages(admin, V1 + "/audit?limit=500") if "/tickets" in e["what"]]
    assert {e["what"].split(" ")[0] for e in audit if e["result"] == "OK"} == {"POST", "PUT"} and not [e for e in audit if "Blok M" in json.dumps(e)], audit
    json.dump({"ticket": second, "person": talking["person"]}, open("ticket.state", "w"))


def writes():
    before = int(admin.put(V1 + "/switches/surge", {"on": True}).json["seq"])
    assert [s for s in admin.get(V1 + "/switches").json["items"] if s["id"] == "surge"][0]["all"] is True
    admin.put(V1 + "/switches/surge", {"on": True}, 409)
    admin.put(V1 + "/switches/surge", {"on": False})
    admin.put(V1 + "/switches/surge", {"on": True, "client": "nobody"}, 400)
    bank = admin.as_role("supervisor", clients=["bank"])
    bank.put(V1 + "/switches/closed", {"on": True}, 403)
    bank.put(V1 + "/switches/closed", {"on": True, "client": "shop"}, 400)
    bank.put(V1 + "/switches/closed", {"on": True, "client": "bank"})
    assert [s for s in admin.get(V1 + "/switches").json["items"] if s["id"] == "closed"][0]["clients"] == ["bank"]
    bank.put(V1 + "/switches/closed", {"on": False, "client": "bank"})
    # idempotency: twice the same answer, once in the log
    key = {"Idempotency-Key": "one-and-only"}
    first = admin.put(V1 + "/switches/surge", {"on": True}, headers=key)
    assert admin.put(V1 + "/switches/surge", {"on": True}, headers=key).body == first.body
    admin.put(V1 + "/switches/surge", {"on": False}, 422, headers=key)
    admin.put(V1 + "/switches/surge", {"on": False}, headers={"Idempotency-Key": "x" * 65}, want=400)
    admin.put(V1 + "/switches/surge", {"on": False})
    # nor is a second token made; its secret is told to nobody again
    wish, key = {"user": "once", "role": "viewer"}, {"Idempotency-Key": "one-token"}
    made = admin.post(V1 + "/tokens", wish, 201, headers=key).json
    assert "kept nowhere" in admin.post(V1 + "/tokens", wish, 409, headers=key).json["detail"]
    assert [t["id"] for t in admin.get(V1 + "/tokens").json["items"] if t["user"] == "once"] == [made["token"]["id"]]
    # agents
    talking = wait(lambda: [c for c in admin.get(V1 + "/contacts?place=talk").json["items"] if c["recording"]])[0]
    name = talking["agent"]
    own = admin.as_role("agent", agent=name)
    own.post(f"{V1}/agents/{name}/state", {"state": "not_ready", "reason": "nowhere"}, 400)
    own.post(f"{V1}/agents/{name}/state", {"state": "ready", "reason": "1"}, 400)
    reasons = own.post(f"{V1}/agents/{name}/state", {"state": "not_ready", "reason": "1"})
    assert reasons.json["done"]
    agent = own.get(f"{V1}/agents/{name}").json  # what is answered, is seen: at once
    assert agent["presence"] == "not ready" and agent["reason"] == "1", agent
    own.post(f"{V1}/agents/{name}/state", {"state": "logged_out"}, 409)  # somebody is on the line
    own.post(f"{V1}/agents/{name}/wrapup", {"action": "done"}, 409)
    own.post(f"{V1}/agents/{name}/recording", {"action": "pause"})
    assert admin.get(f"{V1}/contacts/{talking['id']}").json["live"]["recording_paused"] is True
    own.post(f"{V1}/agents/{name}/recording", {"action": "pause"}, 409)
    own.post(f"{V1}/agents/{name}/recording", {"action": "resume"})
    own.put(f"{V1}/agents/{name}/skills/english", {"level": 9}, 403)
    admin.put(f"{V1}/agents/{name}/skills/english", {"level": 11}, 400)
    admin.put(f"{V1}/agents/{name}/skills/nothing", {"level": 1}, 404)
    admin.put(f"{V1}/agents/{name}/skills/english", {"level": 9, "until": "2100-01-01T00:00:00Z"})
    admin.put(f"{V1}/agents/{name}/skills/english", {"level": 3, "until": "2001-01-01T00:00:00Z"}, 400)
    own.post(f"{V1}/agents/{name}/state", {"state": "ready"})
    # contacts
    admin.post(f"{V1}/contacts/{talking['id']}/move", {"queue": "loans"}, 409)  # it talks
    admin.post(f"{V1}/contacts/{talking['id']}/move", {"queue": "nothing"}, 400)
    admin.post(f"{V1}/contacts/9999999/move", {"queue": "loans"}, 404)
    # favourites: of who asks, all at once
    often = V1 + "/me/favourites"
    assert own.get(often).json == {"items": []}
    two = [{"kind": "agent", "to": "agent2", "name": "Agen 2"}, {"kind": "outside", "to": "+6281234567890", "name": "Gudang"}]
    own.put(often, {"items": two})
    assert own.get(often).json["items"] == two
    own.put(often, {"items": two + two}, 400)
    own.put(often, {"items": [{"kind": "number", "to": "5000", "name": "x"}]}, 400)
    own.put(often, {"items": [{**two[0], "to": f"agent{i}"} for i in range(5)]}, 400)
    assert own.get(often).json["items"] == two and admin.get(often).json == {"items": []}
    own.put(often, {"items": []})

    # tasks
    tasks = f"{V1}/agents/{name}/tasks"
    one = own.post(tasks, {"text": "Bu Ani: call at three", "due": "2100-01-01T15:00:00+07:00", "contact": talking["id"]}, 201).json["task"]
    own.post(tasks, {"text": "some day"}, 201)
    own.post(tasks, {"text": "x" * 301}, 400)
    own.post(tasks, {"text": "x", "contact": "4711"}, 404)
    own.post(V1 + "/agents/agent9/tasks", {"text": "x"}, 404)
    mine = own.get(f"{V1}/agents/{name}/work").json
    assert [t["text"] for t in mine["tasks"]] == ["Bu Ani: call at three", "some day"] and mine["callbacks"] == [], mine
    about, bare = mine["tasks"]
    assert about["client"] == talking["client"] and set(about["address"][:-2]) == {"*"} and (bare["client"], bare["address"]) == (None, None), mine
    assert admin.get(f"{V1}/agents/{name}/work").json["tasks"][0]["address"] == talking["address"]
    own.put(f"{tasks}/{one}", {}, 400)
    own.put(f"{tasks}/{one}", {"due": None})
    own.put(f"{tasks}/{one}", {"done": True})
    own.put(f"{tasks}/{one}", {"done": True}, 404)
    assert [t["due"] for t in admin.get(f"{V1}/agents/{name}/work").json["tasks"]] == [None]
    # one's own list, whatever one is
    [left] = own.get(V1 + "/me/tasks").json["items"]
    assert left["text"] == "some day" and left["breach"] is None and admin.get(V1 + "/me/tasks").json["items"] == []
    admin.put(f"{V1}/me/tasks/{left['id']}", {"done": True}, 404)
    own.put(f"{V1}/me/tasks/{left['id']}", {}, 400)
    own.put(f"{V1}/me/tasks/{left['id']}", {"done": True})
    assert own.get(V1 + "/me/tasks").json["items"] == []
    # one's own figures, and how one's line is
    mine = own.get(V1 + "/me/figures").json
    day = [r for r in admin.get(V1 + "/reports/agents?by=day").json["items"] if r["agent"] == name]
    assert mine["agent"] == name and mine["targets"] == [] and set(mine["figures"]) == set(day[-1]), (mine, day)
    admin.get(V1 + "/me/figures", 409)
    own.post(V1 + "/me/network", {"kind": "login", "rtt_ms": 40, "loss_permille": 1001}, 400)
    own.post(V1 + "/me/network", {"kind": "login", "rtt_ms": 40, "loss_permille": 1, "device": "x" * 127, "codec": "y" * 127}, 400)
    own.post(V1 + "/me/network", {"kind": "login", "rtt_ms": 41, "loss_permille": 3, "mos_x100": 431, "codec": "opus", "device": "Headset USB"})
    lines_seen = pages(admin.as_role("monitor"), V1 + "/network?limit=5")
    assert [(n["rtt_ms"], n["mos_x100"], n["jitter_ms"], n["codec"], n["user"]) for n in lines_seen] == [(41, 431, None, "opus", "test-agent")], lines_seen
    own.get(V1 + "/network", 403)
    admin.as_role("monitor", clients=["bank"]).get(V1 + "/network", 403)
    # the technical state, and nothing of conversations with it
    technician = admin.as_role("technician")
    state = technician.get(V1 + "/system").json
    assert [t["state"] for t in state["trunks"]] and state["ready"] and state["media"]["up"] and state["media"]["version"] > 0, state
    assert {d["agent"] for d in state["devices"]} >= {name} and all(not d["browser"] for d in state["devices"]), state["devices"]
    assert {p["name"] for p in state["processes"]} >= {"serve", "control", "media"} and not any(p["other_program"] for p in state["processes"]), state["processes"]
    assert state["disk"]["free_bytes"] > 0 and state["disk"]["log_bytes"] > 0 and state["listeners"][0]["kind"] == "http", state
    assert [(n["user"], n["mos_x100"]) for n in pages(technician, V1 + "/network?limit=5")] == [("test-agent", 431)]
    for closed in ("/contacts", "/contacts/past", f"/contacts/{talking['id']}", f"/contacts/{talking['id']}/card", "/recordings", "/people?phone=1", "/view", "/directory", "/audit", "/webhooks", "/centre"):
        technician.get(V1 + closed, 403)
    own.get(V1 + "/system", 403)
    admin.as_role("technician", clients=["bank"]).get(V1 + "/system", 403)
    targets(own)
    shifts(own, name)
    # breaks: what of them is used
    breaks = {r["id"]: r for r in own.get(V1 + "/reasons?language=en").json["items"]}
    assert breaks["1"]["team_now"] == 0 and breaks["1"]["used_ms"] >= 0 and admin.get(V1 + "/reasons").json["items"][0]["used_ms"] is None, breaks
    own.get(V1 + "/reasons?agent=nobody", 404)
    own.post(f"{V1}/agents/{name}/state", {"state": "not_ready", "book": True}, 400)
    own.post(f"{V1}/agents/{name}/state", {"state": "not_ready", "reason": "1", "book": True})
    assert own.get(f"{V1}/agents/{name}").json["booked"] == "1"  # he talks: not yet
    assert {r["id"]: r["line"] for r in own.get(V1 + "/reasons").json["items"]}["1"] == 1
    own.post(f"{V1}/agents/{name}/state", {"state": "ready"})
    assert own.get(f"{V1}/agents/{name}").json["booked"] is None
    # the card of who talks, and its note
    card = own.get(f"{V1}/contacts/{talking['id']}/card?language=en").json
    assert card["person"] == talking["person"] and card["queue"] == talking["queue"] and set(card["address"][:-2]) == {"*"}, card
    assert card["note"] is None and admin.get(f"{V1}/contacts/{talking['id']}/card?limit=3").json["address"] == talking["address"]
    others = admin.as_role("agent", agent=next(a["id"] for a in admin.get(V1 + "/agents").json["items"] if a["id"] not in
                                       {c["agent"] for c in admin.get(V1 + "/contacts").json["items"]}))
    others.get(f"{V1}/contacts/{talking['id']}/card", 404)
    tickets(own, name, others, talking)
    note, secret = f"{V1}/contacts/{talking['id']}/note", "prefers to be called Bu Ani 4711"
    own.put(note, {"text": secret}, 428)
    own.put(note, {"text": secret}, 400, headers={"If-Match": '"x"'})
    own.put(note, {"text": secret}, 412, headers={"If-Match": '"1"'})
    own.put(note, {"text": "x" * 4097}, 400, headers={"If-Match": '"0"'})
    others.put(note, {"text": secret}, 404, headers={"If-Match": '"0"'})
    admin.as_role("auditor").put(note, {"text": secret}, 403, headers={"If-Match": '"0"'})
    assert own.put(note, {"text": secret}, headers={"If-Match": '"0"'}).json["version"] == 1
    admin.put(note, {"text": "over the other one"}, 412, headers={"If-Match": '"0"'})
    assert own.put(note, {"text": secret + "\n" + "\u20ac" * 1300}, headers={"If-Match": '"1"'}).json["version"] == 2
    read = admin.get(f"{V1}/contacts/{talking['id']}").json["note"]
    assert read["text"] == secret + "\n" + "\u20ac" * 1300 and read["agent"] == name and read["by"] == "test-agent", read
    assert own.get(f"{V1}/contacts/{talking['id']}/card").json["note"] == read
    assert admin.as_role("viewer").get(f"{V1}/contacts/{talking['id']}").json["note"]["text"] is None
    assert not [e for e in pages(admin, V1 + "/audit?limit=500") if "Bu Ani" in json.dumps(e)], "a note is in the audit"
    # what they are to the client: said on the card, it stands in the log and with whoever asks
    party = f"{V1}/contacts/{talking['id']}/party"
    assert card["party_type"] == "customer", card
    called = f"{V1}/contacts/{talking['id']}/called"
    assert card["called"] is None, card
    own.put(called, {"called": "Bu\u0007"}, 400)
    others.put(called, {"called": "Bu Ani"}, 404)
    admin.as_role("auditor").put(called, {"called": "Bu Ani"}, 403)
    own.put(called, {"called": "Bu Ani"})
    assert own.get(f"{V1}/contacts/{talking['id']}/card").json["called"] == "Bu Ani"
    own.put(called, {"called": ""})
    own.put(party, {"party_type": "internal"}, 400)
    own.put(party, {"party_type": "prospect", "by": "me"}, 400)
    others.put(party, {"party_type": "prospect"}, 404)
    admin.as_role("auditor").put(party, {"party_type": "prospect"}, 403)
    admin.put(f"{V1}/contacts/4711/party", {"party_type": "prospect"}, 404)
    own.put(party, {"party_type": "prospect"})
    assert own.get(f"{V1}/contacts/{talking['id']}/card").json["party_type"] == "prospect"
    assert admin.get(f"{V1}/contacts/{talking['id']}").json["record"]["party_type"] == "prospect"
    assert [e for e in pages(admin, V1 + "/audit?limit=500") if e["what"].endswith("/party") and e["result"] == "OK" and e["actor"] == "test-agent"]
    # what came of it, chosen while they talk
    listed = own.get(f"{V1}/queues/{talking['queue']}/dispositions?language=en").json
    assert listed["items"] and not listed["required"] and listed["extend_ms"] > 0, listed
    offer, chosen = f"{V1}/offers/{talking['offer']}/disposition", listed["items"][0]["id"]
    own.put(offer, {"disposition": "nothing"}, 400)
    others.put(offer, {"disposition": chosen}, 404)
    own.put(offer, {"disposition": chosen})
    assert [a["disposition"] for a in own.get(f"{V1}/agents/{name}").json["assignments"] if a["offer"] == talking["offer"]] == [chosen]
    own.put(offer, {"disposition": None})
    own.put(offer, {"disposition": chosen})
    others.get(f"{V1}/queues/{talking['queue']}/dispositions?agent={name}", 404)
    json.dump({"contact": talking["id"], "person": talking["person"], "note": read}, open("noted.state", "w"))
    # people
    found = admin.get(f"{V1}/people?phone={urllib.parse.quote(talking['address'])}").json["items"]
    assert [p["id"] for p in found if p["client"] == talking["client"]] == [talking["person"]], (found, talking)
    assert admin.get(f"{V1}/people/{talking['person']}").json["identities"][0]["kind"] == "phone"
    other = admin.as_role("supervisor", clients=["bank" if talking["client"] == "shop" else "shop"])
    other.get(f"{V1}/people/{talking['person']}", 404)
    assert not [p for p in other.get(f"{V1}/people?phone={urllib.parse.quote(talking['address'])}").json["items"] if p["id"] == talking["person"]]
    admin.get(V1 + "/people", 400)
    # the description
    centre = admin.get(V1 + "/centre").json
    assert "Toko Uji" in centre["text"]
    versions = admin.get(V1 + "/centre/versions").json["items"]
    assert versions[0]["hash"] == centre["hash"]
    assert admin.get(f"{V1}/centre/versions/{centre['hash']}").json == centre
    admin.get(f"{V1}/centre/versions/{'0' * 64}", 404)
    text = open("centre.yaml").read()
    open("centre.yaml", "w").write(text + "\nnonsense: [\n")
    admin.post(V1 + "/centre/reload", None, 400)
    open("centre.yaml", "w").write(text + "\n# another version\n")
    admin.post(V1 + "/centre/reload")
    wait(lambda: admin.get(V1 + "/centre").json["hash"] != centre["hash"])
    assert len(admin.get(V1 + "/centre/versions").json["items"]) == 2
    # audit: everything, in order, with who and from where
    entries = pages(admin, V1 + "/audit?limit=7")
    mine = [e for e in entries if int(e["seq"]) >= before]
    assert mine[0]["what"] == "PUT /api/v1/switches/{switch}" and mine[0]["actor"] == "admin" and mine[0]["source"] == "127.0.0.1"
    assert [int(e["seq"]) for e in entries] == sorted(int(e["seq"]) for e in entries)
    assert [e for e in mine if e["actor"] == "test-agent" and "reason" in e["detail"]]
    assert len([e for e in mine if e["what"].endswith("/switches/{switch}") and '"on": true' in e["detail"] and e["result"] == "OK"]) == 3, mine
    assert {e["result"] for e in mine} >= {"OK", "ESTATE", "EINVAL"}
    assert not [e for e in entries if "sapa_" in json.dumps(e)], "a secret in the log"


def command(*words, exit_code=0, env=None):
    done = subprocess.run([sapa, *words, "--data", "data"], capture_output=True, text=True, env={**os.environ, **(env or {})})
    assert done.returncode == exit_code, (words, done)
    return done.stdout if exit_code == 0 else done.stderr


def persons():
    """Two are one, and two again; by the API and by the commands that speak to it."""
    found = {c["person"]: c for c in pages(admin, V1 + "/contacts/past?limit=500") if c["person"] != "0" and c["client"] == "shop"}
    one, two = sorted(found, key=int)[:2]
    bank = [c["person"] for c in pages(admin, V1 + "/contacts/past?limit=500") if c["person"] != "0" and c["client"] == "bank"][0]
    merge = admin.post(f"{V1}/people/{one}/merge", {"into": two}).json["merge"]
    assert len(admin.get(f"{V1}/people/{two}").json["identities"]) == 2
    admin.post(f"{V1}/people/{one}/merge", {"into": two}, 409)
    admin.post(f"{V1}/people/{one}/merge", {"into": bank}, 400)
    admin.post(f"{V1}/people/{one}/merge", {"into": "99999999"}, 404)
    admin.post(f"{V1}/people/{one}/merge", {"into": "x"}, 400)
    admin.delete(f"{V1}/merges/{merge}")
    admin.delete(f"{V1}/merges/{merge}", 409)
    admin.delete(f"{V1}/merges/99999", 404)
    assert len(admin.get(f"{V1}/people/{two}").json["identities"]) == 1
    admin.as_role("supervisor").post(f"{V1}/people/{one}/merge", {"into": two}, 403)
    said = command("merge", one, two)
    assert len(admin.get(f"{V1}/people/{two}").json["identities"]) == 2
    command("merge", "--undo", said.split("merge ")[1].rstrip(")\n"))
    assert len(admin.get(f"{V1}/people/{two}").json["identities"]) == 1
    assert "the same client" in command("merge", one, bank, exit_code=1)
    command("merge", one, exit_code=2)
    # the API from the command line
    assert json.loads(command("api", "GET", V1 + "/me"))["role"] == "console"  # without a token: the folder's owner
    assert json.loads(command("api", "PUT", V1 + "/switches/surge", '{"on": true}'))["done"]
    assert json.loads(command("api", "PUT", V1 + "/switches/surge", '{"on": true}', exit_code=1))["status"] == 409
    assert json.loads(command("api", "PUT", V1 + "/switches/surge", '{"on": false}'))["done"]
    assert json.loads(command("api", "GET", V1 + "/me", exit_code=1, env={"SAPA_TOKEN": "sapa_" + "0" * 64}))["status"] == 401
    assert json.loads(command("api", "POST", V1 + "/centre/plan", "@centre.yaml"))["changes"] == []
    # a centre elsewhere: by its address, with a token
    eye = {"SAPA_TOKEN": admin.as_role("viewer").token}
    assert json.loads(command("api", "GET", V1 + "/me", "--url", base, env=eye))["user"] == "test-viewer"
    assert "Pinjaman" in command("top", "--once", "--url", base, env=eye)
    assert "does not have the right tokens" in command("token", "list", "--url", base, env=eye, exit_code=1)
    assert "SAPA_TOKEN" in command("api", "GET", V1 + "/me", "--url", base, exit_code=1)
    command("api", "GET", "me", exit_code=2)
    command("api", "PATCH", V1 + "/me", exit_code=2)
    # erased by the command: only when one says that one knows
    assert "--yes" in command("erase", one, exit_code=2)
    assert admin.get(f"{V1}/people/{one}").status == 200
    command("erase", one, "--yes")
    admin.get(f"{V1}/people/{one}", 404)
    assert f"no person {one}" in command("erase", one, "--yes", exit_code=1)
    # what a repetition is told after the restart that follows
    key = {"Idempotency-Key": "over-the-restart"}
    first = admin.put(V1 + "/switches/closed", {"on": True, "client": "bank"}, headers=key)
    json.dump({"first": first.json}, open("before.state", "w"))


def cards():
    """A note is there when the call is over; who became one has one history."""
    noted = json.load(open("noted.state"))
    assert admin.get(f"{V1}/contacts/{noted['contact']}").json["note"] == noted["note"]
    everything = pages(admin, V1 + "/contacts/past?limit=500")
    client = [c["client"] for c in everything if c["contact"] == noted["contact"]][0]
    other = [c for c in everything if c["client"] == client and c["person"] not in ("0", noted["person"])][0]
    merge = admin.post(f"{V1}/people/{other['person']}/merge", {"into": noted["person"]}).json["merge"]
    told = {h["contact"]: h for h in admin.get(f"{V1}/contacts/{noted['contact']}/card?limit=50").json["history"]}
    assert told[other["contact"]]["outcome"] == other["outcome"]
    back = {h["contact"]: h for h in admin.get(f"{V1}/contacts/{other['contact']}/card?limit=50").json["history"]}
    assert back[noted["contact"]]["note"] == noted["note"]
    admin.delete(f"{V1}/merges/{merge}")
    assert other["contact"] not in [h["contact"] for h in admin.get(f"{V1}/contacts/{noted['contact']}/card").json["history"]]


def end():
    cards()
    held = json.load(open("ticket.state"))
    assert admin.get(f"{V1}/tickets/{held['ticket']}").json["ticket"]["subject"] == "Tagihan ganda"
    persons()  # some are erased there, perhaps he
    record = [c for c in pages(admin, V1 + "/contacts/past?limit=500") if c["person"] != "0"][-1]
    admin.get(f"{V1}/people/{record['person']}")
    supervisor = admin.as_role("supervisor")
    supervisor.delete(f"{V1}/people/{record['person']}", 403)
    admin.delete(f"{V1}/people/{record['person']}")
    admin.get(f"{V1}/people/{record['person']}", 404)
    admin.delete(f"{V1}/people/{record['person']}", 404)
    erased = admin.get(f"{V1}/contacts/{record['contact']}").json["record"]
    assert erased["address"] == "", erased
    noted = json.load(open("noted.state"))  # a note goes with its person
    if admin.raw("GET", f"{V1}/people/{noted['person']}").status == 200:
        admin.delete(f"{V1}/people/{noted['person']}")
    assert admin.get(f"{V1}/contacts/{noted['contact']}").json["note"]["text"] is None
    assert held["person"] == noted["person"]  # and so do his tickets
    admin.get(f"{V1}/tickets/{held['ticket']}", 404)
    assert pages(admin, V1 + "/tickets?limit=500") == []
    lasting = next(c for c in pages(admin, V1 + "/contacts/past?limit=500") if c["person"] != "0" and admin.raw("GET", f"{V1}/people/{c['person']}").status == 200)
    wish, key = {"person": lasting["person"], "subject": "Sesudah mulai lagi"}, {"Idempotency-Key": "one-ticket"}
    made = admin.post(V1 + "/tickets", wish, 201, headers=key).json
    assert admin.post(V1 + "/tickets", wish, 201, headers=key).json == made
    json.dump({"ticket": made["ticket"], "wish": wish, "made": made}, open("ticket.state", "w"))
    assert admin.get(f"{V1}/contacts/{noted['contact']}/card").json["history"] == []
    tokens = admin.get(V1 + "/tokens").json["items"]
    mine = [t for t in tokens if t["user"] == "test-supervisor" and not t["clients"]][-1]
    admin.delete(f"{V1}/tokens/{mine['id']}")
    supervisor.get(V1 + "/me", 401)
    admin.delete(f"{V1}/tokens/{mine['id']}", 409)
    admin.delete(f"{V1}/tokens/99999", 404)
    agent = [a for a in admin.get(V1 + "/agents").json["items"] if a["presence"] != "offline"]
    for a in agent[:1]:
        if [x for x in a["assignments"] if x["state"] == "wrap-up"]:
            admin.post(f"{V1}/agents/{a['id']}/wrapup", {"action": "done", "dispoagent1on": "nothing"}, 409)


def restart():
    # control has just been killed: the connection waits in the kernel, and then is answered
    began = time.monotonic()
    assert Api(base, admin.token).get(V1 + "/me").json["user"] == "admin"
    assert Api(base, admin.token).get(V1 + "/centre").status == 200
    assert Api(base, admin.token).get(V1 + "/shifts").json["version"] == 2 and Api(base, admin.token).get(V1 + "/shifts").json["items"]
    print(f"answered {time.monotonic() - began:.2f} s after the kill")
    state = json.load(open("ticket.state"))
    lasting = state["ticket"]
    wait(lambda: admin.call("GET", f"{V1}/tickets/{lasting}").status != 503)
    repeated = {"Idempotency-Key": "one-ticket"}
    wait(lambda: admin.call("POST", V1 + "/tickets", state["wish"], repeated).status != 503)
    assert admin.post(V1 + "/tickets", state["wish"], 201, headers=repeated).json == state["made"]
    assert len(pages(admin, V1 + "/tickets?limit=500")) == 1
    assert admin.get(f"{V1}/tickets/{lasting}").json["ticket"]["subject"] == "Sesudah mulai lagi"
    # done once, also over a restart; another request under the same key is none
    before, key = json.load(open("before.state")), {"Idempotency-Key": "over-the-restart"}
    wait(lambda: admin.call("PUT", V1 + "/switches/closed", {"on": True, "client": "bank"}, key).status != 503)
    assert admin.put(V1 + "/switches/closed", {"on": True, "client": "bank"}, headers=key).json == before["first"]
    assert "kept nowhere" in admin.post(V1 + "/tokens", {"user": "once", "role": "viewer"}, 409, headers={"Idempotency-Key": "one-token"}).json["detail"]
    admin.put(V1 + "/switches/closed", {"on": True, "client": "bank"}, 409)
    admin.put(V1 + "/switches/closed", {"on": False, "client": "bank"}, 422, headers=key)
    admin.put(V1 + "/switches/closed", {"on": False, "client": "bank"})
    assert admin.put(V1 + "/switches/closed", {"on": True, "client": "bank"}, headers=key).json == before["first"]
    assert [x for x in admin.get(V1 + "/switches").json["items"] if x["id"] == "closed"][0]["clients"] == []
    # wrong tokens make a source wait
    for _ in range(40):
        status = Api(base, "sapa_" + "1" * 64).raw("GET", V1 + "/me").status
    assert status == 429


{"live": live, "past": past, "writes": writes, "end": end, "restart": restart}[part]()
print("covered:", " ".join(sorted(Api.document.covered)))
