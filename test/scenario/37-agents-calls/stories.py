"""test/scenario/37-agents-calls: stories.py PORT, in the scenario's folder"""
import os
import re
import signal
import struct
import subprocess
import sys
import time

from user_agent import LINEAR, UserAgent, amplitude

port = int(sys.argv[1])
server = ("127.0.0.1", port)
CUSTOMER, AGENT, COLLEAGUE, OUTSIDE = 400, 1000, 1600, 2200
EVERYBODY = {CUSTOMER, AGENT, COLLEAGUE, OUTSIDE}
count = 0


def story(name):
    print("- " + name, flush=True)
    for phone in (agent, second, colleague, carrier):
        phone.want_none("OPTIONS are answered", lambda m: False, 0.05)
        phone.waiting.clear()


def program(*words):
    return subprocess.run([os.environ["SAPA_BIN"], *words, "--data", "data"], check=True, capture_output=True, text=True).stdout


def kill_control():
    """Nobody may notice."""
    ready = open("serve.log").read().count("control.ready")
    child = subprocess.run(["pgrep", "-P", os.environ["SAPA_CENTRE_PID"], "-f", "^sapa-control "], capture_output=True, text=True).stdout
    os.kill(int(child.split()[0]), signal.SIGKILL)
    until = time.time() + 30
    while open("serve.log").read().count("control.ready") == ready:
        assert time.time() < until, "no new control"
        time.sleep(0.1)


def hears(who, *tones):
    who.hears_tones(tones, EVERYBODY - set(tones))
    time.sleep(0.4)  # for the recording: a phase is half a second at least


def speaks(phone, hz):
    phone.hz = hz
    phone.tone(hz)


def talk(one, other):
    """They hear each other, and nobody else."""
    hears(one, other.hz)
    hears(other, one.hz)


def press(line_of, keys):
    for key in keys:
        line_of.key(key)
        time.sleep(0.06)


def served(number="5001"):
    """A customer who talks with the agent. Returns him and the agent's dialog."""
    global count
    count += 1
    customer = UserAgent("08110%d" % count, server)
    speaks(customer, CUSTOMER)
    _, answer = customer.call(number)
    assert answer.status == 200, answer.text
    line = agent.answer(agent.want_request("INVITE"))
    talk(agent, customer)
    return customer, line


def dial(phone, number):
    """A call of a phone's own, with its password; nobody has answered yet."""
    dialog = phone.invite(number)
    challenge = phone.final(dialog, "INVITE")
    phone.ack(dialog, challenge)
    assert challenge.status == 401, challenge.text
    headers = phone.credentials(challenge.get("www-authenticate"), "INVITE", dialog.target, "phone-" + phone.user)
    phone.request(dialog, "INVITE", dialog.body, headers)
    dialog.invite_via = dialog.via
    return dialog


def answered(phone, dialog):
    answer = phone.final(dialog, "INVITE")
    assert answer.status == 200, answer.text
    phone.ack(dialog, answer)


def asks(customer):
    """"*02 1002 #": the customer hears music, and the two of them each other."""
    press(agent, "*021002#")
    invite = colleague.want_request("INVITE")
    assert "Agen 1" in invite.get("from") and "1001@" in invite.get("from"), invite.text
    line = colleague.answer(invite)
    talk(agent, colleague)
    hears(customer)
    return line


def rings_outside(keys):
    """The agent's keys make a call to the number outside; it rings there."""
    press(agent, keys)
    invite = carrier.want_request("INVITE")
    carrier.respond(invite, 180)
    return invite


def back(other, customer, line):
    """"*05": whom he asked is let go, and he has the customer again. Then all of it ends."""
    press(agent, "*05")
    other.hung_up()
    talk(agent, customer)
    over(customer, (agent, line))


def over(customer, *lines):
    """Whoever is still there: agents hang up, and the customer is let go."""
    for phone, line in lines:
        assert phone.within(line, "BYE").status == 200
    customer.hung_up()
    customer.close()


agent, second, colleague = UserAgent("1001", server), UserAgent("1001", server), UserAgent("1002", server)
carrier = UserAgent("carrier", server, port=port + 1)
second.socket.close()  # the second line of the same phone: audio of its own, the same signalling
second.socket, second.port, second.waiting = agent.socket, agent.port, agent.waiting
for phone, hz in ((agent, AGENT), (second, AGENT), (colleague, COLLEAGUE), (carrier, OUTSIDE)):
    speaks(phone, hz)
agent.register()
colleague.register()
agent.code("*1")
colleague.code("*1")
colleague.code("*2")  # at his place, and gets nothing from the queue

story("asks a colleague on the same line, and transfers: *02, *04")
customer, line = served()
other = asks(customer)
press(agent, "*04")
agent.hung_up()
talk(customer, colleague)
over(customer, (colleague, other))

story("asks, control is killed meanwhile, and goes back to the customer: *05")
customer, line = served()
other = asks(customer)
kill_control()
talk(agent, colleague)
hears(customer)
back(colleague, customer, line)

story("a conference: *03; control is killed in it; the colleague is dropped: *05")
customer, line = served()
other = asks(customer)
press(agent, "*03")
hears(agent, CUSTOMER, COLLEAGUE)
hears(colleague, CUSTOMER, AGENT)
hears(customer, AGENT, COLLEAGUE)
kill_control()
hears(customer, AGENT, COLLEAGUE)
hears(agent, CUSTOMER, COLLEAGUE)
back(colleague, customer, line)

story("a conference goes on without him who made it")
customer, line = served()
other = asks(customer)
press(agent, "*03")
hears(customer, AGENT, COLLEAGUE)
assert agent.within(line, "BYE").status == 200
talk(customer, colleague)
over(customer, (colleague, other))

for way in ("the customer's line", "the colleague's"):
    story("REFER with Replaces on " + way)
    customer, line = served()
    assert agent.within(line, "INVITE", agent.sdp(direction="sendonly")).status == 200
    hears(customer)
    own = dial(second, "1002")
    other = colleague.answer(colleague.want_request("INVITE"))
    answered(second, own)
    talk(second, colleague)
    on, named = ((agent, line), own) if "customer" in way else ((second, own), line)
    tags = [re.search("tag=([^;>]+)", text).group(1) for text in (named.them, named.us)]
    replaces = "%s%%3Bto-tag%%3D%s%%3Bfrom-tag%%3D%s" % (named.call_id, tags[0], tags[1])
    answer = on[0].within(on[1], "REFER", headers="Refer-To: <sip:1002@sapa.test?Replaces=%s>\r\n" % replaces)
    assert answer.status == 202, answer.text
    for status in ("100", "200"):
        notify = on[0].want_request("NOTIFY")
        assert notify.body.startswith("SIP/2.0 " + status), notify.text
        on[0].respond(notify, 200)
    agent.hung_up()
    second.hung_up()
    talk(customer, colleague)
    over(customer, (colleague, other))

story("calls somebody outside: early audio, the answer, the number shown, the hang-up")
own = dial(agent, "0811-2345-678")
invite = carrier.want_request("INVITE")
assert invite.uri.startswith("sip:628112345678@"), invite.text
assert "sip:5000@" in invite.get("from"), invite.text
carrier.respond(invite, 183, carrier.sdp())
carrier.talk_to(invite.body)
early = agent.want("183", lambda m: m.status == 183 and m.get("call-id") == own.call_id)
agent.talk_to(early.body)
hears(agent, OUTSIDE)
outside = carrier.answer(invite, ring=False)
answered(agent, own)
talk(agent, carrier)
assert agent.within(own, "BYE").status == 200
carrier.hung_up()

story("asks a colleague beside a call that he placed himself: back, all three, one leaves, handed over")
own = dial(agent, "0811-2345-678")
outside = carrier.answer(carrier.want_request("INVITE"), ring=False)
answered(agent, own)
talk(agent, carrier)
asks(carrier)
press(agent, "*05")
colleague.hung_up()
talk(agent, carrier)
asks(carrier)
press(agent, "*03")
hears(agent, COLLEAGUE, OUTSIDE)
hears(carrier, AGENT, COLLEAGUE)
press(agent, "*05")
colleague.hung_up()
talk(agent, carrier)
other = asks(carrier)
kill_control()
press(agent, "*04")
agent.hung_up()
talk(carrier, colleague)
assert colleague.within(other, "BYE").status == 200
carrier.hung_up()

story("what he may not call is refused, and his phone is told why")
own = dial(agent, "0809-123-456")
answer = agent.final(own, "INVITE")
agent.ack(own, answer)
assert answer.status == 403 and "no right" in answer.get("reason"), answer.text

story("asks somebody outside, and leaves the customer with him")
customer, line = served()
invite = rings_outside("*0208112345678#")
hears(customer)
outside = carrier.answer(invite, ring=False)
talk(agent, carrier)
hears(customer)
press(agent, "*04")
agent.hung_up()
talk(customer, carrier)
kill_control()
talk(customer, carrier)
over(customer, (carrier, outside))

story("asks somebody outside; control is killed while it rings, and he answers all the same")
customer, line = served()
invite = rings_outside("*0208112345678#")
hears(customer)
kill_control()
outside = carrier.answer(invite, ring=False)
talk(agent, carrier)
hears(customer)
back(carrier, customer, line)

story("passes the customer on to a number outside; control is killed while it rings")
customer, line = served()
press(agent, "*0808112345678#")
agent.hung_up()
invite = carrier.want_request("INVITE")
carrier.respond(invite, 180)
kill_control()
outside = carrier.answer(invite, ring=False)
talk(customer, carrier)
over(customer, (carrier, outside))

story("passes the customer on to a number that is busy: a colleague of the queue has him then")
colleague.code("*1")
agent.code("*2")
colleague.code("*2")
agent.code("*1")
customer, line = served()
colleague.code("*1")
press(agent, "*0808112345678#")
agent.hung_up()
invite = carrier.want_request("INVITE")
carrier.respond(invite, 486)
carrier.want_request("ACK")
other = colleague.answer(colleague.want_request("INVITE"))
hears(customer, COLLEAGUE)
over(customer, (colleague, other))

# ---- the recordings: left whoever called, right whoever served ----


def wav(name):
    data = open(name, "rb").read()
    at, width, channels = 12, 2, 1
    while True:
        chunk, size = data[at : at + 4], struct.unpack("<I", data[at + 4 : at + 8])[0]
        if chunk == b"fmt ":
            kind, channels = struct.unpack("<HH", data[at + 8 : at + 12])
        if chunk == b"data":
            body = data[at + 8 : at + 8 + size]
            break
        at += 8 + size + (size & 1)
    assert channels == 2
    if kind == 1:
        values = struct.unpack("<%dh" % (len(body) // 2), body[: len(body) // 2 * 2])
    else:
        assert kind == 6, kind
        values = [LINEAR[octet] for octet in body]
    return values[0::2], values[1::2]


def phases(samples):
    """What is to be heard, quarter of a second by quarter, as a list of sets without repetition."""
    found = []
    for at in range(0, len(samples) - 2000, 2000):
        piece = samples[at : at + 2000]
        tones = frozenset(hz for hz in EVERYBODY if amplitude(piece, hz) > 400)
        if found and found[-1][0] == tones:
            found[-1][1] += 1
        else:
            found.append([tones, 1])
    return [tones for tones, n in found if n >= 2]  # a change within a quarter is no phase


def holds(name, got, wanted):
    """These phases in this order, whatever stands between them."""
    at = 0
    for tones in got:
        if at < len(wanted) and tones == frozenset(wanted[at]):
            at += 1
    assert at == len(wanted), "%s: %s instead of %s" % (name, [sorted(t) for t in got], wanted)


print("- the recordings", flush=True)
A, C, B, O = [AGENT], [CUSTOMER], [COLLEAGUE], [OUTSIDE]
BOTH = [AGENT, COLLEAGUE]
expected = [
    (C, [A, B]),            # transfer
    (C, [A, A]),            # asked and back
    (C, [A, BOTH, A]),      # conference
    (C, [A, BOTH, B]),      # conference, he left
    (C, [A, B]),            # REFER
    (C, [A, B]),
    (O, [A]),               # outward
    (O, [A, A, BOTH, A, B]), # outward; asked and back, conference, handed over
    (C, [A]),               # left with somebody outside: what is said without us is no conversation of ours
    (O, [A]),               # … who was asked before
    (C, [A, A]),            # asked somebody outside and back
    (O, [A]),
    (C, [A]),               # passed on to somebody outside
    (C, [A, B]),            # passed on in vain
]
until = time.time() + 20
while True:
    rows = [row.split() for row in program("recording").splitlines()[1:]]
    if len(rows) == len(expected):
        break
    assert time.time() < until, rows
    time.sleep(0.2)
for number, (row, (left, right)) in enumerate(zip(sorted(rows, key=lambda r: int(r[0])), expected)):
    name = "call_%d.wav" % number
    program("recording", row[0], name)
    channels = [phases(channel) for channel in wav(name)]
    holds("%s left" % name, channels[0], [left])
    holds("%s right" % name, channels[1], right)
    if number == 1:
        holds("asked and back: he was elsewhere meanwhile", channels[1], [A, [], A])
    assert all(COLLEAGUE not in tones and AGENT not in tones for tones in channels[0]), channels[0]
