// From the attributes that an input format yields to those that the archive stores. A field that somebody chose with
// --attr must fit or the record is bad; a header of a message must not keep the message out, so one that can't be
// stored is left out, and said so.

import Muniment
import MunimentInput

struct RecordAttributes {
    private let format: InputFormat

    init(format: InputFormat) { self.format = format }

    /// The attributes of `record`, which came from the file `path`.
    func convert(_ record: InputRecord, _ path: String) -> [Attribute] {
        var attributes: [Attribute] = []
        attributes.reserveCapacity(record.attributes.count)
        var omittedCount = record.omittedValueCount
        var byteCount = 0
        for found in record.attributes {
            let attribute = RecordAttributes.attribute(found)
            if format != .ndjson {
                byteCount += found.name.count + RecordAttributes.byteCount(found.value) + 16
                guard attribute.refusal() == nil, byteCount <= Limits.attributesByteCount,
                    attributes.count < Limits.attributesPerRecord - 1
                else {
                    omittedCount += 1
                    continue
                }
            }
            attributes.append(attribute)
        }
        if omittedCount > 0 {
            StandardError.sentence(
                "\(path): \(record.position): \(Quantity.things(omittedCount, "value")) of this record can't be an attribute, being too long "
                    + "or too many; the record itself is stored whole")
        }
        return attributes
    }

    private static func attribute(_ found: InputAttribute) -> Attribute {
        let name = String(decoding: found.name, as: UTF8.self)
        return switch found.value {
        case .text(let text): Attribute(name, .text(String(decoding: text, as: UTF8.self)))
        case .integer(let integer): Attribute(name, .integer(integer))
        case .bytes(let bytes): Attribute(name, .bytes(bytes))
        }
    }

    private static func byteCount(_ value: InputAttribute.Value) -> Int {
        switch value {
        case .text(let bytes), .bytes(let bytes): bytes.count
        case .integer: 8
        }
    }
}
