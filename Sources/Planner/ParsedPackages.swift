internal import Core
internal import Model
internal import OpamFormat
internal import OpamSolver
internal import Synchronization

/// The parsed files of a package version, independent of the target.
struct ParsedPackage: Sendable {
    let files: PackageFiles
    /// The digest of the files.
    let digest: Digest
    let depends: DependencyFormula
    let depopts: DependencyFormula
    let depexts: [Filtered<[String]>]
    let metadata: PackageMetadata
    /// The files of the run of a unikernel.
    var run: UnikernelRun?

    /// The files of a unikernel's run, parsed.
    struct UnikernelRun: Sendable {
        let files: PackageFiles
        let digest: Digest
        let depexts: [Filtered<[String]>]
        let time: Int?
    }

    init(_ files: PackageFiles, _ file: OpamFile, of package: PackageVersion) {
        self.files = files
        digest = files.digest
        depends = file.depends
        depopts = file.depopts
        depexts = file.depexts
        metadata = PackageMetadata(file, of: package)
    }
}

/// The package versions of a source, each parsed once for all columns.
final class ParsedPackages: Sendable {
    let source: any PackageSource
    private let unpinned: (any SourceResolver)?
    private let known = Mutex<[Universe.PackageID: ParsedPackage]>([:])

    init(_ source: any PackageSource, _ unpinned: (any SourceResolver)?) {
        self.source = source
        self.unpinned = unpinned
    }

    /// The parsed files of a package version, with its source resolved.
    ///
    /// - Throws: `Failure` if the repository cannot be read.
    func package(_ id: Universe.PackageID) async throws -> ParsedPackage {
        if let package = known.withLock({ $0[id] }) { return package }
        let version = source.universe.packageVersion(id)
        var files = try source.files(of: version)
        let file = try opamFile(files, of: version)
        if let unpinned { files = try await unpinned.resolve(files, file, of: version) }
        // If another column was faster, both have read the same files.
        var package = ParsedPackage(files, file, of: version)
        if let planned = source.unikernels[version], let files = planned.runFiles {
            package.run = ParsedPackage.UnikernelRun(
                files: files, digest: files.digest, depexts: try opamFile(files, of: version).depexts,
                time: planned.runTime)
        }
        known.withLock { $0[id] = package }
        return package
    }

    /// The metadata in the opam file of a package version; empty if the file is unusable.
    ///
    /// - Throws: `Failure` if the repository cannot be read.
    func metadata(of package: PackageVersion) throws -> PackageMetadata {
        let universe = source.universe
        let id = universe.nameID(package.name).flatMap { name in
            universe.versions(of: name).first { universe.version(of: $0) == package.version }
        }
        if let id, let known = known.withLock({ $0[id] }) { return known.metadata }
        do {
            return PackageMetadata(try opamFile(source.files(of: package), of: package), of: package)
        } catch let error as any ClassifiedError where error.category == .input {
            return PackageMetadata(package: package)
        }
    }

    private func opamFile(_ files: PackageFiles, of package: PackageVersion) throws -> OpamFile {
        do {
            return try OpamFile(parsing: files.opam, file: "\(package)/opam")
        } catch {
            throw Failure(.input, "the opam file of \(package) cannot be read: \(error)")
        }
    }
}
