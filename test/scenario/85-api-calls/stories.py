"""test/scenario/85-api-calls: stories.py PORT API"""
import os
import socket
import subprocess
import sys
import threading
import time

from sapa_api import Api, administrator, wait
from user_agent import UserAgent

port, base = int(sys.argv[1]), sys.argv[2]
server = ("127.0.0.1", port)
V1 = "/api/v1"
admin = administrator(base)


siti = admin.as_role("agent", agent="agent1")  # who may handle what is his


class Carrier(UserAgent):
    def connect(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((self.host, port + 1))
        self.port = port + 1


def story(name):
    print("- " + name, flush=True)


def parts(agent):
    return admin.get(f"{V1}/agents/{agent}").json["assignments"]


def all_free():
    for agent in ("agent1", "agent2"):
        wait(lambda: not parts(agent))
    wait(lambda: not admin.get(V1 + "/contacts").json["items"])
    for phone in (one, two, customer, carrier):
        phone.silent()
        phone.waiting.clear()
        phone.heard.clear()
    time.sleep(0.2)  # the last packets


def speak_all(*phones):
    for phone, octet in phones:
        phone.heard.clear()
        phone.speak(octet)


def hears_not(phone, octet):
    """Not this voice: 25 packets came, or none; one or two of music may begin with the same octet."""
    before = phone.heard.get((8, octet), 0)
    time.sleep(0.5)
    got = phone.heard.get((8, octet), 0) - before
    assert got <= 2, f"{phone.user} hears {octet:#x} ({got} packets)"


def do(offer, verb, body=None, want=200, api=siti):
    return api.post(f"{V1}/offers/{offer}/{verb}", body, want)


one, two, customer, carrier = UserAgent("1001", server), UserAgent("1002", server), UserAgent("08111", server), Carrier("carrier", server)
one.register()
two.register()
one.code("*1")
two.code("*1")
two.code("*2")  # there, but not for callers


def served(accept=True):
    """The customer and agent 1 talk; their dialogs, and the agent's part."""
    customer.waiting.clear()
    talk, answer = customer.call("5001")
    assert answer.status == 200, answer.text
    invite = one.want_request("INVITE")
    one.respond(invite, 180)
    offer = wait(lambda: [a for a in parts("agent1") if a["state"] == "offered"])[0]["offer"]
    if accept:
        do(offer, "accept")
        notify = one.want_request("NOTIFY")
        assert notify.get("event") == "talk", notify.text
        one.respond(notify, 200)
    mine = one.answer(invite, ring=False)
    wait(lambda: [a for a in parts("agent1") if a["state"] == "talking"])
    speak_all((customer, 0x20), (one, 0x40))
    customer.hears(0x40)
    one.hears(0x20)
    return talk, mine, offer


story("taken by program: the phone is told to answer; hung up by program: everybody is free")
talk, mine, offer = served()
do(offer, "accept", want=409)
do(offer, "hangup")
one.hung_up()
customer.hung_up()
do(offer, "hangup", want=404)
all_free()

story("refused by program: the phone is silent, the caller waits on")
waiting, answer = customer.call("5001")
invite = one.want_request("INVITE")
one.respond(invite, 180)
offer = wait(lambda: parts("agent1"))[0]["offer"]
do(offer, "refuse")
cancel = one.want_request("CANCEL")
one.respond(cancel, 200)
one.respond(invite, 487)
wait(lambda: not [a for a in parts("agent1") if a["offer"] == offer])
assert admin.get(V1 + "/contacts").json["items"]
assert customer.within(waiting, "BYE").status == 200
wait(lambda: not admin.get(V1 + "/contacts").json["items"])
all_free()

story("held, with music; back again")
talk, mine, offer = served(accept=False)
do(offer, "hold")
time.sleep(0.3)
customer.heard.clear(), one.heard.clear()
hears_not(customer, 0x40)
hears_not(one, 0x20)
assert sum(customer.heard.values()) > 5, "no music"
do(offer, "hold", want=409)
assert parts("agent1")[0]["state"] == "on hold"
do(offer, "resume")
customer.heard.clear(), one.heard.clear()
customer.hears(0x40)
one.hears(0x20)

story("a colleague is asked on the same line; the customer hears nothing of it")
asked = do(offer, "consult", {"kind": "agent", "to": "agent2"}).json
colleague = two.answer(two.want_request("INVITE"))
theirs = wait(lambda: [a for a in parts("agent2") if a["state"] == "talking"])[0]["offer"]
two.speak(0x60)
time.sleep(0.3)
customer.heard.clear(), one.heard.clear()
one.hears(0x60)
two.hears(0x40)
hears_not(customer, 0x60)
hears_not(customer, 0x40)

story("and comes in: three who hear each other; one is sent away")
do(offer, "conference", {"contact": asked["contact"]})
wait(lambda: not [c for c in admin.get(V1 + "/contacts").json["items"] if c["id"] == asked["contact"]])
time.sleep(0.3)
for phone in (one, two, customer):
    phone.heard.clear()
time.sleep(0.6)
for phone in (one, two, customer):
    assert sum(phone.heard.values()) > 10, (phone.user, phone.heard)
others = lambda agent, part: next(p["parties"] for p in parts(agent) if p["offer"] == part)
assert others("agent1", offer) == [{"party": theirs, "agent": "agent2"}] and others("agent2", theirs) == [{"party": offer, "agent": "agent1"}]
do(offer, "drop", {"party": theirs})
two.hung_up()
wait(lambda: not parts("agent2"))
assert others("agent1", offer) == []
customer.heard.clear()
customer.hears(0x40)
do(offer, "hangup")
one.hung_up()
customer.hung_up()
all_free()

story("transfer after asking: the colleague has it, one's own line is free")
talk, mine, offer = served(accept=False)
asked = do(offer, "consult", {"kind": "agent", "to": "agent2"}).json
colleague = two.answer(two.want_request("INVITE"))
wait(lambda: [a for a in parts("agent2") if a["state"] == "talking"])
do(offer, "merge", {"contact": asked["contact"]})
one.hung_up()
wait(lambda: not parts("agent1"))
two.speak(0x60)
customer.heard.clear(), two.heard.clear()
customer.hears(0x60)
two.hears(0x20)
theirs = parts("agent2")[0]["offer"]
do(theirs, "hangup", want=404)  # it is not his
do(theirs, "hangup", api=admin)
two.hung_up()
customer.hung_up()
all_free()

story("asked in vain: back to the customer")
talk, mine, offer = served(accept=False)
asked = do(offer, "consult", {"kind": "agent", "to": "agent2"}).json
invite = two.want_request("INVITE")
two.respond(invite, 180)
do(asked["offer"], "hangup")
two.respond(two.want_request("CANCEL"), 200)
two.respond(invite, 487)
customer.heard.clear(), one.heard.clear()
customer.hears(0x40)
one.hears(0x20)

story("passed on without asking, to a colleague")
do(offer, "transfer", {"kind": "agent", "to": "nobody"}, want=400)
two.code("*1")
do(offer, "transfer", {"kind": "agent", "to": "agent2"})
one.hung_up()
colleague = two.answer(two.want_request("INVITE"))
two.speak(0x60)
customer.heard.clear()
customer.hears(0x60)
assert customer.within(talk, "BYE").status == 200
two.hung_up()
all_free()
two.code("*2")

story("a call outside: one's own phone first, then the number; hung up by program")
placed = siti.post(V1 + "/agents/agent1/calls", {"kind": "outside", "to": "0811 123 4567"}).json
mine = one.answer(one.want_request("INVITE"))
out = carrier.want_request("INVITE")
assert out.uri.startswith("sip:628111234567@"), out.uri
assert "<sip:5000@" in out.get("from"), out.text
far = carrier.answer(out)
shown = wait(lambda: [c for c in admin.get(V1 + "/contacts?place=talk").json["items"] if c["id"] == placed["contact"]])[0]
assert shown["direction"] == "outbound" and shown["address"] == "628111234567" and shown["client"] == "shop" and shown["person"], shown
one.speak(0x40)
carrier.speak(0x70)
one.hears(0x70)
carrier.hears(0x40)
siti.post(V1 + "/agents/agent1/calls", {"kind": "outside", "to": "0811 123 4568"}, 409)
do(placed["offer"], "hangup")
one.hung_up()
carrier.hung_up()
all_free()

story("for a campaign, by program and by its digits on the phone: its number is shown")
siti.post(V1 + "/agents/agent1/calls", {"kind": "outside", "to": "0811 123 4567", "campaign": "none"}, 400)
placed = siti.post(V1 + "/agents/agent1/calls", {"kind": "outside", "to": "0811 123 4567", "campaign": "tagih"}).json
mine = one.answer(one.want_request("INVITE"))
out = carrier.want_request("INVITE")
assert out.get("from").startswith('"Toko Prima" <sip:5001@'), out.text
far = carrier.answer(out)
wait(lambda: [c for c in admin.get(V1 + "/contacts?place=talk").json["items"] if c["id"] == placed["contact"]])
mine_to_call_for = siti.get(V1 + "/directory").json["campaigns"]
assert [(c["id"], c["brand"], c["number"]) for c in mine_to_call_for] == [("tagih", "Toko Prima", "5001")], mine_to_call_for
card = siti.get(f"{V1}/contacts/{placed['contact']}/card").json
assert card["campaign"] == "tagih" and card["brand"] == "Toko Prima" and card["script"] in ("Sebutkan merek", "Say the brand"), card
assert card["party_type"] == "prospect", card
siti.put(f"{V1}/contacts/{placed['contact']}/party", {"party_type": "customer"})
do(placed["offer"], "hangup")
one.hung_up()
carrier.hung_up()
all_free()
told = threading.Thread(target=lambda: one.call("*060*7*08111234567", password=True))
told.start()
out = carrier.want_request("INVITE")
assert "<sip:5001@" in out.get("from") and out.uri.startswith("sip:628111234567@"), out.text
far = carrier.answer(out)
told.join()
carrier.within(far, "BYE")
one.hung_up()
all_free()

story("control is killed during a call outside: they talk on, it is shown as before, and hung up by program")
placed = siti.post(V1 + "/agents/agent1/calls", {"kind": "outside", "to": "0811 123 4567"}).json
mine = one.answer(one.want_request("INVITE"))
far = carrier.answer(carrier.want_request("INVITE"))
one.speak(0x40)
carrier.speak(0x70)
one.hears(0x70)


def shown():
    return [c for c in admin.get(V1 + "/contacts").json["items"] if c["id"] == placed["contact"]]


before = wait(lambda: [c for c in shown() if c["place"] == "talk"])
control = subprocess.run(["pgrep", "-P", sys.argv[3], "-f", "^sapa-control "], capture_output=True, text=True, check=True).stdout.split()[0]
os.kill(int(control), 9)
wait(lambda: admin.get("/ready", None).status == 200)
assert shown() == before, (shown(), before)
siti.connection = None  # it went with control
carrier.heard.clear()
carrier.hears(0x40)
do(placed["offer"], "hangup")
one.hung_up()
carrier.hung_up()
all_free()

story("given up while it rings there")
placed = siti.post(V1 + "/agents/agent1/calls", {"kind": "outside", "to": "+62 811 123 4567"}).json
mine = one.answer(one.want_request("INVITE"))
out = carrier.want_request("INVITE")
carrier.respond(out, 180)
do(placed["offer"], "hangup")
carrier.respond(carrier.want_request("CANCEL"), 200)
carrier.respond(out, 487)
one.hung_up()
all_free()

story("no right, no call")
told = siti.post(V1 + "/agents/agent1/calls", {"kind": "outside", "to": "0809 1234 5678"}, 403).json
assert "no right" in told["detail"], told
admin.post(V1 + "/agents/agent2/calls", {"kind": "outside", "to": "+62 811 123 4567"}, 403)
siti.post(V1 + "/agents/agent2/calls", {"kind": "outside", "to": "+62 811 123 4567"}, 404)
entries = [e for e in admin.get(V1 + "/audit?limit=500").json["items"] if e["what"].endswith("/calls")]
assert {e["result"] for e in entries} == {"OK", "ESTATE", "EDENIED"}, entries
denied = admin.get(V1 + "/denied-calls?limit=500").json["items"]
assert [d for d in denied if d["agent"] == "agent1" and d["why"].startswith("no right") and d["kind"] == "outside"], denied
assert {d["agent"] for d in denied} >= {"agent1", "agent2"}, denied
[first] = admin.get(V1 + "/denied-calls?limit=1&language=id").json["items"]
assert first["seq"] == denied[0]["seq"] and "tidak boleh menelepon" in first["text"], first
assert {d["agent"] for d in admin.get(V1 + "/denied-calls?agent=agent2").json["items"]} == {"agent2"}
siti.get(V1 + "/denied-calls", 403)
all_free()

story("what was: transfers, calls outside and conferences stand in the records")
past = admin.get(V1 + "/contacts/past?limit=500").json["items"]
assert len(past) >= 10, len(past)
assert [c for c in past if c["direction"] == "outbound" and c["outcome"] == "reached" and c["address"] == "628111234567"]
assert [c for c in past if c["direction"] == "outbound" and c["outcome"] == "not reached"]
assert {t["how"] for c in past for t in c["transfers"]} == {"asked", "blind"}
assert [c for c in past if c["conference"] and c["parties"] == 3]
merged = [c for c in past if "merged_into" in c]
assert merged and all(c["direction"] == "internal" and c["outcome"] == "went on in another contact" for c in merged), len(merged)
assert len([c for c in past if c.get("campaign") == "tagih" and c["outcome"] == "reached"]) == 2
assert [c["party_type"] for c in past if c.get("campaign") == "tagih"] == ["customer"] * 2, "known as a customer from the first call on"
assert all(("internal" == c["party_type"]) == (c["direction"] == "internal") for c in past)
row = [r for r in admin.get(V1 + "/reports/total?by=day").json["items"]][0]
assert row["party_customers"] + row["party_prospects"] + row["internal"] == row["contacts"] and row["internal"] > 0, row
row = [r for r in admin.get(V1 + "/reports/campaigns?by=day").json["items"] if r["campaign"] == "tagih"][0]
assert row["outbound"] == row["outbound_reached"] == 2 and row["talk_ms"] > 0, row
for c in past:
    one_record = admin.get(f"{V1}/contacts/{c['contact']}").json["record"]
    assert one_record == c, [(k, one_record.get(k), c.get(k)) for k in {*one_record, *c} if one_record.get(k) != c.get(k)]
    admin.get(f"{V1}/contacts/{c['contact']}/why?language=en")
print("covered:", " ".join(sorted(Api.document.covered)))
