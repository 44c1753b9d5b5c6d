// Randomness of libsodium that a seed decides, for the threads that ask for it. Everything random in a store
// (identifiers, sessions, keys) comes from there, and the names of body files among it: a simulation that is to repeat
// must decide it too. Other threads keep the system's.

import Glibc
import MunimentCrypto
import MunimentStore

enum SeededSodium {
    /// What libsodium calls instead of the system's generator; the layout is that of its header `randombytes.h`.
    private struct Implementation {
        var name: @convention(c) () -> UnsafePointer<CChar>?
        var random: @convention(c) () -> UInt32
        var stir: (@convention(c) () -> Void)?
        var uniform: (@convention(c) (UInt32) -> UInt32)?
        var buffer: @convention(c) (UnsafeMutableRawPointer?, Int) -> Void
        var close: (@convention(c) () -> Int32)?
    }

    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        pthread_key_create(&key, nil)
        return key
    }()

    /// Puts the implementation in place, once for the process.
    private static let isInstalled: Bool = {
        typealias Setter = @convention(c) (UnsafeMutableRawPointer) -> Int32
        guard let symbol = dlsym(UnsafeMutableRawPointer(bitPattern: 0), "randombytes_set_implementation") else {
            return false
        }
        let implementation = UnsafeMutablePointer<Implementation>.allocate(capacity: 1)
        implementation.initialize(
            to: Implementation(
                name: { UnsafePointer(SeededSodium.name) },
                random: {
                    var word: UInt32 = 0
                    withUnsafeMutableBytes(of: &word) { SeededSodium.fill($0) }
                    return word
                }, stir: nil, uniform: nil,
                buffer: { base, count in SeededSodium.fill(UnsafeMutableRawBufferPointer(start: base, count: count)) },
                close: nil))
        guard unsafeBitCast(symbol, to: Setter.self)(UnsafeMutableRawPointer(implementation)) == 0 else { return false }
        // libsodium draws the canary of its guarded pages when it starts: not from the stream of whichever simulation is the first.
        return !RandomBytes.array(1).isEmpty
    }()

    nonisolated(unsafe) private static let name = strdup("seeded")

    private static func fill(_ buffer: UnsafeMutableRawBufferPointer) {
        guard buffer.count > 0 else { return }
        if let state = pthread_getspecific(key) {
            Unmanaged<SeededRandom>.fromOpaque(state).takeUnretainedValue().fill(buffer)
        } else {
            SystemRandom().fill(buffer)
        }
    }

    /// Runs `body`, which must not change its thread, with randomness from `seed`.
    static func with<R>(seed: UInt64, _ body: () throws -> R) rethrows -> R {
        precondition(isInstalled, "libsodium does not take another source of randomness")
        let random = SeededRandom(seed: seed)
        pthread_setspecific(key, Unmanaged.passUnretained(random).toOpaque())
        defer {
            pthread_setspecific(key, nil)
            withExtendedLifetime(random) {}
        }
        return try body()
    }
}
