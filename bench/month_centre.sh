#!/bin/sh
# bench/month_centre.sh: the centre of the month that is reported on: 75 seats, 3 clients, 8 queues, 6 numbers with a
# tariff. To standard output.
set -eu
cat <<END
version: 1
system: { name: A month, sip_host: sapa.test, zone: Asia/Jakarta }
clients:
  toko: { name: Toko, language: id, number: "5000" }
  bank: { name: Bank, language: id, number: "5002" }
  travel: { name: Travel, language: id, number: "5004" }
skills: [indonesian]
teams: [day]
reasons:
  1: { id: Istirahat, en: Break }
  2: { id: Rapat, en: Meeting }
  3: { id: Pelatihan, en: Training }
dispositions:
  results: { 11: { id: Selesai, en: Solved }, 12: { id: Ditelepon lagi, en: Call again } }
queues:
END
i=0
while [ $i -lt 8 ]; do
    case $((i % 3)) in 0) client=toko ;; 1) client=bank ;; *) client=travel ;; esac
    echo "  q$i: { name: Antrean $i, client: $client, steps: [ { needs: { indonesian: 1 } } ], wrapup: 30 s, ring: 20 s, record: none, length_max: 5000, dispositions: results, handle_time: 2 min }"
    i=$((i + 1))
done
echo "numbers:"
i=0
while [ $i -lt 8 ]; do
    case $((i % 3)) in 0) client=toko ;; 1) client=bank ;; *) client=travel ;; esac
    echo "  \"500$i\": { client: $client, flow: f$i, type: toll free, cost_call: 150, cost_minute: 300, cost_pulse: 6 s }"
    i=$((i + 1))
done
cat <<END
codes: { "*1": ready, "*2": not ready, "*3": wrap-up done, "*4": more wrap-up time, "*5": say my state, "*9": log out }
flows:
END
i=0
while [ $i -lt 8 ]; do
    cat <<END
  f$i:
    start: wait
    nodes:
      wait: { do: queue, queue: q$i, on_overflow: sorry }
      sorry: { do: hangup, say: { id: "Mohon maaf.", en: "Sorry." }, outcome: ended }
END
    i=$((i + 1))
done
echo "agents:"
i=1
while [ $i -le 75 ]; do
    number=$((1000 + i))
    echo "  agent$i: { name: Agen $i, extension: \"$number\", password: phone-$number, team: day, skills: { indonesian: 5 } }"
    i=$((i + 1))
done
