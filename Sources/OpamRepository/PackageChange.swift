package import Core
package import OpamFormat

/// A package version that differs between two states of repositories.
package struct PackageChange: Hashable, Sendable {
    /// The kinds of changes.
    package enum Kind: Hashable, Sendable {
        case added, removed, changed
    }

    /// The package version that changed.
    package let package: Package
    /// The kind of the change.
    package let kind: Kind

    package init(_ package: Package, _ kind: Kind) {
        self.package = package
        self.kind = kind
    }
}

extension RepositorySet {
    /// The package versions that differ from an older state, in order.
    ///
    /// Compares trees without reading files. A change of any file of a package counts, not only of its opam file.
    ///
    /// - Complexity: Reads the directories of the names that changed.
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
            if let from, let to, from.fingerprint == to.fingerprint { continue }
            changes += Self.changes(from: try before.contents(of: from), to: try after.contents(of: to))
        }
        return changes
    }

    private static func changes(
        from old: [(Package, ContentID)], to new: [(Package, ContentID)]
    ) -> [PackageChange] {
        var before = Dictionary(uniqueKeysWithValues: old)
        var changes: [PackageChange] = []
        for (package, content) in new {
            switch before.removeValue(forKey: package) {
            case nil: changes.append(PackageChange(package, .added))
            case content: break
            default: changes.append(PackageChange(package, .changed))
            }
        }
        changes += before.keys.map { PackageChange($0, .removed) }
        return changes.sorted { $0.package < $1.package }
    }
}

extension RepositoryReader {
    /// The versions of a package with the identifiers of their contents.
    fileprivate func contents(of name: NameEntry?) throws(Failure) -> [(Package, ContentID)] {
        guard let name else { return [] }
        var ignored: [Diagnostic] = []
        var contents: [(Package, ContentID)] = []
        for entry in try versions(of: name, &ignored) {
            contents.append((entry.package, try contentID(of: entry)))
        }
        return contents
    }
}
