package import Archive
package import Core
package import OpamFormat

/// The recipe for building one package version in one switch: the opam file's commands with filters evaluated and
/// variables expanded.
///
/// - SeeAlso: `docs/decisions/0060-recipes-without-opam.md`
package struct BuildRecipe: Sendable {
    /// The package's name.
    package var name: String
    /// The package's version.
    package var version: String
    /// `NAME.VERSION`.
    package var package: String { "\(name).\(version)" }
    /// The source that is unpacked as the build directory; nil for a package without one.
    package var source: Source?
    /// Additional files to fetch, by their name in the build directory.
    package var extraSources: [ExtraSource]
    /// Files from the opam file's `files/`, by their name in the build directory.
    package var files: [FilePath: [UInt8]]
    /// Whether the opam file lists them.
    private let namesItsFiles: Bool
    /// The names of patches in the build directory, in order.
    package var patches: [FilePath]
    /// Patches that are generated from `NAME.in` before patches are applied.
    package var patchTemplates: [FilePath]
    /// Files that are generated from `NAME.in` after patches are applied.
    package var templates: [FilePath]
    /// The command lines of `build:`.
    package var build: [[String]]
    /// The command lines of `run-test:`; empty if tests are not requested.
    package var test: [[String]]
    /// The command lines of `install:`.
    package var install: [[String]]
    /// The command lines of `remove:`.
    package var remove: [[String]]
    /// The environment variables of every command, which override those of the sandbox.
    package var environment: [String: String]
    /// The working directory of the commands.
    package var directory: String

    /// Evaluates the recipe of `opam`.
    ///
    /// - Parameters:
    ///   - files: the files in the opam file's `files/`.
    ///   - changes: the environment changes of the packages in the switch.
    ///   - base: the environment of the sandbox.
    /// - Throws: `RecipeError` if a file is missing or its checksum differs from the one in the opam file.
    package init(
        of opam: OpamFile, files: [FilePath: [UInt8]], variables: PackageVariables, changes: [EnvironmentChange],
        base: [String: String]
    ) throws(RecipeError) {
        let values: Environment = { variables.value(of: $0) }
        name = variables.name
        version = variables.version
        source = opam.url
        extraSources = opam.extraSources
        self.files = try Self.checked(files, against: opam.extraFiles, of: "\(name).\(version)")
        namesItsFiles = opam.extraFiles != nil
        let allPatches = Set(opam.patches.map(\.element))
        patches = opam.patches.filter { $0.applies(in: values) }.map { FilePath(bytes: $0.element) }
        patchTemplates = opam.substs.filter(allPatches.contains).map { FilePath(bytes: $0) }
        templates = opam.substs.filter { !allPatches.contains($0) }.map { FilePath(bytes: $0) }
        build = opam.build.words(in: values)
        test = variables.withTests ? opam.runTest.words(in: values) : []
        install = opam.install.words(in: values)
        remove = opam.remove.words(in: values)
        directory = variables.layout.build(of: "\(name).\(version)")
        environment = Self.environment(of: opam, variables, changes, base)
    }

    /// The opam file as recorded in the switch: opam adds the list of `files/` if it is missing, and rebuilds a package
    /// whose recorded file has no list.
    package func recorded(_ opam: [UInt8]) -> [UInt8] {
        guard !namesItsFiles, !files.isEmpty else { return opam }
        let lines = files.sorted { $0.key < $1.key }.map { name, bytes in
            Array("  [".utf8) + Printer.quoted(name.bytes)
                + Array(" \"md5=\(Checksum.Kind.md5.digest(of: bytes))\"]\n".utf8)
        }
        return opam + Array("\nextra-files: [\n".utf8) + lines.joined() + Array("]\n".utf8)
    }

    private static func checked(_ files: [FilePath: [UInt8]], against expected: [CheckedFile]?, of package: String)
        throws(RecipeError) -> [FilePath: [UInt8]]
    {
        guard let expected else { return files }
        var checked: [FilePath: [UInt8]] = [:]
        for file in expected {
            let name = FilePath(bytes: file.nameBytes)
            guard let bytes = files[name] else {
                throw RecipeError(description: "\(package): the opam file names files/\(name), which is missing")
            }
            let found = file.checksum.kind.digest(of: bytes)
            guard found == file.checksum.hexadecimal else {
                throw RecipeError(
                    description: "\(package): files/\(name): expected \(file.checksum), found "
                        + "\(file.checksum.kind.rawValue)=\(found)")
            }
            checked[name] = bytes
        }
        return checked
    }

    /// In opam's order: a sane shell environment, `build-env`, then the variables of the switch and its packages.
    private static func environment(
        of opam: OpamFile, _ variables: PackageVariables, _ changes: [EnvironmentChange], _ base: [String: String]
    ) -> [String: String] {
        let own = [
            EnvironmentChange("CDPATH", .set, ""),
            EnvironmentChange("MAKEFLAGS", .set, ""),
            EnvironmentChange("MAKELEVEL", .set, ""),
            EnvironmentChange("OPAM_PACKAGE_NAME", .set, variables.name),
            EnvironmentChange("OPAM_PACKAGE_VERSION", .set, variables.version),
            EnvironmentChange("OPAMCLI", .set, "2.0"),
        ]
        let root = [
            EnvironmentChange("OPAMROOT", .set, variables.layout.root),
            EnvironmentChange("OPAMSWITCH", .set, variables.layout.name),
        ]
        // Opam 2.1 does not expand these values.
        let build = opam.buildEnvironment.map { EnvironmentChange($0.name, $0.change, $0.value) }
        let ofSwitch = EnvironmentChange.ofSwitch(variables.layout, packages: changes, forced: true)
        let all = own + build + root + ofSwitch
        return all.applied(to: base).filter { name, _ in all.contains { $0.variable == name } }
    }
}

/// The reason why a recipe cannot be followed: the opam file does not match the actual files.
package struct RecipeError: ClassifiedError, Hashable, Sendable, CustomStringConvertible {
    package var description: String

    package var category: ErrorCategory { .input }

    package init(description: String) {
        self.description = description
    }
}

extension [EnvironmentUpdate] {
    /// The updates with the variables in their values expanded.
    package func expanded(in variables: PackageVariables) -> [EnvironmentChange] {
        map { update in
            EnvironmentChange(
                update.name, update.change, Interpolation.expand(update.value, in: { variables.value(of: $0) }),
                comment: "Updated by package \(variables.name)")
        }
    }
}
