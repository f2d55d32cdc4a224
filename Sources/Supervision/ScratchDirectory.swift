import Archive
public import Core
import Foundation
import Glibc
import Synchronization

/// A directory for one sandbox, one download or anything else that goes with its owner.
///
/// Its name says which process made it (`PID.START.NUMBER`, the start in the kernel's ticks since boot), and the process
/// holds a lock on it. So what a killed process left is known, wherever the process ran, and removed by the next one.
/// Whatever is not removed at once is removed in the background: neither a job's result nor the end of the program waits
/// for hundreds of thousands of files.
public final class ScratchDirectory: Sendable {
    public let path: String
    private let lock: Int32
    private static let number = Atomic<Int>(0)
    private static let living = Mutex<Set<String>>([])

    /// Makes a new directory in `parent`, which is made too.
    public convenience init(in parent: String) throws(Failure) {
        try makeDirectories(parent)
        try self.init(in: parent, named: "", mode: 0o755)
    }

    /// Makes a new directory for this user in the directory of temporary files. Removes there what killed processes of this
    /// user left.
    ///
    /// - Parameters:
    ///   - isShared: whether other users may read it, such as those that package managers change to.
    ///   - isShort: whether its path must be short enough for sockets: then it is in `/tmp`.
    public static func temporary(isShared: Bool = false, isShort: Bool = false) throws(Failure) -> ScratchDirectory {
        let parent = isShort ? "/tmp" : FileManager.default.temporaryDirectory.path
        let prefix = "ciso-\(IdentityMapping.ofThisProcess.caller?.user ?? geteuid())."
        removeLeftovers(in: parent, named: prefix)
        return try ScratchDirectory(in: parent, named: prefix, mode: isShared ? 0o755 : 0o700)
    }

    private init(in parent: String, named prefix: String, mode: mode_t) throws(Failure) {
        while true {
            let number = Self.number.add(1, ordering: .relaxed).newValue
            let path = "\(parent)/\(prefix)\(ProcessIdentity.current.name).\(number)"
            guard mkdir(path, mode) == 0 else {
                throw Failure(.infrastructure, "\(path): cannot be created: \(String(cString: strerror(errno)))")
            }
            // Another process may have taken it for a leftover before it was locked.
            guard let lock = Self.lock(path) else { continue }
            self.path = path
            self.lock = lock
            _ = Self.living.withLock { $0.insert(path) }
            return
        }
    }

    deinit {
        removeTreeInBackground(path, closing: lock)
        _ = Self.living.withLock { $0.remove(path) }
    }

    /// Removes the directories in `parent` whose makers are gone.
    ///
    /// - Parameter prefix: what their names begin with.
    /// - Returns: their names.
    @discardableResult
    public static func removeLeftovers(in parent: String, named prefix: String = "") -> [String] {
        namesOfEntries(in: parent).filter { name in
            guard name.hasPrefix(prefix), ProcessIdentity(ownerOf: name)?.isAlive == false,
                let lock = lock("\(parent)/\(name)")
            else { return false }
            removeTreeInBackground("\(parent)/\(name)", closing: lock)
            return true
        }
    }

    /// Removes all directories of this process, for at most so long; for a program that a signal ends.
    public static func removeAll(within time: Duration) {
        let paths = living.withLock { $0 }
        for path in paths { removeTreeInBackground(path, closing: -1, promptly: 0) }
        waitForRemovals(atMost: time)
    }

    /// A descriptor with the lock on a directory; nil where another process has it, or it is not there any more.
    private static func lock(_ path: String) -> Int32? {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        var (held, named) = (stat(), stat())
        if flock(descriptor, LOCK_EX | LOCK_NB) == 0, fstat(descriptor, &held) == 0, lstat(path, &named) == 0,
            held.st_ino == named.st_ino, held.st_dev == named.st_dev
        {
            return descriptor
        }
        close(descriptor)
        return nil
    }
}

/// A process, told apart from a later one of the same id by its start.
struct ProcessIdentity: Hashable, Sendable {
    var process: pid_t
    /// Clock ticks since boot.
    var start: UInt64

    static let current = ProcessIdentity(process: getpid(), start: startTime(of: getpid()) ?? 0)

    /// The first two parts of the names of what the process owns.
    var name: String { "\(process).\(start)" }

    init(process: pid_t, start: UInt64) {
        self.process = process
        self.start = start
    }

    /// Reads the owner from `PID.START.NUMBER`, whatever comes before; nil for other names.
    init?(ownerOf name: String) {
        let parts = name.split(separator: ".").suffix(3)
        guard parts.count == 3, let process = parts.first.flatMap({ pid_t($0) }),
            let start = parts.dropFirst().first.flatMap({ UInt64($0) }), Int(parts.last ?? "") != nil
        else { return nil }
        self.init(process: process, start: start)
    }

    var isAlive: Bool { Self.startTime(of: process) == start }

    private static func startTime(of process: pid_t) -> UInt64? {
        guard let text = contents(of: "/proc/\(process)/stat"), let name = text.lastIndex(of: ")") else { return nil }
        // The name may hold spaces and parentheses; the start is the 20th field behind it.
        let fields = text[name...].dropFirst(2).split(separator: " ")
        return fields.count > 19 ? UInt64(fields[19]) : nil
    }
}

/// The text of a small file; nil when it cannot be read.
package func contents(of path: String) -> String? {
    bytes(of: path).map { String(decoding: $0, as: UTF8.self) }
}

/// The bytes of a small file; nil when it cannot be read.
package func bytes(of path: String) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16384)
    while true {
        let count = read(descriptor, &buffer, buffer.count)
        guard count > 0 else { return count == 0 ? bytes : nil }
        bytes += buffer[..<count]
    }
}

/// Names in a directory, sorted, without `.` and `..`; none when it cannot be read.
package func namesOfEntries(in directory: String) -> [String] {
    guard let stream = opendir(directory) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let record = readdir(stream) {
        let name = withUnsafePointer(to: &record.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
        }
        if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
}

/// Makes `path` and what leads there.
package func makeDirectories(_ path: String) throws(Failure) {
    var reached = path.hasPrefix("/") ? "" : "."
    for component in path.split(separator: "/") {
        reached += "/\(component)"
        guard mkdir(reached, 0o755) == 0 || errno == EEXIST else {
            throw Failure(.infrastructure, "\(reached): cannot be created: \(String(cString: strerror(errno)))")
        }
    }
}

/// `path` without links and from the root on; as it is where it does not exist.
package func absolute(_ path: String) -> String {
    guard let found = realpath(path, nil) else { return path }
    defer { free(found) }
    return String(cString: found)
}
