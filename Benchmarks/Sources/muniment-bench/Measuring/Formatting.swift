// Numbers as people read them.

import Foundation

/// With `places` decimal places.
func decimal(_ value: Double, _ places: Int) -> String {
    value.isFinite ? String(format: "%.\(places)f", value) : "–"
}

/// Three significant digits at most, without needless places: 0.0123, 1.23, 12.3, 123, 1234.
func compact(_ value: Double) -> String {
    guard value.isFinite else { return "–" }
    switch abs(value) {
    case 0: return "0"
    case 100...: return grouped(value)
    case 10...: return decimal(value, 1)
    case 0.1...: return decimal(value, 2)
    default: return String(format: "%.2g", value)
    }
}

/// A whole number with commas between thousands.
func grouped(_ value: Double) -> String {
    guard value.isFinite, abs(value) < 1e15 else { return "–" }
    var digits = Array(String(Int(abs(value).rounded())))
    var place = digits.count - 3
    while place > 0 {
        digits.insert(",", at: place)
        place -= 3
    }
    return (value < 0 ? "−" : "") + String(digits)
}

/// A value with its unit, scaled where the unit is one that people scale.
func quantity(_ value: Double, _ unit: String) -> String {
    guard value.isFinite else { return "–" }
    if unit == "s" { return value == 0 ? "0 s" : duration(value) }
    guard unit.hasSuffix("/s"), !unit.hasPrefix("MB") else { return compact(value) + " " + unit }
    switch value {
    case 1e6...: return decimal(value / 1e6, 2) + " M/s"
    case 1e3...: return compact(value / 1e3) + " k/s"
    default: return compact(value) + " " + unit
    }
}

/// A round value on an axis: as `quantity`, without decimal places that say nothing.
func tickLabel(_ value: Double, _ unit: String) -> String {
    guard value != 0 else { return "0" }
    let (number, rest) = { words in (words[0], words.dropFirst().joined(separator: " ")) }(
        quantity(value, unit).split(separator: " ").map(String.init))
    guard number.contains("."), !number.contains("e") else { return "\(number) \(rest)" }
    var trimmed = number
    while trimmed.last == "0" { trimmed.removeLast() }
    if trimmed.last == "." { trimmed.removeLast() }
    return "\(trimmed) \(rest)"
}

/// Seconds as the unit that fits.
func duration(_ seconds: Double) -> String {
    switch seconds {
    case 1...: compact(seconds) + " s"
    case 1e-3...: compact(seconds * 1e3) + " ms"
    default: compact(seconds * 1e6) + " µs"
    }
}
