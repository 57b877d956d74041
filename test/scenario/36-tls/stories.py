"""test/scenario/36-tls: stories.py PORT PID. In the folder with the certificates that run made."""
import os
import signal
import socket
import ssl
import sys
import time

from user_agent import Message, UserAgent

port = int(sys.argv[1])
there = ("127.0.0.1", port + 2)


def story(name):
    print("- " + name, flush=True)


def context(certificate=None):
    made = ssl.create_default_context(cafile="ca.pem")
    if certificate:
        made.load_cert_chain(certificate + ".pem", certificate + ".key")
    return made


story("the carrier is asked whether it is there, over TLS, and only where its name is right")
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", port + 3))
listener.listen()
listener.settimeout(60)


def carrier(certificate):
    """One connection of the program; what it says first, or None when it refuses us."""
    accepting = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile="ca.pem")
    accepting.load_cert_chain(certificate + ".pem", certificate + ".key")
    accepting.verify_mode = ssl.CERT_REQUIRED
    raw, _ = listener.accept()
    raw.settimeout(15)
    try:
        tls = accepting.wrap_socket(raw, server_side=True)
        text = tls.recv(65535)
        return (tls, Message(text.decode())) if text else None
    except (ssl.SSLError, ConnectionError):
        return None


assert carrier("bank") is None, "the program talks to somebody else"
connected = carrier("carrier")
assert connected and connected[1].method == "OPTIONS", connected
names = [value for key, value in connected[0].getpeercert()["subjectAltName"]]
assert "sapa.test" in names, names  # our own certificate, as a client
assert ";transport=tls" in connected[1].uri and connected[1].get("via").startswith("SIP/2.0/TLS "), connected[1].text

story("a phone registers over TLS and is rung there; the carrier is known by its certificate")
agent = UserAgent("1001", there, transport="tls", context=context(), name="sapa.test")
agent.register()
agent.code("*1")
customer = UserAgent("08111", there, transport="tls", context=context("carrier"), name="sapa.test")
talk, answer = customer.call("5001")
assert answer.status == 200 and ";transport=tls" in answer.get("contact"), answer.text
served = agent.answer(agent.want_request("INVITE"))
customer.speak(0x20)
agent.speak(0x40)
agent.hears(0x20)
customer.hears(0x40)

story("who shows none is no carrier")
stranger = UserAgent("08112", there, transport="tls", context=context(), name="sapa.test")
_, refused = stranger.call("5001")
assert refused.status == 403, refused.text
stranger.close()

story("a renewed certificate is in force at once; connections live on")


def serial():
    with socket.create_connection(there, 15) as raw, context().wrap_socket(raw, server_hostname="sapa.test") as tls:
        return tls.getpeercert()["serialNumber"]


before = serial()
os.replace("next.pem", "shop.pem")
os.replace("next.key", "shop.key")
os.kill(int(sys.argv[2]), signal.SIGHUP)
until = time.time() + 15
while serial() == before:
    assert time.time() < until, "the old certificate is still shown"
    time.sleep(0.1)
agent.hears(0x20)
answer = customer.within(talk, "INVITE", customer.sdp(direction="sendonly"))
assert answer.status == 200, answer.text
assert customer.within(talk, "BYE").status == 200
agent.hung_up()

story("a key that is none changes nothing")
os.replace("shop.key", "kept.key")
open("shop.key", "w").write("no key\n")
now = serial()
os.kill(int(sys.argv[2]), signal.SIGHUP)
time.sleep(0.5)
assert serial() == now
os.replace("kept.key", "shop.key")

story("the phone's connection breaks: it is not rung there; it comes back and is")
agent.break_connection()
agent.connect()
agent.register()
customer.waiting.clear()
talk, answer = customer.call("5001")
assert answer.status == 200, answer.text
served = agent.answer(agent.want_request("INVITE"))
agent.hears(0x20)
assert agent.within(served, "BYE").status == 200
customer.hung_up()
customer.close()
agent.close()
