"""test/scenario/92-supervision: stories.py PORT API, in the scenario's folder"""
import collections
import os
import signal
import struct
import subprocess
import sys
import time

from sapa_api import Api, administrator, wait
from user_agent import LINEAR, UserAgent, amplitude

port, base = int(sys.argv[1]), sys.argv[2]
server = ("127.0.0.1", port)
V1 = "/api/v1"
CUSTOMER, AGENT, LEADER = 400, 1000, 1600
EVERYBODY = {CUSTOMER, AGENT, LEADER}
admin = administrator(base)
count = 0


def story(name):
    print("- " + name, flush=True)
    for phone in (agent, leader):
        phone.want_none("OPTIONS are answered", lambda m: False, 0.05)
        phone.waiting.clear()


def hears(who, *tones):
    who.hears_tones(tones, EVERYBODY - set(tones))


def seen(key):
    return admin.get(f"{V1}/agents/{key}").json


def kill_control():
    """Nobody may notice."""
    child = subprocess.run(["pgrep", "-P", os.environ["SAPA_CENTRE_PID"], "-f", "^sapa-control "], capture_output=True, text=True).stdout
    os.kill(int(child.split()[0]), signal.SIGKILL)
    ready = open("serve.log").read().count("control.ready")
    admin.connection = None
    wait(lambda: open("serve.log").read().count("control.ready") > ready, 30)


class Ear:
    """Everything that a phone hears meanwhile."""

    def __init__(self, phone, hz):
        self.phone, self.hz = phone, hz
        phone.pcm = collections.deque(maxlen=400000)

    def gap_ms(self):
        """The longest time without the tone, in steps of 10 ms, between its first and its last moment."""
        samples, self.phone.pcm = list(self.phone.pcm), collections.deque(maxlen=3200)
        heard = [amplitude(samples[i:i + 80], self.hz) > 500 for i in range(0, len(samples) - 80, 80)]
        longest = run = 0
        for one in heard[heard.index(True):]:
            run = 0 if one else run + 1
            longest = max(longest, run)
        return 10 * longest


def agents_channel(wav):
    """The right side of a recording."""
    at = 12
    while wav[at:at + 4] != b"data":
        if wav[at:at + 4] == b"fmt ":
            kind, channels = struct.unpack("<HH", wav[at + 8:at + 12])
        at += 8 + struct.unpack("<I", wav[at + 4:at + 8])[0]
    assert channels == 2
    body = wav[at + 8:]
    values = struct.unpack("<%dh" % (len(body) // 2), body[:len(body) // 2 * 2]) if kind == 1 else [LINEAR[octet] for octet in body]
    return values[1::2]


def log_in(user):
    return Api(base, Api(base).post(V1 + "/login", {"user": user, "password": "a quiet password"}, 201).json["token"])


def served():
    """A customer who talks with the agent: he, his dialog, the agent's, the contact."""
    global count
    count += 1
    customer = UserAgent("08110%d" % count, server)
    customer.tone(CUSTOMER)
    talk, answer = customer.call("5001")
    assert answer.status == 200, answer.text
    line = agent.answer(agent.want_request("INVITE"))
    hears(agent, CUSTOMER)
    hears(customer, AGENT)
    contact = wait(lambda: [c for c in admin.get(V1 + "/contacts?place=talk").json["items"]])[0]["id"]
    return customer, talk, line, contact


def join(contact, mode):
    told = admin.post(f"{V1}/contacts/{contact}/supervision", {"mode": mode, "phone": "agent2"}).json
    invite = leader.want_request("INVITE")
    assert "Auto" in invite.get("answer-mode") and "alert-autoanswer" in invite.get("alert-info"), invite.text
    assert seen("agent2")["supervision"] == {**seen("agent2")["supervision"], "id": told["supervision"], "contact": contact, "mode": mode, "on": False}
    line = leader.answer(invite)
    return told["supervision"], line


def does(supervision, mode, want=200):
    return admin.put(f"{V1}/supervisions/{supervision}", {"mode": mode}, want)


agent, leader = UserAgent("1001", server), UserAgent("1002", server)
agent.tone(AGENT)
leader.tone(LEADER)
agent.register()
leader.register()  # and does not log in: he is there for others' contacts
agent.code("*1")

story("he listens, whispers, and leaves: only the agent hears him, and nobody misses a moment")
customer, talk, line, contact = served()
assert seen("agent1")["heard"] is False
ears = [Ear(customer, AGENT), Ear(agent, CUSTOMER)]
part, mine = join(contact, "listen")
wait(lambda: seen("agent2")["supervision"]["on"])
assert seen("agent1")["heard"] is True
assert admin.as_role("agent", agent="agent1").get(V1 + "/agents/agent1").json["heard"] is None  # the description does not tell him
hears(leader, CUSTOMER, AGENT)
gaps = [ear.gap_ms() for ear in ears]
hears(customer, AGENT)
hears(agent, CUSTOMER)
does(part, "whisper")
hears(agent, CUSTOMER, LEADER)
hears(customer, AGENT)
hears(leader, CUSTOMER, AGENT)
does(part, "whisper", 409)
does(part, "listen")
hears(agent, CUSTOMER)
ears = [Ear(customer, AGENT), Ear(agent, CUSTOMER)]
admin.call("DELETE", f"{V1}/supervisions/{part}", want=200)
leader.hung_up()
time.sleep(0.5)
gaps += [ear.gap_ms() for ear in ears]
print("  longest gap when he comes, for the customer and the agent: %d, %d ms; when he goes: %d, %d ms" % tuple(gaps))
assert max(gaps) <= 60, gaps
assert seen("agent2")["supervision"] is None and seen("agent1")["heard"] is False
hears(customer, AGENT)
does(part, "listen", 404)
assert agent.within(line, "BYE").status == 200
customer.hung_up()
customer.close()
wait(lambda: not admin.get(V1 + "/contacts").json["items"])
quiet = contact

story("somebody asks for help: seen, taken by who comes, and over")
siti = admin.as_role("agent", agent="agent1")
siti.post(V1 + "/agents/agent2/help", want=404)
admin.post(V1 + "/agents/agent1/help", want=403)  # nobody raises another's hand
customer, talk, line, contact = served()
siti.post(V1 + "/agents/agent1/help")
siti.post(V1 + "/agents/agent1/help", want=409)
asked = seen("agent1")["help"]
assert asked["state"] == "raised" and asked["contact"] == contact and asked["by"] is None, asked
ratna, tono = log_in("ratna"), log_in("tono")
told = ratna.post(f"{V1}/contacts/{contact}/supervision", {"mode": "listen"}).json  # with her own phone
mine = leader.answer(leader.want_request("INVITE"))
asked = wait(lambda: seen("agent1")["help"])
assert asked["state"] == "taken" and asked["by"] == "ratna", asked
hears(leader, CUSTOMER, AGENT)
ratna.call("DELETE", V1 + "/agents/agent1/help", want=200)
ratna.call("DELETE", V1 + "/agents/agent1/help", want=409)
assert seen("agent1")["help"] is None

story("who leads another team sees nothing of it")
assert [a["id"] for a in ratna.get(V1 + "/agents").json["items"]] == ["agent1", "agent2"]
assert [a["id"] for a in tono.get(V1 + "/agents").json["items"]] == ["agent3"]
tono.get(V1 + "/agents/agent1", 404)
tono.get(V1 + "/view", 403)
tono.get(f"{V1}/contacts/{contact}/card", 404)
assert tono.get(V1 + "/contacts").json["items"] == [] and len(ratna.get(V1 + "/contacts").json["items"]) == 1
tono.get(f"{V1}/contacts/{contact}", 404)
tono.post(f"{V1}/contacts/{contact}/supervision", {"mode": "listen", "phone": "agent3"}, 404)
tono.put(f"{V1}/supervisions/{told['supervision']}", {"mode": "whisper"}, 404)
tono.post(V1 + "/agents/agent1/state", {"state": "not_ready"}, 404)
tono.put(V1 + "/agents/agent1/skills/english", {"level": 3}, 404)
tono.post(V1 + "/agents/agent1/help/take", want=404)
offer = seen("agent1")["assignments"][0]["offer"]
tono.post(f"{V1}/offers/{offer}/hold", want=404)
assert ratna.get(V1 + "/me").json["agent"] == "agent2"
day = time.strftime("%Y-%m-%d")
assert {r["agent"] for r in ratna.get(f"{V1}/reports/agents?by=day").json["items"]} <= {"agent1", "agent2"}
tono.get(f"{V1}/reports/total?by=day", 403)
assert customer.within(talk, "BYE").status == 200
agent.hung_up()
leader.hung_up()
customer.close()
wait(lambda: not admin.get(V1 + "/contacts").json["items"])
wait(lambda: contact in [c["contact"] for c in ratna.get(V1 + "/contacts/past").json["items"]])
assert contact not in [c["contact"] for c in tono.get(V1 + "/contacts/past").json["items"]]

story("something is said to many, and read")
ratna.post(V1 + "/messages", {"to": "team", "key": "day", "text": "Antrean panjang, mohon siap."})
ratna.post(V1 + "/messages", {"to": "team", "key": "night", "text": "x"}, 400)
ratna.post(V1 + "/messages", {"to": "all", "key": "day", "text": "x"}, 400)
ratna.post(V1 + "/messages", {"to": "agent", "key": "agent3", "text": "x"}, 400)
admin.post(V1 + "/messages", {"to": "queue", "key": "service", "text": "Selamat pagi.", "until": "2031-01-01T00:00:00Z"})
admin.post(V1 + "/messages", {"to": "agent", "key": "agent3", "text": "Hanya untuk Anda."})
admin.post(V1 + "/messages", {"to": "all", "text": "x", "until": "2001-01-01T00:00:00Z"}, 400)
siti.post(V1 + "/messages", {"to": "all", "text": "x"}, 403)
got = siti.get(V1 + "/messages").json["items"]
assert [m["text"] for m in got] == ["Antrean panjang, mohon siap.", "Selamat pagi."] and got[0]["by"] == "ratna", got
assert len(admin.get(V1 + "/messages").json["items"]) == 3
assert [m["text"] for m in tono.get(V1 + "/messages").json["items"]] == ["Selamat pagi.", "Hanya untuk Anda."]
siti.post(f"{V1}/messages/{got[1]['id']}/read")
siti.post(f"{V1}/messages/{got[0]['id']}/read", want=409)
admin.post(f"{V1}/messages/{got[0]['id']}/read", want=403)
assert seen("agent1")["message_read"] == got[1]["id"] and seen("agent2")["message_read"] is None

story("a line to who leads: for the leaders of one's own team alone, and few of them")
siti.post(V1 + "/agents/agent1/message", {"text": "Sistem toko lambat."})
siti.post(V1 + "/agents/agent2/message", {"text": "x"}, 403)
siti.post(V1 + "/agents/agent1/message", {"text": ""}, 400)
last = ratna.get(V1 + "/messages").json["items"][-1]
assert (last["to"], last["key"], last["text"], last["by"]) == ("leaders", "day", "Sistem toko lambat.", "test-agent"), last
assert "leaders" not in [m["to"] for m in tono.get(V1 + "/messages").json["items"] + siti.get(V1 + "/messages").json["items"]]
for n in range(4):
    siti.post(V1 + "/agents/agent1/message", {"text": f"lagi {n}"})
siti.post(V1 + "/agents/agent1/message", {"text": "terlalu banyak"}, 429)

story("what needs attention: it comes, is seen by somebody, and goes")
assert admin.get(V1 + "/alerts").json["items"] == []
siti.post(V1 + "/agents/agent1/state", {"state": "not_ready"})
alert = wait(lambda: admin.get(V1 + "/alerts").json["items"])[0]
assert (alert["kind"], alert["agent"], alert["queue"], alert["state"], alert["limit"]) == ("not ready", "agent1", None, "on", 1000), alert
assert ratna.get(V1 + "/alerts").json["items"] == [alert] and tono.get(V1 + "/alerts").json["items"] == siti.get(V1 + "/alerts").json["items"] == []
tono.post(V1 + "/alerts/seen", {"kind": "not ready", "key": "agent1"}, 404)
ratna.post(V1 + "/alerts/seen", {"kind": "talk", "key": "agent1"}, 404)
ratna.post(V1 + "/alerts/seen", {"kind": "not ready", "key": "agent1"})
ratna.post(V1 + "/alerts/seen", {"kind": "not ready", "key": "agent1"}, 409)
assert (admin.get(V1 + "/alerts").json["items"][0]["state"], admin.get(V1 + "/alerts").json["items"][0]["by"]) == ("seen", "ratna")
siti.post(V1 + "/agents/agent1/state", {"state": "ready"})
wait(lambda: not admin.get(V1 + "/alerts").json["items"])

story("rights: each has its own, and one's own phone")
customer, talk, line, contact = served()
path = f"{V1}/contacts/{contact}/supervision"
admin.as_role("agent", agent="agent2").post(path, {"mode": "listen"}, 403)
admin.as_role("viewer").post(path, {"mode": "listen", "phone": "agent2"}, 403)
admin.post(path, {"mode": "listen"}, 400)
admin.post(path, {"mode": "listen", "phone": "nobody"}, 400)
admin.post(path, {"mode": "listen", "phone": "agent3"}, 409)  # his phone is not there
admin.post(path, {"mode": "listen", "phone": "agent1"}, 409)  # it talks
admin.post(path, {"mode": "end", "phone": "agent2"}, 400)
admin.post(f"{V1}/contacts/12345/supervision", {"mode": "listen", "phone": "agent2"}, 404)

story("skills and queues of several at once: each has his answer, some for a while, and a kill forgets none")
def iso(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def lent(key):
    return {(one["skill"] or one["queue"] or one["team"]): one for one in seen(key)["changes"]}


def change(who, agents, want=200, **more):
    return who.post(V1 + "/changes", {"agents": agents, **more}, want).json


CHANGES = {"skills": [{"skill": "english", "level": 7}], "queues": [{"queue": "service", "serves": False}]}
told = change(ratna, ["agent1", "agent3", "nobody", "agent1", "agent2"], until=iso(3600), **CHANGES)["items"]
assert [(one["agent"], one["done"], one["code"]) for one in told] == [
    ("agent1", True, None), ("agent3", False, "ENOENT"), ("nobody", False, "ENOENT"), ("agent1", False, "EINVAL"), ("agent2", True, None)], told
assert all(one["problem"] for one in told if not one["done"])
assert lent("agent1")["english"]["level"] == 7 and lent("agent1")["service"]["serves"] is False and lent("agent1")["service"]["until"], lent("agent1")
assert lent("agent1") == lent("agent2") and lent("agent3") == {}  # nobody is lent to a team yet
change(admin, ["agent3"], until=iso(4), queues=[{"queue": "service", "serves": True}], team="day")
assert lent("agent3")["service"]["serves"] is True and seen("agent3")["team"] == "day" and seen("agent3")["own_team"] == "night"
assert lent("agent3")["day"]["until"]
ratna.get(f"{V1}/agents/agent3")  # she leads that team: hers meanwhile
wait(lambda: lent("agent3") == {}, 15)  # by itself
assert seen("agent3")["team"] == "night"
ratna.get(f"{V1}/agents/agent3", 404)
tono.get(f"{V1}/agents/agent1", 404)
assert change(ratna, ["agent1"], until=iso(3600), team="night")["items"][0]["done"]
assert tono.get(f"{V1}/agents/agent1").json["team"] == "night" and ratna.get(f"{V1}/agents/agent1").json["own_team"] == "day"
assert [one["id"] for one in tono.get(V1 + "/agents").json["items"]] == ["agent1", "agent3"]
assert [one["done"] for one in change(ratna, ["agent1"], until=iso(60), team="day")["items"]] == [False]  # he is of it
for body in ({"agents": []}, {"agents": ["agent1"]}, {"agents": ["agent1"], "skills": [{"skill": "flying", "level": 1}]},
             {"agents": ["agent1"], "skills": [{"skill": "english", "level": 11}]}, {"agents": ["agent1"], "queues": [{"queue": "nowhere"}]},
             {"agents": ["agent1"], "until": iso(60), "queues": [{"queue": "service"}]}, {"agents": ["agent1"], "until": iso(-60), **CHANGES},
             {"agents": ["agent1"], "team": "nowhere"}, {"agents": ["agent1"], "team": None, "until": iso(60)},
             {"agents": ["agent1"], "skills": CHANGES["skills"] * 2}, {"agents": ["agent1"] * 201, **CHANGES}):
    admin.post(V1 + "/changes", body, 400)
siti.post(V1 + "/changes", {"agents": ["agent1"], **CHANGES}, 403)
assert [one["done"] for one in change(tono, ["agent2"], **CHANGES)["items"]] == [False]
entries = [e for e in admin.get(V1 + "/audit?limit=500").json["items"] if e["what"] == "POST /api/v1/changes" and e["actor"] == "ratna" and e["result"] == "OK"]
assert any("team=night until=" in e["detail"] and e["detail"].endswith(": agent1") for e in entries), entries
entries = [e for e in entries if "team=" not in e["detail"]]
assert len(entries) == 1 and "english=7 service=no until=" in entries[0]["detail"] and "agent1 agent3 (no) nobody (no) agent1 (no) agent2" in entries[0]["detail"], entries
before_kill = lent("agent1")

story("he joins in; control is killed; he only whispers again; the agent holds meanwhile")
part, mine = join(contact, "barge")
hears(leader, CUSTOMER, AGENT)
hears(customer, AGENT, LEADER)
hears(agent, CUSTOMER, LEADER)
before = seen("agent2")["supervision"]
kill_control()
hears(customer, AGENT, LEADER)
assert wait(lambda: seen("agent2")["supervision"]) == before
assert lent("agent1") == before_kill
ratna.connection = None  # it was to the one that was killed
undone = change(ratna, ["agent1", "agent2"], skills=[{"skill": "english"}], queues=[{"queue": "service"}])["items"]
assert all(one["done"] for one in undone) and list(lent("agent1")) == ["night"] and lent("agent2") == {}
tono.connection = None
assert tono.get(f"{V1}/agents/agent1").json["team"] == "night"  # a kill forgets no team either
assert change(ratna, ["agent1"], team=None)["items"][0]["done"] and lent("agent1") == {} and seen("agent1")["team"] == "day"
tono.get(f"{V1}/agents/agent1", 404)
assert all(one["done"] for one in change(ratna, ["agent1"], queues=[{"queue": "service"}])["items"])  # it is so already
admin.post(path, {"mode": "whisper", "phone": "agent2"})
hears(customer, AGENT)
hears(agent, CUSTOMER, LEADER)
offer = seen("agent1")["assignments"][0]["offer"]
admin.post(f"{V1}/offers/{offer}/hold")
hears(customer)
leader.pcm.clear()
time.sleep(0.5)
assert not leader.pcm, "he hears who waits"
admin.post(f"{V1}/offers/{offer}/resume")
hears(customer, AGENT)
hears(leader, CUSTOMER, AGENT)

story("he takes over: the agent is free, the customer talks with him, and the recording goes on")
does(part, "takeover")
agent.hung_up()
hears(customer, LEADER)
hears(leader, CUSTOMER)
wait(lambda: not seen("agent1")["assignments"])
his = seen("agent2")
assert his["presence"] == "not ready" and his["supervision"] is None and his["assignments"][0]["offer"] == part, his
kill_control()
hears(customer, LEADER)
hears(leader, CUSTOMER)
assert customer.within(talk, "BYE").status == 200
leader.hung_up()
customer.close()
wait(lambda: not admin.get(V1 + "/contacts").json["items"])

story("everything stands in the log, and what he whispered in no recording")
entries = [e for e in admin.get(V1 + "/audit?limit=500").json["items"] if "supervision" in e["what"]]
assert {e["result"] for e in entries} == {"OK", "ESTATE"} and len([e for e in entries if e["result"] == "OK"]) == 8, entries
kept = {r["contact"]: r for r in admin.get(V1 + "/recordings?limit=50").json["items"]}
for of, wanted in ((quiet, False), (contact, True)):
    wav = admin.raw("GET", f"{V1}/recordings/{kept[of]['id']}/audio").body
    second = agents_channel(wav)
    loud = sum(amplitude(second[i:i + 800], LEADER) > 300 for i in range(0, len(second) - 800, 800))
    agents = sum(amplitude(second[i:i + 800], AGENT) > 300 for i in range(0, len(second) - 800, 800))
    print("  contact %s: %d tenths of a second with the leader, %d with the agent" % (of, loud, agents))
    assert agents > 5 and (loud > 5 if wanted else loud == 0), (loud, agents)
print("covered:", " ".join(sorted(Api.document.covered)))
