// What happened when, as the log tells it: by the recorded times of its entries. A checkpoint bears no time; it stands
// where the last entry that it covers was recorded. Bounded: of checkpoints every second one is dropped each time there
// are too many; of matters and dispositions the first and the newest are kept.

internal import MunimentFormat

/// Collects times while the log goes by.
struct Chronicle: Sendable {
    /// Control records whose times are kept.
    private static let timeCountMax = 65_536
    private static let checkpointCountMax = 2_048

    private(set) var first = Microseconds.max
    private(set) var last = Microseconds.min
    /// When the holds, releases, intents and completed records were appended, by index.
    private(set) var times: [UInt64: Microseconds] = [:]
    /// Sizes of checkpoints whose time is still to come, ascending, and how many have gone by.
    private let sizes: [UInt64]
    private var nextSize = 0
    private(set) var checkpoints: [Timeline.Checkpoint] = []
    /// Every so many checkpoints one is kept.
    private(set) var step = 1
    private(set) var checkpointCount = 0

    /// `claims` are what checkpoints of the log state.
    init(_ claims: [RootClaim]) {
        sizes = Set(claims.filter { $0.claimant == .published || $0.claimant == .kept }.map(\.size)).sorted()
    }

    /// Takes the next frame.
    mutating func take(_ outcome: FrameOutcome) {
        guard outcome.leavesPlace != nil, outcome.recordedFirst <= outcome.recordedLast else { return }
        first = min(first, outcome.recordedFirst)
        last = max(last, outcome.recordedLast)
        for control in outcome.controls {
            guard case .success(let record) = control.record, times.count < Chronicle.timeCountMax else { continue }
            switch record.kind {
            case .hold, .release, .intent, .completed: times[control.index] = control.recorded
            default: break
            }
        }
        while nextSize < sizes.count, sizes[nextSize] <= outcome.header.treeSize {
            note(Timeline.Checkpoint(size: sizes[nextSize], time: outcome.recordedLast))
            nextSize += 1
        }
    }

    private mutating func note(_ checkpoint: Timeline.Checkpoint) {
        defer { checkpointCount += 1 }
        guard checkpointCount % step == 0 else { return }
        if checkpoints.count == Chronicle.checkpointCountMax {
            checkpoints = stride(from: 0, to: checkpoints.count, by: 2).map { checkpoints[$0] }
            step *= 2
            guard checkpointCount % step == 0 else { return }
        }
        checkpoints.append(checkpoint)
    }
}

/// What the timeline shows.
struct Timeline: Sendable {
    struct Checkpoint: Sendable {
        let size: UInt64
        let time: Microseconds
    }

    /// The holds of one matter.
    struct Matter: Sendable {
        let matter: UInt64
        var scopeCount: UInt64
        let placed: Microseconds?
        var released: Microseconds?
        var releasedAt: UInt64?
        var isRestricted: Bool
    }

    /// Matters that are drawn.
    static let matterCountMax = 24

    let span: ClosedRange<Microseconds>
    let checkpoints: [Checkpoint]
    let checkpointCount: Int
    /// Every so many checkpoints one is shown.
    let checkpointStep: Int
    let matters: [Matter]
    let omittedMatterCount: Int

    /// Nil where no entry told a time.
    init?(_ chronicle: Chronicle, _ holds: [RetentionFacts.Hold]) {
        guard chronicle.first <= chronicle.last else { return nil }
        span = chronicle.first...chronicle.last
        checkpoints = chronicle.checkpoints
        checkpointCount = chronicle.checkpointCount
        checkpointStep = chronicle.step
        var matters: [Matter] = []
        var places: [UInt64: Int] = [:]
        for hold in holds {
            if let place = places[hold.matter] {
                matters[place].scopeCount += 1
                matters[place].released = hold.releasedAt.flatMap { chronicle.times[$0] }
                matters[place].releasedAt = hold.releasedAt
                matters[place].isRestricted = matters[place].isRestricted || hold.isRestricted
            } else {
                places[hold.matter] = matters.count
                matters.append(
                    Matter(
                        matter: hold.matter, scopeCount: 1, placed: chronicle.times[hold.index],
                        released: hold.releasedAt.flatMap { chronicle.times[$0] }, releasedAt: hold.releasedAt,
                        isRestricted: hold.isRestricted))
            }
        }
        // Those in force matter most, then the newest.
        let ranked = matters.sorted {
            ($0.releasedAt == nil ? 0 : 1, UInt64.max - $0.matter) < (
                $1.releasedAt == nil ? 0 : 1, UInt64.max - $1.matter
            )
        }
        self.matters = ranked.prefix(Timeline.matterCountMax).sorted { $0.matter < $1.matter }
        omittedMatterCount = matters.count - self.matters.count
    }
}
