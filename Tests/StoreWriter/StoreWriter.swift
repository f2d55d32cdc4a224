import Core
import Git
import Glibc
import Store

/// Writes to a store without a pause, for tests that kill it: `store-writer STORE NAME COUNT [POINT NUMBER [side] |
/// mixed]`.
///
/// Each transaction adds 1 to a counter that all writers share, and writes a receipt of two documents that must exist
/// together. Each acknowledgement is printed on a line. The process kills itself when a commit reaches POINT for the
/// NUMBERth time; to reach points of packing or of the end of the journal, these operations follow each transaction. A
/// mixed writer merges packs and repacks from time to time. A side writer changes several branches at the same time:
/// the next number of each branch `side/N` at its `counter`, and prints `side/N VALUE`.
///
/// `store-writer STORE NAME claim` claims `claims/NAME`, prints a line, and lives until it is killed.
@main
struct StoreWriter {
    static func main() async throws {
        let arguments = CommandLine.arguments
        if arguments.count == 7, arguments[6] == "side" { return try await writeBranches(arguments) }
        try write(arguments)
    }

    private static func write(_ arguments: [String]) throws {
        if arguments.count == 4, arguments[3] == "claim" { return try claim(arguments[1], arguments[2]) }
        guard (4...6).contains(arguments.count), let count = Int(arguments[3]) else {
            print("usage: store-writer STORE NAME COUNT [POINT NUMBER | mixed]")
            exit(64)
        }
        var options = StoreOptions(attempts: 1_000)
        let isMixed = arguments.count == 5
        var packing: Packing = isMixed ? .mixed : .none
        if arguments.count == 6, let point = FailurePoint(rawValue: arguments[4]), let number = Int(arguments[5]) {
            let deaths = Deaths(point: point, number: number)
            options.atPoint = { deaths.reached($0) }
            packing = Packing(passing: point)
        }
        // In half of the concurrent writers, recycled files are used from the first file on.
        if !isMixed || Bool.random() { options.filesBeforeSpares = 0 }
        let store = try Store(opening: arguments[1], options: options)
        let name = arguments[2]
        let branch = try Branch("main")
        let counter = TypedPath<Int>("counter")
        for number in 0..<count {
            let first = try StorePath("receipts/\(name)/\(number)/first")
            let second = try StorePath("receipts/\(name)/\(number)/second")
            let value = try store.transact(branch, "\(name) \(number)\n\nWriter: \(name)") { transaction in
                let value = try (transaction.value(at: counter) ?? 0) + 1
                try transaction.write(value, to: counter)
                try transaction.write(value, to: first)
                try transaction.write(value, to: second)
                return value
            }.value
            let line = Array("\(name)/\(number) \(value)\n".utf8)
            _ = line.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            try packing.run(store)
        }
    }
}

private func writeBranches(_ arguments: [String]) async throws {
    guard let count = Int(arguments[3]), let point = FailurePoint(rawValue: arguments[4]),
        let number = Int(arguments[5])
    else { return }
    var options = StoreOptions(attempts: 1_000)
    let deaths = Deaths(point: point, number: number)
    options.atPoint = { deaths.reached($0) }
    options.filesBeforeSpares = 0
    let store = try Store(opening: arguments[1], options: options)
    let counter = TypedPath<Int>("counter")
    let sides = try store.branches(prefix: "side/")
    await withTaskGroup(of: Void.self) { group in
        for side in sides {
            group.addTask {
                for _ in 0..<count {
                    let value = try? await store.transact(side, "next") { transaction in
                        let value = try (transaction.value(at: counter) ?? 0) + 1
                        try transaction.write(value, to: counter)
                        return value
                    }.value
                    guard let value else { continue }
                    let line = Array("\(side.name) \(value)\n".utf8)
                    _ = line.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
                }
            }
        }
    }
}

/// Claims something for as long as this process lives.
private func claim(_ path: String, _ name: String) throws {
    let store = try Store(opening: path)
    let owner = try store.ephemeral.join(name)
    let version = try store.ephemeral.set(
        Array(name.utf8), at: StorePath("claims/\(name)"), owner: owner, lifetime: nil, expecting: .absent)
    print(version == nil ? "taken" : "claimed")
    fflush(nil)
    guard version != nil else { return }
    withExtendedLifetime(owner) { _ = sleep(600) }
}

/// A writer's work after its transactions.
private enum Packing {
    case none, packs, repacking, checkpoints, mixed

    /// The work required to reach `point`.
    init(passing point: FailurePoint) {
        self =
            switch point {
            case .packsMerged, .somePacksDropped: .packs
            case .repacked, .someDropped: .repacking
            case .checkpointSynced, .checkpointReset: .checkpoints
            default: .none
            }
    }

    func run(_ store: Store) throws {
        switch self {
        case .none: break
        case .packs: try store.mergePacks()
        case .checkpoints: try store.checkpoint()
        case .repacking: try store.repackIfNeeded(limit: 0, grace: 0)
        case .mixed:
            if Int.random(in: 0..<8) == 0 { try store.mergePacks() }
            if Int.random(in: 0..<16) == 0 { try store.repackIfNeeded(limit: 0, grace: 0) }
        }
    }
}

/// Kills the process at a point. Points are passed on one thread only, hence unchecked.
private final class Deaths: @unchecked Sendable {
    private let point: FailurePoint
    private var left: Int

    init(point: FailurePoint, number: Int) {
        self.point = point
        left = number
    }

    func reached(_ point: FailurePoint) {
        guard point == self.point else { return }
        left -= 1
        if left == 0 { kill(getpid(), SIGKILL) }
    }
}
