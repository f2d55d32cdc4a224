import Glibc
package import System

/// An open file or directory, closed with its owner.
typealias Descriptor = OpenFile<ArchiveError>

extension ArchiveError: SystemErrorConvertible {
    package init(_ error: SystemError) { self.init(error, of: nil) }

    /// - Parameter owner: the archive or directory to name first, if the path is part of it.
    init(_ error: SystemError, of owner: String?) {
        self.init(
            .system, archive: owner ?? error.path, member: owner == error.path || owner == nil ? nil : error.path,
            detail: "\(error.operation): \(error.reason)")
    }
}

extension OpenFile where Problem == ArchiveError {
    /// - Parameter owner: the archive or directory named in errors.
    init(opening path: String, _ flags: Int32, of owner: String) throws(ArchiveError) {
        do throws(SystemError) {
            self.init(adopting: try OpenFile<SystemError>(path, flags).relinquish(), path)
        } catch {
            throw ArchiveError(error, of: owner)
        }
    }

    init(opening path: FilePath, in directory: borrowing Descriptor, _ flags: Int32, of owner: String)
        throws(ArchiveError)
    {
        let parent = directory.descriptor
        let raw = path.withCString { openat(parent, $0, flags | O_CLOEXEC) }
        guard raw >= 0 else { throw systemError("open", path.description, of: owner) }
        self.init(adopting: raw, path.description)
    }

    /// Creates a file, or truncates an existing one.
    init(creating path: String, of owner: String) throws(ArchiveError) {
        do throws(SystemError) {
            let file = try OpenFile<SystemError>(path, O_RDWR | O_CREAT | O_TRUNC, mode: 0o644)
            self.init(adopting: file.relinquish(), path)
        } catch {
            throw ArchiveError(error, of: owner)
        }
    }

    /// The file descriptor for system calls.
    var raw: Int32 { descriptor }
}

/// The error of `action` on `path`. Must be called directly after the failed call.
func systemError(_ action: String, _ path: String, of owner: String? = nil) -> ArchiveError {
    ArchiveError(.last(action, path), of: owner)
}
