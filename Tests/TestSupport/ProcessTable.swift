package import Glibc

/// The processes of this machine, as `/proc` shows them.
package enum ProcessTable {
    package static var identifiers: [pid_t] {
        guard let directory = opendir("/proc") else { return [] }
        defer { closedir(directory) }
        var found: [pid_t] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { name in
                name.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if let process = pid_t(name) { found.append(process) }
        }
        return found
    }

    /// The words of a process; empty if it has ended.
    package static func words(of process: pid_t) -> [String] {
        contents("/proc/\(process)/cmdline").split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
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
        let status = String(decoding: contents("/proc/\(process)/stat"), as: UTF8.self)
        guard let end = status.lastIndex(of: ")") else { return nil }
        // The name may contain spaces and parentheses; the parent is the second field after it.
        let fields = status[end...].split(separator: " ")
        return fields.count > 2 ? pid_t(fields[2]) : nil
    }

    /// The bytes of a file of the kernel, whose size is unknown before reading; empty if it cannot be read.
    /// Foundation's readers allocate memory for such files that they do not release.
    private static func contents(_ path: String) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(descriptor, &part, part.count)
            guard count > 0 else { return bytes }
            bytes += part[..<count]
        }
    }
}
