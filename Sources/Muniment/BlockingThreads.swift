// A few threads that may wait for the disk, so that Swift's cooperative ones never do.

internal import MunimentStore

final class BlockingThreads: Sendable {
    static let shared = BlockingThreads(count: 4)

    private let queue = Monitor<[@Sendable () -> Void]>([])

    private init(count: Int) {
        for _ in 0..<count {
            let queue = queue
            // These threads live as long as the process; they are never joined.
            _ = OwnThread {
                while true {
                    let work = queue.wait { $0.isEmpty ? nil : $0.removeFirst() }
                    work()
                }
            }
        }
    }

    func run(_ work: @escaping @Sendable () -> Void) { queue.change { $0.append(work) } }
}
