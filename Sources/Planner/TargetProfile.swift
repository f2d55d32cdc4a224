package import Model
internal import OpamFormat

/// The description of a target by its plugin, for one kind of compilers: the distribution's own, or opam's.
package struct TargetProfile: Sendable {
    /// Maps names of system packages to those of the distribution; names that are part of the environment map to
    /// nothing. A name that the distribution lacks is kept, so that the build reports it.
    package typealias SystemPackageMapper = @Sendable (_ names: [String]) async throws -> [String: [String]]

    /// The target as recorded in plans.
    package var target: Plan.Target
    /// Maps names of system packages to those of the distribution.
    package var mapSystemPackages: SystemPackageMapper

    package init(target: Plan.Target, mapSystemPackages: @escaping SystemPackageMapper) {
        self.target = target
        self.mapSystemPackages = mapSystemPackages
    }
}

/// Opam's variables of a target with a compiler, for dependency formulas and filters.
struct ColumnVariables: Sendable {
    /// The version of opam that the variables describe.
    static let opamVersion = "2.5.2"

    /// The variables that are the same for all packages.
    let solverVariables: [Variable: VariableValue]

    init(values: [String: String], compilerVersion: String) {
        let ocaml = Variable.Scope.package(PackageName(unchecked: "ocaml"))
        var variables: [Variable: VariableValue] = [
            Variable("opam-version"): .string(Self.opamVersion), Variable("native", scope: ocaml): .bool(true),
            Variable("version", scope: ocaml): .string(compilerVersion),
        ]
        for name in ["arch", "cc", "libc", "system", "version"] {
            variables[Variable("sys-ocaml-\(name)")] = .string("")
        }
        for (name, value) in values { variables[Variable(name)] = .string(value) }
        solverVariables = variables
    }

    /// The variables for a version of a package.
    func environment(version: String) -> OpamFormat.Environment {
        { variable in
            if variable.name == "version", variable.scope == .global || variable.scope == .own {
                return .string(version)
            }
            return solverVariables[variable]
        }
    }
}
