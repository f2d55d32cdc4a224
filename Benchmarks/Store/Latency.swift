import Core
import Foundation
import Git
import Store
import Synchronization

/// The time between a commit and the event of a watch in another process: half of a round trip.
struct Latency {
    let directory: String
    let events: Int

    func run() async throws {
        let path = "\(directory)/latency"
        let store = try Store(at: path)
        let (question, answer) = (try Branch("question"), try Branch("answer"))
        let child = Process()
        child.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        child.arguments = ["--notify", path, "\(events)"]
        try child.run()
        // The thread may run with signals blocked, which the child would inherit.
        defer { kill(child.processIdentifier, SIGKILL) }
        let answers = AsyncStream<(Int, Int64)>.makeStream()
        let watch = store.watch(answer) { event in
            if let told = try event.snapshot.value([Int64].self, at: "n") {
                answers.continuation.yield((Int(told[0]), told[1]))
            }
        }
        var times: [Double] = []
        var iterator = answers.stream.makeAsyncIterator()
        for number in 0..<events {
            let start = try await store.transact(question, "Ask") { try $0.write(number, to: "n") }
            let committed = monotonic()
            _ = start
            while let (told, seen) = await iterator.next() {
                if told == number {
                    times.append(max(0, Double(seen - committed) / 1e6))
                    break
                }
            }
        }
        watch.cancel()
        times.sort()
        row(
            "watch in another process, \(events) events",
            "median \(quantile(times, 0.5).short) ms, p99 \(quantile(times, 0.99).short) ms")
    }

    /// The other process: answers every number with the time at which it saw it.
    static func notify(_ path: String, _ count: String) throws {
        let store = try Store(opening: path)
        let answer = try Branch("answer")
        let watch = store.watch(try Branch("question")) { event in
            let seen = monotonic()
            if let number = try event.snapshot.value(Int.self, at: "n") {
                try store.transact(answer, "Answer") { try $0.write([Int64(number), seen], to: "n") }
            }
        }
        withExtendedLifetime(watch) { _ = sleep(600) }
    }
}

/// The time in nanoseconds, by a clock that all processes share.
func monotonic() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

/// Measures random reads of thousands of packed logs.
struct ReadingLogs {
    let directory: String
    let logs: Int

    func run() throws {
        let store = try Store(at: "\(directory)/logs")
        var digests: [Digest] = []
        var bytes = 0
        for number in 0..<logs {
            let text = (0..<400).map {
                "[\($0)] ocamlfind ocamlopt -package p\(number) -c src/m\($0 &* number % 977).ml"
            }
            .joined(separator: "\n")
            bytes += text.utf8.count
            digests.append(try store.logs.put(Array(text.utf8)))
        }
        let packing = try milliseconds { try store.logs.pack() }
        var times: [Double] = []
        for digest in digests.shuffled().prefix(200) {
            times.append(try milliseconds { _ = try store.logs.read(digest) })
        }
        let packed = try FileManager.default.subpathsOfDirectory(atPath: "\(directory)/logs/ciso/logs/archives")
            .compactMap {
                try FileManager.default.attributesOfItem(atPath: "\(directory)/logs/ciso/logs/archives/\($0)")[.size]
                    as? Int
            }
            .reduce(0, +)
        row("\(logs) logs of \(bytes) bytes packed", "\((packing / 1e3).short) s, \(packed) bytes")
        row(
            "any of them, from the archive",
            "median \(quantile(times.sorted(), 0.5).short) ms, worst \(quantile(times.sorted(), 1).short) ms")
    }
}
