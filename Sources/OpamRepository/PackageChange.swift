package import Core
package import OpamFormat

/// A package version that isn't the same in two states of repositories.
package struct PackageChange: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        case added, removed, changed
    }

    package let package: Package
    package let kind: Kind

    package init(_ package: Package, _ kind: Kind) {
        self.package = package
        self.kind = kind
    }
}

extension RepositorySet {
    /// The package versions that aren't the same as in an older state, in order.
    ///
    /// Compares trees; no file is read. A change of any file of a package counts, also of one beside its opam file.
    ///
    /// - Complexity: Reads the folders of those names that changed.
    package func changes(since old: RepositorySet) throws(Failure) -> [PackageChange] {
        let (before, after) = (try old.reader(), try reader())
        var ignored: [Diagnostic] = []
        let oldNames = Dictionary(
            uniqueKeysWithValues: try before.names(&ignored).map { ($0.name, $0) })
        let newNames = Dictionary(
            uniqueKeysWithValues: try after.names(&ignored).map { ($0.name, $0) })
        var changes: [PackageChange] = []
        for name in Set(oldNames.keys).union(newNames.keys).sorted() {
            let (from, to) = (oldNames[name], newNames[name])
            if let from, let to, from.origin == to.origin { continue }
            changes += Self.changes(
                from: try from.map { entry throws(Failure) in try before.versions(of: entry, &ignored) } ?? [],
                to: try to.map { entry throws(Failure) in try after.versions(of: entry, &ignored) } ?? [])
        }
        return changes
    }

    private static func changes(from old: [PackageEntry], to new: [PackageEntry]) -> [PackageChange] {
        var before = Dictionary(uniqueKeysWithValues: old.map { ($0.package, $0.content) })
        var changes: [PackageChange] = []
        for entry in new {
            let content = before.removeValue(forKey: entry.package)
            if content == nil {
                changes.append(PackageChange(entry.package, .added))
            } else if content != entry.content {
                changes.append(PackageChange(entry.package, .changed))
            }
        }
        changes += before.keys.map { PackageChange($0, .removed) }
        return changes.sorted { $0.package < $1.package }
    }
}
