"""test/scenario/65-linphone: stories.py PORT AUDIO_PORT (TLS at PORT + 2)"""
import array
import math
import os
import sys
import time
import wave

from linphone import Linphone
from user_agent import UserAgent

port, audio = int(sys.argv[1]), int(sys.argv[2])
server, secure = ("127.0.0.1", port), "127.0.0.1:%d;transport=tls" % (port + 2)


def story(name):
    print("- " + name, flush=True)


def tone():
    """A minute of 1,000 Hz."""
    path = os.path.join(os.getcwd(), "tone.wav")
    with wave.open(path, "wb") as out:
        out.setparams((1, 2, 8000, 0, "NONE", ""))
        out.writeframes(array.array("h", [int(9000 * math.sin(math.pi / 4 * i)) for i in range(8000 * 60)]).tobytes())
    return path


phone = Linphone("linphone", port + 6, audio, os.path.join(os.getcwd(), "data/tls.certificate.pem"))
try:
    story("it registers over TLS; the certificate is checked")
    phone.good("audio-codec-disable ALL")
    phone.good("audio-codec-enable PCMA/8000/1")
    number = phone.good("register sip:1001@127.0.0.1:%d sip:%s phone-1001 1001 sapa.test" % (port + 2, secure))["Id"]
    phone.until("register-status " + number, "State", "LinphoneRegistrationOk")

    story("it dials a code and is ready")
    phone.good("call sip:*1@" + secure)
    time.sleep(0.5)
    phone.until("call-status", "Status", "Error")  # the centre hangs up after its words

    story("a caller reaches it, encrypted; he is heard, and hears")
    customer = UserAgent("08111", server)
    talk, answer = customer.call("5001")
    assert answer.status == 200, answer.text
    phone.until("call-status", "State", "LinphoneCallIncomingReceived")
    phone.good("answer")
    customer.speak(0x20)
    phone.until("call-status", "State", "LinphoneCallStreamsRunning")
    phone.good("incall-player-start " + tone())
    until = time.time() + 15
    while sum(customer.heard.values()) < 20:
        assert time.time() < until, "nothing comes from Linphone: %s" % customer.heard
        time.sleep(0.1)

    story("it asks a colleague on its second line, and passes the caller on to him")
    colleague = UserAgent("1002", server)
    colleague.register()
    colleague.code("*1")
    colleague.code("*2")  # in the house, and not in the line
    phone.good("call-pause")
    phone.good("call sip:1002@" + secure)
    served = colleague.answer(colleague.want_request("INVITE"))
    colleague.speak(0x41)
    phone.until("call-status", "State", "LinphoneCallStreamsRunning")
    phone.good("call-transfer 2 3")  # 1 was the code
    customer.hears(0x41)
    colleague.hears(0x20)
    phone.until("call-status", "Status", "Error")  # both its lines are free

    story("the customer hangs up")
    assert customer.within(talk, "BYE").status == 200
    colleague.hung_up()
    customer.close()
    colleague.close()
    phone.tell("unregister " + number)
finally:
    phone.close()
