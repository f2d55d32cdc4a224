internal import Core
internal import Layers
internal import Logging
internal import Synchronization

/// A cached list of the shared layers, because jobs query thousands of them at once.
final class SharedLayerIndex: Sendable {
    private struct State {
        var layers: Set<Digest> = []
        var listed: ContinuousClock.Instant?
    }

    private let source: any SharedLayers
    private let state = Mutex(State())

    /// How long a list or a failure is cached.
    private static let lifetime: Duration = .seconds(60)

    init(_ source: any SharedLayers) {
        self.source = source
    }

    /// Whether the layer existed at the last query, at most a minute ago. If the query failed, no layer exists.
    func contains(_ layer: Digest) -> Bool {
        let (isThere, isFresh) = state.withLock { state in
            (state.layers.contains(layer), state.listed.map { .now - $0 < Self.lifetime } ?? false)
        }
        if isThere || isFresh { return isThere }
        let found = Result { try source.list() }
        if case .failure(let error) = found {
            logger.debug("shared layers cannot be listed", metadata: ["reason": "\(error)"])
        }
        return state.withLock { state in
            state.listed = .now
            if let found = try? found.get() { state.layers = found }
            return state.layers.contains(layer)
        }
    }

    /// Adds a layer to the list.
    func add(_ layer: Digest) { state.withLock { _ = $0.layers.insert(layer) } }
}
