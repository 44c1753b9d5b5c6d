// Durable append, the first rows of the table: every contender on the same records with the same durability.

extension Part {
    static let append256 = Part(id: "append-256") { session in
        try bulk(session, .messages(256), count: session.effort.bulkCount, id: "256", title: "256 B")
    }

    static let append1024 = Part(id: "append-1024") { session in
        try bulk(session, .messages(1_024), count: session.effort.bulkCount / 4, id: "1024", title: "1 KiB")
    }

    /// Rates and, of the same runs, bytes on disk.
    private static func bulk(_ session: Session, _ kind: Corpus.Kind, count: Int, id: String, title: String) throws {
        let workload = Workload(corpus: .shared(kind), count: count)
        session.say("durable append, \(title)")
        var rates = ReportSection(
            id: "append-" + id, title: "Durable append, \(title)", unit: "records/s", isRate: true,
            referenceID: Contender.rocksDB.id,
            note: "\(grouped(Double(count))) records, \(grouped(Double(workload.batch))) a commit.",
            limitByteCount: workload.payloadByteCount / count)
        var sizes = ReportSection(
            id: "disk-" + id, title: "Bytes on disk, \(title)", unit: "bytes/record", isRate: false,
            referenceID: Contender.rocksDB.id,
            note: "After closing; Muniment with tree, index, keys, encryption and all.")
        let contenders: [Contender] = [.pipelined, .strict, .rocksDB, .sqlite, .rawFile]
        try session.rounds(contenders, workload) { contender, outcome in
            rates.add(outcome.rate, to: contender.id, contender.name, contender.role)
            guard let byteCount = outcome.byteCountOnDisk else { return }
            sizes.add(Double(byteCount) / Double(outcome.count), to: contender.id, contender.name, contender.role)
        }
        session.add(rates.ordered(by: contenders))
        session.add(sizes.ordered(by: contenders))
    }

    static let appendAttributes = Part(id: "append-attributes") { session in
        let workload = Workload(
            corpus: .shared(.messages(256)), count: session.effort.bulkCount / 2, hasAttributes: true)
        session.say("durable append, 256 B with 4 attributes, 2 of them indexed")
        var rates = ReportSection(
            id: "append-attributes", title: "Durable append, 256 B with 4 attributes, 2 indexed", unit: "records/s",
            isRate: true, referenceID: Contender.rocksDB.id,
            note: "RocksDB writes a key for each indexed attribute in the record's batch.", limitByteCount: 256)
        let contenders: [Contender] = [.pipelined, .strict, .rocksDB]
        try session.rounds(contenders, workload) { contender, outcome in
            rates.add(outcome.rate, to: contender.id, contender.name, contender.role)
        }
        session.add(rates.ordered(by: contenders))
    }

    static let appendMail = Part(id: "append-mail") { session in
        let corpus = Corpus.shared(.mail)
        var workload = Workload(corpus: corpus, count: 0, batch: 64)
        var byteCount = 0
        while byteCount < session.effort.mailByteCount {
            byteCount += corpus[workload.count].count
            workload.count += 1
        }
        session.say("durable append, mail")
        var rates = ReportSection(
            id: "append-mail", title: "Durable append, mail of 300 B to 2 MB", unit: "MB/s", isRate: true,
            referenceID: Contender.rocksDB.id,
            note: "\(grouped(Double(workload.count))) messages, \(grouped(Double(byteCount) / 1e6)) MB, 64 a commit.")
        let contenders: [Contender] = [.pipelined, .strict, .rocksDB, .sqlite, .rawFile]
        try session.rounds(contenders, workload) { contender, outcome in
            rates.add(
                Double(byteCount) / 1e6 / outcome.seconds, to: contender.id, contender.name, contender.role)
        }
        session.add(rates.ordered(by: contenders))
    }

    static let single = Part(id: "single") { session in
        let workload = Workload(corpus: .shared(.messages(256)), count: session.effort.singleCount, batch: 1)
        session.say("one client, one record a commit")
        var rates = ReportSection(
            id: "single", title: "One client, one record of 256 B a commit", unit: "records/s", isRate: true,
            referenceID: Contender.rocksDB.id, note: "The limit is what the disk gives to anyone who waits for it.")
        let contenders: [Contender] = [.single, .writeLimit, .rocksDB, .sqlite, .rawFile]
        try session.rounds(contenders, workload) { contender, outcome in
            rates.add(outcome.rate, to: contender.id, contender.name, contender.role)
        }
        session.add(rates.ordered(by: contenders))
    }

    static let clients = Part(id: "clients") { session in
        let corpus = Corpus.shared(.messages(256))
        session.say("256 clients, one record each")
        var rates = ReportSection(
            id: "clients", title: "256 clients, each awaiting one record of 256 B after the other", unit: "records/s",
            isRate: true, referenceID: Contender.rocksDBThreads.id,
            note: "Muniment's clients are tasks, RocksDB's are threads; both share syncs among those that wait.")
        let turns = [
            (Contender.clients, Workload(corpus: corpus, count: session.effort.clientCount, batch: 1)),
            // Threads are slower by far: as many records would take minutes.
            (Contender.rocksDBThreads, Workload(corpus: corpus, count: session.effort.clientCount / 8, batch: 1)),
        ]
        try session.rounds(turns) { contender, outcome in
            rates.add(outcome.rate, to: contender.id, contender.name, contender.role)
        }
        session.add(rates.ordered(by: turns.map(\.0)))
    }
}

extension ReportSection {
    /// In the order of `contenders`, whoever ran first.
    func ordered(by contenders: [Contender]) -> ReportSection {
        var section = self
        section.series = contenders.compactMap { series($0.id) }
        return section
    }
}
