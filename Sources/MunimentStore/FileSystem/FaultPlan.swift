// What is to go wrong on a simulated disk, and when. A plan is a list: at the nth matching call, this fault. The call
// counts start when the plan is armed, so the plan "power loss at change k" for every k visits every crash point of a
// workload.

/// What goes wrong in one call.
package enum Fault: String, Hashable, Sendable, CaseIterable {
    /// EIO. A write may have changed any leading part of its range; a sync leaves its pages dirty, which is the kind case.
    case inputOutput
    /// ENOSPC. A write may have changed any leading part of its range. A call that needs no space does not notice.
    case noSpace
    /// EROFS, as after the kernel has found its journal broken.
    case readOnly
    /// EMFILE.
    case tooManyOpenFiles
    /// EOPNOTSUPP; an allocation falls back to a longer file.
    case unsupported
    /// The system moves fewer bytes than asked for at first. The call succeeds all the same.
    case shortTransfer
    /// A signal interrupts the system call at first. The call succeeds all the same.
    case interrupted
    /// A sync fails with EIO, and its dirty pages become clean without reaching the device: reads show the new bytes until
    /// the power goes or the cache is dropped, then the old; another sync succeeds and changes nothing.
    case lostPages
    /// As `lostPages`, but each dirty page by itself did or did not reach the device.
    case partlyLostPages
    /// A sync that says it succeeded and makes nothing durable. No store survives this: only for tests that ask for it.
    case falseSuccess
    /// One bit of what a read is about to return has flipped on the device.
    case bitRot
    /// The power goes during the call: what it was to change is in the same doubt as everything not synchronized.
    case powerLoss
    /// The process dies during the call, which may or may not have happened, a write in part; the page cache lives on.
    case processDeath

    /// Whether this fault can strike that call.
    package func applies(to operation: FileOperation) -> Bool {
        switch self {
        case .inputOutput: operation != .close && operation != .dropCache
        case .noSpace: [.open, .createDirectory, .rename, .write, .truncate, .allocate].contains(operation)
        case .readOnly: operation.isMutating
        case .tooManyOpenFiles: [.open, .names, .synchronizeDirectory, .isNetworkFileSystem].contains(operation)
        case .unsupported: [.allocate, .punchHole, .lock].contains(operation)
        case .shortTransfer, .interrupted: operation == .read || operation == .write
        case .lostPages, .partlyLostPages: operation == .synchronize
        case .falseSuccess: operation == .synchronize || operation == .synchronizeDirectory
        case .bitRot: operation == .read
        case .powerLoss, .processDeath: operation != .close && operation != .dropCache
        }
    }
}

extension FileOperation {
    /// Whether the call can change the disk. An open only does when its mode may create a file.
    package var isMutating: Bool {
        switch self {
        case .open, .createDirectory, .rename, .remove, .removeDirectory, .synchronizeDirectory: true
        case .write, .synchronize, .truncate, .allocate, .punchHole: true
        case .names, .status, .availableByteCount, .isNetworkFileSystem: false
        case .read, .byteCount, .lock, .dropCache, .close: false
        }
    }
}

/// Faults and the calls that they strike.
package struct FaultPlan: Hashable, Sendable {
    /// Which calls an entry counts.
    package enum Calls: Hashable, Sendable {
        /// Every call that can change the disk, opens only where they may create.
        case changes
        case operation(FileOperation)
    }

    /// One fault, at one occurrence of a kind of call.
    package struct Entry: Hashable, Sendable {
        package let calls: Calls
        /// Only calls on paths with this ending count; nil counts all.
        package let pathSuffix: String?
        /// Which matching call is struck: 1 is the first.
        package let occurrence: Int
        /// Whether all later matching calls are struck too.
        package let repeats: Bool
        package let fault: Fault

        /// Traps when the fault cannot strike such a call.
        package init(
            _ fault: Fault, at occurrence: Int, of calls: Calls, pathSuffix: String? = nil, repeats: Bool = false
        ) {
            precondition(occurrence >= 1, "occurrences count from 1")
            switch calls {
            case .changes:
                let isGeneral = [Fault.inputOutput, .readOnly, .powerLoss, .processDeath].contains(fault)
                precondition(isGeneral, "this fault strikes only some kinds of change: name the operation")
            case .operation(let operation):
                precondition(fault.applies(to: operation), "this fault cannot strike this operation")
            }
            self.calls = calls
            self.pathSuffix = pathSuffix
            self.occurrence = occurrence
            self.repeats = repeats
            self.fault = fault
        }

        func counts(_ call: SimulatedCall) -> Bool {
            if let pathSuffix, !call.path.utf8.reversed().starts(with: pathSuffix.utf8.reversed()) { return false }
            return switch calls {
            case .changes: call.isChange
            case .operation(let operation): call.operation == operation
            }
        }
    }

    package var entries: [Entry]

    package init(_ entries: [Entry] = []) { self.entries = entries }

    /// Nothing goes wrong.
    package static let none = FaultPlan()

    /// One fault, at the nth call of one kind.
    package static func single(_ fault: Fault, at occurrence: Int = 1, of operation: FileOperation) -> FaultPlan {
        FaultPlan([Entry(fault, at: occurrence, of: .operation(operation))])
    }

    /// The power goes at the nth change.
    package static func powerLoss(atChange occurrence: Int) -> FaultPlan {
        FaultPlan([Entry(.powerLoss, at: occurrence, of: .changes)])
    }

    /// The process dies at the nth change.
    package static func processDeath(atChange occurrence: Int) -> FaultPlan {
        FaultPlan([Entry(.processDeath, at: occurrence, of: .changes)])
    }

    /// Faults drawn for a workload: first a kind of call among those it makes, then one of its occurrences, then a fault
    /// that can strike it. `counts` comes from a run without faults (`SimulatedDisk.callCounts`).
    package static func random(
        faultCount: Int, counts: [FileOperation: Int], excluding excluded: Set<Fault> = [.falseSuccess],
        using generator: inout some RandomNumberGenerator
    ) -> FaultPlan {
        func faults(_ operation: FileOperation) -> [Fault] {
            Fault.allCases.filter { $0.applies(to: operation) && !excluded.contains($0) }
        }
        // Not in the dictionary's order, which differs from process to process.
        let operations = FileOperation.allCases.filter { counts[$0, default: 0] > 0 && !faults($0).isEmpty }
        guard !operations.isEmpty else { return .none }
        return FaultPlan(
            (0..<faultCount).map { _ in
                let operation = operations[Int.random(in: 0..<operations.count, using: &generator)]
                let occurrence = Int.random(in: 1...counts[operation, default: 1], using: &generator)
                let choices = faults(operation)
                let fault = choices[Int.random(in: 0..<choices.count, using: &generator)]
                return Entry(fault, at: occurrence, of: .operation(operation))
            })
    }
}

/// One call that reached a simulated disk.
package struct SimulatedCall: Hashable, Sendable, CustomStringConvertible {
    package let operation: FileOperation
    package let path: String
    /// Where in the file, in bytes; zero where that means nothing.
    package let offset: UInt64
    /// How many bytes; zero where that means nothing.
    package let byteCount: UInt64
    /// Whether it counts as a change; see `FaultPlan.Calls.changes`.
    package let isChange: Bool
    /// What struck it.
    package internal(set) var fault: Fault?

    init(
        _ operation: FileOperation, _ path: String, offset: UInt64 = 0, byteCount: UInt64 = 0, isChange: Bool? = nil
    ) {
        self.operation = operation
        self.path = path
        self.offset = offset
        self.byteCount = byteCount
        self.isChange = isChange ?? operation.isMutating
    }

    package var description: String {
        "\(operation) '\(path)' at \(offset), \(byteCount) bytes" + (fault.map { ": \($0)" } ?? "")
    }
}
