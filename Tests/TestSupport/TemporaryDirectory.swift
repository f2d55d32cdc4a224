package import Foundation
internal import Glibc
internal import Synchronization
internal import System

/// The existing directories.
private let remaining = Mutex<Set<String>>([])

/// The process may end before the task that holds the last reference.
private let removesRemainingAtExit: Void = {
    atexit { for path in remaining.withLock({ $0 }) { remove(path) } }
}()

/// One directory at a time: at the end of the process, a test's thread may be removing the same one.
private let removal = Mutex<Void>(())

/// Removes the tree, however many others remove parts of it at the same time: the product removes large trees in the
/// background, and a sandbox that is ending may still write.
private func remove(_ path: String) {
    removal.withLock { _ in
        for attempt in 0..<50 where !removeTree(path) && access(path, F_OK) == 0 {
            if attempt > 0 { usleep(20_000) }
        }
    }
}

/// A new directory of a test, removed with its contents when its last owner is released, or the process ends.
package final class TemporaryDirectory: Sendable {
    /// Absolute, without a slash at its end.
    package let path: String

    /// - Parameter parent: the parent directory; the system's directory for temporary files if nil.
    package init(in parent: String? = nil) throws {
        let parent = parent ?? FileManager.default.temporaryDirectory.path
        path = "\(parent)/ciso-test-\(String(UInt64.random(in: .min ... .max), radix: 36))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        _ = removesRemainingAtExit
        remaining.withLock { _ = $0.insert(path) }
    }

    deinit {
        remove(path)
        if access(path, F_OK) != 0 { remaining.withLock { _ = $0.remove(path) } }
    }

    package var url: URL { URL(filePath: path, directoryHint: .isDirectory) }

    /// The path of `name` in it.
    package func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a file, and makes the directories that lead to it.
    package func write(_ text: String, to name: String, mode: mode_t = 0o644) throws {
        let file = URL(filePath: self(name))
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        guard mode & 0o111 != 0 else {
            try Data(text.utf8).write(to: file)
            chmod(file.path, mode)
            return
        }
        // Other tests start processes meanwhile, which have this process's files open for a moment, and a program that
        // is open for writing cannot be executed. So another process writes it.
        try shell(#"printf %s "$2" > "$1"; chmod "$3" "$1""#, file.path, text, String(mode, radix: 8))
    }

    /// The text of a file; nil if it cannot be read.
    package func read(_ name: String) -> String? { try? String(contentsOfFile: self(name), encoding: .utf8) }

    /// The regular files below a directory, relative to it, in order.
    package func files(below name: String) throws -> [String] {
        let root = self(name)
        return try FileManager.default.subpathsOfDirectory(atPath: root).sorted().filter { path in
            var isDirectory: ObjCBool = false
            return FileManager.default.fileExists(atPath: "\(root)/\(path)", isDirectory: &isDirectory)
                && !isDirectory.boolValue
        }
    }

    /// Runs a shell script in this directory.
    ///
    /// - Returns: the output.
    /// - Throws: `ProgramFailure` if one of its commands fails.
    @discardableResult package func shell(_ script: String, _ arguments: String...) throws -> String {
        try Program(["/bin/sh", "-ec", script, "sh"] + arguments, in: path).output()
    }
}
