"""test/scenario/35-user-agents: run.py PORT [v6]"""
import re
import sys
import time

from user_agent import UserAgent

port = int(sys.argv[1])
server = ("127.0.0.1", port)


def story(name):
    print("- " + name, flush=True)


def free(agent):
    """The agent is ready for the next call: nothing of the last one is left to come."""
    agent.waiting.clear()
    agent.events.clear()
    agent.heard.clear()


story("Path comes back in the answer to REGISTER, and leads to the phone; routes of the customer's side are kept")
agent = UserAgent("1001", server)
answer = agent.register("Supported: path\r\nPath: <sip:127.0.0.1:%d;lr;ob>\r\n" % agent.port)
assert answer.get("path") == "<sip:127.0.0.1:%d;lr;ob>" % agent.port, answer.text
agent.code("*1")
customer = UserAgent("08111", server)
routes = ["<sip:127.0.0.1:%d;lr;hop=%d>" % (customer.port, i) for i in (1, 2)]
talk, answer = customer.call("5001", headers="".join("Record-Route: %s\r\n" % r for r in routes))
assert answer.status == 200 and answer.all("record-route") == routes, answer.text
invite = agent.want_request("INVITE")
assert invite.all("route") == ["<sip:127.0.0.1:%d;lr;ob>" % agent.port], invite.text
served = agent.answer(invite, agent.sdp("8 96"))
customer.speak(0x20)
agent.speak(0x40)
agent.hears(0x20)
customer.hears(0x40)

story("keys reach the other side under its own number")
customer.key("5")
agent.pressed("5", 96)

story("*6 and *7 on the agent's line: the recording pauses, and the customer hears nothing of it")
for key in "*6":
    agent.key(key, 96)
time.sleep(1.2)  # what is said now is masked
for key in "*7":
    agent.key(key, 96)
agent.key("8", 96)  # no code
customer.pressed("8", 101)
customer.hears(0x40)

story("the customer holds: the agent hears music, and is heard again afterwards")
answer = customer.within(talk, "INVITE", customer.sdp(direction="sendonly"))
assert answer.status == 200 and "a=recvonly" in answer.body, answer.text
customer.silent()
agent.heard.clear()
time.sleep(0.3)
customer.hears_not(0x40)
assert sum(agent.heard.values()) > 5, agent.heard  # music
answer = customer.within(talk, "INVITE", customer.sdp())
assert answer.status == 200 and "a=sendrecv" in answer.body, answer.text
customer.speak(0x20)
customer.hears(0x40)
agent.hears(0x20)

story("a stream that shall be encrypted is refused, and the call goes on")
answer = customer.within(talk, "INVITE", customer.sdp(profile="RTP/SAVP"))
assert answer.status == 488, answer.text
agent.hears(0x20)

story("the agent hangs up: our BYE takes the customer's routes")
assert agent.within(served, "BYE").status == 200
bye = customer.hung_up()
assert bye.all("route") == [", ".join(routes)] or ",".join(bye.all("route")).replace(" ", "") == ",".join(routes), bye.text
customer.close()

story("a 200 crosses the CANCEL: it is acknowledged and ended")
free(agent)
customer = UserAgent("08112", server)
talk, answer = customer.call("5001")
invite = agent.want_request("INVITE")
agent.respond(invite, 180)
assert customer.within(talk, "BYE").status == 200
cancel = agent.want_request("CANCEL")
agent.respond(invite, 200, agent.sdp())
agent.respond(cancel, 200)
agent.want_request("ACK")
agent.hung_up()
customer.close()

story("offered encrypted alone: 488")
customer = UserAgent("08113", server)
talk, answer = customer.call("5001", customer.sdp(profile="RTP/SAVP", more="a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\r\n"))
assert answer.status == 488, answer.text
customer.close()

story("the customer's connection breaks in mid-call: the call goes on, and our BYE comes by another one")
free(agent)
customer = UserAgent("08114", server, transport="tcp")
talk, answer = customer.call("5001")
assert answer.status == 200, answer.text
served = agent.answer(agent.want_request("INVITE"), agent.sdp("8 101"))
customer.speak(0x21)
agent.speak(0x41)
agent.hears(0x21)
customer.break_connection()
agent.hears(0x21)
customer.hears(0x41)
assert agent.within(served, "BYE").status == 200
customer.accept()
customer.hung_up()
customer.close()

story("the agent passes the caller on to a colleague by REFER, and he to the menu")
free(agent)
colleague = UserAgent("1002", server)
colleague.register()
colleague.code("*1")
customer = UserAgent("08116", server)
talk, answer = customer.call("5001")
calls = []


def ringing(phone):
    return phone.want("INVITE", lambda m: m.method == "INVITE")


import select
first, second = (agent, colleague) if select.select([agent.socket], [], [], 5)[0] else (colleague, agent)
served = first.answer(ringing(first))
customer.speak(0x24)
first.speak(0x44)
customer.hears(0x44)
accepted = first.within(served, "REFER", headers="Refer-To: <sip:%s@sapa.test>\r\n" % second.user)
assert accepted.status == 202, accepted.text
for expected in ("SIP/2.0 100", "SIP/2.0 200"):
    told = first.want_request("NOTIFY")
    assert told.body.startswith(expected) and told.get("event") == "refer", told.text
    first.respond(told, 200)
first.hung_up()
served = second.answer(ringing(second))
second.speak(0x45)
customer.hears(0x45)
second.hears(0x24)
accepted = second.within(served, "REFER", headers="Refer-To: <sip:5000@sapa.test>\r\n")
assert accepted.status == 202, accepted.text
for expected in ("SIP/2.0 100", "SIP/2.0 200"):
    told = second.want_request("NOTIFY")
    assert told.body.startswith(expected), told.text
    second.respond(told, 200)
second.hung_up()
customer.heard.clear()
time.sleep(1.5)
assert len(customer.heard) > 10, "no menu is heard: %s" % customer.heard
assert customer.within(talk, "BYE").status == 200
customer.close()
colleague.code("*2")
colleague.close()

if len(sys.argv) > 2:
    story("IPv6 over TCP to an agent on IPv4 over UDP")
    free(agent)
    customer = UserAgent("08115", ("::1", port), host="::1", transport="tcp")
    talk, answer = customer.call("5001")
    assert answer.status == 200 and "c=IN IP6 ::1" in answer.body, answer.text
    served = agent.answer(agent.want_request("INVITE"), agent.sdp("8 101"))
    customer.speak(0x22)
    agent.speak(0x42)
    agent.hears(0x22)
    customer.hears(0x42)
    assert customer.within(talk, "BYE").status == 200
    agent.hung_up()
    customer.close()

agent.close()
