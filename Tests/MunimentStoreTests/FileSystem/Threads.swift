import Glibc

/// Runs `body` once on each of `count` new threads, with its number, and waits for all of them.
func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    final class Work: Sendable {
        let number: Int
        let body: @Sendable (Int) -> Void
        init(_ number: Int, _ body: @escaping @Sendable (Int) -> Void) {
            self.number = number
            self.body = body
        }
    }
    var threads: [pthread_t] = []
    for number in 0..<count {
        var thread = pthread_t()
        let work = Unmanaged.passRetained(Work(number, body)).toOpaque()
        let result = pthread_create(
            &thread, nil,
            { argument in
                let work = Unmanaged<Work>.fromOpaque(argument!).takeRetainedValue()
                work.body(work.number)
                return nil
            }, work)
        precondition(result == 0, "the system gives no more threads")
        threads.append(thread)
    }
    for thread in threads { pthread_join(thread, nil) }
}

/// Where tests may make files of their own.
let temporaryDirectory = getenv("TMPDIR").map { String(cString: $0) } ?? P_tmpdir
