import Core
import Foundation
import Git
import Store

/// Compares the store with stock git and with the file system's minimum on the same disk, and prints a table.
///
/// `StoreBenchmark DIRECTORY [small|full] [PART…]`: DIRECTORY (an absolute path) is created, and kept for inspection.
/// Parts are `transactions`, `plan`, `watch`, `growth`, `logs`, `results`; the default is all.
@main
struct StoreBenchmark {
    static func main() async throws {
        let arguments = CommandLine.arguments
        if arguments.count == 4, arguments[1] == "--notify" { return try Latency.notify(arguments[2], arguments[3]) }
        guard arguments.count >= 2, arguments[1].hasPrefix("/") else {
            print("usage: StoreBenchmark DIRECTORY [small|full] [PART…]; DIRECTORY is a full path")
            Foundation.exit(64)
        }
        let isFull = arguments.dropFirst(2).first != "small"
        let directory = arguments[1]
        let parts = Set(arguments.dropFirst(3))
        func isWanted(_ part: String) -> Bool { parts.isEmpty || parts.contains(part) }
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        print("| what | figure |\n|---|---|")
        if isWanted("transactions") {
            try await SingleTransactions(directory: directory, documents: isFull ? 100_000 : 5_000).run()
        }
        if isWanted("plan") { try WritingAPlan(directory: directory, jobs: isFull ? 50_000 : 5_000).run() }
        if isWanted("watch") { try await Latency(directory: directory, events: isFull ? 500 : 50).run() }
        if isWanted("growth") {
            try Growth(directory: directory, sizes: isFull ? [1_000, 10_000, 100_000, 1_000_000] : [1_000, 10_000])
                .run()
        }
        if isWanted("logs") { try ReadingLogs(directory: directory, logs: isFull ? 5_000 : 200).run() }
        if isWanted("results") { try SizeOfResults(directory: directory, results: isFull ? 100_000 : 3_000).run() }
    }
}

/// Prints one row of the table.
func row(_ what: String, _ figure: String) {
    print("| \(what) | \(figure) |")
    fflush(nil)
}

/// Milliseconds that `body` takes, by the wall clock.
func milliseconds(_ body: () throws -> Void) rethrows -> Double {
    let start = ContinuousClock.now
    try body()
    return (ContinuousClock.now - start).inMilliseconds
}

/// Milliseconds of CPU that this process has used.
func processTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e3 + Double(time.tv_nsec) / 1e6
}

extension Duration {
    var inMilliseconds: Double { Double(components.seconds) * 1e3 + Double(components.attoseconds) / 1e15 }
}

extension Double {
    /// With as many digits as are significant.
    var short: String { String(format: self < 10 ? "%.2f" : "%.0f", self) }
}

/// The value below which the given fraction of `sorted` lies.
func quantile(_ sorted: [Double], _ part: Double) -> Double {
    sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, Int(Double(sorted.count) * part))]
}

/// Runs stock git once, as scripts do.
func git(_ arguments: [String], at directory: String) throws {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["git", "-C", directory, "-c", "user.name=a", "-c", "user.email=b"] + arguments
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Failure(.unavailable, "git \(arguments) failed") }
}

/// A document of the size of a real result.
struct SampleResult: Codable {
    var cell: String
    var job: Digest
    var outcome: String
    var log: Digest
    var duration: Double
    var repositories: [String]

    init(_ number: Int) {
        cell = "debian-12/5.3.0/package\(number % 5_000).\(number / 5_000).0"
        job = Digest(of: "job \(number)")
        outcome = number.isMultiple(of: 17) ? "failure" : "success"
        log = Digest(of: "log \(number)")
        duration = Double(number % 1_000) / 8
        repositories = ["2f3c0a1b5d4e6f708192a3b4c5d6e7f801234567"]
    }
}

/// A store with this number of documents, in a sharded directory of two levels.
func makeStore(_ path: String, documents: Int) throws -> Store {
    let store = try Store(at: path)
    let shards = ShardedDirectory<Int>("documents", levels: 2)
    let branch = try Branch("main")
    for start in stride(from: 0, to: documents, by: 100_000) {
        try store.transact(branch, "Fill") { transaction in
            for number in start..<min(documents, start + 100_000) {
                try transaction.write(bytes: Array("\(number)\n".utf8), to: shards.document("\(number)").path)
            }
        }
    }
    return store
}
