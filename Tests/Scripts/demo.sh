#!/bin/bash
# The main job from end to end, on sample data made here: Tests/Scripts/demo.sh MUNIMENT
set -euo pipefail
muniment=$(realpath "$1")
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

if [ -t 1 ]; then bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'; else bold='' dim='' green='' red='' plain=''; fi
say() { printf '\n%s%s%s\n' "$bold" "$1" "$plain"; }
note() { printf '%s%s%s\n' "$dim" "$1" "$plain"; }
run() { printf '  $ muniment %s\n' "$*"; "$muniment" "$@" 2>&1 | sed 's/^/    /'; }

# --- sample data -----------------------------------------------------------------------------------------------------------------------------
people=(ada grace edsger barbara tony donald)
{
    for i in $(seq 1 120); do
        from=${people[$((i % 6))]} to=${people[$(((i * 5 + 1) % 6))]}
        printf 'From %s@example.com Mon Mar  3 09:%02d:00 2025\n' "$from" $((i % 60))
        printf 'From: %s <%s@example.com>\nTo: %s@example.com\nSubject: Contract 17/%d\n' "${from^}" "$from" "$to" "$i"
        printf 'Date: Mon, 3 Mar 2025 %02d:%02d:00 +0000\nMessage-ID: <m%d@example.com>\n\n' $((8 + i / 60)) $((i % 60)) "$i"
        printf 'Dear %s,\n\nplease find clause %d attached. I would like an answer before Friday.\n\n%s\n\n' "${to^}" "$i" "${from^}"
    done
} > mail.mbox
for i in $(seq 1 5000); do
    printf '{"ts":"2025-03-03T10:%02d:%02d.%03dZ","room":"ops","sender":"%s","body":"message %d: the deployment went %s"}\n' \
        $((i / 60 % 60)) $((i % 60)) $((i % 1000)) "${people[$((i % 6))]}" "$i" "$([ $((i % 9)) = 0 ] && echo wrong || echo well)"
done > chat.ndjson
for i in $(seq 1 2000); do
    printf '2025-03-03T11:%02d:%02dZ login user=%s result=%s\n' $((i / 60 % 60)) $((i % 60)) "${people[$((i % 6))]}" \
        "$([ $((i % 50)) = 0 ] && echo refused || echo granted)"
done > audit.log

say "1. An archive, its keys beside it, and the public key that everybody may have"
run init archive --origin example.com/demo
key=$(sed -n 's/.*"key": "\(.*\)".*/\1/p' archive/muniment.json)

say "2. Mail, chat and audit events go in; each call returns when they are durable"
run append archive mail.mbox --format mbox --stream mail --json
run append archive chat.ndjson --format ndjson --stream chat --time ts --attr sender=sender --attr room=room --json
run append archive audit.log --format lines --stream audit --json

say "3. What it holds"
run stat archive

say "4. A record comes back byte for byte, proved against the signed checkpoint"
run get archive 7
"$muniment" get archive 7 --raw > out.eml
note "    (the message as it was sent: $(wc -c < out.eml) bytes)"

say "5. A question: what did Ada write in chat about deployments that went wrong?"
run query archive --stream chat --where sender=ada --count
run query archive --stream mail --where 'from^=ada@' --limit 2

say "6. Proofs that other people's tools can check"
run checkpoint archive
"$muniment" prove archive 7 > seven.tlog-proof
note "    a proof that record 7 is in the log, in the format of c2sp.org/tlog-proof: $(wc -c < seven.tlog-proof) bytes"
run tiles archive tiles

say "7. The verifier re-derives everything from the bytes"
run verify archive --key "$key"

say "8. Nothing of it lies there in plaintext"
if grep -rqa -e 'clause' -e 'deployment' -e 'ada@example' archive archive.keys; then
    echo "    ${red}plaintext found${plain}"; exit 1
fi
echo "    ${green}grep finds no word of any record, attribute or stream${plain}"

say "9. Somebody with a disk editor changes one byte ..."
segment=$(ls archive/segments/0000/*.seg | head -1)
printf '\x5a' | dd of="$segment" bs=1 seek=9000 conv=notrunc status=none
note "    one byte at offset 9000 of ${segment#archive/}"
status=0
"$muniment" verify archive --key "$key" > found.txt 2>&1 || status=$?
sed 's/^/    /' found.txt
[ "$status" = 1 ] || { echo "    ${red}the change was not found (exit $status)${plain}"; exit 1; }
echo "    ${green}found, and located${plain}"
