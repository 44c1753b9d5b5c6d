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
bad() { printf '    %s%s%s\n' "$red" "$1" "$plain"; exit 1; }
good() { printf '    %s%s%s\n' "$green" "$1" "$plain"; }
# A command as somebody would type it, and what it says. expect STATUS … is for one that has to end with that exit status.
run() {
    local shown='' word
    for word in "$@"; do
        case $word in *[[:space:]\>\^]*) word="'$word'" ;; esac
        shown+=" $word"
    done
    printf '  $ muniment%s\n' "$shown"
    "$muniment" "$@" 2>&1 | sed 's/^/    /'
}
expect() {
    local wanted=$1 status=0
    shift
    run "$@" || status=$?
    [ "$status" = "$wanted" ] || bad "exit status $status, where $wanted was to be"
}
# Whether a query counts what it must.
counts() {
    local wanted=$1 found
    shift
    found=$("$muniment" query archive "$@" --count)
    [ "$found" = "$wanted" ] || bad "$found records, where $wanted were to be"
}

# --- sample data -----------------------------------------------------------------------------------------------------------------------------
people=(ada grace edsger barbara tony donald)
# mailbox YEAR WEEKDAY SUBJECT: 120 messages of the third of March, 20 from each.
mailbox() {
    local i from to
    for i in $(seq 1 120); do
        from=${people[$((i % 6))]} to=${people[$(((i * 5 + 1) % 6))]}
        printf 'From %s@example.com %s Mar  3 09:%02d:00 %s\n' "$from" "$2" $((i % 60)) "$1"
        printf 'From: %s <%s@example.com>\nTo: %s@example.com\nSubject: %s/%d\n' "${from^}" "$from" "$to" "$3" "$i"
        printf 'Date: %s, 3 Mar %s %02d:%02d:00 +0000\n' "$2" "$1" $((8 + i / 60)) $((i % 60))
        printf 'Message-ID: <%s.%d@example.com>\n\n' "$1" "$i"
        printf 'Dear %s,\n\nplease find clause %d attached. I would like an answer before Friday.\n\n%s\n\n' "${to^}" "$i" "${from^}"
    done
}
mailbox 2025 Mon 'Contract 17' > mail.mbox
mailbox 2011 Thu 'Bridge 4' > old.mbox
for i in $(seq 1 5000); do
    if ((i % 9)); then went=well; else went=wrong; fi
    printf '{"ts":"2025-03-03T10:%02d:%02d.%03dZ","room":"ops","sender":"%s","body":"message %d: the deployment went %s"}\n' \
        $((i / 60 % 60)) $((i % 60)) $((i % 1000)) "${people[$((i % 6))]}" "$i" "$went"
done > chat.ndjson
for i in $(seq 1 2000); do
    if ((i % 50)); then result=granted; else result=refused; fi
    printf '2025-03-03T11:%02d:%02dZ login user=%s result=%s\n' $((i / 60 % 60)) $((i % 60)) "${people[$((i % 6))]}" "$result"
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

say "5. Two questions: how much did Ada write in chat, and which were her first letters?"
run query archive --stream chat --where sender=ada --count
run query archive --stream mail --where 'from^=ada@' --limit 1

say "6. Proofs that other people's tools can check"
run checkpoint archive
"$muniment" prove archive 7 > seven.tlog-proof
note "    a proof that record 7 is in the log, in the format of c2sp.org/tlog-proof: $(wc -c < seven.tlog-proof) bytes"
run tiles archive tiles

say "7. The verifier re-derives everything from the bytes"
run verify archive --key "$key"

say "8. Nothing of it lies there in plaintext"
if grep -rqa -e 'clause' -e 'deployment' -e 'ada@example' archive archive.keys; then bad "plaintext found"; fi
good "grep finds no word of any record, attribute or stream"

say "9. Letters are to be kept for seven years, and then no longer: a rule that nobody can weaken"
run class set archive mail --period P7Y --since occurred --mode compliance
expect 77 class set archive mail --period P3Y
note "    An old mailbox comes to light. Its letters are of 2011: their time was over years ago."
run append archive old.mbox --format mbox --class mail --stream mail --json
first=$("$muniment" query archive --class mail --limit 1 --json | sed 's/^{"index":\([0-9]*\),.*/\1/')
"$muniment" checkpoint archive > received.checkpoint
"$muniment" prove archive "$first" > first.tlog-proof
note "    Somebody is given the checkpoint of this moment, and a proof that record $first is in the log."

say "10. But Edsger is in a lawsuit: what he wrote is held, whatever its class says"
run hold place archive "Doe v. Roe" --where from=edsger@example.com --reason "letter of the court"
run hold list archive

say "11. What is due goes, what is held stays"
run compact archive --dry-run
run compact archive
counts 20 --class mail --where from=edsger@example.com
good "all 20 of Edsger's letters of 2011 can still be read"
expect 66 get archive "$first"

say "12. The letters are gone, and nothing that was ever proved has changed"
run verify first.tlog-proof --key "$key"
run verify archive --key "$key" --against received.checkpoint
note "    Attested: who wrote a letter is sealed, so it is the owner's word that none of the 100 was Edsger's. Rule, clock and number are proved."

say "13. The court gets three of the letters that were held, in one file"
letters=$("$muniment" query archive --class mail --where from=edsger@example.com --limit 3 --json |
    sed 's/^{"index":\([0-9]*\),.*/--index \1/')
# shellcheck disable=SC2086 # three options and their values
run export archive case.evidence $letters

say "14. The case is settled: the hold is released, and the last of the letters go"
run hold release archive "Doe v. Roe" --dry-run
run hold release archive "Doe v. Roe" --reason "settled"
run compact archive
counts 0 --class mail --where from=edsger@example.com
counts 120 --class mail
good "of the 120 letters of 2011 none can be read any more, and every entry is there"
run dispositions archive
disposition=$("$muniment" dispositions archive | tail -1 | cut -f 1)
run certificate archive "$disposition" | sed '/^ *What follows/,$d'
"$muniment" certificate archive "$disposition" > destroyed.txt
note "    ... and below that the proofs, for a machine: $(wc -c < destroyed.txt) bytes in all"

say "15. Elsewhere, with the archive out of reach: the certificate and the evidence speak for themselves"
mkdir elsewhere vault
cp case.evidence destroyed.txt elsewhere/
mv archive archive.keys vault/
cd elsewhere
run verify destroyed.txt --key "$key"
run verify case.evidence --key "$key"
note "    The archive has destroyed these three letters. A copy that was handed out is what no purge can reach."
cd ..
mv vault/archive vault/archive.keys .

say "16. Somebody with a disk editor changes one byte ..."
segment=$(ls archive/segments/0000/*.seg | head -1)
printf '\x5a' | dd of="$segment" bs=1 seek=12000 conv=notrunc status=none
note "    one byte at offset 12000 of ${segment#archive/}"
status=0
"$muniment" verify archive --key "$key" > found.txt 2>&1 || status=$?
sed 's/^/    /' found.txt
[ "$status" = 1 ] || bad "the change was not found (exit $status)"
good "found, and located"
