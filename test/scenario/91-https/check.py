import asyncio
import http.client
import os
import ssl
import sys
import time

import websockets

port = int(sys.argv[1])


def seen():
    """The certificate that a new connection is shown."""
    return ssl.get_server_certificate(("127.0.0.1", port))


def pem(path):
    text = open(path).read()
    return text[text.index("-----BEGIN CERT"):]


def until(seconds, what):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, what
        time.sleep(0.1)


def put(source, target):
    """As ACME clients do: written beside, then renamed."""
    with open(target + ".new", "w") as out:
        out.write(open(source).read())
    os.chmod(target + ".new", 0o600)
    os.rename(target + ".new", target)


def log():
    return open("serve.log").read()


async def stories():
    first = open("data/https.certificate.pem").read()
    context = ssl.create_default_context(cadata=first)
    assert seen().strip() == first.strip()
    old = http.client.HTTPSConnection("localhost", port, context=context)
    old.connect()

    def health():
        old.request("GET", "/health")
        reply = old.getresponse()
        reply.read()
        assert reply.status == 200
        return True

    assert health()
    options = ("OPTIONS sip:sapa.test SIP/2.0\r\nVia: SIP/2.0/WSS x.invalid;branch=z9hG4bK{0}\r\nFrom: <sip:a@b>;tag=1\r\n"
               "To: <sip:sapa.test>\r\nCall-ID: {0}\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 9\r\n\r\n")
    async with websockets.connect(f"wss://localhost:{port}/sip", subprotocols=["sip"], ssl=context) as phone:
        await phone.send(options.format(1))
        assert (await asyncio.wait_for(phone.recv(), 5)).startswith("SIP/2.0 200")
        # the key first, then the certificate: between them they do not fit
        put("second.key", "data/https.key.pem")
        until(5, lambda: "stays in force" in log())
        assert seen().strip() == first.strip() and health()
        put("second.pem", "data/https.certificate.pem")
        until(5, lambda: seen() == pem("second.pem"))
        assert health()
        await phone.send(options.format(2))
        assert (await asyncio.wait_for(phone.recv(), 5)).startswith("SIP/2.0 200")
        # nonsense changes nothing
        with open("data/https.certificate.pem", "w") as out:
            out.write("nonsense\n")
        said = log().count("stays in force")
        until(5, lambda: log().count("stays in force") > said)
        assert seen() == pem("second.pem") and health()
        # and it heals
        put("third.pem", "data/https.certificate.pem")
        put("third.key", "data/https.key.pem")
        until(5, lambda: seen() == pem("third.pem"))
        assert health()
        await phone.send(options.format(3))
        assert (await asyncio.wait_for(phone.recv(), 5)).startswith("SIP/2.0 200")
    old.close()


asyncio.run(stories())
