internal import Glibc
internal import System

/// An error of libgit2, to be reported in terms that users understand.
///
/// libgit2's messages are meant for programmers ("failed to resolve path '/x': No such file or directory"). Only what a
/// user can act on is extracted from them: the operating system's reason, the status of an HTTP response, a line of a
/// configuration file. The full message is kept in `GitError.libraryMessage`.
struct LibraryError {
    /// libgit2's message; empty if there is none.
    let message: String

    // MARK: Local repositories

    /// The error for an operation on the repository at `path`.
    ///
    /// - Parameter kind: the meaning of libgit2's error number.
    func local(_ kind: GitError.Kind, _ operation: String, _ path: String) -> GitError {
        guard let number = systemError, Self.localNumbers.contains(number), case .other = kind else {
            return GitError(
                kind: kind, operation: operation, detail: detail(kind, operation), repository: path,
                libraryMessage: message)
        }
        var error = GitError.system(operation, path, number)
        if let file = quoted, file != path { error.detail = "'\(file)': \(error.detail)" }
        error.libraryMessage = message
        return error
    }

    private func detail(_ kind: GitError.Kind, _ operation: String) -> String {
        switch kind {
        case .notFound: return operation == "open it" ? "there is no repository" : "it does not exist"
        case .exists: return "it already exists"
        case .ambiguous: return "the name matches several objects"
        case .invalidName: return "the name is not valid"
        case .modified: return "another process changed it"
        case .locked: return "another process holds its lock"
        case .owner: return "it belongs to another user"
        case .unusable, .incomplete, .corrupted, .noSpace, .network, .system: return "its data is damaged"
        case .other: break
        }
        let configuration = "failed to parse config file: "
        if message.hasPrefix(configuration) {
            return "its configuration cannot be parsed: \(message.dropFirst(configuration.count))"
        }
        if let systemError { return errorText(systemError) }
        return message.isEmpty ? "the reason is unknown" : "libgit2 reports '\(message)'"
    }

    // MARK: Other machines

    /// The error for an operation on the repository at `url`.
    ///
    /// A full or read-only disk of this machine is an error of the system, not of the network.
    ///
    /// - Parameter isAbsent: whether libgit2's number means that the repository does not exist or is not accessible.
    func remote(isAbsent: Bool, _ operation: String, _ url: String) -> GitError {
        if let number = systemError, Self.localNumbers.contains(number) {
            var error = GitError.system(operation, url, number)
            error.detail += " on this machine"
            error.libraryMessage = message
            return error
        }
        let isMissing = isAbsent || [404, 410, 401, 403].contains(httpStatus) || message.contains("ot found")
        return GitError(
            kind: isMissing ? .notFound : .network, operation: operation, detail: remoteDetail(isMissing),
            repository: url, libraryMessage: message)
    }

    private func remoteDetail(_ isMissing: Bool) -> String {
        let lowered = message.lowercased()
        if let httpStatus { return "the server answered with HTTP status \(httpStatus)" }
        if lowered.contains("authentication") || lowered.contains("credential") {
            return "the server requires a login, and accepts none of the available ones"
        }
        if lowered.contains("certificate") || lowered.contains("ssl error") {
            return "the server's certificate is not accepted"
        }
        if lowered.hasPrefix("failed to resolve address") {
            return "the host name cannot be resolved: \(message.components(after: ": "))"
        }
        if let systemError { return "no connection: \(errorText(systemError))" }
        if isMissing { return "there is no repository" }
        if lowered.contains("early eof") || lowered.contains("unexpected disconnect") {
            return "the connection ended early"
        }
        return message.isEmpty ? "the reason is unknown" : "libgit2 reports '\(message)'"
    }

    // MARK: Parts of a message

    /// Error numbers that mean that this machine cannot write, as opposed to a remote failure.
    private static let localNumbers: Set<Int32> = [ENOSPC, EDQUOT, EROFS, EACCES, EPERM, EIO, EMFILE, ENFILE, ENOMEM]

    private static let knownNumbers: [Int32] =
        Array(localNumbers) + [
            ENOENT, ENOTDIR, EISDIR, ENOTEMPTY, EEXIST, ELOOP, ENAMETOOLONG, EBUSY, ECONNREFUSED, ECONNRESET, ETIMEDOUT,
            EHOSTUNREACH, ENETUNREACH, ENETDOWN, EPIPE,
        ]

    /// The number of the operating system's error whose text ends the message.
    private var systemError: Int32? {
        Self.knownNumbers.first { message.hasSuffix(": \(errorText($0))") }
    }

    /// The text between the first pair of single quotes.
    private var quoted: String? {
        let parts = message.split(separator: "'", omittingEmptySubsequences: false)
        return parts.count > 2 ? String(parts[1]) : nil
    }

    private var httpStatus: Int? {
        guard let range = message.firstRange(of: "status code: ") else { return nil }
        return Int(message[range.upperBound...].prefix { $0.isNumber })
    }
}

extension String {
    /// The part after the last `separator`; the whole text if there is none.
    fileprivate func components(after separator: String) -> Substring {
        ranges(of: separator).last.map { self[$0.upperBound...] } ?? self[...]
    }
}
