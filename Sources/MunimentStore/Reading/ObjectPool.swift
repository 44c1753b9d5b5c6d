// Objects that are costly to make and are used by one thread at a time: taken, used, given back.

package final class ObjectPool<Object: AnyObject & Sendable>: Sendable {
    private let make: @Sendable () -> Object
    private let idle = Guarded<[Object]>([])

    package init(_ make: @escaping @Sendable () -> Object) { self.make = make }

    package func take() -> Object { idle.withLock { $0.popLast() } ?? make() }

    package func give(_ object: Object) { idle.withLock { $0.append(object) } }
}
