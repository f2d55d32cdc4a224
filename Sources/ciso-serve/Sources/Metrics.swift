internal import Synchronization

/// The server's metrics in the text format of Prometheus.
final class Metrics: Sendable {
    private struct State {
        var requests: [Int: Int] = [:]
        var bytes = 0
        var seconds = 0.0
        var buckets = [Int](repeating: 0, count: Metrics.bounds.count)
        var count = 0
    }

    /// The upper bounds of the histogram's buckets, in seconds.
    private static let bounds = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5]
    private let state = Mutex(State())

    /// Counts a handled request.
    func add(status: Int, bytes: Int, duration: Duration) {
        let seconds = duration / .seconds(1)
        state.withLock { state in
            state.requests[status, default: 0] += 1
            state.bytes += bytes
            state.seconds += seconds
            state.count += 1
            for (index, bound) in Self.bounds.enumerated() where seconds <= bound { state.buckets[index] += 1 }
        }
    }

    /// All metrics as text.
    func text(_ health: LiveSite.Health, streams: Int) -> String {
        let state = state.withLock { $0 }
        var lines: [String] = []
        func metric(_ name: String, _ kind: String, _ help: String, _ values: [(labels: String, value: String)]) {
            lines += ["# HELP \(name) \(help)", "# TYPE \(name) \(kind)"]
            lines += values.map { "\(name)\($0.labels) \($0.value)" }
        }
        metric(
            "ciso_http_requests_total", "counter", "Requests by status.",
            state.requests.sorted { $0.key < $1.key }.map { ("{code=\"\($0.key)\"}", "\($0.value)") })
        metric("ciso_http_response_bytes_total", "counter", "Bytes of bodies sent.", [("", "\(state.bytes)")])
        lines += [
            "# HELP ciso_http_request_duration_seconds Time to the beginning of the response.",
            "# TYPE ciso_http_request_duration_seconds histogram",
        ]
        lines += zip(Self.bounds, state.buckets).map {
            "ciso_http_request_duration_seconds_bucket{le=\"\($0)\"} \($1)"
        }
        lines += [
            "ciso_http_request_duration_seconds_bucket{le=\"+Inf\"} \(state.count)",
            "ciso_http_request_duration_seconds_sum \(state.seconds)",
            "ciso_http_request_duration_seconds_count \(state.count)",
        ]
        metric("ciso_event_streams", "gauge", "Open event streams.", [("", "\(streams)")])
        metric(
            "ciso_cells", "gauge", "Cells by state.",
            health.cells.sorted { $0.key < $1.key }.map { ("{state=\"\($0.key)\"}", "\($0.value)") })
        metric("ciso_run", "gauge", "The number of the newest run.", [("", "\(health.run)")])
        metric("ciso_pages_generation", "counter", "Loads of the site.", [("", "\(health.generation)")])
        metric("ciso_pages_cached", "gauge", "Rendered pages in the cache.", [("", "\(health.cachedPages)")])
        metric("ciso_pages_cached_bytes", "gauge", "Their bytes.", [("", "\(health.cachedBytes)")])
        metric(
            "ciso_store_read_seconds", "gauge", "The duration of the last load in seconds.",
            [("", "\(health.lastRefresh / .seconds(1))")])
        metric(
            "ciso_store_readable", "gauge", "1 if the store is readable.", [("", health.failure == nil ? "1" : "0")])
        if let bytes = ResidentMemory.bytes {
            metric("process_resident_memory_bytes", "gauge", "Resident memory.", [("", "\(bytes)")])
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
