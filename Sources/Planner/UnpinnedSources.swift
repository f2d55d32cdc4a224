internal import Core
internal import Documents
package import Fetching
internal import Foundation
internal import OpamFormat
internal import Synchronization

/// What sources that move (branches, folders, files that no checksum tells) are at while a plan is made. Each is looked
/// at once, so that all jobs of a plan agree.
package final class UnpinnedSources: Sendable {
    let cache: SourceCache
    private let state = Mutex(State())

    private struct State {
        var running: [Source: Task<Source, any Error>] = [:]
        var found: [String: String] = [:]
        var warnings: [Diagnostic] = []
    }

    package init(_ cache: SourceCache) {
        self.cache = cache
    }

    /// What was found, as the plan keeps it: a commit or a checksum by the address; nothing for what could not be
    /// looked at.
    var found: [String: String] { state.withLock { $0.found } }

    /// Whether all these were looked at already.
    func haveFound(all urls: some Sequence<String>) -> Bool {
        state.withLock { state in urls.allSatisfy { state.found[$0] != nil } }
    }

    /// What could not be looked at.
    var warnings: [Diagnostic] { state.withLock { $0.warnings } }

    /// `source` as it is now.
    ///
    /// - Throws: `SourceError`.
    func exact(_ source: Source, of package: String) async throws -> Source {
        let task = state.withLock { state in
            if let task = state.running[source] { return task }
            let task = Task { [cache] in try await cache.exact(source, of: package) }
            state.running[source] = task
            return task
        }
        let exact = try await task.value
        if exact != source { state.withLock { $0.found[source.url] = exact.state } }
        return exact
    }

    /// The files of a repository's package with the commit of its source, where that is a repository of git; as they
    /// are where that is not to be had, which is then a warning: the package's job will tell.
    func exact(_ files: PackageFiles, _ opam: OpamFile, of package: PackageVersion) async throws -> PackageFiles {
        guard let source = opam.url, SourceAddress.moves(source), case .git = SourceAddress(source.url) else {
            return files
        }
        do {
            var files = files
            files.opam = opam.replacing(source: try await exact(source, of: package.description))
            return files
        } catch let error as SourceError {
            let warning = Diagnostic(.warning, "the source of \(package) is not known: \(error)")
            state.withLock { state in
                if !state.warnings.contains(warning) { state.warnings.append(warning) }
                state.found[source.url] = ""
            }
            return files
        }
    }

    /// Whether all that an earlier plan found is so still.
    package func areStill(at known: [String: String]) async -> Bool {
        for (url, state) in known {
            let now = try? await exact(Source(url: url), of: url)
            guard now?.state ?? "" == state else { return false }
        }
        return true
    }
}

extension Source {
    /// The commit or the checksum.
    fileprivate var state: String {
        if case .git(_, let revision?) = SourceAddress(url) { return revision }
        return checksums.first?.description ?? ""
    }
}
