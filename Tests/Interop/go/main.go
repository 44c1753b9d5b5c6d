// Command checklog checks a log's tile directory with the Go project's own implementation of notes and tiles
// (golang.org/x/mod/sumdb): nothing of Muniment is used, and nothing that it says is believed but what the key signed.
//
//	checklog -tiles DIR -key VKEY [-old CHECKPOINT] [-request FILE] [PROOF...]
//
// It checks the checkpoint's signature; that the entries of the bundles make its root and every hash tile; each proof file, which must
// also be the proof that the tiles give; that the log extends the old checkpoint, by the tiles and by the witness request. It prints what
// it has checked. Exit 1 at the first thing that is wrong.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Both C2SP tlog-tiles and x/mod have tiles of this height here; only x/mod's paths say so.
const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
)

// A checkpoint is what a log signs: its name, a size and a root.
type checkpoint struct {
	origin string
	tree   tlog.Tree
}

func main() {
	tiles := flag.String("tiles", "", "the tile directory")
	key := flag.String("key", "", "the log's verifier key")
	old := flag.String("old", "", "an earlier checkpoint")
	request := flag.String("request", "", "an add-checkpoint request from the earlier checkpoint's size")
	flag.Parse()
	if err := run(*tiles, *key, *old, *request, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "checklog:", err)
		os.Exit(1)
	}
}

func run(tiles, key, old, request string, proofs []string) error {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return fmt.Errorf("key: %w", err)
	}
	newest, err := readCheckpoint(filepath.Join(tiles, "checkpoint"), verifier)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	fmt.Printf("checkpoint of %s: size %d, signed\n", newest.origin, newest.tree.N)
	reader := tlog.TileHashReader(newest.tree, directory(tiles))
	if err := checkEntries(tiles, newest.tree); err != nil {
		return err
	}
	for _, path := range proofs {
		if err := checkProof(path, tiles, newest, verifier, reader); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	fmt.Printf("%d proofs: each leads from its entry to the root\n", len(proofs))
	if old == "" {
		return nil
	}
	earlier, err := readCheckpoint(old, verifier)
	if err != nil {
		return fmt.Errorf("old checkpoint: %w", err)
	}
	return checkConsistency(earlier, newest, request, verifier, reader)
}

// checkEntries builds the whole tree from the entries, and compares its root with the checkpoint and its tiles with those of the
// directory, byte for byte.
func checkEntries(tiles string, tree tlog.Tree) error {
	var hashes memory
	for first := int64(0); first < tree.N; first += tileWidth {
		count := tree.N - first
		if count > tileWidth {
			count = tileWidth
		}
		entries, err := readBundle(tiles, first/tileWidth, int(count))
		if err != nil {
			return err
		}
		for i, entry := range entries {
			added, err := tlog.StoredHashes(first+int64(i), entry, hashes)
			if err != nil {
				return err
			}
			hashes = append(hashes, added...)
		}
	}
	checked := 0
	for _, tile := range tlog.NewTiles(tileHeight, 0, tree.N) {
		// x/mod names every width of a partial tile; a log need publish only the width that its size has.
		if width := tree.N>>(tileHeight*tile.L) - tile.N*tileWidth; tile.W < tileWidth && int64(tile.W) != width {
			continue
		}
		checked++
		data, err := tlog.ReadTileData(tile, hashes)
		if err != nil {
			return err
		}
		found, err := os.ReadFile(filepath.Join(tiles, tilePath(tile)))
		if err != nil {
			return err
		}
		if !bytes.Equal(data, found) {
			return fmt.Errorf("%s is not the tile that the entries make", tilePath(tile))
		}
	}
	root, err := tlog.TreeHash(tree.N, hashes)
	if err != nil {
		return err
	}
	if root != tree.Hash {
		return fmt.Errorf("the entries hash to another root than the signed one")
	}
	fmt.Printf("%d entries: they make the signed root and all %d tiles\n", tree.N, checked)
	return nil
}

// The hashes of a whole tree, in x/mod's order.
type memory []tlog.Hash

func (m memory) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var hashes []tlog.Hash
	for _, index := range indexes {
		if index < 0 || index >= int64(len(m)) {
			return nil, fmt.Errorf("no hash %d in a tree of %d", index, len(m))
		}
		hashes = append(hashes, m[index])
	}
	return hashes, nil
}

// checkProof checks a c2sp.org/tlog-proof@v1 file, and that it is the proof that the tiles give.
func checkProof(path, tiles string, newest checkpoint, verifier note.Verifier, reader tlog.HashReader) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	head, signed, ok := bytes.Cut(data, []byte("\n\n"))
	if !ok {
		return fmt.Errorf("no blank line")
	}
	lines := strings.Split(string(head), "\n")
	if len(lines) < 3 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return fmt.Errorf("not a proof file")
	}
	entry, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(lines[1], "extra "))
	if err != nil {
		return fmt.Errorf("extra: %w", err)
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[2], "index "), 10, 64)
	if err != nil {
		return fmt.Errorf("index: %w", err)
	}
	hashes, err := parseHashes(lines[3:])
	if err != nil {
		return err
	}
	under, err := parseCheckpoint(signed, verifier)
	if err != nil {
		return err
	}
	if under.tree != newest.tree {
		return fmt.Errorf("under another checkpoint than the tiles")
	}
	if err := tlog.CheckRecord(hashes, under.tree.N, under.tree.Hash, index, tlog.RecordHash(entry)); err != nil {
		return err
	}
	made, err := tlog.ProveRecord(under.tree.N, index, reader)
	if err != nil {
		return err
	}
	if fmt.Sprint(made) != fmt.Sprint(tlog.RecordProof(hashes)) {
		return fmt.Errorf("the tiles give another proof")
	}
	count := under.tree.N - index/tileWidth*tileWidth
	if count > tileWidth {
		count = tileWidth
	}
	bundle, err := readBundle(tiles, index/tileWidth, int(count))
	if err != nil {
		return err
	}
	if !bytes.Equal(bundle[index%tileWidth], entry) {
		return fmt.Errorf("the bundle has another entry %d", index)
	}
	return nil
}

// checkConsistency checks that the newest tree extends the earlier one.
func checkConsistency(earlier, newest checkpoint, request string, verifier note.Verifier, reader tlog.HashReader) error {
	proof, err := tlog.ProveTree(newest.tree.N, earlier.tree.N, reader)
	if err != nil {
		return fmt.Errorf("consistency: %w", err)
	}
	if err := tlog.CheckTree(proof, newest.tree.N, newest.tree.Hash, earlier.tree.N, earlier.tree.Hash); err != nil {
		return fmt.Errorf("consistency: %w", err)
	}
	fmt.Printf("size %d extends size %d, by the tiles\n", newest.tree.N, earlier.tree.N)
	if request == "" {
		return nil
	}
	data, err := os.ReadFile(request)
	if err != nil {
		return err
	}
	head, signed, _ := bytes.Cut(data, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if lines[0] != fmt.Sprintf("old %d", earlier.tree.N) {
		return fmt.Errorf("request: it begins with %q", lines[0])
	}
	hashes, err := parseHashes(lines[1:])
	if err != nil {
		return fmt.Errorf("request: %w", err)
	}
	under, err := parseCheckpoint(signed, verifier)
	if err != nil {
		return fmt.Errorf("request: %w", err)
	}
	if err := tlog.CheckTree(hashes, under.tree.N, under.tree.Hash, earlier.tree.N, earlier.tree.Hash); err != nil {
		return fmt.Errorf("request: %w", err)
	}
	fmt.Printf("size %d extends size %d, by the request to a witness\n", under.tree.N, earlier.tree.N)
	return nil
}

func readCheckpoint(path string, verifier note.Verifier) (checkpoint, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return checkpoint{}, err
	}
	return parseCheckpoint(data, verifier)
}

// parseCheckpoint opens a signed note and reads the three lines of a C2SP checkpoint.
func parseCheckpoint(data []byte, verifier note.Verifier) (checkpoint, error) {
	opened, err := note.Open(data, note.VerifierList(verifier))
	if err != nil {
		return checkpoint{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		return checkpoint{}, fmt.Errorf("not a checkpoint of %s", verifier.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return checkpoint{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return checkpoint{}, err
	}
	return checkpoint{lines[0], tlog.Tree{N: size, Hash: root}}, nil
}

func parseHashes(lines []string) ([]tlog.Hash, error) {
	var hashes []tlog.Hash
	for _, line := range lines {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return nil, err
		}
		hashes = append(hashes, hash)
	}
	return hashes, nil
}

// tilePath is a tile's path in C2SP tlog-tiles: x/mod writes tile/8/L/N for its tile/L/N.
func tilePath(tile tlog.Tile) string {
	return "tile/" + strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/", tileHeight))
}

// A directory in the layout of C2SP tlog-tiles, as x/mod reads tiles.
type directory string

func (d directory) Height() int { return tileHeight }

func (d directory) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		path := tilePath(tile)
		data, err := os.ReadFile(filepath.Join(string(d), path))
		if err != nil {
			return nil, err
		}
		if len(data) != tile.W*tlog.HashSize {
			return nil, fmt.Errorf("%s has %d bytes", path, len(data))
		}
		all = append(all, data)
	}
	return all, nil
}

func (d directory) SaveTiles(tiles []tlog.Tile, data [][]byte) {}

// readBundle reads the entries of one bundle, each after its length.
func readBundle(tiles string, index int64, count int) ([][]byte, error) {
	// Bundles are cut as the tiles of level 0 are.
	path := "tile/entries/" + strings.TrimPrefix(tilePath(tlog.Tile{H: tileHeight, L: 0, N: index, W: count}), "tile/0/")
	data, err := os.ReadFile(filepath.Join(tiles, path))
	if err != nil {
		return nil, err
	}
	var entries [][]byte
	for len(data) > 0 {
		if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
			return nil, fmt.Errorf("%s is cut off", path)
		}
		end := 2 + int(binary.BigEndian.Uint16(data))
		entries = append(entries, data[2:end])
		data = data[end:]
	}
	if len(entries) != count {
		return nil, fmt.Errorf("%s has %d entries, not %d", path, len(entries), count)
	}
	return entries, nil
}
