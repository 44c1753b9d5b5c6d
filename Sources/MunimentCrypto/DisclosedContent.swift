// The content commitment of one record from its pieces, some of them disclosed and some only committed to. Format/commitment.md. Whole runs
// of whole records are ContentHasher's.

package import MunimentFormat

/// Puts a content commitment together.
package enum DisclosedContent {
    /// The commitment to one attribute.
    package static func attribute(_ bytes: [UInt8], salt: [UInt8]) -> Digest {
        salt.withUnsafeBytes { head in
            bytes.withUnsafeBytes { SHA256.hash(tag: CommitmentTag.attribute, head: head, body: $0) }
        }
    }

    /// A hasher that the payload's bytes are fed to; its digest is P.
    package static func payloadHasher(salt: [UInt8]) -> SHA256.Hasher {
        var hasher = SHA256.Hasher()
        hasher.update([CommitmentTag.payload] + salt)
        return hasher
    }

    /// The content commitment from those of the attributes, in canonical order, and P.
    package static func commitment(attributes: [Digest], payload: Digest) -> Digest {
        var list: [UInt8] = [CommitmentTag.attributes]
        list.append(varint: UInt64(attributes.count))
        for attribute in attributes { list.append(attribute) }
        var halves: [UInt8] = [CommitmentTag.content]
        halves.append(SHA256.hash(list))
        halves.append(payload)
        return SHA256.hash(halves)
    }

    /// The commitment of a record chunk of an evidence file, whose payload has been hashed to P if it is disclosed.
    package static func commitment(
        pieces: [EvidenceRecord.Piece], payload: EvidenceRecord.Payload, payloadDigest: Digest
    ) -> Digest {
        let attributes = pieces.map { piece in
            switch piece {
            case .disclosed(let salt, let bytes): attribute(bytes, salt: salt)
            case .withheld(let commitment): commitment
            }
        }
        if case .withheld(let commitment) = payload {
            return self.commitment(attributes: attributes, payload: commitment)
        }
        return commitment(attributes: attributes, payload: payloadDigest)
    }

    /// What an export record states of an evidence file, whose bytes up to the log chunk have the digest `prefix`.
    package static func statement(salt: [UInt8], prefix: Digest) -> Digest {
        var message: [UInt8] = [0x40]
        message += salt
        message.append(prefix)
        return SHA256.hash(message)
    }
}
