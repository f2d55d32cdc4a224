internal import Glibc

/// A process, distinguished from a later one with the same id by its start time.
package struct ProcessIdentity: Hashable, Sendable {
    /// The process id.
    package var process: Int32
    /// Clock ticks since boot.
    package var start: UInt64

    /// This process.
    package static let current = ProcessIdentity(process: getpid(), start: startTime(of: getpid()) ?? 0)

    /// The first two parts of the names of what the process owns.
    package var name: String { "\(process).\(start)" }

    package init(process: Int32, start: UInt64) {
        self.process = process
        self.start = start
    }

    /// Reads the owner from `PID.START.NUMBER`, whatever comes before; nil for other names.
    package init?(ownerOf name: String) {
        let parts = name.split(separator: ".").suffix(3)
        guard parts.count == 3, let process = parts.first.flatMap({ Int32($0) }),
            let start = parts.dropFirst().first.flatMap({ UInt64($0) }), Int(parts.last ?? "") != nil
        else { return nil }
        self.init(process: process, start: start)
    }

    /// Whether the process still runs.
    package var isAlive: Bool { Self.startTime(of: process) == start }

    /// The processes that a process started, and those that they did, except where one in between has ended.
    package static func descendants(of process: Int32) -> [Int32] {
        var children: [Int32: [Int32]] = [:]
        for name in names(in: "/proc") {
            guard let found = Int32(name), let fields = fields(of: found), fields.count > 1,
                let parent = Int32(fields[1])
            else { continue }
            children[parent, default: []].append(found)
        }
        var reached = children[process] ?? []
        var next = 0
        while next < reached.count {
            reached += children[reached[next]] ?? []
            next += 1
        }
        return reached
    }

    private static func startTime(of process: Int32) -> UInt64? {
        guard let fields = fields(of: process), fields.count > 19 else { return nil }
        return UInt64(fields[19])
    }

    /// What `/proc/PID/stat` says behind the name, which may hold spaces and parentheses: state, parent, …; the start is
    /// the 20th field.
    private static func fields(of process: Int32) -> [Substring]? {
        guard let text = contents(of: "/proc/\(process)/stat"), let name = text.lastIndex(of: ")") else { return nil }
        return text[name...].dropFirst(2).split(separator: " ")
    }
}
