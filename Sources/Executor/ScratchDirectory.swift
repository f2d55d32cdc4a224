import Archive
public import Core
import Glibc
import Synchronization

/// A directory for one sandbox, removed with it.
///
/// Its name says which process made it (`PID.START.NUMBER`, the start in the kernel's ticks since boot), so that what a
/// killed process left is known and removed by the next one.
public final class ScratchDirectory: Sendable {
    public let path: String
    private static let number = Atomic<Int>(0)

    /// Makes a new directory in `parent`, which is made too.
    public convenience init(in parent: String) throws(Failure) {
        try makeDirectories(parent)
        let number = Self.number.add(1, ordering: .relaxed).newValue
        try self.init(at: "\(parent)/\(ProcessIdentity.current.name).\(number)", mode: 0o755)
    }

    /// Makes a new directory for this user alone in `/tmp`; its path is short enough for sockets. Removes there what killed
    /// processes of this user left.
    public static func temporary() throws(Failure) -> ScratchDirectory {
        let prefix = "ciso-\(geteuid())."
        removeLeftovers(in: "/tmp", named: prefix)
        let number = Self.number.add(1, ordering: .relaxed).newValue
        return try ScratchDirectory(at: "/tmp/\(prefix)\(ProcessIdentity.current.name).\(number)", mode: 0o700)
    }

    /// Removes the directories of this process in `/tmp`: for a process that ends without releasing them.
    public static func removeTemporaries() {
        let prefix = "ciso-\(geteuid()).\(ProcessIdentity.current.name)."
        for name in namesOfEntries(in: "/tmp") where name.hasPrefix(prefix) { removeTree("/tmp/\(name)") }
    }

    private init(at path: String, mode: mode_t) throws(Failure) {
        self.path = path
        guard mkdir(path, mode) == 0 else {
            throw Failure(.infrastructure, "\(path): cannot be created: \(String(cString: strerror(errno)))")
        }
    }

    deinit {
        removeTree(path)
    }

    /// Removes the directories in `parent` whose makers are no more.
    ///
    /// - Parameter prefix: what their names begin with.
    /// - Returns: their names.
    @discardableResult
    public static func removeLeftovers(in parent: String, named prefix: String = "") -> [String] {
        let abandoned = namesOfEntries(in: parent).filter {
            $0.hasPrefix(prefix) && ProcessIdentity(ownerOf: $0)?.isAlive == false
        }
        for name in abandoned {
            removeTree("\(parent)/\(name)")
        }
        return abandoned
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
func contents(of path: String) -> String? {
    bytes(of: path).map { String(decoding: $0, as: UTF8.self) }
}

/// The bytes of a small file; nil when it cannot be read.
func bytes(of path: String) -> [UInt8]? {
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
func namesOfEntries(in directory: String) -> [String] {
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
func makeDirectories(_ path: String) throws(Failure) {
    var reached = path.hasPrefix("/") ? "" : "."
    for component in path.split(separator: "/") {
        reached += "/\(component)"
        guard mkdir(reached, 0o755) == 0 || errno == EEXIST else {
            throw Failure(.infrastructure, "\(reached): cannot be created: \(String(cString: strerror(errno)))")
        }
    }
}
