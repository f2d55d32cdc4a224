internal import Glibc

/// Identifies a process; its start time distinguishes it from later processes with the same id.
package struct ProcessIdentity: Hashable, Sendable {
    /// The process id.
    package var process: Int32
    /// When it started, in clock ticks since boot.
    package var start: UInt64

    /// This process.
    package static let current = ProcessIdentity(process: getpid(), start: startTime(of: getpid()) ?? 0)

    /// `PID.START`, with which names of things owned by the process begin.
    package var name: String { "\(process).\(start)" }

    package init(process: Int32, start: UInt64) {
        self.process = process
        self.start = start
    }

    /// Parses the owner from a name that ends with `PID.START.NUMBER`; nil for other names.
    package init?(ownerOf name: String) {
        let parts = name.split(separator: ".").suffix(3)
        guard parts.count == 3, let process = parts.first.flatMap({ Int32($0) }),
            let start = parts.dropFirst().first.flatMap({ UInt64($0) }), Int(parts.last ?? "") != nil
        else { return nil }
        self.init(process: process, start: start)
    }

    /// Whether the process still runs.
    package var isAlive: Bool { Self.startTime(of: process) == start }

    /// The direct and indirect children of a process, except those whose parents have already ended.
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

    /// The fields of `/proc/PID/stat` after the name, which may contain spaces and parentheses: state, parent, …; the
    /// start time is the 20th.
    private static func fields(of process: Int32) -> [Substring]? {
        guard let text = contents(of: "/proc/\(process)/stat"), let name = text.lastIndex(of: ")") else { return nil }
        return text[name...].dropFirst(2).split(separator: " ")
    }
}
