// What a run of the compactor found and did.

public import MunimentFormat

/// What is due, what a hold keeps, and what was purged.
public struct CompactionReport: Sendable {
    /// A matter in force that holds due records.
    public struct HeldMatter: Hashable, Sendable {
        /// The index of the matter's first hold record.
        public let id: UInt64
        /// Its name; nil where its private part can't be read.
        public let name: String?
        /// How many due records it holds.
        public let held: UInt64
    }

    /// Records that are due, held ones included.
    public internal(set) var due: UInt64 = 0
    /// Records that are due and held.
    public internal(set) var held: UInt64 = 0
    /// Records that this run purged; none in a dry run.
    public internal(set) var purged: UInt64 = 0
    /// Bytes that the run gave back to the disk; negative where it had to write more than it removed.
    public internal(set) var bytesFreed: Int64 = 0
    /// Ascending by ID.
    public internal(set) var matters: [HeldMatter] = []
    /// The disposition's ID, the index of its intent record; nil where nothing was purged.
    public internal(set) var disposition: UInt64?
    /// Segments that were left for another run because the disk is too full for their new generations.
    public internal(set) var postponedSegments: [UInt64] = []
    /// The compliance time by which records were judged.
    public internal(set) var complianceTime: Microseconds = 0
}
