internal import Core
internal import Foundation
internal import NIOCore
internal import Synchronization
internal import System

/// Sends server-sent events to browsers; events are collected and sent at most twice per second.
final class EventHub: Sendable {
    private struct State {
        var streams: [UInt64: AsyncStream<ByteBuffer>.Continuation] = [:]
        var next: UInt64 = 0
        var isFinished = false
        var ticks = 0
        // Events to be sent.
        var results: [ResultEvent] = []
        var resultCount = 0
        var isQueueChanged = false
        var isSiteChanged = false
        /// The generation of the pages: what a browser compares when it reconnects, possibly after a restart of the
        /// server, so it begins with the time in milliseconds.
        var generation = UInt64(max(0, Date().timeIntervalSince1970 * 1000))
        /// When this generation began.
        var changed = ContinuousClock.now
    }

    /// A new result in the event stream.
    struct ResultEvent: Encodable {
        var cell: String
        var words: String
        var signature: String?
    }

    private struct Results: Encodable {
        var count: Int
        /// The first of the new results.
        var results: [ResultEvent]
    }

    private struct Generation: Encodable { var generation: UInt64 }

    private struct Hello: Encodable {
        var generation: UInt64
        /// Milliseconds since the pages changed.
        var age: Int
    }

    private let state = Mutex(State())
    /// The maximum number of results in one event; the others are only counted.
    private static let named = 20

    var streamCount: Int { state.withLock { $0.streams.count } }

    /// Opens a stream, whose first event is the generation of the pages; nil if too many streams are open.
    func stream() -> (id: UInt64, events: AsyncStream<ByteBuffer>)? {
        state.withLock { state in
            guard !state.isFinished, state.streams.count < ServerLimits.eventStreams else { return nil }
            // A slow reader misses events; the next event contains the current generation.
            let (events, continuation) = AsyncStream.makeStream(
                of: ByteBuffer.self, bufferingPolicy: .bufferingNewest(8))
            state.next += 1
            state.streams[state.next] = continuation
            let hello = Hello(generation: state.generation, age: (ContinuousClock.now - state.changed).milliseconds)
            continuation.yield(Self.event("hello", hello, prefix: "retry: 3000\n"))
            return (state.next, events)
        }
    }

    func remove(_ id: UInt64) {
        state.withLock { _ = $0.streams.removeValue(forKey: id) }
    }

    func add(_ result: ResultEvent) {
        state.withLock { state in
            state.resultCount += 1
            if state.results.count < Self.named { state.results.append(result) }
        }
    }

    func queueChanged() { state.withLock { $0.isQueueChanged = true } }

    func siteChanged() {
        state.withLock { state in
            state.isSiteChanged = true
            state.generation += 1
            state.changed = .now
        }
    }

    /// Starts sending. A comment every 15 seconds keeps proxies from closing the connections.
    func start() {
        Task.detached { [self] in
            while !state.withLock({ $0.isFinished }) {
                try? await Task.sleep(for: .milliseconds(500))
                send()
            }
        }
    }

    private func send() {
        let (text, streams) = state.withLock { state -> (ByteBuffer?, [AsyncStream<ByteBuffer>.Continuation]) in
            state.ticks += 1
            var text = ByteBuffer()
            if state.resultCount > 0 {
                text.writeImmutableBuffer(
                    Self.event("results", Results(count: state.resultCount, results: state.results)))
            }
            if state.isQueueChanged { text.writeImmutableBuffer(Self.event("queue", [String: String]())) }
            if state.isSiteChanged {
                text.writeImmutableBuffer(Self.event("pages", Generation(generation: state.generation)))
            }
            (state.results, state.resultCount, state.isQueueChanged, state.isSiteChanged) = ([], 0, false, false)
            if text.readableBytes == 0, state.ticks % 30 == 0 { text.writeString(": still here\n\n") }
            return text.readableBytes == 0 ? (nil, []) : (text, Array(state.streams.values))
        }
        if let text { for stream in streams { stream.yield(text) } }
    }

    /// Ends all streams and accepts no new ones.
    func finish() {
        let streams = state.withLock { state in
            state.isFinished = true
            defer { state.streams = [:] }
            return state.streams.values
        }
        for stream in streams { stream.finish() }
    }

    private static func event(_ name: String, _ data: some Encodable, prefix: String = "") -> ByteBuffer {
        let json = (try? CompactJSON.text(of: data)) ?? "{}"
        return ByteBuffer(string: "\(prefix)event: \(name)\ndata: \(json)\n\n")
    }
}
