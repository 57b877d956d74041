# test/lib/scenario.sh: what scenarios share. Source it: SAPA_BIN, SAPA_BUILD and SAPA_SOURCE_DIR are set, and the
# current directory belongs to the scenario. Ports come from a place of its own, so that scenarios run beside each other.
#
# A scenario waits for states (`await`), never for time, and ends what it started, however it ends. One that says
# "# runs beside others" measures nothing: two of them are run at once.
set -eu
: "${SAPA_BIN:?}" "${SAPA_BUILD:?}" "${SAPA_SOURCE_DIR:?}"

# The place is kept by a lock that what is started here holds too: nobody gets ports on which something still listens.
place=0
while exec 9>"${TMPDIR:-/tmp}/sapa-scenario.$place" && ! flock -n 9; do
    place=$((place + 1))
    [ "$place" -lt 12 ] || { echo "FAILED: twelve scenarios run already"; exit 1; }
done
base=$((10000 + ($$ % 50 * 12 + place) * 16)) # SIP; +1 the carrier (the crowd); +2 the demo's order service; +3 … free, +5 the API where HTTP is set
media=$((50000 + place * 800)) # 600 ports of the program, 200 of phones
began=$(date +%s)
pids=
centre=

say() { echo "$(($(date +%s) - began)) s: $*"; }

fail() {
    echo "FAILED: $*"
    echo "--- the program's last lines"
    tail -n 25 serve.log 2>/dev/null || true
    for log in ./*.log; do
        [ "$log" = ./serve.log ] || [ "$(wc -l <"$log")" -eq 1 ] || [ ! -s "$log" ] || { echo "--- $log"; tail -n 8 "$log" | tail -c 1500; }
    done
    exit 1
}

cleanup() {
    for pid in $pids; do kill "$pid" 2>/dev/null || true; done
    for turn in 1 2 3 4 5 6 7 8 9 10; do # five seconds for a polite end
        for pid in $pids; do ! kill -0 "$pid" 2>/dev/null || { sleep 0.5; break; }; done
    done
    for pid in $pids; do kill -9 "$pid" 2>/dev/null || true; done
    for pid in $pids; do wait "$pid" 2>/dev/null || true; done
}
trap cleanup EXIT
trap 'exit 1' INT TERM

fresh() {
    rm -rf data ./*.log ./*.json ./*.wav ./*.yaml ./*.txt ./*.pid
    mkdir -p data
}

# The demo's description with ports of our own.
demo_centre() { # FILE
    sed -e "s/port: 5070/port: $((base + 1))/" -e "s,http://127.0.0.1:[0-9]*/,http://127.0.0.1:$((base + 2))/,g" \
        "$SAPA_SOURCE_DIR/examples/demo/centre.yaml" >"$1"
}
# The small one of test/lib/centre.sh; its variables may stand before.
small_centre() { # FILE AGENTS
    "$SAPA_SOURCE_DIR/test/lib/centre.sh" "$2" $((base + 1)) >"$1"
}

# start [options of serve]: runs ./centre.yaml on ./data and waits until it serves
start() {
    ready_before=$(grep -c control.ready serve.log 2>/dev/null || true)
    "$SAPA_BIN" serve --data data --centre centre.yaml --sip "127.0.0.1:$base" --media-port-min "$media" \
        --media-port-max $((media + 599)) --media-threads 1 ${QUIET---quiet} --http "${HTTP:-off}" "$@" >>serve.log 2>&1 &
    centre=$!
    pids="$pids $centre"
    await 60 ready_again
}
ready_again() { [ "$(grep -c control.ready serve.log 2>/dev/null)" -gt "${ready_before:-0}" ]; }

stop() {
    kill "$centre"
    wait "$centre" || fail "the centre ended with $?"
    centre=
}

# The process id of a child: control, media or crowd.
child() { pgrep -P "$centre" -f "^sapa-$1 " | head -n 1; }

# await SECONDS COMMAND …: until it is true. SECONDS is what it may take on a machine that does nothing else; a loaded one gets
# three times that and half a minute more, so that a limit is met by a fault and not by the neighbours.
await() {
    limit=$(($1 * 3 + 30))
    until=$(($(date +%s) + limit))
    shift
    until "$@"; do
        [ "$(date +%s)" -lt "$until" ] || fail "waited $limit s for: $*"
        [ -z "$centre" ] || kill -0 "$centre" 2>/dev/null || fail "the centre ended while we waited for: $*"
        sleep 0.1
    done
}

# crowd NAME OPTIONS …: in the background, by the description in CENTRE; its figures come to NAME.json, the newest line last
crowd() {
    crowd_name=$1
    shift
    "$SAPA_BIN" crowd --data data --centre "${CENTRE:-centre.yaml}" --sip "127.0.0.1:$base" "$@" >"$crowd_name.json" 2>>"$crowd_name.log" &
    crowd_pid=$!
    eval "crowd_$crowd_name=$crowd_pid"
    pids="$pids $crowd_pid"
    crowd_ready() { grep -q crowd.ready "$crowd_name.log" || ! kill -0 "$crowd_pid" 2>/dev/null; }
    await 20 crowd_ready
    kill -0 "$crowd_pid" 2>/dev/null || fail "the crowd $crowd_name ended"
}
# crowd_now NAME KEY: a figure as it stands now
crowd_now() {
    eval "crowd_pid=\$crowd_$1"
    crowd_lines=$(wc -l <"$1.json")
    kill -USR1 "$crowd_pid" 2>/dev/null || fail "the crowd $1 ended: $(cat "$1.log")"
    for crowd_try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        [ "$(wc -l <"$1.json")" -eq "$crowd_lines" ] || break
        sleep 0.1
    done
    crowd_last "$1" "$2"
}
crowd_last() { tail -n 1 "$1.json" | tr ',' '\n' | sed -n "s/.*\"$2\": *\\([0-9]*\\).*/\\1/p" | head -n 1; }
crowd_end() { # NAME: hang up everything and wait
    eval "crowd_pid=\$crowd_$1"
    kill "$crowd_pid" 2>/dev/null || true
    wait "$crowd_pid" || fail "the crowd $1 failed: $(cat "$1.log")"
}
crowd_wait() { # NAME: until it ends by itself
    eval "crowd_pid=\$crowd_$1"
    wait "$crowd_pid" || fail "the crowd $1 failed: $(cat "$1.log")"
}
crowd_is() { [ "$(crowd_now "$1" "$2")" -eq "$3" ]; }     # NAME KEY NUMBER
crowd_least() { [ "$(crowd_now "$1" "$2")" -ge "$3" ]; }

# figure KEY [queues|agents|clients|numbers]: the sum over the rows of the day's report
figure() {
    "$SAPA_BIN" report --data data --by day --all-columns --format json "--${2:-clients}" |
        tr ',{}' '\n\n\n' | sed -n "s/^ *\"$1\": *\\([0-9]*\\)$/\\1/p" | awk '{ sum += $1 } END { print sum + 0 }'
}
# KEY NUMBER [of what]
is() { [ "$(figure "$1" ${3+"$3"})" -eq "$2" ]; }
least() { [ "$(figure "$1" ${3+"$3"})" -ge "$2" ]; }
want() {
    is "$@" || { "$SAPA_BIN" contacts --data data --last 20 --language en; fail "$1 is $(figure "$1" ${3+"$3"}), not $2"; }
}

# Lists of the living. place PLACE: how many contacts stand there now.
contacts() { "$SAPA_BIN" contacts --data data --language en; }
place() { contacts 2>/dev/null | awk -v place="$1" 'NR > 1 && $2 == place { n++ } END { print n + 0 }'; }
place_is() { [ "$(place "$1")" -eq "$2" ]; }
place_least() { [ "$(place "$1")" -ge "$2" ]; }
nobody() { contacts 2>/dev/null | grep -q '^nobody'; }
last() { "$SAPA_BIN" contacts --data data --last "$1" --language en; }
recordings() { "$SAPA_BIN" recording --data data | awk 'NR > 1 { print $1, $2, $3 }'; } # recording, contact, seconds

tone() { "$SAPA_BUILD/sapa_tone" "$@"; }
tone_least() { # PERCENT FILE CHANNEL HZ …
    tone_wanted=$1
    shift
    tone_got=$(tone "$@")
    [ "$tone_got" -ge "$tone_wanted" ] || fail "a tone of $3 Hz fills $tone_got % of $1, $2; at least $tone_wanted % were wanted"
}
tone_most() {
    tone_wanted=$1
    shift
    tone_got=$(tone "$@")
    [ "$tone_got" -le "$tone_wanted" ] || fail "a tone of $3 Hz fills $tone_got % of $1, $2; at most $tone_wanted % were wanted"
}

verify() { # [EXIT_CODE]: 3 where a fault is known to have lost something
    verified=0
    "$SAPA_BIN" verify --data data >verify.log 2>&1 || verified=$?
    [ "$verified" = "${1:-0}" ] || { cat verify.log; fail "verify ends with $verified, not ${1:-0}"; }
    "$SAPA_BIN" replay --data data >replay.log 2>&1 || { cat replay.log; fail "replay differs"; }
}
# Nothing that a sanitizer or an assertion said.
no_complaints() {
    if grep -E 'Sanitizer|runtime error|assertion|SAPA_ASSERT' serve.log; then fail "the program complained"; fi
}
good() { no_complaints; say "good"; }
