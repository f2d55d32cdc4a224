internal import Core
internal import Foundation
internal import System

/// A checkout of a git repository on this machine, of which only the newest commit is used.
struct WorkTree: Sendable {
    /// The absolute path.
    let path: String
    /// The environment of git, which reads the user's configuration.
    private let environment: ProcessEnvironment

    init(path: String, environment: ProcessEnvironment) {
        self.environment = environment
        self.path = URL(fileURLWithPath: path).standardizedFileURL.path
    }

    /// The time limit for git.
    private static let timeLimit = Duration.seconds(30)
    /// The limit of git's output in bytes.
    private static let limit = 4 << 20

    /// The contents of a checkout that are not in its newest commit.
    struct Status: CustomStringConvertible, Sendable {
        /// Paths that are changed, added or removed, including submodules.
        var changed: [String] = []
        /// Untracked paths; for untracked directories only the directory itself.
        var untracked: [String] = []
        /// Paths that git ignores.
        var ignored: [String] = []

        /// Whether there are no changes except ignored files.
        var isClean: Bool { changed.isEmpty && untracked.isEmpty }

        var description: String {
            [
                Self.text(changed, "uncommitted"), Self.text(untracked, "unknown to git"),
            ].compactMap(\.self).joined(separator: "; ")
        }

        private static func text(_ paths: [String], _ what: String) -> String? {
            guard !paths.isEmpty else { return nil }
            let shown = paths.prefix(5).map { "'\($0)'" }.joined(separator: ", ")
            let count = paths.count == 1 ? "1 file" : "\(paths.count) files"
            return "\(count) \(what): \(shown)\(paths.count > 5 ? " …" : "")"
        }

        /// The files that opam would use as the opam file of a package.
        func opamFiles(of package: String, below subpath: String?) -> [String] {
            let directory = subpath.map { "\($0)/" } ?? ""
            let names = ["\(package).opam", "opam/\(package).opam", "opam"].map { directory + $0 }
            return (changed + untracked + ignored).filter { path in
                names.contains { name in
                    path == name || path == "\(name)/opam" || path.hasSuffix("/") && "\(name)/opam".hasPrefix(path)
                }
            }
        }
    }

    /// What a user can do so that everything is used.
    var remedy: String { "commit it, or take the directory as it is: url: \"file://\(path)\"" }

    /// Whether a revision is the one that is checked out.
    func isAt(_ revision: String?) -> Bool {
        guard FileManager.default.fileExists(atPath: "\(path)/.git") else { return false }
        guard let revision, revision != "HEAD" else { return true }
        return git(["symbolic-ref", "--short", "-q", "HEAD"]).map { line in
            let branch = String(decoding: line, as: UTF8.self).trimmingCharacters(in: .newlines)
            return branch == revision || "refs/heads/\(branch)" == revision
        } ?? false
    }

    /// The uncommitted changes; nil if git cannot determine them.
    ///
    /// - Parameter directories: The directories to check; all if empty.
    func status(of directories: [String] = []) -> Status? {
        let arguments = ["status", "--porcelain=v1", "-z", "--no-renames", "--ignored=traditional", "--"] + directories
        return git(arguments).map(Status.init(porcelain:))
    }

    /// The output of a git command in the checkout; nil if git fails or is not installed. Blocks the thread.
    private func git(_ arguments: [String]) -> [UInt8]? {
        // A status must not write the index of a user's checkout.
        let command = Subprocess(
            ["git", "-C", path] + arguments,
            environment: environment.merging(["GIT_OPTIONAL_LOCKS": "0"]),
            outputLimit: Self.limit, timeLimit: Self.timeLimit)
        guard let outcome = try? command.wait() else { return nil }
        // If the output exceeds the limit, it still shows that something is omitted.
        return outcome.succeeded || outcome.ending == .outputLimit ? outcome.output : nil
    }
}

extension WorkTree.Status {
    /// Parses the output of `git status --porcelain=v1 -z`: two letters, a space and a path, each terminated by a zero
    /// byte.
    init(porcelain bytes: [UInt8]) {
        for entry in bytes.split(separator: 0) where entry.count > 3 {
            let path = String(decoding: entry.dropFirst(3), as: UTF8.self)
            switch entry.prefix(2) {
            case let code where code.elementsEqual("??".utf8): untracked.append(path)
            case let code where code.elementsEqual("!!".utf8): ignored.append(path)
            default: changed.append(path)
            }
        }
    }
}
