# test/sipp/lib/lib.sh: what scenarios share. Source it; it needs SAPA_BIN and SAPA_SOURCE_DIR, and works in
# the current directory. Ports come from the process id, so that scenarios of other builds do not collide; they lie
# above those that the kernel gives out (60999), and beside those of test/lib/scenario.sh (10000 on, 50000 to 59600).
set -eu
: "${SAPA_BIN:?}" "${SAPA_SOURCE_DIR:?}"
command -v sipp >/dev/null || { echo "sipp is missing"; exit 77; }
lib=$SAPA_SOURCE_DIR/test/sipp/lib
base=$((61008 + $$ % 280 * 16))
media=$((42000 + $$ % 190 * 40)) # of SIPp; Sapa's own stand at 30000
sip=${SIP_HOST:-127.0.0.1}
pids=

fail() { echo "FAILED: $*"; exit 1; }

cleanup() {
    for pid in $pids; do # of a background scenario: its SIPp, which else waits for its calls and keeps its ports
        [ "$pid" = "${centre:-}" ] || pkill -9 -P "$pid" 2>/dev/null || true
        kill "$pid" 2>/dev/null || true
    done
    for pid in $pids; do wait "$pid" 2>/dev/null || true; done
}
trap cleanup EXIT INT TERM

# The centre that test/lib/centre.sh writes.
write_centre() { # [agents]
    "$SAPA_SOURCE_DIR/test/lib/centre.sh" "${1:-2}" $((base + 9)) >centre.yaml
}

start_centre() {
    [ -f centre.yaml ] || write_centre
    "$SAPA_BIN" serve --data data --centre centre.yaml --sip "127.0.0.1:$base" ${SIP_MORE:+--sip "$SIP_MORE:$base"} \
        --media-port-min 30000 --media-port-max 39999 --media-threads 1 --quiet >>serve.log 2>&1 &
    centre=$!
    pids="$pids $centre"
    await 30 grep -q control.ready serve.log
}

stop_centre() { kill "$centre"; wait "$centre" || true; }

# The pid of a child of the centre: control or media.
child() { pgrep -P "$centre" -f "^sapa-$1 " | head -n 1; }

await() { # seconds command …: until it is true; a loaded machine gets more, as in test/lib/scenario.sh
    end=$(($(date +%s) + $1 * 3 + 30))
    shift
    until "$@"; do
        [ "$(date +%s)" -lt "$end" ] || fail "waited too long for: $*"
        kill -0 "$centre" 2>/dev/null || { cat serve.log; fail "the centre ended"; }
        sleep 0.1
    done
}

# One number of the day's report over all clients: figure answered
figure() {
    "$SAPA_BIN" report --data data --clients --by day --all-columns --format json |
        sed -n "s/.*\"$1\":\\([0-9]*\\).*/\\1/p" | head -n 1
}
is() { [ "$(figure "$1")" = "$2" ]; }
want() { await 10 is "$1" "$2"; }

run_sipp() { # name scenario port arguments …
    name=$1
    scenario=$2
    port=$3
    shift 3
    [ "${scenario#/}" != "$scenario" ] || scenario=$lib/$scenario
    sipp "$sip:$base" -i "${PEER_HOST:-$sip}" -p "$port" -mp $((media + (port - base) * 8)) -sf "$scenario" -nostdin -m "${CALLS:-1}" \
        -timeout "${LIMIT:-60}" -timeout_error -aa -trace_err -error_file "$name.err" -trace_msg -message_file "$name.msg" "$@" >"$name.log" 2>&1
}
must() { run_sipp "$@" || { tail -n 60 "$1.msg" 2>/dev/null || true; cat "$1.err" 2>/dev/null || true; fail "scenario $1"; }; }
background() { # as run_sipp; wait for it with finish NAME
    run_sipp "$@" &
    eval "job_$1=$!"
    pids="$pids $!"
}
finish() {
    eval "job=\$job_$1"
    wait "$job" || { tail -n 60 "$1.msg" 2>/dev/null || true; cat "$1.err" 2>/dev/null || true; cat serve.log; fail "scenario $1"; }
}

credentials() { # extension value: a SIPp injection file of one line
    printf 'SEQUENTIAL\n%s;[authentication username=%s password=phone-%s];%s\n' "$1" "$1" "$1" "$2" >"$1.csv"
}
phone() { # extension port [sipp arguments]: registered
    extension=$1
    port=$2
    shift 2
    credentials "$extension" 600
    must "register_$extension" register.xml "$port" -inf "$extension.csv" "$@"
}
code() { # extension port code [sipp arguments]
    extension=$1
    port=$2
    dialled=$3
    shift 3
    credentials "$extension" "$dialled"
    must "code_$extension" code.xml "$port" -inf "$extension.csv" "$@"
}

verify() { "$SAPA_BIN" verify --data data >verify.log || { cat verify.log; fail "the log does not verify"; }; }
no_complaints() { if grep -E 'Sanitizer|runtime error|assertion' serve.log; then fail "the program complained"; fi; }
