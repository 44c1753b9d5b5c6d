// Peak memory of appending, each contender alone in a process of its own.

import Foundation

/// What a child process says of itself.
struct ProbeResult: Codable {
    let id: String
    let count: Int
    let seconds: Double
    let peakMegabytes: Double
}

extension Part {
    static let memory = Part(id: "memory") { session in
        session.say("peak memory")
        var section = ReportSection(
            id: "memory", title: "Peak memory while appending, 256 B", unit: "MB", isRate: false,
            referenceID: Contender.rocksDB.id,
            note:
                "\(grouped(Double(session.effort.memoryCount))) records, the whole process, 4 MB of generated records among it."
        )
        let contenders: [Contender] = [.pipelined, .strict, .clients, .rocksDB, .sqlite]
        for _ in 0..<min(3, session.effort.rounds) {
            for contender in contenders {
                let isBulk = contender.id != Contender.clients.id
                let count = isBulk ? session.effort.memoryCount : session.effort.clientCount
                let output = try Scratch.with(in: session.directory) { scratch in
                    try ChildProcess.run([
                        "contender", contender.id, "--count", String(count), "--corpus", "4", "--json", "--dir",
                        scratch.path,
                    ])
                }
                let result = try JSONFile.decoded(ProbeResult.self, output)
                section.add(result.peakMegabytes, to: contender.id, contender.name, contender.role)
            }
        }
        session.add(section)
    }
}
