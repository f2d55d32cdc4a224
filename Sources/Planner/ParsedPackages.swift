internal import Core
internal import Model
internal import OpamFormat
internal import OpamSolver
internal import Synchronization

/// What the files of a package version say, whatever it is built on.
struct ParsedPackage: Sendable {
    let files: PackageFiles
    /// Of the files.
    let digest: Digest
    let depends: DependencyFormula
    let depopts: DependencyFormula
    let depexts: [Filtered<[String]>]

    init(_ files: PackageFiles, _ file: OpamFile) {
        self.files = files
        digest = files.digest
        depends = file.depends
        depopts = file.depopts
        depexts = file.depexts
    }
}

/// The package versions of a source, each read once for all columns.
final class ParsedPackages: Sendable {
    let source: any PackageSource
    private let unpinned: (any SourceResolver)?
    private let known = Mutex<[Universe.PackageID: ParsedPackage]>([:])

    init(_ source: any PackageSource, _ unpinned: (any SourceResolver)?) {
        self.source = source
        self.unpinned = unpinned
    }

    /// What the files of a package version say, its source at an exact commit.
    ///
    /// - Throws: `Failure` where the repository cannot be read.
    func package(_ id: Universe.PackageID) async throws -> ParsedPackage {
        if let package = known.withLock({ $0[id] }) { return package }
        let universe = source.universe
        let version = PackageVersion(name: universe.name(universe.nameID(of: id)), version: universe.version(of: id))
        var files = try source.files(of: version)
        let file = try opamFile(files, of: version)
        if let unpinned { files = try await unpinned.resolve(files, file, of: version) }
        // Another column may have been as fast; both have read the same.
        let package = ParsedPackage(files, file)
        known.withLock { $0[id] = package }
        return package
    }

    private func opamFile(_ files: PackageFiles, of package: PackageVersion) throws -> OpamFile {
        do {
            return try OpamFile(parsing: files.opam, file: "\(package)/opam")
        } catch {
            throw Failure(.input, "the opam file of \(package) cannot be read: \(error)")
        }
    }
}
