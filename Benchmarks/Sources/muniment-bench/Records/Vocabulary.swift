// The words, names and set phrases of generated records: the same in every run.

/// What texts are made of.
struct Vocabulary: Sendable {
    let words: [[UInt8]]
    let names: [[UInt8]]

    static let shared = Vocabulary()

    private init() {
        var random = SplitMix(seed: 42)
        words = (0..<1_200).map { _ in Vocabulary.word(&random, length: 2 + random.next(below: 8)) }
        names = (0..<200).map { _ in Vocabulary.word(&random, length: 5 + random.next(below: 6)) }
    }

    private static func word(_ random: inout SplitMix, length: Int) -> [UInt8] {
        (0..<length).map { _ in UInt8(ascii: "a") + UInt8(random.next(below: 26)) }
    }

    static let phrases: [StaticString] = [
        "please review the attached change before the end of the day ", "the deployment has finished without errors ",
        "kind regards from the operations team ", "see the runbook for the next steps ",
        "acknowledged, will follow up tomorrow ",
        "the quarterly report is ready for approval ", "access was granted by the duty officer ",
        "meeting moved to the usual room ",
    ]

    /// Writes running text up to `end`: so many times in a hundred a word, else a set phrase, as signatures and quotations are.
    func write(_ writer: inout RecordWriter, _ random: inout SplitMix, wordPercent: Int = 80, end: Int) {
        while writer.position < end {
            if random.next(below: 100) < wordPercent {
                writer.bytes(words[random.next(below: words.count)], end: end)
                writer.text(" ", end: end)
            } else {
                writer.text(Vocabulary.phrases[random.next(below: Vocabulary.phrases.count)], end: end)
            }
        }
    }
}
