"""Drives a linphone-daemon by its command socket: text in, "Status: Ok" and lines out."""
import os
import socket
import subprocess
import time


class Linphone:
    def __init__(self, name, sip_port, audio_port, authorities):
        home = os.path.join(os.getcwd(), name)
        os.makedirs(os.path.join(home, ".local/share/linphone"), exist_ok=True)
        config = os.path.join(home, "rc")
        # The certificate must be of these authorities; its library does not know of certificates for addresses (verify_server_cn).
        with open(config, "w") as out:
            out.write("[sip]\nsip_port=-1\nsip_tcp_port=-1\nsip_tls_port=%d\nroot_ca=%s\nverify_server_certs=1\nverify_server_cn=0\n"
                      "media_encryption=srtp\nguess_hostname=1\n[net]\nfirewall_policy=0\n[rtp]\naudio_rtp_port=%d\naudio_jitt_comp=40\n"
                      "[sound]\nechocancellation=0\n[misc]\nuuid=\n" % (sip_port, authorities, audio_port))
        pipe = "sapa-%s-%d" % (name, os.getpid())
        self.log = os.path.join(home, "log")
        self.process = subprocess.Popen(["linphone-daemon", "--pipe", pipe, "--config", config, "--log", self.log],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        env=dict(os.environ, HOME=home, XDG_DATA_HOME=home, XDG_CONFIG_HOME=home))
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(10)
        until = time.time() + 20
        while True:
            try:
                self.socket.connect("/tmp/" + pipe)
                break
            except OSError:
                assert time.time() < until, "linphone-daemon does not start"
                time.sleep(0.1)
        self.path = "/tmp/" + pipe

    def tell(self, command):
        """The answer as a dictionary of its last values; `Status` first."""
        self.socket.send(command.encode() + b"\n")
        text = self.socket.recv(65536).decode()
        self.socket.settimeout(0.1)  # an answer has no end of its own: it is whole when no more comes
        try:
            while True:
                more = self.socket.recv(65536).decode()
                if not more:
                    break
                text += more
        except TimeoutError:
            pass
        self.socket.settimeout(10)
        answer = {}
        for line in text.split("\n"):
            key, colon, value = line.partition(": ")
            if colon:
                answer[key] = value
        return answer

    def good(self, command):
        answer = self.tell(command)
        assert answer.get("Status") == "Ok", "%s: %s" % (command, answer)
        return answer

    def until(self, command, key, wanted, seconds=20):
        until = time.time() + seconds
        while True:
            answer = self.tell(command)
            if answer.get(key) == wanted:
                return answer
            assert time.time() < until, "%s: %s is %s, not %s" % (command, key, answer.get(key), wanted)
            time.sleep(0.1)

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if os.path.exists(self.path):
            os.unlink(self.path)
