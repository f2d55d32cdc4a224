package import Core
package import Fetching
package import Model
package import OpamFormat
internal import Planner
internal import Synchronization
internal import System

/// Resolves sources that can change (branches, directories, files without a checksum) during planning. Each is resolved
/// once, so that all jobs of a plan use the same.
///
/// - SeeAlso: `docs/decisions/0085-unpinned-sources.md`
package final class UnpinnedSources: SourceResolver {
    let cache: SourceCache
    private let state = Mutex(State())
    /// A source that cannot be resolved is not tried again either.
    private let looked = AsyncMemo<Source, Result<Source, any Error>>()

    private struct State {
        var resolved: [String: String] = [:]
        var warnings: [Diagnostic] = []
    }

    package init(_ cache: SourceCache) {
        self.cache = cache
    }

    /// The commits or checksums found so far, by URL.
    package var resolved: [String: String] { state.withLock { $0.resolved } }

    /// Whether all these were resolved already.
    func haveResolved(all urls: some Sequence<String>) -> Bool {
        state.withLock { state in urls.allSatisfy { state.resolved[$0] != nil } }
    }

    /// Whether `source` refers to something that can change.
    package func isUnpinned(_ source: Source) -> Bool { SourceAddress.moves(source) }

    /// Warnings about sources that could not be resolved.
    package var warnings: [Diagnostic] { state.withLock { $0.warnings } }

    /// The present state of `source`.
    ///
    /// - Throws: `SourceError`.
    func resolve(_ source: Source, of package: String) async throws -> Source {
        let result = try await looked.value(for: source) { [cache] in
            do {
                return .success(try await cache.exact(source, of: package))
            } catch {
                if error is CancellationError { throw error }
                return .failure(error)
            }
        }
        let exact = try result.get()
        if exact != source { state.withLock { $0.resolved[source.url] = exact.state } }
        return exact
    }

    /// Resolves the source of a repository's package to a commit, if it is a git repository. If that fails, the files
    /// stay unchanged and a warning is added: the package's job will fail.
    package func resolve(
        _ files: PackageFiles, _ opam: OpamFile, of package: PackageVersion
    ) async throws -> PackageFiles {
        guard let source = opam.url, SourceAddress.moves(source), case .git = SourceAddress(source.url) else {
            return files
        }
        do {
            var files = files
            files.opam = opam.replacing(source: try await resolve(source, of: package.description))
            return files
        } catch let error as SourceError {
            let warning = Diagnostic(
                .warning, "the source of \(package) is not known: \(error)", hint: error.hint)
            state.withLock { state in
                if !state.warnings.contains(warning) { state.warnings.append(warning) }
                state.resolved[source.url] = ""
            }
            return files
        }
    }

    /// Whether everything that an earlier plan resolved is unchanged.
    func areUnchanged(since known: [String: String]) async -> Bool {
        for (url, state) in known {
            let now = try? await resolve(Source(url: url), of: url)
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
