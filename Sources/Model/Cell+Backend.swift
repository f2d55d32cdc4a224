extension PackageVersion {
    /// What a unikernel is built for, with the values that tell its cells from each other: `spt` of `hello.dev@spt`. Nil for
    /// other packages: no version of opam has an `@`.
    package var backend: String? {
        version.firstIndex(of: "@").map { String(version[version.index(after: $0)...]) }
    }

    /// The package without what it is built for: `hello.dev` of `hello.dev@spt`. In tables, each backend has a column.
    package var withoutBackend: PackageVersion {
        guard let end = version.firstIndex(of: "@") else { return self }
        return PackageVersion(name: name, version: String(version[..<end]))
    }
}

extension Cell {
    /// What the cell's column is called on its target: the compiler, of a unikernel with its backend: `5.3.0@spt`.
    package var columnName: String { Self.columnName(compiler: compiler, backend: package.backend) }

    /// What a column is called on its target.
    package static func columnName(compiler: String, backend: String?) -> String {
        backend.map { "\(compiler)@\($0)" } ?? compiler
    }
}
