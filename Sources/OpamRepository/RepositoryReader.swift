package import Core
package import OpamFormat

/// Reads the packages of a set of repositories. Belongs to one thread at a time; open one per thread.
package final class RepositoryReader {
    private let trees: [any FileTree]

    init(_ set: RepositorySet) throws(Failure) {
        var trees: [any FileTree] = []
        for repository in set.repositories { trees.append(try repository.openTree()) }
        self.trees = trees
    }

    // MARK: Names

    /// The names of all packages, in byte order.
    ///
    /// - Parameter diagnostics: Gains a warning for each folder that is no package.
    /// - Throws: A failure of kind `input` when a repository has no folder `packages`.
    package func names(_ diagnostics: inout [Diagnostic]) throws(Failure) -> [NameEntry] {
        var found: [PackageName: NameEntry] = [:]
        for (index, tree) in trees.enumerated() {
            guard let packages = try tree.entry("packages", in: tree.root), packages.kind == .folder else {
                throw Failure(
                    .input, "\(tree.describe("packages")): there is no such folder",
                    hint: "a repository of opam has its packages in a folder 'packages'")
            }
            for entry in try tree.entries(of: packages.reference) where entry.kind == .folder {
                guard let (name, isVersion) = Self.meaning(of: entry.name) else {
                    let path = tree.describe("packages/\(entry.name)")
                    diagnostics.append(Diagnostic(.warning, "\(path): the folder has not the name of a package"))
                    continue
                }
                let content = try tree.contentID(of: entry)
                let folder = NameEntry.Folder(
                    repository: index, entry: entry, content: content, isVersion: isVersion)
                found[name, default: NameEntry(name: name, folders: [])].folders.append(folder)
            }
        }
        return found.values.map(\.inOrder).sorted { $0.name < $1.name }
    }

    /// What a folder in `packages` holds: all versions of a package, or one.
    private static func meaning(of folder: String) -> (PackageName, isVersion: Bool)? {
        if let name = PackageName(folder) { return (name, false) }
        return Package(folder).map { ($0.name, true) }
    }

    // MARK: Versions

    /// The versions of a package, oldest first.
    ///
    /// Of versions that opam takes for the same (`1.0` and `1.00`) in one repository, the last in byte order counts.
    ///
    /// - Parameter diagnostics: Gains a message for each folder that is left out.
    package func versions(
        of name: NameEntry, _ diagnostics: inout [Diagnostic]
    ) throws(Failure) -> [PackageEntry] {
        var found: [PackageEntry] = []
        for folder in name.folders {
            for entry in try versionFolders(in: folder) {
                guard let package = Package(entry.folder.name), package.name == name.name else {
                    let path = trees[folder.repository].describe(entry.path)
                    diagnostics.append(
                        Diagnostic(.error, "\(path): the folder is no version of '\(name.name)', and is left out"))
                    continue
                }
                found.append(
                    PackageEntry(
                        package: package, repository: folder.repository, path: entry.path, folder: entry.folder))
            }
        }
        return withoutRepetitions(found, &diagnostics)
    }

    /// The folders of versions.
    private func versionFolders(
        in folder: NameEntry.Folder
    ) throws(Failure) -> [(path: String, folder: FileEntry)] {
        let path = "packages/\(folder.entry.name)"
        if folder.isVersion { return [(path, folder.entry)] }
        return try trees[folder.repository].entries(of: folder.entry.reference)
            .filter { $0.kind == .folder }
            .map { ("\(path)/\($0.name)", $0) }
    }

    /// One entry for each version, oldest first: of the first repository that has it, the last in byte order.
    private func withoutRepetitions(
        _ entries: [PackageEntry], _ diagnostics: inout [Diagnostic]
    ) -> [PackageEntry] {
        let sorted = entries.sorted { left, right in
            let order = Version.compare(left.package.version.text, right.package.version.text)
            if order != 0 { return order < 0 }
            if left.repository != right.repository { return left.repository < right.repository }
            return right.path.utf8.lexicographicallyPrecedes(left.path.utf8)
        }
        var kept: [PackageEntry] = []
        kept.reserveCapacity(sorted.count)
        for entry in sorted {
            guard let last = kept.last, last.package.version == entry.package.version else {
                kept.append(entry)
                continue
            }
            if last.repository != entry.repository { continue }
            let path = trees[entry.repository].describe(entry.path)
            diagnostics.append(
                Diagnostic(.warning, "\(path): left out, as opam takes '\(last.path)' for the same version"))
        }
        return kept
    }

    /// What changes whenever any of the package's files does.
    package func contentID(of package: PackageEntry) throws(Failure) -> ContentID {
        try trees[package.repository].contentID(of: package.folder)
    }

    // MARK: Files

    /// The bytes of the package's opam file.
    ///
    /// - Throws: A failure of kind `input` when there is none, or it is too large.
    package func opamBytes(of package: PackageEntry) throws(Failure) -> [UInt8] {
        let tree = trees[package.repository]
        guard let entry = try tree.entry("opam", in: package.folder.reference), entry.kind == .file else {
            throw Failure(.input, "\(tree.describe(package.path)): there is no file 'opam'")
        }
        return try tree.contents(of: entry.reference, limit: SyntaxTree.largestFile)
    }

    /// The package's opam file; nil when it can't be used, which is as if there were no such package.
    ///
    /// - Parameter diagnostics: Gains the reason why the file can't be used.
    package func opamFile(of package: PackageEntry, _ diagnostics: inout [Diagnostic]) throws(Failure) -> OpamFile? {
        do throws(Failure) {
            return try opamFile(of: package)
        } catch  where error.kind == .input {
            diagnostics += error.diagnostics
            return nil
        }
    }

    /// The package's opam file.
    ///
    /// - Throws: A failure of kind `input` when there is none, it is too large, or it has an error of the syntax.
    package func opamFile(of package: PackageEntry) throws(Failure) -> OpamFile {
        let bytes = try opamBytes(of: package)
        do throws(FormatError) {
            return try OpamFile(parsing: bytes, file: describe(package, "opam"))
        } catch {
            throw Failure(.input, [Diagnostic(error)])
        }
    }

    /// The files beside the opam file, in the folder `files`, by their paths in there.
    ///
    /// - Throws: A failure of kind `input` when they are too many or too large.
    package func files(of package: PackageEntry) throws(Failure) -> [String: [UInt8]] {
        let tree = trees[package.repository]
        guard let folder = try tree.entry("files", in: package.folder.reference), folder.kind == .folder else {
            return [:]
        }
        var files: [String: [UInt8]] = [:]
        try collect(folder, under: "", of: package, depth: 0, into: &files)
        return files
    }

    private func collect(
        _ folder: FileEntry, under path: String, of package: PackageEntry, depth: Int,
        into files: inout [String: [UInt8]]
    ) throws(Failure) {
        let tree = trees[package.repository]
        for entry in try tree.entries(of: folder.reference) {
            let child = path + entry.name
            guard depth < RepositoryLimit.depth, files.count < RepositoryLimit.extraFiles else {
                throw Failure(.input, "\(describe(package, "files/\(child)")): too many files, or too deep")
            }
            switch entry.kind {
            case .file: files[child] = try tree.contents(of: entry.reference, limit: RepositoryLimit.extraFile)
            case .folder: try collect(entry, under: child + "/", of: package, depth: depth + 1, into: &files)
            case .other: throw Failure(.input, "\(describe(package, "files/\(child)")): neither a file nor a folder")
            }
        }
    }

    /// How a message names a file of the package.
    package func describe(_ package: PackageEntry, _ file: String) -> String {
        trees[package.repository].describe("\(package.path)/\(file)")
    }
}

extension NameEntry {
    /// With the folders of each repository in byte order, so that the origin doesn't depend on the file system.
    fileprivate var inOrder: NameEntry {
        var entry = self
        entry.folders.sort {
            ($0.repository, $0.entry.name) < ($1.repository, $1.entry.name)
        }
        return entry
    }
}
