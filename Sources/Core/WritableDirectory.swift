internal import Foundation
internal import System

/// Checks directories before an operation that will write to them.
package enum WritableDirectory {
    /// Checks that `path` is a writable directory or can be created: writes a file into it, or into its nearest
    /// existing ancestor, and removes it.
    ///
    /// - Parameters:
    ///   - name: the purpose of the directory, with its article, for the message.
    ///   - hint: how to choose another one.
    /// - Throws: `Failure` of the category `unavailable` that names the directory.
    package static func check(_ path: String, _ name: String, hint: String) throws(Failure) {
        var nearest = path.isAbsolutePath ? path : "./\(path)"
        var status = stat()
        while stat(nearest, &status) != 0 {
            guard errno == ENOENT, let parent = parent(of: nearest) else {
                throw unusable(path, name, "'\(nearest)': \(errorText(errno))", hint)
            }
            nearest = parent
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw unusable(path, name, "'\(nearest)' is not a directory", hint)
        }
        if let problem = problemOfWriting(in: nearest) {
            throw unusable(path, name, "a file in '\(nearest)': \(errorText(problem))", hint)
        }
    }

    /// Writes a file in `directory` and removes it. Checking permissions is not enough: root ignores them, a file
    /// system may be full, and no file can be created in the kernel's pseudo file systems.
    ///
    /// - Returns: the error number; nil if there was no error.
    private static func problemOfWriting(in directory: String) -> Int32? {
        var template = Array("\(directory)/.ciso-check-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { return errno }
        let isWritten = write(descriptor, "x", 1) == 1
        let problem = errno
        unlink(template)
        // Some file systems report only on closing that they are full.
        let isClosed = close(descriptor) == 0
        return isWritten ? (isClosed ? nil : errno) : problem
    }

    /// Checks the temporary directory, which must exist.
    ///
    /// - Throws: `Failure` of the category `unavailable` that names it.
    package static func checkTemporary(_ path: String) throws(Failure) {
        guard FileManager.default.fileExists(atPath: path) else {
            throw unusable(path, "the temporary directory", "it does not exist", temporaryHint)
        }
        try check(path, "the temporary directory", hint: temporaryHint)
    }

    private static let temporaryHint = "TMPDIR sets another one"

    private static func unusable(_ path: String, _ name: String, _ why: String, _ hint: String) -> Failure {
        Failure(.unavailable, "\(name) '\(path)' cannot be used: \(why)", hint: hint)
    }

    private static func parent(of path: String) -> String? {
        let trimmed = path.utf8.last == UInt8(ascii: "/") ? String(decoding: path.utf8.dropLast(), as: UTF8.self) : path
        let parent = trimmed.pathPrefix
        guard !parent.isEmpty, parent != path else { return nil }
        return parent == "/" ? parent : String(decoding: parent.utf8.dropLast(), as: UTF8.self)
    }
}
