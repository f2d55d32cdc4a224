internal import Archive
internal import Core
internal import Fetching
internal import Foundation
internal import Logging
internal import Matrix
internal import Model
internal import OpamFormat
internal import System
internal import YAML

/// The sources of a matrix's unikernels.
struct UnikernelSources {
    let loader: PlanInputLoader
    let unpinned: UnpinnedSources

    /// A unikernel's directory at an exact state.
    struct Found: Sendable {
        var source: Source
        var configureFiles: PackageFiles
    }

    /// All sources, by name.
    ///
    /// - Throws: `Failure` that names all sources that are not available.
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
        let globs = entry.configureFiles.map(\.value)
        let key = FilesKey(
            url: exact.url, checksums: exact.checksums.map(\.description), subpath: exact.subpath,
            globs: globs.map(\.pattern))
        let files = try await loader.cache.unikernels.value(for: key) {
            logger.debug("read a unikernel's source", metadata: ["unikernel": "\(entry.name.value)"])
            let archive = try await unpinned.cache.file(exact, of: entry.name.value)
            return try SourceTree.withUnpacked(
                archive, of: exact.url, in: loader.environment.temporaryDirectory
            ) { tree in
                ConfigureFiles(try tree.configureFiles(below: exact.subpath, matching: globs))
            }
        }
        return Found(source: exact, configureFiles: PackageFiles(opam: [], files: files.byPath))
    }

    /// The key of the cached files that `mirage configure` reads.
    private struct FilesKey: Encodable {
        let url: String
        let checksums: [String]
        let subpath: String?
        let globs: [String]
    }

    /// Files by their paths, which are byte strings.
    private struct ConfigureFiles: Codable, Sendable {
        let paths: [Data]
        let contents: [Data]

        init(_ files: [FilePath: [UInt8]]) {
            let sorted = files.sorted { $0.key < $1.key }
            paths = sorted.map { Data($0.key.bytes) }
            contents = sorted.map { Data($0.value) }
        }

        var byPath: [FilePath: [UInt8]] {
            Dictionary(
                zip(paths, contents).map { (FilePath(bytes: [UInt8]($0)), [UInt8]($1)) },
                uniquingKeysWith: { first, _ in first })
        }
    }

    private func failure(_ error: any Error, of entry: UnikernelEntry) -> Failure {
        let failure = Failure(describing: error)
        return Failure(
            failure.category,
            failure.diagnostics.map { problem in
                let message = unprefixed(problem.message, by: entry.name.value)
                return loader.matrix.sources.diagnostic(
                    .error, "unikernel '\(entry.name.value)': \(message)", at: entry.source.location,
                    hint: problem.hint)
            })
    }
}
