"""test/scenario/38-phones: stories.py PORT SUPERVISOR"""
import collections
import re
import os
import signal
import socket
import subprocess
import sys
import time

from user_agent import Dialog, UserAgent, amplitude, token

port, supervisor = int(sys.argv[1]), sys.argv[2]
server = ("127.0.0.1", port)
LAMP = "Event: dialog\r\nAccept: application/dialog-info+xml\r\nExpires: 600\r\n"


def story(name):
    print("- " + name, flush=True)


class Behind(UserAgent):
    """Behind a NAT that it knows nothing of: it names an address of its own network everywhere."""

    inside = "10.200.3.4"

    @property
    def via(self):
        return "SIP/2.0/UDP %s:5060;branch=z9hG4bK%s;rport" % (self.inside, token())

    @property
    def contact(self):
        return "<sip:%s@%s:5060>" % (self.user, self.inside)

    def sdp(self, *args, **kwargs):
        text = super().sdp(*args, port=41000, **kwargs)
        return text.replace(self.host, self.inside)

    def another_port(self):
        """The NAT has forgotten: the next packet comes from elsewhere."""
        self.socket.close()
        self.connect()


def asks(phone, method, to, headers="", kind=None, body=""):
    """A request outside calls, with the password; its final answer."""
    dialog = Dialog()
    dialog.call_id, dialog.cseq, dialog.route = token(), 0, []
    dialog.target = "sip:%s@%s:%d" % (to, server[0], server[1])
    dialog.us, dialog.them = "<sip:%s@sapa.test>;tag=%s" % (phone.user, token()), "<%s>" % dialog.target
    phone.request(dialog, method, body, headers, kind)
    answer = phone.final(dialog, method)
    if answer.status == 401:
        headers += phone.credentials(answer.get("www-authenticate"), method, dialog.target, "phone-" + phone.user)
        phone.request(dialog, method, body, headers, kind)
        answer = phone.final(dialog, method)
    dialog.them = answer.get("to")
    if answer.get("contact"):
        dialog.target = re.search("<([^>]+)>", answer.get("contact")).group(1)
    return dialog, answer


def lamp(phone, state):
    """The next document says so; its version. One that comes again, since our answer took long, is answered again."""
    while True:
        told = phone.want_request("NOTIFY")
        phone.respond(told, 200)
        if told.cseq != lamp.last:
            break
    lamp.last = told.cseq
    assert told.get("event") == "dialog" and "<state>%s</state>" % state in told.body, told.text
    return int(re.search(r'<dialog-info[^>]* version="(\d+)"', told.body).group(1)), told


lamp.last = None

story("a phone behind a NAT: answers find it by rport, calls by where it registered from, audio by where it comes from")
phone = Behind("1001", server)
answer = phone.register()
assert "received=127.0.0.1" in answer.get("via") and "rport=%d" % phone.port in answer.get("via"), answer.text
assert "10.200.3.4" in answer.get("contact"), answer.text
phone.code("*1")
customer = Behind("08111", server)
talk, answer = customer.call("5001", password=False)
assert answer.status == 200, answer.text
invite = phone.want_request("INVITE")
assert invite.uri.startswith("sip:1001@10.200.3.4:5060"), invite.text
served = phone.answer(invite)
customer.speak(0x20)
phone.speak(0x40)
phone.hears(0x20)
customer.hears(0x40)

story("its NAT gives it another port in mid-call: what it says next is heard, and we answer there")
phone.another_port()
answer = phone.within(served, "INVITE", phone.sdp())
assert answer.status == 200, answer.text
phone.hears(0x20)
assert customer.within(talk, "BYE").status == 200
phone.hung_up()
customer.close()

story("it registers anew from there: the same phone, reached by its new port")
phone.register()
customer = UserAgent("08112", server)
talk, answer = customer.call("5001")
served = phone.answer(phone.want_request("INVITE"))
assert phone.within(served, "BYE").status == 200
customer.hung_up()
customer.close()

story("CRLF CRLF is a heartbeat: answered on a connection (RFC 5626), nothing on UDP")
phone.socket.sendto(b"\r\n\r\n", server)
stream = socket.create_connection(server, timeout=10)
stream.sendall(b"\r\n\r\n")
assert stream.recv(100) == b"\r\n"
stream.close()
phone.code("*2")

story("a lamp: ringing, talking, idle; who calls is not told")
watcher = UserAgent("1002", server)
watcher.register()
colleague = UserAgent("1003", server)
colleague.register()
colleague.code("*1")
subscription, answer = asks(watcher, "SUBSCRIBE", "1003", LAMP)
assert answer.status == 200 and answer.get("expires") == "600", answer.text
first, told = lamp(watcher, "terminated")
customer = UserAgent("08113", server)
talk, answer = customer.call("5001")
invite = colleague.want_request("INVITE")
colleague.respond(invite, 180)
version, told = lamp(watcher, "early")
assert version == first + 1 and 'direction="recipient"' in told.body and "08113" not in told.text and "628113" not in told.text, told.text
served = colleague.answer(invite, ring=False)
version, told = lamp(watcher, "confirmed")

story("control is killed: the call goes on, and so does the lamp, in its old dialog")
control = subprocess.run(["pgrep", "-P", supervisor, "-f", "^sapa-control "], capture_output=True, text=True).stdout.split()[0]
os.kill(int(control), signal.SIGKILL)
again, told = lamp(watcher, "confirmed")
assert again > version and told.get("call-id") == subscription.call_id and "active;expires=" in told.get("subscription-state"), told.text
assert colleague.within(served, "BYE").status == 200
customer.hung_up()
lamp(watcher, "terminated")
answer = watcher.within(subscription, "SUBSCRIBE", headers=LAMP)
assert answer.status == 200, answer.text
lamp(watcher, "terminated")
answer = watcher.within(subscription, "SUBSCRIBE", headers="Event: dialog\r\nExpires: 0\r\n")
assert answer.status == 200, answer.text
last, told = lamp(watcher, "terminated")
assert told.get("subscription-state").startswith("terminated"), told.text
customer.close()

story("other events: 489; other extensions: 404; a carrier's: 403")
_, answer = asks(watcher, "SUBSCRIBE", "1002", "Event: message-summary\r\n")
assert answer.status == 489 and answer.get("allow-events") == "dialog", answer.text
_, answer = asks(watcher, "SUBSCRIBE", "9999", LAMP)
assert answer.status == 404, answer.text
stranger = UserAgent("08114", server)
_, answer = asks(stranger, "SUBSCRIBE", "1003", LAMP)
assert answer.status == 403, answer.text

story("a queue whose calls are answered by the phone itself: a tone and its name for the agent, music for the customer, then each other")


def levels(samples, hz):
    """Of this tone in each tenth of a second."""
    return [int(amplitude(samples[at : at + 800], hz)) for at in range(0, len(samples) - 799, 800)]


def begins(samples, hz):
    """From when on it is this tone: speech has a little of each."""
    at = levels(samples, hz)
    return next((i for i in range(len(at) - 4) if min(at[i : i + 5]) > 3000), None)


def loud(samples):
    return [max(abs(x) for x in samples[at : at + 800]) for at in range(0, len(samples) - 799, 800)]


agent, customer = UserAgent("1001", server), UserAgent("08115", server)
for one in (agent, customer):
    one.pcm = collections.deque(maxlen=8000 * 60)  # all of it
phone.register(expires=0)
agent.register()
agent.code("*1")
agent.pcm.clear()
talk, answer = customer.call("5002")
assert answer.status == 200, answer.text
customer.tone(440)
invite = agent.want_request("INVITE")
assert invite.get("answer-mode") == "Auto" and "answer-after=0" in invite.get("call-info") and "alert-autoanswer" in invite.get("alert-info"), invite.text
agent.answer(invite)
agent.tone(700)
until = time.time() + 20
while begins(list(agent.pcm), 440) is None or begins(list(customer.pcm), 700) is None:
    assert time.time() < until, "they are not brought together"
    time.sleep(0.1)
heard = list(agent.pcm)
met, before = begins(heard, 440), begins(list(customer.pcm), 700)
beep = [at for at, level in enumerate(levels(heard, 1000)[:met]) if level > 3000]
spoken = [level for level in loud(heard)[max(beep) + 2 : met] if level > 1500]
assert beep and len(beep) <= 5 and len(spoken) >= 5, (beep, met, loud(heard)[:met])
music = list(customer.pcm)[: before * 800]
assert before >= 5 and sum(level > 300 for level in loud(music)) >= 5, ("no music", before, loud(music))
assert max(levels(music, 1000)) < 1000, ("the tone is for the agent", levels(music, 1000))
assert customer.within(talk, "BYE").status == 200
agent.hung_up()
agent.register(expires=0)
customer.close()
agent.close()

story("a text to a colleague; to nobody; from a carrier")
import threading


def takes():
    message = colleague.want_request("MESSAGE")
    colleague.got = message
    colleague.respond(message, 200)


taker = threading.Thread(target=takes)
taker.start()
_, answer = asks(watcher, "MESSAGE", "1003", kind="text/plain;charset=UTF-8", body="rapat jam tiga")
taker.join()
assert answer.status == 200 and colleague.got.body == "rapat jam tiga", answer.text
assert '"Agen 2" <sip:1002@sapa.test>' in colleague.got.get("from"), colleague.got.text
colleague.register(expires=0)
_, answer = asks(watcher, "MESSAGE", "1003", kind="text/plain", body="halo?")
assert answer.status == 480, answer.text
_, answer = asks(stranger, "MESSAGE", "1002", kind="text/plain", body="beli")
assert answer.status == 403, answer.text
for agent in (phone, watcher, colleague, stranger):
    agent.close()
