import base64
import hashlib
import hmac
import json
import statistics
import struct
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from sapa_api import Api, administrator

base, part = sys.argv[1:3]
V1 = "/api/v1"
admin = administrator(base)
nobody = Api(base)
GOOD = "correct horse battery"


def login(user, password, want=201, code=None):
    reply = nobody.post(V1 + "/login", {"user": user, "password": password, **({"code": code} if code else {})}, want)
    return Api(base, reply.json["token"]) if want == 201 else reply


def code_of(secret, step):
    """RFC 6238, as an app has it."""
    mac = hmac.new(base64.b32decode(secret), struct.pack(">Q", step), hashlib.sha1).digest()
    at = mac[19] & 15
    return f"{(struct.unpack('>I', mac[at:at + 4])[0] & 0x7fffffff) % 1000000:06d}"


def factor():
    """A role that wants a second factor gives nothing without one; a code counts once; lost ones are cleared.
    (Few wrong ones: they count for the address, and more tests follow. The others are in app/totp_test.c.)"""
    admin.put(f"{V1}/users/nina/password", {"password": GOOD})
    nina = login("nina", GOOD)
    me = nina.get(V1 + "/me").json
    assert me["rights"] == [] and me["second_factor"] == "wanted", me
    nina.get(V1 + "/queues", 403)
    admin.post(V1 + "/me/totp", {"password": GOOD}, 403)  # a token has none
    nina.put(V1 + "/me/totp", {"code": "123456"}, 409)
    made = nina.post(V1 + "/me/totp", {"password": GOOD}, 201).json
    assert made["secret"] in made["uri"] and len(set(made["recovery"])) == 10
    step = int(time.time()) // 30
    nina.put(V1 + "/me/totp", {"code": code_of(made["secret"], step)})
    nina.get(V1 + "/me", 401)
    assert [u["second_factor"] for u in admin.get(V1 + "/users").json["items"] if u["id"] == "nina"] == [True]
    assert login("nina", GOOD, 401).json["code"] == "EAGAIN"
    nina = login("nina", GOOD, 201, code_of(made["secret"], step + 1))
    me = nina.get(V1 + "/me").json
    assert me["rights"] == ["live", "report"] and me["second_factor"] == "used", me
    nina.get(V1 + "/queues")
    login("nina", GOOD, 401, code_of(made["secret"], step + 1))  # it was used
    login("nina", GOOD, 201, made["recovery"][4].lower())
    login("nina", GOOD, 401, made["recovery"][4])
    admin.delete(V1 + "/users/nina/totp")
    nina.get(V1 + "/me", 401)
    admin.delete(V1 + "/users/ghost/totp", 404)
    assert login("nina", GOOD).get(V1 + "/me").json["second_factor"] == "wanted"
    said = json.dumps(admin.get(V1 + "/audit?limit=500").json["items"])
    assert made["secret"] not in said and not [c for c in made["recovery"] if c in said]
    admin.delete(V1 + "/users/nina/password")
    # turned off by oneself: with password and code, unless the role wants it
    nina.post(V1 + "/me/totp/end", {"password": GOOD, "code": "123456"}, 401)
    admin.put(f"{V1}/users/agent1/password", {"password": GOOD})
    one = login("agent1", GOOD)
    one.post(V1 + "/me/totp/end", {"password": GOOD, "code": "123456"}, 409)
    made = one.post(V1 + "/me/totp", {"password": GOOD}, 201).json
    one.put(V1 + "/me/totp", {"code": code_of(made["secret"], step)})
    one = login("agent1", GOOD, 201, made["recovery"][0])
    one.post(V1 + "/me/totp/end", {"password": GOOD, "code": made["recovery"][0]}, 403)  # used up
    one.post(V1 + "/me/totp/end", {"password": GOOD + "x", "code": made["recovery"][1]}, 403)
    one.post(V1 + "/me/totp/end", {"password": GOOD, "code": made["recovery"][1]})
    assert login("agent1", GOOD).get(V1 + "/me").json["second_factor"] == "none"
    admin.delete(V1 + "/users/agent1/password")


def users():
    listed = {u["id"]: u for u in admin.get(V1 + "/users").json["items"]}
    assert set(listed) == {"dewi", "joko", "kepala", "rina", "putu", "nina", "sari", "tuti", "wati", "agent1", "agent2"} and not any(u["password"] for u in listed.values())
    assert listed["agent1"]["agent"] and listed["agent1"]["rights"] == ["live", "self", "refuse"] and listed["joko"]["clients"] == ["bank"]
    assert "supervise" in listed["dewi"]["rights"] and "users" not in listed["dewi"]["rights"]
    roles = admin.get(V1 + "/roles").json
    assert {r["id"] for r in roles["items"]} >= {"admin", "lead", "watcher"} and {r["id"] for r in roles["rights"]} >= {"webhooks", "configure"}
    # nobody has one yet; whoever asks hears the same
    for user in ("dewi", "nobody", "agent1", "", "x" * 60):
        if user:
            assert login(user, GOOD, 401).json["detail"] == "the user or the password is wrong"
    nobody.post(V1 + "/login", {"user": "dewi"}, 400)
    nobody.post(V1 + "/login", {"user": "dewi", "password": "x" * 1024}, 400)
    nobody.post(V1 + "/login", {"user": "y" * 100, "password": GOOD}, 400)
    # passwords are set by who may
    for _ in range(60):  # refused at once, while the line of logins still looks away: each is told so
        admin.put(V1 + "/users/dewi/password", {"password": "short"}, 400)
    admin.put(V1 + "/users/nobody/password", {"password": GOOD}, 404)
    for user in ("dewi", "joko", "kepala", "agent1"):
        admin.put(f"{V1}/users/{user}/password", {"password": GOOD})
    assert {u["id"] for u in admin.get(V1 + "/users").json["items"] if u["password"]} == {"dewi", "joko", "kepala", "agent1"}
    dewi, joko, agent1, kepala = (login(u, GOOD) for u in ("dewi", "joko", "agent1", "kepala"))
    me = dewi.get(V1 + "/me").json
    assert me["user"] == "dewi" and me["role"] == "lead" and me["agent"] is None and me["clients"] is None and "supervise" in me["rights"], me
    me = joko.get(V1 + "/me").json
    assert me["clients"] == ["bank"] and me["rights"] == ["live", "report"], me
    joko.get(V1 + "/queues/service", 404)
    joko.get(V1 + "/users", 403)
    dewi.put(V1 + "/users/kepala/password", {"password": GOOD}, 403)
    me = agent1.get(V1 + "/me").json
    assert me["agent"] == "agent1" and [a["id"] for a in agent1.get(V1 + "/agents").json["items"]] == ["agent1"], me
    agent1.post(V1 + "/agents/agent1/state", {"state": "logged_out"}, 409)  # he is not in
    # a telephone in the browser: for agents, as long as the session; and for guests, to the numbers that are for them
    phone = agent1.post(V1 + "/me/phone", None, 201).json
    assert phone["uri"].startswith("sip:1001@") and phone["user"].endswith("-agent1") and phone["websocket"] == "/sip", phone
    assert phone["expires"] <= [s for s in kepala.get(V1 + "/sessions").json["items"] if s["user"] == "agent1"][0]["expires"]
    dewi.post(V1 + "/me/phone", None, 409)
    joko.post(V1 + "/me/phone", None, 403)
    nobody.post(V1 + "/me/phone", None, 401)
    places = nobody.get(V1 + "/web-calls").json["items"]  # what can be called, and nothing else of the description
    assert [(one["number"], one["client"]) for one in places] == [("5001", "shop")], places
    guest = nobody.post(V1 + "/web-calls", {"number": "5001"}, 201).json
    assert guest["target"].startswith("sip:5001@") and guest["uri"].startswith("sip:guest-") and guest["password"] != phone["password"], guest
    nobody.post(V1 + "/web-calls", {"number": "5000"}, 404)
    nobody.post(V1 + "/web-calls", {"number": "5001", "other": 1}, 400)
    assert phone["password"] not in json.dumps(admin.get(V1 + "/audit?limit=50").json)
    # who may set passwords may not give away more than he has
    for user in ("rina", "putu", "sari", "wati"):
        admin.put(f"{V1}/users/{user}/password", {"password": GOOD})
    sari = login("sari", GOOD)
    for user in ("kepala", "dewi", "agent1"):
        assert "may do more" in sari.put(f"{V1}/users/{user}/password", {"password": GOOD + "!"}, 403).json["detail"]
    sari.put(V1 + "/users/tuti/password", {"password": GOOD})
    login("wati", GOOD).put(V1 + "/users/tuti/password", {"password": GOOD}, 403)  # of one company only
    # who sees others' calls may not handle them for that
    rina = login("rina", GOOD)
    rina.get(V1 + "/agents/agent1")
    assert "supervise" in rina.post(V1 + "/agents/agent1/calls", {"kind": "agent", "to": "agent2"}, 403).json["detail"]
    # one's own password: the sessions elsewhere end, this one goes on
    elsewhere = login("dewi", GOOD)
    dewi.put(V1 + "/me/password", {"old": GOOD + "x", "new": GOOD + " 2"}, 403)
    dewi.put(V1 + "/me/password", {"old": GOOD, "new": "short"}, 400)
    dewi.put(V1 + "/me/password", {"old": GOOD, "new": GOOD + " 2"})
    elsewhere.get(V1 + "/me", 401)
    dewi.get(V1 + "/me")
    login("dewi", GOOD, 401)
    login("dewi", GOOD + " 2")
    admin.put(V1 + "/me/password", {"old": GOOD, "new": GOOD}, 403)
    putu = login("putu", GOOD)  # who may, need not be an agent
    assert "not placed" in putu.post(V1 + "/agents/agent1/calls", {"kind": "agent", "to": "agent2"}, None).json["detail"]
    putu.post(V1 + "/agents/agent1/state", {"state": "ready"}, 403)
    # sessions are seen and ended
    sessions = kepala.get(V1 + "/sessions").json["items"]
    assert {s["user"] for s in sessions} == {"dewi", "joko", "kepala", "agent1", "rina", "putu", "sari", "wati"} and all(s["source"] == "127.0.0.1" for s in sessions)
    kepala.delete(f"{V1}/sessions/{[s for s in sessions if s['user'] == 'joko'][0]['id']}")
    joko.get(V1 + "/me", 401)
    kepala.delete(V1 + "/sessions/12345", 404)
    joko = login("joko", GOOD)
    joko.post(V1 + "/logout")
    joko.get(V1 + "/me", 401)
    admin.post(V1 + "/logout", None, 409)
    # who logs in no more, is out
    second = login("kepala", GOOD)
    admin.delete(V1 + "/users/kepala/password")
    second.get(V1 + "/me", 401)
    login("kepala", GOOD, 401)
    factor()
    # as long for a user that is not there
    def took(user):
        began = time.monotonic()
        nobody.post(V1 + "/login", {"user": user, "password": "not this one"}, None)
        return time.monotonic() - began

    known, unknown = statistics.median(took("agent2") for _ in range(3)), statistics.median(took(f"ghost{i}") for i in range(3))
    assert 0.3 < known / unknown < 3.3, (known, unknown)
    # the audit trail has who, never what
    entries = admin.get(V1 + "/audit?limit=500").json["items"]
    logins = [e for e in entries if e["what"] == "POST /api/v1/login"]
    assert [e for e in logins if e["actor"] == "dewi" and e["role"] == "lead" and e["result"] == "OK"]
    assert [e for e in logins if e["result"] == "EDENIED"]
    assert not [e for e in entries if GOOD in json.dumps(e)]
    json.dump({"dewi": dewi.token, "joko": joko.token, "agent1": agent1.token}, open("sessions.state", "w"))


def command():
    kept = json.load(open("sessions.state"))
    end = time.monotonic() + 5
    while Api(base, kept["agent1"]).get(V1 + "/me", None).status != 401:
        assert time.monotonic() < end, "the session lives on"
    login("agent1", GOOD, 401)
    kept["agent1"] = login("agent1", "correct horse stable").token
    json.dump(kept, open("sessions.state", "w"))


def restart():
    kept = json.load(open("sessions.state"))
    dewi, agent1 = Api(base, kept["dewi"]), Api(base, kept["agent1"])
    assert dewi.get(V1 + "/me").json["user"] == "dewi"
    assert agent1.get(V1 + "/me").json["agent"] == "agent1"
    Api(base, kept["joko"]).get(V1 + "/me", 401)
    # another role in the description is another role, at once; nobody in it is nobody
    text = admin.get(V1 + "/centre").json
    changed = text["text"].replace("dewi: { name: Dewi, role: lead }", "dewi: { name: Dewi, role: watcher }")
    taken = admin.call("POST", V1 + "/centre/apply", changed, {"If-Match": text["hash"]}, want=200).json
    assert dewi.get(V1 + "/me").json["rights"] == ["live", "report"]
    changed = changed.replace("  dewi: { name: Dewi, role: watcher }\n", "")
    admin.call("POST", V1 + "/centre/apply", changed, {"If-Match": taken["hash"]}, want=200)
    dewi.get(V1 + "/me", 401)
    login("dewi", GOOD + " 2", 401)
    # all at once in the morning: nobody is refused for that, and guesses count as they do one after the other
    def statuses(user, password, count):
        with ThreadPoolExecutor(count) as crowd:
            return [r.status for r in crowd.map(lambda _: Api(base).post(V1 + "/login", {"user": user, "password": password}, None), range(count))]

    assert set(statuses("agent1", "correct horse stable", 60)) == {201}
    with ThreadPoolExecutor(40) as crowd:  # whoever is given another password meanwhile is out, also by a login that was before it in the line
        ins = [crowd.submit(Api(base).post, V1 + "/login", {"user": "wati", "password": GOOD}, None) for _ in range(40)]
        time.sleep(0.1)
        admin.put(V1 + "/users/wati/password", {"password": GOOD + "!"})
        got = [one.result().status for one in ins]
    assert 201 in got and set(got) <= {201, 401, 429}, got
    assert not [s for s in admin.get(V1 + "/sessions").json["items"] if s["user"] == "wati"]
    guesses = statuses("agent2", "not this one either", 40)
    assert guesses.count(401) == 5 and guesses.count(429) == 35, guesses
    # guessing ends soon, for this name; and then for this address
    last = [nobody.post(V1 + "/login", {"user": "agent1", "password": f"guess number {i}"}, None) for i in range(7)]
    assert [r.status for r in last[:5]] == [401] * 5 and [r.status for r in last[5:]] == [429] * 2, [r.status for r in last]
    assert int(last[-1].headers["retry-after"]) > 100
    login("agent1", GOOD, 429)  # even with the right one, from here
    statuses_of_names = (nobody.post(V1 + "/login", {"user": f"name{i}", "password": "guess number one"}, None).status for i in range(110))
    assert 429 in statuses_of_names
    agent1.get(V1 + "/me")  # who is in, stays in


{"users": users, "command": command, "restart": restart}[part]()
print("covered:", " ".join(sorted(Api.document.covered)))
