import MunimentFormat
import MunimentStore

/// A store with threads on a simulated disk.
struct PipelineFixture {
    let disk: SimulatedDisk
    let store: LogStore
    let options: StoreOptions

    /// Nothing is signed behind the appends unless `cadence`, in microseconds, says so.
    init(seed: UInt64 = 1, cadence: Microseconds = 3_600_000_000, _ adjust: (inout StoreOptions) -> Void = { _ in })
        throws
    {
        disk = SimulatedDisk(seed: seed)
        var options = StoreOptions()
        options.limits.reserveByteCount = 256 << 10
        options.checkpointCadence = cadence
        adjust(&options)
        self.options = options
        store = try LogStore.create(disk, "archive", origin: "example.org/pipeline", options: options)
    }

    static func batch(_ payloads: [[UInt8]]) -> RecordBatch {
        let batch = RecordBatch(classID: 1, hasOccurred: false)
        for payload in payloads { payload.withUnsafeBytes { batch.append(payload: $0) } }
        return batch
    }

    static func batch(_ text: String) -> RecordBatch { batch([Array(text.utf8)]) }

    func payload(_ index: UInt64) throws -> [UInt8] { Array(try store.reader.content(index).payload) }
}

extension LogStore {
    /// Appends without blocking the task's thread.
    func appended(_ batch: RecordBatch, token: [UInt8]? = nil) async throws -> AppendReceipt {
        try await withCheckedThrowingContinuation { continuation in
            submit(PendingAppend([batch], token: token) { continuation.resume(with: $0) })
        }
    }
}

/// The error that `body` throws; nil when it throws none, or one of another kind.
func archiveError(_ body: () throws -> Void) -> ArchiveError? {
    do {
        try body()
        return nil
    } catch {
        return error as? ArchiveError
    }
}
