internal import Core
package import Model
internal import OpamFormat
package import OpamSolver

/// The packages of a source, and the packages that configure and build unikernels.
package struct UnikernelSource: PackageSource {
    /// The repositories of the underlying source, then those used only for locks.
    package let repositories: [Plan.Repository]
    package let universe: Universe
    package let unikernels: [PackageVersion: PlannedUnikernel]
    private let base: any PackageSource
    private let files: [PackageVersion: PackageFiles]
    private let fingerprints: [String: String]

    /// - Parameters:
    ///   - planned: The unikernels; none may have the name of a package of `base`.
    ///   - repositories: Further repositories, from which sources are locked.
    /// - Throws: `Failure` if a generated opam file cannot be read.
    package init(
        over base: any PackageSource, _ planned: [PlannedUnikernel], repositories extra: [Plan.Repository] = []
    ) throws {
        self.base = base
        repositories = base.repositories + extra.filter { !base.repositories.contains($0) }
        var files: [PackageVersion: PackageFiles] = [:]
        var texts: [String: [String]] = [:]
        for planned in planned {
            let configure = UnikernelRecipe(planned.unikernel).configure
            files[planned.unikernel.configurePackage] = configure
            files[planned.unikernel.package] = planned.files
            texts[planned.unikernel.configurePackage.name, default: []].append(configure.digest.hex)
            texts[planned.unikernel.package.name, default: []].append(planned.fingerprint)
        }
        self.files = files
        fingerprints = texts.mapValues { Digest(of: $0.joined(separator: "\n")).hex }
        unikernels = Dictionary(planned.map { ($0.unikernel.package, $0) }, uniquingKeysWith: { first, _ in first })
        var builder = UniverseBuilder(updating: base.universe)
        for name in base.universe.allNames.map(base.universe.name) { builder.keep(name) }
        for (name, fingerprint) in fingerprints.sorted(by: { $0.key < $1.key }) {
            builder.begin(name, fingerprint: fingerprint)
            for (package, files) in files where package.name == name {
                var problems: [FormatError] = []
                let file = try UnikernelRecipe.opamFile(files, of: package)
                builder.add(
                    Package(name: PackageName(unchecked: name), version: Version(unchecked: package.version)),
                    PackageRelations(file, problems: &problems))
            }
        }
        universe = builder.finish()
    }

    package var defects: [PackageDefect] { base.defects }

    package func files(of package: PackageVersion) throws -> PackageFiles {
        try files[package] ?? base.files(of: package)
    }

    package func repository(of package: PackageVersion) throws -> Plan.Repository? {
        try files[package] == nil ? base.repository(of: package) : nil
    }

    package func fingerprint(of name: String) -> String? { fingerprints[name] ?? base.fingerprint(of: name) }
}
