"""Vectors of the keys directory: keys.md."""

import example_store as x
from structures import *
from vector_file import D, LOG_ID, Vectors, h, store


def root_keys():
    v = Vectors("root-key.json", "root key file", "keys.md")
    check = x.hkdf(x.ROOT_KEY, "check", LOG_ID)
    raw = v.accept("file", store.root_file, protection=0, memoryKiB=0, passes=0, salt="00" * 16, logID=h(LOG_ID),
                   secret=h(x.ROOT_KEY + bytes(16)), keyCheck=h(check))
    passphrase = join(store.root_file_passphrase)
    salt, secret = passphrase[24:40], passphrase[72:120]
    v.accept("passphrase", store.root_file_passphrase, protection=1, memoryKiB=8_192, passes=1, salt=h(salt),
             logID=h(LOG_ID), secret=h(secret), keyCheck=h(check))
    v.refuse_block(raw, 200)
    def bad(name, error, protection, memory, passes, salt=bytes(16), secret=x.ROOT_KEY + bytes(16)):
        v.refuse(name, root_key_file(protection, memory, passes, salt, LOG_ID, secret, check), error)
    bad("protection 2", "unknownValue", 2, 0, 0)
    bad("file with parameters", "outOfBounds", 0, 8_192, 1)
    bad("file with a salt", "notCanonical", 0, 0, 0, salt=D[0][:16])
    bad("file with a longer secret", "notCanonical", 0, 0, 0, secret=x.ROOT_KEY + D[0][:16])
    bad("memory below the bound", "outOfBounds", 1, 8_191, 1)
    bad("memory above the bound", "outOfBounds", 1, 1_048_577, 1)
    bad("no passes", "outOfBounds", 1, 8_192, 0)
    bad("17 passes", "outOfBounds", 1, 8_192, 17)
    return v


def groups_headers():
    v = Vectors("groups-header.json", "group keys header", "keys.md")
    raw = join(store.groups_header)
    v.accept("example", store.groups_header, logID=h(LOG_ID), epoch=x.EPOCH, salt=h(raw[56:88]), wrapped=h(raw[88:136]))
    v.refuse_block(raw, 200)
    v.refuse("version 2", groups_header(LOG_ID, 1, D[0], raw[88:136], version=2), "newerVersion")
    v.refuse("version 0", groups_header(LOG_ID, 1, D[0], raw[88:136], version=0), "unknownValue")
    return v


def group_key_rows():
    v = Vectors("group-key-row.json", "group key row", "keys.md")
    for n, row in enumerate(store.group_rows):
        raw = join(row)
        v.accept("example %d" % n, row, slot=n, segment=x.SLOTS[n][0], **{"class": x.SLOTS[n][1]}, isPresent=True,
                 salt=h(raw[24:56]), wrapped=h(raw[56:104]), generation=0)
    v.accept("destroyed", group_key_row(1, 0, 1, 0, bytes(32), bytes(48)), slot=1, segment=0, **{"class": 1},
             isPresent=False, salt="00" * 32, wrapped="00" * 48, generation=0)
    v.accept("of survivors", group_key_row(7, 3, 2, 1, D[0], raw[56:104], 5), slot=7, segment=3, **{"class": 2},
             isPresent=True, salt=h(D[0]), wrapped=h(raw[56:104]), generation=5)
    v.refuse_block(raw, 110, magic=False)
    v.refuse("state 2", group_key_row(1, 0, 1, 2, bytes(32), bytes(48)), "unknownValue")
    v.refuse("destroyed, salt left", group_key_row(1, 0, 1, 0, D[0], bytes(48)), "notCanonical")
    v.refuse("destroyed, key left", group_key_row(1, 0, 1, 0, bytes(32), raw[56:104]), "notCanonical")
    return v


def signers():
    v = Vectors("signer-key-block.json", "signer key block", "keys.md")
    raw = join(store.signer_block)
    v.accept("example", store.signer_block, logID=h(LOG_ID), salt=h(raw[48:80]), wrapped=h(raw[80:128]))
    v.refuse_block(raw, 200)
    v.refuse("version 2", signer_key_block(LOG_ID, D[0], raw[80:128], version=2), "newerVersion")
    s = Vectors("signer-state.json", "signer state", "keys.md")
    for name, fields in [("example", (2, 5, store.root)), ("nothing signed", (0, 0, tree_root([]))),
                         ("greatest", (2**64 - 1, 2**62 - 1, D[0]))]:
        raw = s.accept(name, signer_state(*fields), sequence=fields[0], treeSize=fields[1], root=h(fields[2]))
    s.refuse_block(raw, 100)
    s.refuse("size 2^62", signer_state(1, 2**62, D[0]), "outOfBounds")
    return [v, s]


def outputs():
    return [root_keys(), groups_headers(), group_key_rows(), *signers()]
