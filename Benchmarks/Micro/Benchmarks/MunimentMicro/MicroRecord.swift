// Records of the micro benchmarks: JSON messages of 256 bytes that compress about as chat does.

/// Makes records by their numbers.
enum MicroRecord {
    static let byteCount = 256

    private static let words = [
        "report", "deploy", "review", "the", "ticket", "and", "approved", "by", "request", "server", "backup", "failed",
        "again", "tomorrow", "meeting", "moved", "access", "granted", "invoice", "sent",
    ]

    /// Exactly `byteCount` bytes.
    static func payload(_ number: Int) -> [UInt8] {
        var state = UInt64(number) &* 0x9e37_79b9_7f4a_7c15 | 1
        func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 33
        }
        var text =
            "{\"type\":\"m.room.message\",\"id\":\"\(String(next(), radix: 16))\",\"sender\":\"@user\(next() % 200):example.com\",\"body\":\""
        while text.utf8.count < byteCount {
            text += words[Int(next() % UInt64(words.count))] + (next() % 4 == 0 ? " \(next() % 100_000) " : " ")
        }
        return Array(text.utf8.prefix(byteCount - 2)) + Array("\"}".utf8)
    }
}
