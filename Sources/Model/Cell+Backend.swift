extension PackageVersion {
    /// The backend of a unikernel, with the values that distinguish its cells: `spt` of `hello.dev@spt`. Nil for other
    /// packages: a version of opam never contains an `@`.
    package var backend: String? {
        version.firstIndex(of: "@").map { String(version[version.index(after: $0)...]) }
    }

    /// The package without its backend: `hello.dev` of `hello.dev@spt`. Tables have a column for each backend.
    package var withoutBackend: PackageVersion {
        guard let end = version.firstIndex(of: "@") else { return self }
        return PackageVersion(name: name, version: String(version[..<end]))
    }
}

extension Cell {
    /// The name of the cell's column on its target: the compiler, for a unikernel followed by its backend: `5.3.0@spt`.
    package var columnName: String { Self.columnName(compiler: compiler, backend: package.backend) }

    /// The name of the cell's column in the plan: `TARGET/COMPILER`, for a unikernel `TARGET/COMPILER@BACKEND`.
    package var fullColumnName: String { "\(target)/\(columnName)" }

    /// The name of a column on its target.
    package static func columnName(compiler: String, backend: String?) -> String {
        backend.map { "\(compiler)@\($0)" } ?? compiler
    }
}
