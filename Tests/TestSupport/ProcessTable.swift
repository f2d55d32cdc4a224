internal import Foundation
package import Glibc

/// The processes of this machine, as `/proc` shows them.
package enum ProcessTable {
    package static var identifiers: [pid_t] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { pid_t($0) }
    }

    /// The words of a process; none where it is gone.
    package static func words(of process: pid_t) -> [String] {
        let bytes = FileManager.default.contents(atPath: "/proc/\(process)/cmdline") ?? Data()
        return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Which processes have exactly these words.
    package static func running(_ words: String...) -> [pid_t] {
        identifiers.filter { self.words(of: $0) == words }
    }

    /// The processes that a process started, and those that they did.
    package static func descendants(of process: pid_t) -> [pid_t] {
        let children = identifiers.filter { parent(of: $0) == process }
        return children + children.flatMap { descendants(of: $0) }
    }

    private static func parent(of process: pid_t) -> pid_t? {
        guard let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
            let end = status.lastIndex(of: ")")
        else { return nil }
        // The name may hold spaces and parentheses; the parent is the second field behind it.
        let fields = status[end...].split(separator: " ")
        return fields.count > 2 ? pid_t(fields[2]) : nil
    }
}
