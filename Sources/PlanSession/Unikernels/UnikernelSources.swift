internal import Core
internal import Fetching
internal import Matrix
internal import Model
internal import OpamFormat
internal import System
internal import YAML

/// The sources of a matrix's unikernels.
struct UnikernelSources {
    let loader: PlanInputLoader
    let unpinned: UnpinnedSources

    /// A unikernel's folder at an exact state.
    struct Found: Sendable {
        var source: Source
        var configureFiles: PackageFiles
    }

    /// All of them, by name.
    ///
    /// - Throws: `Failure` that names every one that is not there.
    func all() async throws -> [String: Found] {
        var found: [String: Found] = [:]
        var mistakes: [Failure] = []
        for entry in loader.matrix.unikernels {
            do {
                found[entry.name.value] = try await self.found(entry)
            } catch {
                if error is CancellationError { throw error }
                mistakes.append(failure(error, of: entry))
            }
        }
        if let failure = Failure(mistakes) { throw failure }
        return found
    }

    private func found(_ entry: UnikernelEntry) async throws -> Found {
        let address = try PinnedFiles.address(of: entry.source.value)
        let exact = try await unpinned.resolve(address, of: entry.name.value)
        let archive = try await unpinned.cache.file(exact, of: entry.name.value)
        let files = try SourceTree.withUnpacked(archive, in: loader.environment.temporaryDirectory) { tree in
            try tree.configureFiles(below: exact.subpath, matching: entry.configureFiles.map(\.value))
        }
        return Found(source: exact, configureFiles: PackageFiles(opam: [], files: files))
    }

    private func failure(_ error: any Error, of entry: UnikernelEntry) -> Failure {
        let failure = Failure(describing: error)
        return Failure(
            failure.category,
            failure.diagnostics.map { problem in
                loader.matrix.sources.diagnostic(
                    .error, "unikernel '\(entry.name.value)': \(problem.message)", at: entry.source.location,
                    hint: problem.hint)
            })
    }
}
