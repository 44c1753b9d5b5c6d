// A line on standard error that is written over while work goes on: only where that is a terminal, never more than ten
// times a second.

import Glibc
import Muniment
import MunimentVerify

/// Shows how far long work has come. Used by one thread.
struct Progress: Sendable {
    private let isShown = isatty(STDERR_FILENO) == 1
    private var isDrawn = false
    private var next = ContinuousClock.now + .milliseconds(500)

    init() {}

    /// Shows `text` if it is time to; cheap otherwise.
    mutating func update(_ text: @autoclosure () -> String) {
        guard isShown, ContinuousClock.now >= next else { return }
        next = ContinuousClock.now + .milliseconds(100)
        isDrawn = true
        StandardError.write("\r\u{1B}[K" + text())
    }

    /// Takes the line away.
    mutating func clear() {
        guard isDrawn else { return }
        isDrawn = false
        StandardError.write("\r\u{1B}[K")
    }
}

/// A `Progress` that threads share.
final class SharedProgress: Sendable {
    private let line = Guarded(Progress())

    func update(_ text: @autoclosure () -> String) { line.withLock { $0.update(text()) } }

    func clear() { line.withLock { $0.clear() } }
}

/// Numbers as people read them.
enum Quantity {
    /// `1,234,567`.
    static func count(_ number: some BinaryInteger) -> String { PageText.count(number) }

    /// `12.3 MB`, in powers of a thousand.
    static func bytes(_ count: some BinaryInteger) -> String {
        var value = Double(count)
        for unit in ["bytes", "kB", "MB", "GB", "TB"] {
            if value < 1_000 || unit == "TB" {
                return unit == "bytes" ? "\(count) bytes" : "\(oneDecimal(value)) \(unit)"
            }
            value /= 1_000
        }
        return "\(count) bytes"
    }

    /// `1 record`, `2 records`.
    static func things(_ number: some BinaryInteger, _ noun: String) -> String {
        "\(count(number)) \(noun)\(number == 1 ? "" : "s")"
    }

    static func oneDecimal(_ value: Double) -> String {
        let tenths = (value * 10).rounded()
        return tenths.isFinite && tenths.magnitude < 1e15
            ? "\(Int(tenths) / 10).\(Int(tenths.magnitude) % 10)" : "\(value)"
    }
}
