import Glibc
import System

/// Adds directories and files to an unmounted overlay: the result is what `mkdir -p` and `cp` in the overlay, run by
/// the owner of the added files, would have given.
///
/// It handles only simple cases. If anything interferes (a file, a link, a whiteout, an opaque directory, one that the
/// owner may not write), nothing is changed, and the caller must run those programs instead. Links are not followed. No
/// other process may change the directories at the same time.
///
/// - SeeAlso: `docs/decisions/0193-files-placed-without-commands.md`
public struct OverlayPlacement: Sendable {
    /// An entry to add.
    public enum Entry: Hashable, Sendable {
        /// A directory; an existing one is unchanged.
        case directory
        /// A file with these bytes, which must not exist.
        case file([UInt8], mode: UInt32 = 0o644)
    }

    private let upper: FilePath
    private let lowers: [FilePath]
    private let owner: Owner
    private let setsOwner: Bool

    /// - Parameters:
    ///   - upper: the overlay's upper directory.
    ///   - lowers: the lower directories, topmost first.
    ///   - owner: the owner of added entries, as stored in the file system.
    ///   - setsOwner: whether owners can be set; if not, `owner` is the current user.
    public init(upper: String, lowers: [String], owner: Owner, setsOwner: Bool) {
        self.upper = FilePath(upper)
        self.lowers = lowers.map { FilePath($0) }
        self.owner = owner
        self.setsOwner = setsOwner
    }

    /// Adds entries by their paths in the overlay; a leading slash means its root. Missing parent directories are
    /// created.
    ///
    /// - Returns: false if a case is not simple; nothing was changed then.
    /// - Throws: `ArchiveError` with `system` if a system call fails.
    /// - Complexity: O(components × lower directories) system calls.
    public func place(_ entries: [FilePath: Entry]) throws(ArchiveError) -> Bool {
        var traversal = Traversal(upper: upper, lowers: lowers, owner: owner)
        for (path, entry) in entries.sorted(by: { $0.key < $1.key }) {
            guard traversal.add(path.components, entry) else { return false }
        }
        for step in traversal.steps { try perform(step) }
        return true
    }

    private func perform(_ step: Traversal.Step) throws(ArchiveError) {
        let name = step.path.description
        guard let last = step.path.components.last else { return }
        let parent = try directory(step.path.components.dropLast(), of: name)
        switch step.entry {
        case .directory:
            guard last.withCString({ makeDirectory($0, in: parent.raw, mode: 0o700) }) == 0 else {
                throw systemError("create", name, of: upper.description)
            }
            try setAttributes(of: try open(last, in: parent, O_RDONLY | O_DIRECTORY, of: name), step)
        case .file(let bytes, _):
            let file = try open(last, in: parent, O_WRONLY | O_CREAT | O_EXCL, of: name)
            do throws(SystemError) {
                try writeAll(bytes, to: file.raw, name)
            } catch {
                throw ArchiveError(error, of: upper.description)
            }
            try setAttributes(of: file, step)
        }
    }

    /// Sets the owner and mode of a new file.
    private func setAttributes(of file: borrowing Descriptor, _ step: Traversal.Step) throws(ArchiveError) {
        let isOwned = !setsOwner || fchown(file.raw, step.owner.user, step.owner.group) == 0
        guard isOwned, fchmod(file.raw, step.mode) == 0 else {
            throw systemError("set the owner of", step.path.description, of: upper.description)
        }
    }

    private func directory(_ components: ArraySlice<FilePath>, of name: String) throws(ArchiveError) -> Descriptor {
        var reached = try Descriptor(opening: upper.description, O_RDONLY | O_DIRECTORY, of: upper.description)
        for component in components { reached = try open(component, in: reached, O_RDONLY | O_DIRECTORY, of: name) }
        return reached
    }

    private func open(
        _ component: FilePath, in directory: borrowing Descriptor, _ flags: Int32, of name: String
    ) throws(ArchiveError) -> Descriptor {
        let raw = directory.raw
        let opened = component.withCString { openat(raw, $0, flags | O_NOFOLLOW | O_CLOEXEC, 0o600) }
        guard opened >= 0 else { throw systemError("open", name, of: upper.description) }
        return Descriptor(adopting: opened, upper.description)
    }
}

extension OverlayPlacement {
    /// Examines existing directories and determines what must be created.
    private struct Traversal {
        /// A directory or file to create in the upper directory.
        struct Step {
            var path: FilePath
            var entry: Entry
            var owner: Owner
            var mode: UInt32
        }

        /// A directory as seen in the overlay.
        private struct Directory {
            var owner: Owner
            var mode: mode_t
            var isInUpper: Bool
            /// The lower directories that are merged into it, topmost first.
            var lowers: [FilePath]
        }

        let upper: FilePath
        let owner: Owner
        private let root: Directory?
        private var directories: [FilePath: Directory] = [:]
        private var files: Set<FilePath> = []
        private(set) var steps: [Step] = []

        init(upper: FilePath, lowers: [FilePath], owner: Owner) {
            self.upper = upper
            self.owner = owner
            root = Self.status(of: upper).map {
                Directory(
                    owner: Owner(user: $0.st_uid, group: $0.st_gid), mode: $0.st_mode & 0o7777, isInUpper: true,
                    lowers: lowers)
            }
        }

        /// - Returns: whether the case is simple.
        mutating func add(_ components: [FilePath], _ entry: Entry) -> Bool {
            guard var parent = root, let last = components.last else { return false }
            var path: FilePath?
            for component in components.dropLast() {
                guard let next = directory(component, in: path, parent) else { return false }
                path = path?.appending(component) ?? component
                parent = next
            }
            if entry == .directory { return directory(last, in: path, parent) != nil }
            return addFile(last, in: path, parent, entry)
        }

        /// The directory `name`, which is created if necessary; nil if the case is not simple.
        private mutating func directory(_ name: FilePath, in parent: FilePath?, _ above: Directory) -> Directory? {
            guard Self.isName(name) else { return nil }
            let path = parent?.appending(name) ?? name
            if let known = directories[path] { return known }
            var found: Directory
            switch lookUp(path, name, in: above) {
            case .other: return nil
            case .directory(let directory): found = directory
            case .nothing:
                guard mayAdd(to: above) else { return nil }
                found = Directory(owner: owner, mode: 0o755, isInUpper: false, lowers: [])
            }
            if !found.isInUpper {
                steps.append(Step(path: path, entry: .directory, owner: found.owner, mode: found.mode))
            }
            found.isInUpper = true
            directories[path] = found
            return found
        }

        private mutating func addFile(
            _ name: FilePath, in parent: FilePath?, _ above: Directory, _ entry: Entry
        ) -> Bool {
            let path = parent?.appending(name) ?? name
            guard case .file(_, let mode) = entry, Self.isName(name), directories[path] == nil,
                case .nothing = lookUp(path, name, in: above), mayAdd(to: above), files.insert(path).inserted
            else { return false }
            steps.append(Step(path: path, entry: entry, owner: owner, mode: mode & 0o777))
            return true
        }

        private static func isName(_ name: FilePath) -> Bool {
            name != FilePath(".") && name != FilePath("..") && name.bytes.count < Int(NAME_MAX)
        }

        /// Whether the owner of the added entries may create them there, and they get the default group.
        private func mayAdd(to directory: Directory) -> Bool {
            directory.owner.user == owner.user && directory.mode & 0o300 == 0o300 && directory.mode & S_ISGID == 0
        }

        private enum Found {
            case nothing
            case directory(Directory)
            /// A file, or a case that is not simple.
            case other
        }

        private func lookUp(_ path: FilePath, _ name: FilePath, in above: Directory) -> Found {
            if files.contains(path) { return .other }
            let status = Self.status(of: upper.appending(path))
            guard status != nil || errno == ENOENT, let lowers = mergedLowers(name, in: above) else { return .other }
            if let status {
                guard Self.isDirectory(status), !Self.isMarked(upper.appending(path)) else { return .other }
                return .directory(Self.directory(status, isInUpper: true, lowers))
            }
            guard let topmost = lowers.first, let status = Self.status(of: topmost) else { return .nothing }
            return .directory(Self.directory(status, isInUpper: false, lowers))
        }

        /// The lower directories with the name; nil if one of them is something else or opaque.
        private func mergedLowers(_ name: FilePath, in above: Directory) -> [FilePath]? {
            var found: [FilePath] = []
            for lower in above.lowers {
                let path = lower.appending(name)
                guard let status = Self.status(of: path) else { continue }
                guard Self.isDirectory(status) else { return nil }
                found.append(path)
            }
            return found.dropLast().contains(where: Self.isMarked) ? nil : found
        }

        private static func directory(_ status: stat, isInUpper: Bool, _ lowers: [FilePath]) -> Directory {
            Directory(
                owner: Owner(user: status.st_uid, group: status.st_gid), mode: status.st_mode & 0o7777,
                isInUpper: isInUpper, lowers: lowers)
        }

        private static func status(of path: FilePath) -> stat? {
            var status = stat()
            return path.withCString { lstat($0, &status) } == 0 ? status : nil
        }

        private static func isDirectory(_ status: stat) -> Bool { status.st_mode & S_IFMT == S_IFDIR }

        /// Whether overlayfs shows a directory in a way other than merging it with those at the same path.
        private static func isMarked(_ path: FilePath) -> Bool {
            path.withCString { path in
                ["trusted.overlay.opaque", "user.overlay.opaque", "trusted.overlay.redirect", "user.overlay.redirect"]
                    .contains { ExtendedAttribute.exists($0, at: path) }
            }
        }
    }
}
