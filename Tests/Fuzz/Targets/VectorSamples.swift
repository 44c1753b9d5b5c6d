// The format's vectors as the first inputs of a fuzzer: good and bad cases, and the files of the example store.

import Foundation
import MunimentFormat

/// Reads Format/vectors.
package struct VectorSamples: Sendable {
    private let directory: URL

    /// The vectors in `directory`, a path.
    package init(directory: String) { self.directory = URL(filePath: directory) }

    /// Format/vectors of the package that this was compiled from.
    package static let ofPackage: VectorSamples = {
        var package = URL(filePath: #filePath)
        for _ in 0..<4 { package.deleteLastPathComponent() }
        return VectorSamples(directory: package.appending(path: "Format/vectors").path)
    }()

    private struct Cases: Decodable {
        struct Case: Decodable { var hex: String? }
        var good: [Case]?
        var bad: [Case]?
        var goodWithJunk: [Case]?
    }

    /// All bytes of a structure's vector file.
    func cases(_ file: String) throws -> [[UInt8]] {
        let cases: Cases = try load(file)
        return [cases.good, cases.bad, cases.goodWithJunk].flatMap { $0 ?? [] }.compactMap { $0.hex }.map(Self.bytes)
    }

    private struct Store: Decodable {
        var files: [String: String]
        var keyFiles: [String: String]
    }

    /// The files of the example store and of its keys directory, by their paths.
    func store() throws -> (files: [String: [UInt8]], keyFiles: [String: [UInt8]]) {
        let store: Store = try load("store.json")
        return (store.files.mapValues(Self.bytes), store.keyFiles.mapValues(Self.bytes))
    }

    private struct Notes: Decodable {
        struct Note: Decodable { var note: String }
        var vkey: String
        var good: [Note]
        var bad: [Note]
    }

    /// The example log's key, and signed notes, good and bad.
    func notes() throws -> (verifierKey: String, notes: [[UInt8]]) {
        let notes: Notes = try load("checkpoint.json")
        return (notes.vkey, (notes.good + notes.bad).map { Array($0.note.utf8) })
    }

    private func load<T: Decodable>(_ file: String) throws -> T {
        try JSONDecoder().decode(T.self, from: Data(contentsOf: directory.appending(path: file)))
    }

    /// Hexadecimal with `00x40` between spaces for 40 zero bytes; pieces that are neither are left out.
    private static func bytes(_ text: String) -> [UInt8] {
        text.split(separator: " ").flatMap { word in
            if word.hasPrefix("00x"), let count = Int(word.dropFirst(3)) { return [UInt8](repeating: 0, count: count) }
            return Hexadecimal.bytes(String(word)) ?? []
        }
    }
}
