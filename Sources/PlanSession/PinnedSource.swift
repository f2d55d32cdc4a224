internal import Core
internal import Matrix
internal import Model
internal import OpamFormat
internal import OpamRepository
internal import OpamSolver
internal import Planner
internal import YAML

/// Repositories in which some package versions have files specified by the matrix.
struct PinnedSource: PackageSource {
    let repositories: [Plan.Repository]
    let universe: Universe
    private let base: any PackageSource
    private let pinned: [PackageVersion: PackageFiles]
    let defects: [PackageDefect]

    /// `base` overlaid with the files of `pinned`; `base` itself if there are none.
    ///
    /// - Throws: `Failure` if an opam file cannot be read.
    static func laid(over base: any PackageSource, pinned: [PinnedPackage], texts: SourceTexts) throws
        -> any PackageSource
    {
        pinned.isEmpty ? base : try PinnedSource(base, pinned, texts)
    }

    private init(_ base: any PackageSource, _ packages: [PinnedPackage], _ texts: SourceTexts) throws {
        self.base = base
        var pinned: [PackageVersion: PackageFiles] = [:]
        var defects: [PackageDefect] = []
        var builder = UniverseBuilder(updating: base.universe)
        let names = Set(packages.map(\.pin.name.value))
        for name in base.universe.allNames.map(base.universe.name) where !names.contains(name) { builder.keep(name) }
        for package in packages {
            let pin = package.pin
            let version = PackageVersion(name: pin.name.value, version: pin.version)
            pinned[version] = package.files
            builder.begin(pin.name.value, fingerprint: package.files.digest.hex)
            do {
                let file = try OpamFile(parsing: package.files.opam, file: package.opamLocation)
                var ofSolving: [FormatError] = []
                let name = PackageName(unchecked: version.name)
                builder.add(
                    Package(name: name, version: Version(unchecked: version.version)),
                    PackageRelations(file, problems: &ofSolving))
                for error in file.problems() + file.mismatches(name: name, version: nil) {
                    defects.append(Self.defect(Diagnostic(error), in: pin, version, texts))
                }
            } catch {
                let location = pin.opamFile?.location ?? pin.source?.location
                throw Failure(
                    .input,
                    [texts.diagnostic(.error, "pin '\(pin.name.value)' has no opam file: \(error)", at: location)])
            }
        }
        self.pinned = pinned
        self.defects = base.defects.filter { !names.contains($0.name) } + defects
        universe = builder.finish()
        repositories = base.repositories
    }

    private static func defect(
        _ diagnostic: Diagnostic, in pin: Pin, _ version: PackageVersion, _ texts: SourceTexts
    ) -> PackageDefect {
        let warning = texts.diagnostic(
            .warning, "pin '\(pin.name.value)': \(diagnostic.locatedMessage)",
            at: pin.source?.location ?? pin.name.location)
        return PackageDefect(
            name: version.name, version: version.version, isLeftOut: false, message: warning.locatedMessage,
            warning: Diagnostic(.warning, warning.locatedMessage))
    }

    func files(of package: PackageVersion) throws -> PackageFiles {
        try pinned[package] ?? base.files(of: package)
    }

    func repository(of package: PackageVersion) throws -> Plan.Repository? {
        try pinned[package] == nil ? base.repository(of: package) : nil
    }

    func fingerprint(of name: String) -> String? {
        let own = pinned.filter { $0.key.name == name }.map { $0.value.digest.hex }
        return own.first ?? base.fingerprint(of: name)
    }
}

extension PinnedPackage {
    /// The name of the opam file in messages.
    var opamLocation: String { pin.opamFile?.value ?? "\(pin.name.value).opam" }
}

extension Diagnostic {
    /// The message, preceded by its location.
    fileprivate var locatedMessage: String { location.map { "\($0): \(message)" } ?? message }
}
