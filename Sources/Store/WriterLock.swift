internal import Git
internal import Glibc
internal import System

/// The state that the writers of a store share, in the file that they lock.
struct WriterState: Equatable {
    /// A pending change: if its writer dies, the next one finishes or discards it.
    struct Intent: Equatable {
        var reference: String
        var new: ObjectID
    }

    /// The machine's boot id: if it has changed, unsynced files may be lost.
    var boot: String
    /// Changes whenever the journal is restarted.
    var epoch: UInt64
    /// The offset of the next record.
    var tail: Int
    /// The pending changes, whose records follow one another from `tail`.
    var intents: [Intent] = []

    private static let size = 1024

    init(boot: String, epoch: UInt64, tail: Int) {
        self.boot = boot
        self.epoch = epoch
        self.tail = tail
    }

    /// Parses `ciso-writer 1 BOOT EPOCH TAIL`, and `REFERENCE NEW` for each pending change.
    init?(bytes: [UInt8]) {
        let words = bytes.prefix { $0 != UInt8(ascii: "\n") }.split(separator: UInt8(ascii: " "))
            .map { String(decoding: $0, as: UTF8.self) }
        guard words.count >= 5, words[0] == "ciso-writer", words[1] == "1", let epoch = UInt64(words[3]),
            let tail = Int(words[4]), tail >= Journal.start
        else { return nil }
        self.init(boot: words[2], epoch: epoch, tail: tail)
        for index in stride(from: 5, to: words.count - 1, by: 2) {
            if let new = ObjectID(hex: words[index + 1]) { intents.append(Intent(reference: words[index], new: new)) }
        }
    }

    /// Whether the state of so many pending changes can be written in one step.
    func fits(_ intents: [Intent]) -> Bool {
        var state = self
        state.intents = intents
        return state.line.utf8.count < Self.size
    }

    private var line: String {
        "ciso-writer 1 \(boot) \(epoch) \(tail)" + intents.map { " \($0.reference) \($0.new)" }.joined()
    }

    /// The encoded state, of fixed size, so that it is written in one step.
    var bytes: [UInt8] {
        let line = line
        return Array(line.utf8) + [UInt8](repeating: UInt8(ascii: "\n"), count: max(1, Self.size - line.utf8.count))
    }

    /// Identifies the current boot of the machine.
    static let currentBoot: String = {
        let bytes = (try? contents(ofKernelFile: "/proc/sys/kernel/random/boot_id")) ?? []
        let text = String(decoding: bytes, as: UTF8.self).filter { $0.isHexDigit || $0 == "-" }
        return text.isEmpty ? "unknown" : text
    }()

    private static func contents(ofKernelFile path: String) throws(StoreError) -> [UInt8] {
        try File(path, O_RDONLY).read(128)
    }
}

/// The lock of a store's writers. The kernel releases it when its holder dies.
final class WriterLock {
    private let file: File
    /// Whether the lock was free.
    let wasFree: Bool

    /// Opens the lock file and waits until the lock is free.
    init(path: String, timeout: Duration) throws(StoreError) {
        file = try File(path, O_RDWR | O_CREAT)
        wasFree = try file.tryLock()
        if wasFree { return }
        guard try file.lock(within: timeout) else {
            throw StoreError(
                .locked, "store: another process has held '\(path)' for \(timeout)",
                hint: "`fuser '\(path)'` shows it; the lock is released when that process ends")
        }
    }

    /// The state left by the last writer; nil in a new store.
    func state() throws(StoreError) -> WriterState? { WriterState(bytes: try file.read(1024)) }

    /// Stores the state for the next writer.
    func leave(_ state: WriterState) throws(StoreError) { try file.write(state.bytes, at: 0) }
}
