package import Glibc

/// A process, distinguished from a later one with the same id by its start time.
package struct ProcessIdentity: Hashable, Sendable {
    package var process: pid_t
    /// Clock ticks since boot.
    package var start: UInt64

    /// This process.
    package static let current = ProcessIdentity(process: getpid(), start: startTime(of: getpid()) ?? 0)

    /// The first two parts of the names of what the process owns.
    package var name: String { "\(process).\(start)" }

    package init(process: pid_t, start: UInt64) {
        self.process = process
        self.start = start
    }

    /// Reads the owner from `PID.START.NUMBER`, whatever comes before; nil for other names.
    package init?(ownerOf name: String) {
        let parts = name.split(separator: ".").suffix(3)
        guard parts.count == 3, let process = parts.first.flatMap({ pid_t($0) }),
            let start = parts.dropFirst().first.flatMap({ UInt64($0) }), Int(parts.last ?? "") != nil
        else { return nil }
        self.init(process: process, start: start)
    }

    /// Whether the process still runs.
    package var isAlive: Bool { Self.startTime(of: process) == start }

    private static func startTime(of process: pid_t) -> UInt64? {
        guard let text = contents(of: "/proc/\(process)/stat"), let name = text.lastIndex(of: ")") else { return nil }
        // The name may hold spaces and parentheses; the start is the 20th field behind it.
        let fields = text[name...].dropFirst(2).split(separator: " ")
        return fields.count > 19 ? UInt64(fields[19]) : nil
    }
}
