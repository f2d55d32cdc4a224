internal import Dispatch
internal import Synchronization
internal import System

/// Ephemeral values in the memory of one process: for tests, and for runs that no other process watches.
public final class MemoryEphemeralValues: EphemeralValues {
    private struct Entry {
        let value: EphemeralValue
        let expiry: ContinuousClock.Instant?
    }

    private struct State {
        var held: [StorePath: Entry] = [:]
        var owners: Set<String> = []
        var version: UInt64 = 0
        var listeners: [UInt64: @Sendable () -> Void] = [:]

        func value(at path: StorePath) -> EphemeralValue? {
            guard let held = held[path], held.expiry.map({ $0 > .now }) ?? true else { return nil }
            return held.value.owner.map(owners.contains) ?? true ? held.value : nil
        }
    }

    private let state = Mutex(State())

    /// Creates an empty table that exists as long as the process.
    public init() {}

    public func join(_ name: String) -> EphemeralOwner {
        let id = state.withLock { state in
            state.version += 1
            state.owners.insert("\(name).\(state.version)")
            return "\(name).\(state.version)"
        }
        return EphemeralOwner(id: id) { [weak self] in
            guard let self, self.state.withLock({ $0.owners.remove(id) }) != nil else { return }
            self.notify()
        }
    }

    public func value(at path: StorePath) -> EphemeralValue? { state.withLock { $0.value(at: path) } }

    public func values(below prefix: StorePath?) -> [StorePath: EphemeralValue] {
        state.withLock { state in
            var found: [StorePath: EphemeralValue] = [:]
            for path in state.held.keys where prefix.map({ path.isInside($0) }) ?? true {
                found[path] = state.value(at: path)
            }
            return found
        }
    }

    public func change(_ changes: [StorePath: EphemeralChange]) -> UInt64? {
        let version: UInt64? = state.withLock { state in
            let isAllowed = changes.allSatisfy { path, change in
                let value = state.value(at: path)
                return change.expecting.allows(value, expires: value != nil && state.held[path]?.expiry != nil)
            }
            guard isAllowed else { return nil }
            state.version += 1
            for (path, change) in changes {
                state.held[path] = change.bytes.map { bytes in
                    Entry(
                        value: EphemeralValue(bytes: bytes, version: state.version, owner: change.owner?.id),
                        expiry: change.lifetime.map { .now + $0 })
                }
            }
            return state.version
        }
        guard version != nil else { return nil }
        notify()
        for lifetime in changes.values.compactMap(\.lifetime) {
            DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(lifetime.milliseconds + 1)) {
                [weak self] in self?.notify()
            }
        }
        return version
    }

    public func watch(
        below prefix: StorePath?, handler: @escaping @Sendable ([StorePath: EphemeralValue]) -> Void
    ) -> EphemeralWatch {
        let delivery = StateDelivery(reading: { [weak self] in self?.values(below: prefix) }, to: handler)
        let token = state.withLock { state in
            state.version += 1
            state.listeners[state.version] = delivery.schedule
            return state.version
        }
        delivery.schedule()
        return EphemeralWatch { [weak self] in
            delivery.end()
            _ = self?.state.withLock { $0.listeners.removeValue(forKey: token) }
        }
    }

    private func notify() {
        for listener in state.withLock({ Array($0.listeners.values) }) { listener() }
    }
}
