import Core
import Git
import Glibc
import Store

/// Writes to a store flat out, for tests that kill it: `store-writer STORE NAME COUNT [POINT NUMBER]`.
///
/// Each transaction adds 1 to a counter that all writers share, and leaves a receipt of two documents that must be
/// there together. What is acknowledged is printed, a line each. At the NUMBERth time that a commit reaches POINT the
/// process kills itself.
@main
struct StoreWriter {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 4 || arguments.count == 6, let count = Int(arguments[3]) else {
            print("usage: store-writer STORE NAME COUNT [POINT NUMBER]")
            exit(64)
        }
        var options = StoreOptions(attempts: 1_000)
        if arguments.count == 6, let point = FailurePoint(rawValue: arguments[4]), let number = Int(arguments[5]) {
            let deaths = Deaths(point: point, number: number)
            options.atPoint = { deaths.reached($0) }
        }
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
            _ = line.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
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
