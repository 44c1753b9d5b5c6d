#!/bin/bash
# Checks what the command publishes with an implementation that is not ours: Tests/Interop/run.sh [COUNT]
#
# Makes a store of COUNT records (70000), publishes it as tiles in two steps, takes 100 proof files and a request to a witness, and has
# go/main.go, which is built on golang.org/x/mod alone, check all of it. Then it purges a third of the records and publishes again: whatever was
# published before is unchanged and still holds, and the log extends it. Last it damages one thing after another; each must be found.
# Needs Debian's golang-go and golang-golang-x-mod-dev; nothing is downloaded. MUNIMENT is the command to test (built if not given).
# Exit: 0 where all holds, 1 where not, 2 where it can't be run.
set -eu
cd "$(dirname "$0")/../.."
count=${1:-70000}
if ! command -v go > /dev/null || [ ! -d /usr/share/gocode/src/golang.org/x/mod/sumdb/tlog ]; then
    echo "interop: install golang-go and golang-golang-x-mod-dev" >&2
    exit 2
fi
if [ -z "${MUNIMENT:-}" ]; then
    swift build --product muniment > /dev/null
    MUNIMENT=$(swift build --show-bin-path)/muniment
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir -p .build/go-cache
GO111MODULE=off GOFLAGS='' GOPATH=/usr/share/gocode GOCACHE=$PWD/.build/go-cache go build -o "$work/checklog" ./Tests/Interop/go

# Records of all lengths, some with more bytes than an SHA-256 block, some with none.
records() { seq "$1" "$2" | awk '{ line = "record " $1 " "; for (i = 0; i < $1 % 17; i++) line = line "lorem ipsum "; print $1 % 101 ? line : "" }'; }
store=$work/store
tiles=$work/tiles
key=$("$MUNIMENT" init "$store" --origin example.org/interop 2> "$work/warning") || { cat "$work/warning" >&2; exit 1; }
# Of a class whose records are due two seconds after they are recorded.
"$MUNIMENT" class set "$store" brief --period PT1S --mode governance > /dev/null
records 1 $((count / 3)) | "$MUNIMENT" append "$store" - --format lines --class brief > /dev/null
records $((count / 3 + 1)) $((count * 2 / 5)) | "$MUNIMENT" append "$store" - --format lines > /dev/null
"$MUNIMENT" checkpoint "$store" > "$work/old"
"$MUNIMENT" tiles "$store" "$tiles" > /dev/null
records $((count * 2 / 5 + 1)) "$count" | "$MUNIMENT" append "$store" - --format lines --stream interop > /dev/null
"$MUNIMENT" checkpoint "$store" > "$work/new"
"$MUNIMENT" tiles "$store" "$tiles" > /dev/null
cmp "$work/new" "$tiles/checkpoint"
size=$(sed -n 2p "$work/new")
old=$(sed -n 2p "$work/old")
"$MUNIMENT" prove "$store" --from "$old" > "$work/request"

# 100 proofs: the edges of the tree and of its tiles, the old size, and others spread over all of it.
mkdir "$work/proofs"
{
    printf '%s\n' 0 1 254 255 256 257 $((old - 1)) "$old" $((old + 1)) $((size / 256 * 256 - 1)) $((size / 256 * 256)) $((size - 2)) $((size - 1))
    for i in $(seq 1 100); do echo $(((i * 7919 * 104729) % size)); done
} | awk -v size="$size" '$1 < size && !seen[$1]++' | head -100 | while read -r index; do
    "$MUNIMENT" prove "$store" "$index" > "$work/proofs/$index"
done
[ "$(ls "$work/proofs" | wc -l)" -eq 100 ]

check() { "$work/checklog" -tiles "$tiles" -key "$key" -old "$work/old" -request "$work/request" "$work"/proofs/*; }
check

# A purge changes no leaf: the tiles, proofs and checkpoints of before are those of after, byte for byte, and the log extends them.
cp -r "$tiles" "$work/before"
sleep 2
purged=$("$MUNIMENT" compact "$store" --json | sed -n 's/.*"purged":\([0-9]*\).*/\1/p')
[ "$purged" -eq $((count / 3)) ] || { echo "interop: $purged records were purged, not $((count / 3))" >&2; exit 1; }
"$MUNIMENT" checkpoint "$store" > "$work/after"
"$MUNIMENT" tiles "$store" "$tiles" > /dev/null
(cd "$work/before" && find tile -type f ! -name '*.p' ! -path '*.p/*' | sort) | while read -r tile; do
    cmp "$work/before/$tile" "$tiles/$tile"
done
"$work/checklog" -tiles "$work/before" -key "$key" -old "$work/old" -request "$work/request" "$work"/proofs/* > /dev/null
"$MUNIMENT" prove "$store" --from "$size" > "$work/extension"
mkdir "$work/later"
for index in 0 255 256 $((count / 3)) "$old" $((size - 1)) "$size"; do
    "$MUNIMENT" prove "$store" "$index" > "$work/later/$index"
    [ "$index" -ge "$size" ] && continue
    # The same proof as before the purge, where it is asked for under the checkpoint of before.
    "$MUNIMENT" prove "$store" "$index" --at "$size" > "$work/again"
    if [ -e "$work/proofs/$index" ]; then
        cmp <(sed '/^$/q' "$work/proofs/$index") <(sed '/^$/q' "$work/again")
    fi
done
"$work/checklog" -tiles "$tiles" -key "$key" -old "$work/new" -request "$work/extension" "$work"/later/*
# Tiles that are made from the purged store alone.
"$MUNIMENT" tiles "$store" "$work/fresh" > /dev/null
(cd "$work/fresh" && find tile checkpoint -type f | sort) | while read -r tile; do cmp "$work/fresh/$tile" "$tiles/$tile"; done
echo "interop: $purged records purged; tiles, checkpoints and proofs of before are unchanged, and the log extends them"
chmod -R u+w "$tiles" "$work/before"
rm -rf "$tiles"
mv "$work/before" "$tiles"

# Each damage must be found, and found because of the damage: undone, all holds again.
must_fail() {
    if check > "$work/output" 2>&1; then
        echo "interop: $1 was not found" >&2
        exit 1
    fi
    echo "$1: $(sed -n 's/^checklog: //p' "$work/output" | tail -1 | cut -c1-150 | sed "s|$work/||g")"
}
flip() { # FILE OFFSET
    local byte
    byte=$(od -An -tu1 -j "$2" -N1 "$1")
    printf "\\x$(printf %02x $((byte ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
damage() { # WHAT FILE OFFSET
    flip "$2" "$3"
    must_fail "$1"
    flip "$2" "$3"
}
chmod -R u+w "$tiles"
damage "a changed leaf hash" "$tiles/tile/0/000" 100
damage "a changed hash of the level above" "$tiles/tile/1/000" 33
damage "a changed entry" "$tiles/tile/entries/001" 20
damage "a changed size in the checkpoint" "$tiles/checkpoint" $(($(head -1 "$tiles/checkpoint" | wc -c) + 1))
damage "a changed signature" "$tiles/checkpoint" $(($(wc -c < "$tiles/checkpoint") - 10))
damage "a changed proof" "$work/proofs/255" $(($(head -3 "$work/proofs/255" | wc -c) + 5))
damage "a changed entry in a proof" "$work/proofs/255" 50
damage "a changed request" "$work/request" $(($(head -1 "$work/request" | wc -c) + 5))
damage "a changed old checkpoint" "$work/old" $(($(head -2 "$work/old" | wc -c) + 3))
mv "$tiles/tile/entries/000" "$work/away"
must_fail "a missing bundle"
mv "$work/away" "$tiles/tile/entries/000"
check > /dev/null
echo "interop: golang.org/x/mod agrees on $size entries"
