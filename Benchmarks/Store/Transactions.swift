import Core
import Foundation
import Git
import Store

/// Small durable transactions, alone and by 100 concurrent writers, compared with `git commit` and with the file
/// system's minimum.
struct SingleTransactions {
    let directory: String
    let documents: Int
    /// Transactions of each of 100 writers.
    private let each = 300
    /// Transactions one after the other.
    private let singles = 500

    func run() async throws {
        let store = try makeStore("\(directory)/single", documents: documents)
        let ours = try single(store, "")
        try deleteFiles(8_000)
        try single(store, ", 8,000 files deleted lately")
        let theirs = try stockGit()
        row(
            "`git add` and `git commit`, \(documents) documents",
            "\(theirs.add.short) + \(theirs.commit.short) ms: "
                + "\((theirs.commit / ours).short)× ours for the commit, \(((theirs.add + theirs.commit) / ours).short)× for both"
        )
        for (name, grouping) in [("shared commits", TransactionOptions.Grouping.shared), ("a commit each", .own)] {
            let before = processTime()
            let rate = try await group(store, grouping)
            row(
                "100 writers, \(name)",
                "\(Int(rate)) transactions/s, \(((processTime() - before) / Double(100 * each)).short) ms of CPU each")
        }
    }

    /// Sequential transactions, alternating with an append and a new file on the file system, so that all three are
    /// measured under the same conditions of the disk. Returns the median of the transactions.
    @discardableResult
    private func single(_ store: Store, _ note: String) throws -> Double {
        let floor = try DiskFloor(path: directory)
        let branch = try Branch("main")
        let shards = ShardedDirectory<Int>("documents", levels: 2)
        var (appends, files, ours): ([Double], [Double], [Double]) = ([], [], [])
        var cpu = 0.0
        for number in 0..<singles {
            appends.append(milliseconds(floor.append))
            files.append(milliseconds(floor.makeFile))
            let before = processTime()
            ours.append(
                try milliseconds {
                    try store.transact(branch, "Change \(number)") {
                        try $0.write(Int.random(in: 0...Int.max), to: shards.document("\(number)"))
                    }
                })
            cpu += processTime() - before
        }
        let (append, file, our) = (median(appends), median(files), median(ours))
        row("floor: 512 bytes appended and fdatasync\(note)", "\(append.short) ms")
        row("floor: a new file, fsync, rename, fsync of its directory\(note)", "\(file.short) ms")
        row(
            "one durable transaction, \(documents) documents\(note)",
            "\(our.short) ms: \((our / append).short)× the append, \((our / file).short)× the new file; "
                + "\((cpu / Double(singles)).short) ms of CPU")
        return our
    }

    /// ext4 without a journal skips all recently deleted files whenever it creates a file.
    private func deleteFiles(_ count: Int) throws {
        let paths = (0..<count).map { "\(directory)/single/ciso/deleted-\($0)" }
        for path in paths { close(open(path, O_WRONLY | O_CREAT, 0o644)) }
        for path in paths { unlink(path) }
    }

    /// The same change by stock git, durable as well (`core.fsync=all`), in a work tree with the same documents.
    private func stockGit() throws -> (add: Double, commit: Double) {
        let clone = "\(directory)/stock"
        try git(["clone", "-q", "--branch", "main", "\(directory)/single", clone], at: directory)
        try git(["config", "core.fsync", "committed"], at: clone)
        try git(["config", "gc.auto", "0"], at: clone)
        let files =
            FileManager.default.enumerator(atPath: clone + "/documents")?
            .compactMap { $0 as? String }.filter { $0.hasSuffix(".json") }.prefix(20) ?? []
        var adds: [Double] = []
        var commits: [Double] = []
        for file in files {
            try Data("changed\n".utf8).write(to: URL(filePath: "\(clone)/documents/\(file)"))
            adds.append(try milliseconds { try git(["add", "documents/\(file)"], at: clone) })
            commits.append(try milliseconds { try git(["commit", "-q", "-m", "Change"], at: clone) })
        }
        return (quantile(adds.sorted(), 0.5), quantile(commits.sorted(), 0.5))
    }

    private func group(_ store: Store, _ grouping: TransactionOptions.Grouping) async throws -> Double {
        let branch = try Branch("main")
        let shards = ShardedDirectory<Int>("documents", levels: 2)
        let start = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<100 {
                group.addTask {
                    for round in 0..<each {
                        let path = try shards.document("\(writer * each + round)")
                        try await store.transact(
                            branch, "Change", options: TransactionOptions(grouping: grouping)
                        ) { try $0.write(Int.random(in: 0...Int.max), to: path) }
                    }
                }
            }
            try await group.waitForAll()
        }
        return Double(100 * each) / ((ContinuousClock.now - start).inMilliseconds / 1e3)
    }
}

/// The median of `count` timings, in milliseconds.
func median(_ count: Int, _ body: () throws -> Void) rethrows -> Double {
    var times: [Double] = []
    for _ in 0..<count { times.append(try milliseconds(body)) }
    return median(times)
}

func median(_ times: [Double]) -> Double { quantile(times.sorted(), 0.5) }

/// The time that the file system itself takes to make a few bytes durable.
struct DiskFloor {
    private let path: String
    private let appended: Int32
    private let directory: Int32
    private let bytes = [UInt8](repeating: 7, count: 512)

    init(path: String) throws {
        self.path = path
        appended = open("\(path)/floor", O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        directory = open(path, O_RDONLY | O_DIRECTORY)
        guard appended >= 0, directory >= 0 else { throw Failure(.unavailable, "cannot write in \(path)") }
    }

    /// Appends 512 bytes to an open file.
    func append() {
        _ = bytes.withUnsafeBytes { write(appended, $0.baseAddress, $0.count) }
        fdatasync(appended)
    }

    /// Replaces a file durably by a new one.
    func makeFile() {
        let descriptor = open("\(path)/floor.new", O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        _ = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        fsync(descriptor)
        close(descriptor)
        rename("\(path)/floor.new", "\(path)/floor.file")
        fsync(directory)
    }
}

/// Measures a plan of many jobs in one transaction.
struct WritingAPlan {
    let directory: String
    let jobs: Int

    func run() throws {
        let store = try Store(at: "\(directory)/plan")
        let shards = ShardedDirectory<SampleResult>("jobs")
        let branch = try Branch("opam")
        let before = processTime()
        let time = try milliseconds {
            try store.transact(branch, "Plan") { transaction in
                for number in 0..<jobs {
                    let value = SampleResult(number)
                    try transaction.write(value, to: shards.document(value.job.hex))
                }
            }
        }
        row(
            "a plan of \(jobs) jobs, encoding included",
            "\((time / 1e3).short) s, \(((processTime() - before) / 1e3).short) s of CPU")
        let bytes = try (0..<jobs).map { [UInt8](try CanonicalJSON.encode(SampleResult($0 + 1_000_000))) }
        let again = try milliseconds {
            try store.transact(branch, "Plan") { transaction in
                for (number, bytes) in bytes.enumerated() {
                    try transaction.write(
                        bytes: bytes, to: shards.document(SampleResult(number + 1_000_000).job.hex).path)
                }
            }
        }
        row("another of \(jobs), already encoded", "\((again / 1e3).short) s")
    }
}

/// Measures a transaction as the store grows, and opening the store.
struct Growth {
    let directory: String
    let sizes: [Int]

    func run() throws {
        var first: Double?
        for size in sizes {
            let path = "\(directory)/growth-\(size)"
            let store = try makeStore(path, documents: size)
            let branch = try Branch("main")
            let shards = ShardedDirectory<Int>("documents", levels: 2)
            var number = 0
            let time = try median(300) {
                number += 1
                try store.transact(branch, "Change") { try $0.write(-1, to: shards.document("\(number)")) }
            }
            first = first ?? time
            let opening = try median(5) {
                let opened = try Store(opening: path)
                guard try opened.snapshot(branch).value(at: shards.document("7")) != nil else {
                    throw Failure(.unavailable, "a document is missing")
                }
            }
            row(
                "a transaction among \(size) documents",
                "\(time.short) ms (\((time / (first ?? time)).short)×); open and read one: \(opening.short) ms")
        }
    }
}
