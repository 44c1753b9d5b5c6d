// What a run found, as it is written to JSON; tables and plots are made from this and nothing else.

import Foundation

/// A whole run.
struct Report: Codable, Sendable {
    /// Rises when a reader of older files would misunderstand newer ones.
    var version = 1
    /// When the run began, RFC 3339.
    let started: String
    /// The name of the effort: smoke, quick, full.
    let effort: String
    let machine: MachineDescription
    var secondsTaken = 0.0
    var limits: [PhysicalLimit] = []
    /// One before each round of each comparison.
    var calibrations: [DiskCalibration] = []
    var sections: [ReportSection] = []

    init(effort: String, directory: String) {
        started = ISO8601DateFormatter().string(from: Date())
        self.effort = effort
        machine = MachineDescription(directory: directory)
    }

    func section(_ id: String) -> ReportSection? { sections.first { $0.id == id } }

    /// Reads what `write` wrote.
    init(contentsOf path: String) throws {
        self = try JSONFile.read(Report.self, path)
    }

    func write(to path: String) throws { try JSONFile.write(self, path) }
}

/// Figures as JSON files. What could not be measured is NaN in memory and the text "nan" in a file.
enum JSONFile {
    static func write(_ value: some Encodable, _ path: String) throws {
        try encoded(value).write(to: URL(fileURLWithPath: path))
    }

    static func encoded(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return try encoder.encode(value)
    }

    static func read<T: Decodable>(_: T.Type, _ path: String) throws -> T {
        try decoded(T.self, Data(contentsOf: URL(fileURLWithPath: path)))
    }

    static func decoded<T: Decodable>(_: T.Type, _ data: Data) throws -> T {
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return try decoder.decode(T.self, from: data)
    }
}

/// One comparison: what was measured, in which unit, for whom.
struct ReportSection: Codable, Sendable {
    let id: String
    let title: String
    let unit: String
    /// Whether more is better.
    let isRate: Bool
    /// The series that ratios refer to; nil where there is no peer.
    var referenceID: String?
    /// How it was measured, in a sentence or two.
    var note: String?
    /// The length of a record for which the physical limits are drawn; nil for none.
    var limitByteCount: Int?
    var series: [Series] = []

    func series(_ id: String) -> Series? { series.first { $0.id == id } }

    /// How many times better than the reference; nil for the reference itself or without one.
    func ratio(_ series: Series) -> Double? {
        guard let referenceID, referenceID != series.id, let reference = self.series(referenceID) else { return nil }
        return isRate ? series.median / reference.median : reference.median / series.median
    }

    mutating func add(_ sample: Double, to id: String, _ name: String, _ role: Role) {
        if let place = series.firstIndex(where: { $0.id == id }) {
            series[place].samples.append(sample)
        } else {
            series.append(Series(id: id, name: name, role: role, samples: [sample]))
        }
    }
}

/// What one contender, or one variant, showed.
struct Series: Codable, Sendable {
    let id: String
    let name: String
    let role: Role
    var samples: [Double]

    var median: Double { samples.median }
    var low: Double { samples.min() ?? .nan }
    var high: Double { samples.max() ?? .nan }
}
