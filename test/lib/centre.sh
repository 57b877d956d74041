#!/bin/sh
# test/lib/centre.sh AGENTS [CARRIER_PORT]: a small centre for tests and measurements, to standard output.
#
# One client, one menu (1: Indonesian, then 1: queue "service"; 0: queue at once), agents 1001.. with
# the password "phone-EXTENSION", a trunk on loopback, no wrap-up unless WRAPUP is set. ROLE: agents may call
# whomever the role "caller" lets them.
set -eu
agents=${1:-2}
carrier=${2:-5999}

cat <<END
version: 1
system:
  name: Test centre
  sip_host: sapa.test
  zone: Asia/Jakarta
clients:
  shop: { name: Toko Uji, language: id, number: "5000"${CALLS:+, calls: { queue: $CALLS \}} }
skills: [indonesian, english]
teams: [day]
${ROLE:+roles:
  caller: { calls: [ { allow: [colleagues, queues, numbers, outside] \}, { deny: "62809" \} ] \}}
reasons:
  1: { id: Istirahat, en: Break }
dispositions:
  results:
    11: { id: Selesai, en: Solved }
    12: { id: Ditelepon lagi, en: Call again }
queues:
  service:
    name: Layanan
    client: shop
    steps: [ { needs: { indonesian: 1 } } ]
    wrapup: ${WRAPUP:-0}
    ring: ${RING:-20 s}
    record: ${RECORD:-all}
    length_max: 5000
    announce_every: ${ANNOUNCE:-0}
    dispositions: results
    callback: { attempts: 3, retry: 10 s, ring: 20 s }
    handle_time: 1 min
trunks:
  carrier: { host: 127.0.0.1, port: $carrier, from: [127.0.0.0/8, "::1"], calls_max: 5000 }
numbers:
  "5000": { client: shop, flow: main }
  "5001": { client: shop, flow: direct }
codes:
  "*1": ready
  "*2": not ready
  "*3": wrap-up done
  "*4": more wrap-up time
  "*5": say my state
  "*6": pause recording
  "*7": resume recording
  "*8": record
  "*9": log out
  "*02": ask
  "*03": conference
  "*04": transfer after asking
  "*05": back
  "*08": transfer
flows:
  main:
    start: language
    nodes:
      language:
        do: menu
        say: { id: "Selamat datang. Untuk bahasa Indonesia tekan satu.", en: "For English press two." }
        keys: { 1: service, 2: english, 0: service }
        timeout: 5 s
        on_timeout: service
      english: { do: language, language: en, next: service }
      service:
        do: queue
        queue: service
        offer_after: ${OFFER_AFTER:-0}
        on_callback: callback
        on_overflow: sorry
      callback: { do: callback, queue: service, on_failed: sorry }
      sorry: { do: hangup, say: { id: "Mohon maaf, semua petugas sibuk.", en: "Sorry, everybody is busy." }, outcome: ended }
  direct:
    start: service
    nodes:
      service: { do: queue, queue: service, on_overflow: sorry }
      sorry: { do: hangup, say: { id: "Mohon maaf.", en: "Sorry." }, outcome: ended }
agents:
END
i=1
while [ "$i" -le "$agents" ]; do
    number=$((1000 + i))
    echo "  agent$i: { name: Agen $i, extension: \"$number\", password: phone-$number, team: day, skills: { indonesian: 5 }${ROLE:+, role: $ROLE} }"
    i=$((i + 1))
done
