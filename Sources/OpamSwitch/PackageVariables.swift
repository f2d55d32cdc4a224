package import OpamFormat

/// The variables of a package's commands: opam's own, those of the target, and those defined by the packages of the
/// switch (opam manual, "Variables").
package struct PackageVariables: Sendable {
    /// The properties of a package in the switch that variables can refer to.
    package struct Dependency: Sendable {
        /// The version of the package.
        package var version: String
        /// The first checksum of its source.
        package var hash: String?
        /// The variables of its `.config` file.
        package var variables: [String: VariableValue]

        package init(version: String, hash: String? = nil, variables: [String: VariableValue] = [:]) {
            self.version = version
            self.hash = hash
            self.variables = variables
        }
    }

    /// The layout of the switch.
    package var layout: SwitchLayout
    /// Opam's variables of the target, and others that are the same for every package: `make`, `user`.
    package var global: [String: String]
    /// The number of processors that a build may use, for `%{jobs}%`.
    package var jobs: Int
    /// The packages in the switch by name.
    package var dependencies: [String: Dependency]
    /// The package whose commands are evaluated.
    package var name: String
    package var version: String
    /// The first checksum of its source.
    package var hash: String?
    /// Its direct dependencies in the switch, `name.version`, in opam's order.
    package var depends: [String]
    /// The value of `with-test`.
    package var withTests: Bool

    package init(
        of name: String, version: String, hash: String? = nil, depends: [String] = [], in layout: SwitchLayout,
        global: [String: String], dependencies: [String: Dependency], jobs: Int, withTests: Bool = false
    ) {
        self.layout = layout
        self.global = global
        self.jobs = jobs
        self.dependencies = dependencies
        self.name = name
        self.version = version
        self.hash = hash
        self.depends = depends
        self.withTests = withTests
    }

    /// The value of a variable; nil if it is undefined.
    package func value(of variable: Variable) -> VariableValue? {
        switch variable.scope {
        case .global: globalValue(variable.name) ?? value(variable.name, ofPackage: name)
        case .own: value(variable.name, ofPackage: name)
        case .package(let package): value(variable.name, ofPackage: package.text)
        }
    }

    private func globalValue(_ variable: String) -> VariableValue? {
        switch variable {
        case "with-test": .bool(withTests)
        case "with-doc", "with-dev-setup", "dev": .bool(false)
        case "name": .string(name)
        case "version": .string(version)
        case "jobs": .string(String(jobs))
        case "root": .string(layout.root)
        case "switch": .string(layout.name)
        case "exe": .string("")
        default:
            layout.directory(variable).map { .string($0) } ?? global[variable].map { .string($0) }
        }
    }

    private func value(_ variable: String, ofPackage package: String) -> VariableValue? {
        if let value = dependencies[package]?.variables[variable] { return value }
        let isOwn = package == name
        switch variable {
        case "installed": return .bool(dependencies[package] != nil)
        case "pinned", "dev": return .bool(false)
        default: break
        }
        guard let version = isOwn ? version : dependencies[package]?.version else {
            return nil
        }
        switch variable {
        case "name": return .string(package)
        case "version": return .string(version)
        case "build": return .string(layout.build(of: "\(package).\(version)"))
        case "hash": return (isOwn ? hash : dependencies[package]?.hash).map { .string($0) }
        case "depends": return isOwn ? .string(depends.joined(separator: " ")) : nil
        default: return layout.directory(variable, of: package).map { .string($0) }
        }
    }
}
