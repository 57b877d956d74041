# test/lib/phones.sh: baresip as phones of scenarios; source it behind scenario.sh. Skips where baresip is not.
command -v baresip >/dev/null || { echo "baresip is missing"; exit 77; }
command -v python3 >/dev/null || { echo "python3 is missing"; exit 77; }
modules=$(dirname "$(find /usr/lib -name aufile.so -path '*baresip*' 2>/dev/null | head -n 1)")
[ -e "$modules/sndfile.so" ] || { echo "baresip has no sndfile module"; exit 77; }

phones=
phone() { # NAME PORT HZ ACCOUNT: a baresip with its own folder; PORT + 2 takes commands, PORT + 1 is its TLS; what it hears is in NAME/*dec.wav
    rm -rf "$1"
    mkdir -p "$1"
    python3 -c '
import array, math, sys, wave
with wave.open(sys.argv[1], "wb") as out:
    out.setparams((1, 2, 8000, 0, "NONE", ""))
    out.writeframes(array.array("h", [int(9000 * math.sin(2 * math.pi * float(sys.argv[2]) * i / 8000)) for i in range(8000 * 180)]).tobytes())
' "tone_$1.wav" "$3"
    cat >"$1/config" <<END
poll_method epoll
sip_listen 127.0.0.1:$2
rtp_ports $((media + 600 + ($2 - base) * 20))-$((media + 650 + ($2 - base) * 20))
audio_source aufile,$PWD/tone_$1.wav
audio_player aubridge,nowhere
audio_alert aubridge,alert
snd_path $PWD/$1
module_path $modules
module g711.so
module aufile.so
module aubridge.so
module sndfile.so
module_tmp account.so
statmode_default off
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:$(($2 + 2))
END
    echo "$4" >"$1/accounts"
    : >"$1/contacts"
    baresip -f "$1" </dev/null >"$1.log" 2>&1 &
    pids="$pids $!"
    phones="$phones $!"
    await 20 grep -q 'baresip is ready' "$1.log"
    eval "$1_port=$(($2 + 2))"
}
tell() { # NAME COMMAND …
    eval "port=\$$1_port"
    shift
    "$SAPA_SOURCE_DIR/test/lib/baresip" "$port" "$@" >>commands.txt || fail "baresip did not take: $*"
}
heard() { ls "$1"/*dec.wav 2>/dev/null | tail -n 1; }
