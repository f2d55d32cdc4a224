package import Archive
package import Core
package import OpamFormat

/// Reads the packages of a set of repositories. Used by one thread at a time: open one for each thread.
package final class RepositoryReader {
    private let trees: [any FileTree]
    /// Whether a symbolic link in git led out of the directory of its package's name or was broken, so that the
    /// contents of that directory do not determine everything that was read.
    private(set) var hasLeftDirectory = false

    init(_ set: RepositorySet) throws(Failure) {
        var trees: [any FileTree] = []
        for (number, repository) in set.repositories.enumerated() {
            trees.append(
                try repository.openTree(prefix: set.numbersLocations ? RepositorySet.numberPrefix(number) : nil))
        }
        self.trees = trees
    }

    /// Resets `hasLeftDirectory`.
    func beginDirectory() { hasLeftDirectory = false }

    /// Identifies the contents of all files of the repositories.
    func contentOfAll() throws(Failure) -> String {
        var texts: [String] = []
        for tree in trees {
            texts.append(
                "\(try tree.contentID(of: FileEntry(name: "", kind: .directory, reference: tree.root)))")
        }
        return texts.joined(separator: " ")
    }

    /// The entry, or its target if it is a link.
    private func followed(
        _ entry: FileEntry, in directory: String, of repository: Int, nameDirectory: String
    ) throws(Failure) -> LinkTarget {
        let end = try trees[repository].followed(entry, in: directory)
        guard entry.kind == .link else { return end }
        switch end {
        case .entry(_, let path) where path.hasPrefix(nameDirectory + "/"): break
        case .entry, .nowhere: hasLeftDirectory = true
        }
        return end
    }

    // MARK: Names

    /// The names of all packages in byte order.
    ///
    /// - Parameter diagnostics: A warning is appended for each directory that is not a package.
    /// - Throws: A failure of kind `input` if a repository has no directory `packages`.
    package func names(_ diagnostics: inout [Diagnostic]) throws(Failure) -> [NameEntry] {
        var found: [PackageName: NameEntry] = [:]
        for (index, tree) in trees.enumerated() {
            let (packages, resolvedPath) = try packagesDirectory(of: tree)
            for entry in try tree.entries(of: packages.reference) where entry.kind != .file {
                guard let (name, isVersion) = Self.meaning(of: entry.name) else {
                    if entry.kind == .directory {
                        let path = tree.describe("packages/\(entry.name)")
                        diagnostics.append(Diagnostic(.warning, "\(path): the directory's name is not a package name"))
                    }
                    continue
                }
                switch try tree.followed(entry, in: resolvedPath) {
                case .nowhere(let why):
                    let path = tree.describe("packages/\(entry.name)")
                    diagnostics.append(Diagnostic(.warning, "\(path): \(why), and is ignored"))
                case .entry(let end, _) where end.kind != .directory: continue
                case .entry(let end, let resolvedPath):
                    let named = FileEntry(name: entry.name, kind: .directory, reference: end.reference)
                    let content = try tree.contentID(of: named)
                    let directory = NameEntry.Directory(
                        repository: index, entry: named, resolvedPath: resolvedPath, content: content,
                        isVersion: isVersion)
                    found[name, default: NameEntry(name: name, directories: [])].directories.append(directory)
                }
            }
        }
        return found.values.map(\.inOrder).sorted { $0.name < $1.name }
    }

    /// The directory `packages` and its path without links.
    private func packagesDirectory(of tree: any FileTree) throws(Failure) -> (entry: FileEntry, resolvedPath: String) {
        if let entry = try tree.entry("packages", in: tree.root),
            case .entry(let end, let resolvedPath) = try tree.followed(entry, in: ""), end.kind == .directory
        {
            return (end, resolvedPath)
        }
        throw Failure(
            .input, "\(tree.describe("packages")): there is no such directory",
            hint: "an opam repository has its packages in a directory 'packages'")
    }

    /// The package name of a directory in `packages`, and whether the directory is a single version or contains all
    /// versions.
    private static func meaning(of directory: String) -> (PackageName, isVersion: Bool)? {
        if let name = PackageName(directory) { return (name, false) }
        return Package(directory).map { ($0.name, true) }
    }

    // MARK: Versions

    /// The versions of a package, oldest first.
    ///
    /// Of the versions in one repository that opam considers equal (`1.0` and `1.00`), the last in byte order is used.
    ///
    /// - Parameter diagnostics: A message is appended for each directory that is ignored.
    package func versions(
        of name: NameEntry, _ diagnostics: inout [Diagnostic]
    ) throws(Failure) -> [PackageEntry] {
        var found: [PackageEntry] = []
        for directory in name.directories {
            for entry in try versionDirectories(in: directory, &diagnostics) {
                guard let package = Package(entry.directory.name), package.name == name.name else {
                    let path = trees[directory.repository].describe(entry.path)
                    diagnostics.append(
                        Diagnostic(.error, "\(path): the directory is not a version of '\(name.name)', and is ignored"))
                    continue
                }
                found.append(
                    PackageEntry(
                        package: package, repository: directory.repository, path: entry.path,
                        directory: entry.directory,
                        resolvedPath: entry.resolvedPath, nameDirectory: directory.resolvedPath))
            }
        }
        return withoutRepetitions(found, &diagnostics)
    }

    /// The directories of versions.
    ///
    /// - Parameter diagnostics: A message is appended for everything that cannot be read.
    private func versionDirectories(
        in directory: NameEntry.Directory, _ diagnostics: inout [Diagnostic]
    ) throws(Failure) -> [(path: String, directory: FileEntry, resolvedPath: String)] {
        let path = "packages/\(directory.entry.name)"
        if directory.isVersion { return [(path, directory.entry, directory.resolvedPath)] }
        let entries: [FileEntry]
        do throws(Failure) {
            entries = try trees[directory.repository].entries(of: directory.entry.reference)
        } catch  where error.category == .input {
            diagnostics += error.diagnostics
            return []
        }
        var found: [(path: String, directory: FileEntry, resolvedPath: String)] = []
        for entry in entries where entry.kind != .file {
            let entryPath = "\(path)/\(entry.name)"
            let link = try followed(
                entry, in: directory.resolvedPath, of: directory.repository, nameDirectory: directory.resolvedPath)
            switch link {
            case .entry(let end, let resolvedPath):
                if end.kind != .directory { continue }
                found.append(
                    (entryPath, FileEntry(name: entry.name, kind: .directory, reference: end.reference), resolvedPath))
            case .nowhere(let why):
                diagnostics.append(
                    Diagnostic(
                        .error, "\(trees[directory.repository].describe(entryPath)): \(why), and is ignored"))
            }
        }
        return found
    }

    /// One entry for each version, oldest first: from the first repository that has it, the last in byte order.
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
                Diagnostic(.warning, "\(path): ignored, because opam considers '\(last.path)' the same version"))
        }
        return kept
    }

    /// An identifier that changes whenever any file of the package changes.
    package func contentID(of package: PackageEntry) throws(Failure) -> ContentID {
        try trees[package.repository].contentID(of: package.directory)
    }

    // MARK: Files

    /// The bytes of the package's opam file, including the source from a separate file `url` in the format before opam
    /// 2.
    ///
    /// - Throws: A failure of kind `input` if the file is missing or too large.
    package func opamBytes(of package: PackageEntry) throws(Failure) -> [UInt8] {
        try opamBytes(of: package, listing(of: package))
    }

    func opamBytes(of package: PackageEntry, _ listing: PackageListing) throws(Failure) -> [UInt8] {
        let tree = trees[package.repository]
        let bytes = try located(package, "opam") { () throws(Failure) in
            try tree.contents(of: listing.opam, limit: SyntaxTree.largestFile)
        }
        guard let url = listing.url else { return bytes }
        let source = try located(package, "url") { () throws(Failure) in
            try tree.contents(of: url, limit: SyntaxTree.largestFile)
        }
        do throws(FormatError) {
            let file = try OpamFile(parsing: bytes, file: describe(package, "opam"))
            return try file.completed(urlFile: source, named: describe(package, "url"))
        } catch {
            throw Failure(.input, [Diagnostic(error)])
        }
    }

    /// The package's opam file; nil if it is unusable, in which case the package version is treated as absent.
    ///
    /// - Parameter diagnostics: The reason why the file is unusable is appended.
    package func opamFile(of package: PackageEntry, _ diagnostics: inout [Diagnostic]) throws(Failure) -> OpamFile? {
        do throws(Failure) {
            return try opamFile(of: package)
        } catch  where error.category == .input {
            diagnostics += error.diagnostics
            return nil
        }
    }

    /// The package's opam file.
    ///
    /// - Throws: A failure of kind `input` if the file is missing, is too large or has a syntax error.
    package func opamFile(of package: PackageEntry) throws(Failure) -> OpamFile {
        try opamFile(of: package, listing(of: package))
    }

    func opamFile(of package: PackageEntry, _ listing: PackageListing) throws(Failure) -> OpamFile {
        let bytes = try opamBytes(of: package, listing)
        do throws(FormatError) {
            return try OpamFile(parsing: bytes, file: describe(package, "opam"))
        } catch {
            throw Failure(.input, [Diagnostic(error)])
        }
    }

    /// The files in the directory `files` next to the opam file, by relative path.
    ///
    /// - Throws: A failure of kind `input` if there are too many, or one is too large or cannot be read.
    package func files(of package: PackageEntry) throws(Failure) -> [FilePath: [UInt8]] {
        var files: [FilePath: [UInt8]] = [:]
        for (path, reference) in try listing(of: package).files {
            files[path] = try located(package, "files/\(path)") { () throws(Failure) in
                try trees[package.repository].contents(of: reference, limit: RepositoryLimit.extraFile)
            }
        }
        return files
    }

    /// The files of a package.
    ///
    /// - Throws: A failure of kind `input` if it has no opam file, or files that cannot be used.
    func listing(of package: PackageEntry) throws(Failure) -> PackageListing {
        var opam: FileReference?
        var url: FileReference?
        var files: [FilePath: FileReference] = [:]
        for entry in try trees[package.repository].entries(of: package.directory.reference) {
            switch entry.name {
            case "opam":
                opam = try end(of: entry, "opam", in: package.resolvedPath, of: package, as: .file).entry.reference
            case "url":
                url = try end(of: entry, "url", in: package.resolvedPath, of: package, as: .file).entry.reference
            case "files":
                let directory = try end(of: entry, "files", in: package.resolvedPath, of: package, as: .directory)
                var collector = FileCollector()
                try collect(directory, under: "", of: package, depth: 0, into: &collector)
                files = collector.files
            default: break
            }
        }
        guard let opam else {
            throw Failure(.input, "\(trees[package.repository].describe(package.path)): there is no file 'opam'")
        }
        return PackageListing(opam: opam, url: url, files: files)
    }

    /// The entry or its target, which must be a file or a directory.
    private func end(
        of entry: FileEntry, _ path: String, in directory: String, of package: PackageEntry,
        as kind: FileEntry.Kind? = nil
    ) throws(Failure) -> (entry: FileEntry, resolvedPath: String) {
        switch try followed(entry, in: directory, of: package.repository, nameDirectory: package.nameDirectory) {
        case .entry(let end, let resolvedPath) where kind == nil || end.kind == kind: return (end, resolvedPath)
        case .entry(let end, _):
            throw Failure(
                .input,
                "\(describe(package, path)): is \(end.kind.description), expected "
                    + (kind?.description ?? "a file or a directory"))
        case .nowhere(let why): throw Failure(.input, "\(describe(package, path)): \(why)")
        }
    }

    private func collect(
        _ directory: (entry: FileEntry, resolvedPath: String), under path: FilePath, of package: PackageEntry,
        depth: Int,
        into collector: inout FileCollector
    ) throws(Failure) {
        let tree = trees[package.repository]
        for (name, entry) in try tree.entriesWithNames(of: directory.entry.reference) {
            let child = path.appending(name)
            let location = describe(package, "files/\(child)")
            if let problem = FileCollector.problem(withName: name) {
                throw Failure(.input, "\(location): \(problem)")
            }
            guard collector.mayVisit(depth: depth) else {
                throw Failure(.input, "\(location): too many files, or too deep")
            }
            let end = try end(of: entry, "files/\(child)", in: directory.resolvedPath, of: package)
            if end.entry.kind == .directory {
                try collect(end, under: child, of: package, depth: depth + 1, into: &collector)
            } else {
                let size = try tree.size(of: end.entry.reference)
                guard collector.add(child, end.entry.reference, size: size) else {
                    throw Failure(
                        .input,
                        "\(location): has \(size) bytes; the limit is \(RepositoryLimit.extraFile) for a file and "
                            + "\(RepositoryLimit.extraFileBytes) for all files of a package")
                }
            }
        }
    }

    /// Runs `read`, and prefixes the location of the file to its error.
    private func located<Result>(
        _ package: PackageEntry, _ file: String, _ read: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        do throws(Failure) {
            return try read()
        } catch  where error.category == .input {
            let location = describe(package, file)
            throw Failure(
                .input,
                error.diagnostics.map { problem in
                    problem.message.hasPrefix(location)
                        ? problem : Diagnostic(.error, "\(location): \(problem.message)", hint: problem.hint)
                })
        }
    }

    /// The description of a file of the package, for messages.
    package func describe(_ package: PackageEntry, _ file: String) -> String {
        trees[package.repository].describe("\(package.path)/\(file)")
    }
}

extension NameEntry {
    /// The entry with the directories of each repository in byte order, so that the fingerprint does not depend on the
    /// file system.
    fileprivate var inOrder: NameEntry {
        var entry = self
        entry.directories.sort {
            ($0.repository, $0.entry.name) < ($1.repository, $1.entry.name)
        }
        return entry
    }
}
